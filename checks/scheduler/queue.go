package scheduler

import (
	_ "embed"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed queue.md
var queueDoc string

var queue = checks.New(checks.Spec{
	ID:        "scheduler-queue",
	Component: "kube-scheduler",
	Severity:  checks.Warning,
	AnyOf: []evidence.Kind{
		evidence.KindPendingPods, evidence.KindLeaderLeases,
		evidence.KindSchedulerMetrics, evidence.KindSchedulerFlags, evidence.KindSchedulerConfig,
	},
	Uses: []evidence.Kind{evidence.KindDocuments},
	Doc:  queueDoc,
}, queueParams{
	UnschedulableAfter: 15 * time.Minute,
	GivenUpAfter:       24 * time.Hour,
	UnseenAfter:        time.Minute,
	LeaseStaleAfter:    time.Minute,
	ActivePods:         100,
	FirstAttempt:       5 * time.Second,
	MaxBackoff:         time.Minute,
	Flush:              5 * time.Minute,
	Rows:               20,
}, runQueue)

type queueParams struct {
	UnschedulableAfter time.Duration `json:"unschedulableAfter" doc:"how long a pod may wait for a node; one full flush of the scheduler is 5 min, and a cluster autoscaler is given 15"`
	GivenUpAfter       time.Duration `json:"givenUpAfter" doc:"a pod waiting longer is nobody's emergency any more; kaudit's own choice"`
	UnseenAfter        time.Duration `json:"unseenAfter" doc:"how long a pod of default-scheduler may go without a word of it, one of another scheduler unschedulableAfter; kaudit's own choice"`
	LeaseStaleAfter    time.Duration `json:"leaseStaleAfter" doc:"age of the leader's Lease; it is renewed every 2 s and lasts 15 s"`
	ActivePods         float64       `json:"activePods" doc:"pods ready to be scheduled that are too many if they do not get fewer; kaudit's own heuristic"`
	FirstAttempt       time.Duration `json:"firstAttempt" doc:"p99 of scheduling at the first attempt; the SLO of a whole pod start is 5 s"`
	MaxBackoff         time.Duration `json:"maxBackoff" doc:"podMaxBackoffSeconds over which it is mentioned; the default is 10 s"`
	Flush              time.Duration `json:"flush" doc:"--pod-max-in-unschedulable-pods-duration over which it is a finding; the default is 5 min"`
	Rows               int           `json:"rows" doc:"owners of waiting pods that are told one by one"`
}

func (p queueParams) Validate() error {
	if p.Rows < 1 {
		return errors.New("rows must be at least 1")
	}
	return nil
}

func runQueue(s *evidence.Snapshot, p queueParams) []checks.Verdict {
	var vs []checks.Verdict
	if s.PendingPods.Seen() {
		vs = append(vs, waiting(s, p)...)
	}
	vs = append(vs, checks.Lost(s.PendingPods, "pending pods")...)
	if s.LeaderLeases.Seen() {
		vs = append(vs, leader(s, p)...)
	}
	vs = append(vs, checks.Lost(s.LeaderLeases, "kube-scheduler leader")...)
	for o := range s.SchedulerMetrics.Seen() {
		vs = append(vs, pace(o, p)...)
	}
	vs = append(vs, checks.Missing(s.SchedulerMetrics, "pace")...)
	return append(vs, settings(s, p)...)
}

// leader holds the age of the scheduler's Lease against the cluster's own clock: Taken.
func leader(s *evidence.Snapshot, p queueParams) []checks.Verdict {
	o := s.LeaderLeases
	if how := electsElsewhere(s); how != "" {
		return []checks.Verdict{checks.About("kube-scheduler leader", o.Source).NotApplicable("does not use the Lease kube-system/kube-scheduler: it runs with %s", how)}
	}
	for _, l := range *o.Value {
		if l.Name != "kube-scheduler" {
			continue
		}
		age := s.Taken.Sub(l.Renewed)
		subject := checks.About("kube-scheduler leader", o.Source).With(o.Source, "Lease kube-system/kube-scheduler, held by %q, renewed %s", l.Holder, l.Renewed.UTC().Format(time.RFC3339))
		if age > p.LeaseStaleAfter {
			return []checks.Verdict{subject.Find(checks.Critical, "has not renewed its Lease for %s (over %s): no new pod is being scheduled", evidence.Ago(age), evidence.Ago(p.LeaseStaleAfter)).
				Saw("renewed %s ago", evidence.Ago(age)).Want("renewed every 2 s").
				WithFix("kubectl -n kube-system get pods -l component=kube-scheduler; read the log of each: they lost the API server, crash, or cannot renew in time")}
		}
		return []checks.Verdict{subject.Pass("renewed its Lease %s ago", evidence.Ago(max(age, 0)))}
	}
	return []checks.Verdict{checks.About("kube-scheduler leader", o.Source).NotApplicable("has no Lease kube-system/kube-scheduler: leader election is off, or another scheduler runs under another name")}
}

// electsElsewhere finds a flag by which the usual Lease is not the scheduler's: what stands in it is
// then of an earlier set-up. "" if no flag says so.
func electsElsewhere(s *evidence.Snapshot) string {
	usual := map[string]string{"leader-elect": "true", "leader-elect-resource-name": "kube-scheduler", "leader-elect-resource-namespace": "kube-system"}
	for o := range s.SchedulerFlags.Seen() {
		for _, name := range slices.Sorted(maps.Keys(usual)) {
			if set := o.Value.Setting(name); set.Known() && set.Value != usual[name] {
				return "--" + name + "=" + set.Value
			}
		}
	}
	return ""
}

// settings judges what was set about the queues, per instance.
func settings(s *evidence.Snapshot, p queueParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.SchedulerFlags.Seen() {
		set := o.Value.Setting("pod-max-in-unschedulable-pods-duration")
		d, err := time.ParseDuration(set.Value)
		if !set.Known() || err != nil {
			vs = append(vs, checks.On(o).Aspect("flush").Untold(*o.Value, "does not tell its --pod-max-in-unschedulable-pods-duration", set.Name))
			continue
		}
		vs = append(vs, checks.On(o).Aspect("flush").With(set.Source, "--pod-max-in-unschedulable-pods-duration: %s", set).
			FindingIf(d > p.Flush, "tries an unschedulable pod again after %s at the latest, with no event (at most %s is wanted: a lost event holds a pod for that long)", evidence.Ago(d), evidence.Ago(p.Flush)).
			Saw("%s", set).Want("%s, the default; the flag is deprecated", evidence.Ago(p.Flush)).
			WithFix("remove --pod-max-in-unschedulable-pods-duration from the arguments of kube-scheduler").
			Unsetting(o.Of, set.Name))
	}
	vs = append(vs, checks.Missing(s.SchedulerFlags, "flush")...)
	for o := range s.SchedulerConfig.Seen() {
		if s.Cluster.Files {
			vs = append(vs, backoffInFile(s, o, p))
		} else if d := o.Value.PodMaxBackoff; d == nil {
			vs = append(vs, checks.On(o).Aspect("backoff").Skip("does not tell podMaxBackoffSeconds in its /configz"))
		} else {
			vs = append(vs, backoff(checks.On(o).Aspect("backoff"), *d, p))
		}
	}
	return append(vs, checks.Missing(s.SchedulerConfig, "backoff")...)
}

// backoff judges how long a pod waits between attempts at most.
func backoff(on checks.Subject, d time.Duration, p queueParams) checks.Verdict {
	v := on.Pass("lets a pod wait at most %s between attempts", evidence.Ago(d))
	if d > p.MaxBackoff {
		v = on.Find(checks.Info, "lets a pod wait up to %s between attempts (over %s): after a capacity shortage pods start late", evidence.Ago(d), evidence.Ago(p.MaxBackoff))
	}
	return v.Saw("podMaxBackoffSeconds %.0f", d.Seconds()).Want("10, the default").WithFix("podMaxBackoffSeconds: 10   # KubeSchedulerConfiguration")
}

// backoffInFile is backoff by a KubeSchedulerConfiguration, which leaves out what has its default.
func backoffInFile(s *evidence.Snapshot, o evidence.Observed[evidence.SchedulerConfig], p queueParams) checks.Verdict {
	const field = "podMaxBackoffSeconds"
	doc := s.DocumentOf("kube-scheduler", o.Of, o.Source)
	on := checks.On(o).Aspect("backoff")
	if v, ok := on.UntoldField(doc, field); ok {
		return v
	}
	switch set := doc.Fields[field]; {
	case o.Value.PodMaxBackoff == nil:
		return on.Pass("lets a pod wait at most 10 s between attempts, the default").Want("10, the default")
	case set.Source.InFile():
		on = on.With(set.Source, "%s: %s", field, set.Value)
	}
	return backoff(on, *o.Value.PodMaxBackoff, p).Setting(o.Of, field, "10")
}
