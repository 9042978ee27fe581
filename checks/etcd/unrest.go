package etcd

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// unrest is what a member tells of leaders lost and of heartbeats that its leader sent too late: the
// harm that a slow disk or network does, as opposed to slowness alone.
type unrest struct {
	Window    time.Duration // between the two scrapes; 0: there is no second one
	Elections float64       // in the window
	Late      float64       // late heartbeats in the window

	Age          time.Duration // of the process; 0: not told
	AllElections float64       // since its start, the one that every start brings not counted
	AllLate      float64
}

// young is how long after its start a process says more of its start than of itself.
const young = 10 * time.Minute

func unrestOf(sc evidence.Scrapes) unrest {
	u := unrest{Age: sc.Latest().Age()}
	if changes, ok := sc.Latest().Sum("etcd_server_leader_changes_seen_total"); ok {
		u.AllElections = max(changes-1, 0)
	}
	u.AllLate, _ = sc.Latest().Sum("etcd_server_heartbeat_send_failures_total")
	if d, over, why := sc.Delta(); why == "" {
		u.Window = over
		u.Elections, _ = d.Sum("etcd_server_leader_changes_seen_total")
		u.Late, _ = d.Sum("etcd_server_heartbeat_send_failures_total")
	}
	return u
}

// now reports harm in the window.
func (u unrest) now() bool { return u.Elections > 0 || u.Late > 0 }

// often reports harm since the start at a rate that maintenance does not explain: more than one lost
// leader a day, or more than one late heartbeat an hour; and a few of them at least.
func (u unrest) often() bool {
	if u.Age == 0 {
		return false
	}
	return u.AllElections >= 3 && u.AllElections > u.Age.Hours()/24 ||
		u.AllLate >= 5 && u.AllLate > u.Age.Hours()
}

// String lists what there was, the window first; "" if there was nothing.
func (u unrest) String() string {
	if u.now() {
		return list(u.Elections, u.Late) + " in the last " + evidence.Ago(u.Window)
	}
	if s := list(u.AllElections, u.AllLate); s != "" {
		return s + sinceStart(u.Age)
	}
	return ""
}

func list(elections, late float64) string {
	var parts []string
	if elections > 0 {
		parts = append(parts, checks.Count(elections, "leader change"))
	}
	if late > 0 {
		parts = append(parts, checks.Count(late, "late heartbeat"))
	}
	return strings.Join(parts, " and ")
}

// sinceStart says how long "since the start" is.
func sinceStart(age time.Duration) string {
	if age == 0 {
		return " since it started"
	}
	return " since it started " + evidence.Ago(age) + " ago"
}

// sortedKeys puts a map in an order that is the same in every run.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
