package etcd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A listing is what --initial-cluster of a member in files says: who was there when it first started. etcd
// reads it then and never again, and members that join later list those before them.
type listing struct {
	of    string
	set   evidence.Setting
	peers map[string][]server // by member
	fresh bool                // those of a new cluster, all of which start together
}

func listingOf(o evidence.Observed[evidence.Flags]) listing {
	l := listing{of: o.Of, set: o.Value.Setting("initial-cluster"), peers: map[string][]server{}}
	state := o.Value.Setting("initial-cluster-state")
	l.fresh = state.Known() && state.Value == "new"
	if !l.set.Known() || l.set.Assumed() {
		return l
	}
	for _, item := range split(l.set) {
		if name, url, ok := strings.Cut(item, "="); ok {
			l.peers[name] = append(l.peers[name], parseServer(url))
		}
	}
	return l
}

// membersInFiles judges who is meant to be a member, one component at a time. Files do not show who is.
func membersInFiles(s *evidence.Snapshot, component string, p membersParams) []checks.Verdict {
	var vs []checks.Verdict
	var longest listing
	var all []evidence.Observed[evidence.Flags]
	for o := range s.EtcdFlags.Seen() {
		if componentOf(o.Of) != component {
			continue
		}
		all = append(all, o)
		if l := listingOf(o); len(l.peers) > len(longest.peers) {
			longest = l
		}
		if v, ok := forced(o); ok {
			vs = append(vs, v)
		}
	}
	if v, ok := specified(s, component, p); ok {
		return append(vs, v)
	}
	switch {
	case len(all) == 0:
		return nil
	case len(longest.peers) == 0:
		return append(vs, unlisted(component, all))
	}
	vs = append(vs, listedCount(component, longest, all, p))
	if v, ok := oneHost(component, longest); ok {
		vs = append(vs, v)
	}
	return vs
}

// unlisted says why no member names the others.
func unlisted(component string, all []evidence.Observed[evidence.Flags]) checks.Verdict {
	on := checks.About(wholeOf(component)).Aspect("count")
	for _, o := range all {
		f := *o.Value
		if f.Opaque != "" || len(f.From) == 0 || slices.Contains(f.Unknown, "initial-cluster") {
			return checks.About(wholeOf(component), o.Source).Aspect("count").Untold(f, "no member tells its --initial-cluster", "initial-cluster")
		}
		on = on.With(o.Source, "%s: --initial-cluster is not set", o.Of)
	}
	return on.Skip("is not in the files: no member has --initial-cluster").Unlocked("--initial-cluster in the file")
}

// listedCount judges how many members the longest list has, where it is one of all: of a new cluster, or
// of members that all have a file here.
func listedCount(component string, l listing, all []evidence.Observed[evidence.Flags], p membersParams) checks.Verdict {
	n := len(l.peers)
	names := strings.Join(sortedKeys(l.peers), ", ")
	on := checks.About(wholeOf(component)).Aspect("count").With(l.set.Source, "--initial-cluster of %s: %s", nameOf(l.of), names)
	whole := n > 1 && l.fresh || n == len(all) && !slices.ContainsFunc(all, func(o evidence.Observed[evidence.Flags]) bool {
		return l.peers[nameOf(o.Of)] == nil
	})
	if n == 1 || !whole || len(all) > n {
		return on.Skip("is not in the files: --initial-cluster of %s names %s, and who joins later is in no such list", nameOf(l.of), checks.Count(n, "member")).
			Saw("%d", n).Unlocked("the files of all members, or a live cluster: --etcd-endpoints")
	}
	return judgeCount(on, "--initial-cluster, which lists those that were there when it was set up", n, names, addFix, p)
}

// specified judges the members that whatever makes the cluster is told to make; false if no file lists them.
func specified(s *evidence.Snapshot, component string, p membersParams) (checks.Verdict, bool) {
	if !s.EtcdMembers.Seen() {
		return checks.Verdict{}, false
	}
	var names []string
	for _, m := range *s.EtcdMembers.Value {
		if cmp.Or(m.Component, mainEtcd) == component {
			names = append(names, m.Name)
		}
	}
	n := len(names)
	if n == 0 {
		return checks.Verdict{}, false
	}
	src := s.EtcdMembers.Source
	on := checks.About(wholeOf(component)).Aspect("count").With(src, "%s", checks.Count(n, "member"))
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	return judgeCount(on, "its specification", n, strings.Join(names, ", "), "list 3 or 5 members, each on a machine of its own", p), true
}

// judgeCount judges how many members there are meant to be.
func judgeCount(on checks.Subject, by string, n int, names, fix string, p membersParams) checks.Verdict {
	quorum := n/2 + 1
	facts := fmt.Sprintf("is %d by %s: %d must agree, %d may fail", n, by, quorum, n-quorum)
	judged := func(v checks.Verdict) checks.Verdict {
		return v.Saw("%s", strings.TrimSuffix(fmt.Sprintf("%d: %s", n, names), ": ")).Want("3 or 5")
	}
	switch {
	case n == 1:
		return judged(on.Find(checks.Warning, "is 1 by %s: its loss stops whatever stores anything in it", by)).WithFix(fix)
	case n == 2:
		return judged(on.Find(checks.Warning, "%s, so two members are twice as likely to stop as one", facts)).WithFix(fix)
	case n > p.MostVoters:
		return judged(on.Find(checks.Warning, "%s; over %d, each write waits for too many", facts, p.MostVoters)).WithFix("5 or 7 members")
	case n%2 == 0:
		return judged(on.Find(checks.Warning, "%s, no more than with %d", facts, n-1)).
			WithFix("add one member or remove one: an odd number tolerates as much with less")
	}
	return judged(on.Pass("%s", facts))
}

// oneHost finds members that are listed at one address: its machine takes all of them along.
func oneHost(component string, l listing) (checks.Verdict, bool) {
	at := map[string][]string{}
	for _, name := range sortedKeys(l.peers) {
		for _, sv := range l.peers[name] {
			if !sv.loopback() && !slices.Contains(at[sv.host], name) {
				at[sv.host] = append(at[sv.host], name)
			}
		}
	}
	on := checks.About(wholeOf(component)).Aspect("spread").With(l.set.Source, "--initial-cluster of %s", nameOf(l.of))
	for _, host := range sortedKeys(at) {
		if who := at[host]; len(who) > 1 {
			return on.Find(checks.Warning, "puts %d of %d members at one address, %s: %s", len(who), len(l.peers), host, strings.Join(who, ", ")).
				Saw("%s", strings.Join(who, ", ")).Want("every member on a machine of its own").WithFix("start each member on another machine, and correct its peer URL in --initial-cluster"), true
		}
	}
	return checks.Verdict{}, false
}

// forced finds the flag of a disaster recovery that was left behind.
func forced(o evidence.Observed[evidence.Flags]) (checks.Verdict, bool) {
	set := o.Value.Setting("force-new-cluster")
	if on, err := strconv.ParseBool(set.Value); err != nil || !on || !set.Known() {
		return checks.Verdict{}, false
	}
	return checks.On(o).Aspect("force-new-cluster").With(set.Source, "--force-new-cluster: %s", set).
		Find(checks.Critical, "is started with --force-new-cluster, the last resort of a recovery: at each start it forgets all other members").
		Saw("%s", set).Want("no --force-new-cluster").WithFix("remove --force-new-cluster, then add the other members anew").
		Unsetting(o.Of, "force-new-cluster"), true
}
