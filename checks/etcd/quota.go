package etcd

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed quota.md
var quotaDoc string

var quota = checks.New(checks.Spec{
	ID:        "etcd-quota",
	Component: "etcd",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindEtcdMetrics, evidence.KindEtcdStatus, evidence.KindEtcdFlags},
	Uses:      []evidence.Kind{evidence.KindNodes, evidence.KindControlPods},
	Doc:       quotaDoc,
}, quotaDefaults, runQuota)

type quotaParams struct {
	RecommendedBytes int64   `json:"recommendedBytes" doc:"quota to recommend, and over which recovery gets long; 8 GiB, the ceiling that etcd suggests"`
	LargeNodes       int     `json:"largeNodes" doc:"nodes from which the default of 2 GiB is a warning; kaudit's own estimate"`
	SmallNodes       int     `json:"smallNodes" doc:"nodes up to which the default is enough while little of it is used; kaudit's own estimate"`
	SmallShare       float64 `json:"smallShare" doc:"share of the default quota that counts as little; kaudit's own estimate"`
	HighShare        float64 `json:"highShare" doc:"share of the default quota in use from which it is a warning; kaudit's own estimate"`
}

const gib = int64(1) << 30

// defaultQuota is what 0 and no flag at all mean, in every version.
const defaultQuota = 2 * gib

var quotaDefaults = quotaParams{RecommendedBytes: 8 * gib, LargeNodes: 1000, SmallNodes: 100, SmallShare: 0.25, HighShare: 0.5}

func (p quotaParams) Validate() error {
	if p.RecommendedBytes <= defaultQuota || p.SmallNodes > p.LargeNodes || p.SmallShare > p.HighShare {
		return errors.New("recommendedBytes must be over 2 GiB, smallNodes at most largeNodes and smallShare at most highShare")
	}
	return nil
}

// A limit is the quota of one member, and how it is known.
type limit struct {
	Bytes   int64 // negative: none at all
	Source  evidence.Source
	How     string
	Default bool // nobody set it
	// Pending is a flag that says otherwise: it awaits a restart.
	Pending string
}

// quotaOf finds the quota of a member: what the process reports, what it answers, what it was told.
func quotaOf(s *evidence.Snapshot, subject string) (limit, bool) {
	set, hasFlag := quotaFlag(s.EtcdFlags.Of(subject))
	l, ok := reported(s, subject)
	switch {
	case !ok:
		return set, hasFlag
	case hasFlag:
		l.Default = set.Default && l.Bytes == defaultQuota
		if set.Bytes != l.Bytes {
			l.Pending = set.How
		}
	}
	return l, true
}

// reported is what the running member says. The gauge is 0 only before the quota is set up.
func reported(s *evidence.Snapshot, subject string) (limit, bool) {
	if m := s.EtcdMetrics.Of(subject); m.Seen() {
		if v, ok := m.Value.Latest().Max("etcd_server_quota_backend_bytes"); ok && v != 0 {
			return limit{Bytes: int64(v), Source: m.Source, How: "etcd_server_quota_backend_bytes", Default: int64(v) == defaultQuota}, true
		}
	}
	if st := s.EtcdStatus.Of(subject); st.Seen() && st.Value.QuotaBytes != nil {
		if l, ok := answered(*st.Value); ok {
			l.Source = st.Source
			return l, true
		}
	}
	return limit{}, false
}

// answered reads dbSizeQuota of a Status. 3.6.0 to 3.6.5 answer 0 where the flag is not set.
func answered(st evidence.EtcdStatus) (limit, bool) {
	q := *st.QuotaBytes
	if q != 0 {
		return limit{Bytes: q, How: "dbSizeQuota", Default: q == defaultQuota}, true
	}
	v, ok := evidence.ParseSemver(st.Version)
	if ok && v.Major == 3 && v.Minor == 6 && v.Patch < 6 {
		return limit{Bytes: defaultQuota, How: "dbSizeQuota 0, which etcd " + v.String() + " answers for the default", Default: true}, true
	}
	return limit{}, false
}

// quotaFlag reads the flag; false if it is not known or no number.
func quotaFlag(o evidence.Observed[evidence.Flags]) (limit, bool) {
	if !o.Seen() {
		return limit{}, false
	}
	set := o.Value.Setting("quota-backend-bytes")
	if !set.Known() {
		// Unset means 2 GiB in every version, also in one that the table of defaults does not know.
		whole := o.Value.Opaque == "" && len(o.Value.Read) > 0 && !slices.Contains(o.Value.Unknown, set.Name)
		return limit{Bytes: defaultQuota, Source: set.Source, How: "--quota-backend-bytes is not set", Default: true}, whole
	}
	n, err := strconv.ParseInt(set.Value, 10, 64)
	if err != nil {
		return limit{}, false
	}
	if n == 0 || set.Assumed() {
		return limit{Bytes: defaultQuota, Source: set.Source, How: "--quota-backend-bytes is not set", Default: true}, true
	}
	how := fmt.Sprintf("--quota-backend-bytes=%d, %s", n, set.From)
	if set.Source.InFile() {
		how = fmt.Sprintf("--quota-backend-bytes=%d", n)
	}
	return limit{Bytes: n, Source: set.Source, How: how}, true
}

// quotaUntold says why a file does not tell a quota. A value that is no number keeps etcd from starting, which
// flag-value says.
func quotaUntold(o evidence.Observed[evidence.Flags]) checks.Verdict {
	set := o.Value.Setting("quota-backend-bytes")
	if set.Known() {
		return checks.On(o).With(set.Source, "%s", set).Skip("has a --quota-backend-bytes that is no number: %q", set.Value).Unlocked("a number of bytes")
	}
	return checks.On(o).Untold(*o.Value, "does not tell its quota", set.Name)
}

func runQuota(s *evidence.Snapshot, p quotaParams) []checks.Verdict {
	var vs []checks.Verdict
	known := map[string][]member{}
	for _, subject := range subjects(s) {
		l, ok := quotaOf(s, subject)
		if f := s.EtcdFlags.Of(subject); !ok && f.Seen() && (f.Value.InFile() || f.Source.InFile()) {
			vs = append(vs, quotaUntold(f))
			continue
		}
		if !ok {
			vs = append(vs, checks.About(subject).Skip("does not tell its quota: neither its metrics, nor its status (3.6 and later), nor its flags show it"))
			continue
		}
		known[componentOf(subject)] = append(known[componentOf(subject)], member{subject, l})
		on := checks.About(subject).With(l.Source, "quota %s (%s)", size(l.Bytes), l.How)
		vs = append(vs, quotaVerdict(s, on, subject, l, p))
	}
	for _, component := range []string{mainEtcd, eventsEtcd} {
		if v, ok := quotasAgree(component, known[component]); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// subjects are the members that any kind of evidence shows, in order.
func subjects(s *evidence.Snapshot) []string {
	var out []string
	seen := map[string]bool{}
	for _, k := range []evidence.Kind{evidence.KindEtcdFlags, evidence.KindEtcdMetrics, evidence.KindEtcdStatus} {
		for _, r := range s.Records(k) {
			if r.Seen && !seen[r.Of] {
				seen[r.Of], out = true, append(out, r.Of)
			}
		}
	}
	return out
}

func size(bytes int64) string {
	if bytes < 0 {
		return "none (negative)"
	}
	return checks.Bytes(bytes)
}
