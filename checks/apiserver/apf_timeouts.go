package apiserver

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

func requestTimeout(of string, subject checks.Subject, f evidence.Flags, p apfParams) checks.Verdict {
	set := f.Setting("request-timeout")
	d, err := time.ParseDuration(set.Value)
	if !set.Known() || err != nil {
		return subject.Untold(f, "does not tell its --request-timeout", set.Name)
	}
	subject = subject.With(set.Source, "--request-timeout: %s", set)
	low, high := time.Duration(p.MinRequestTimeout)*time.Second, time.Duration(p.MaxRequestTimeout)*time.Second
	switch {
	case d > high:
		return subject.Find(checks.Warning, "lets a request run for %s: it holds its seats that long, and others wait in queues for up to %s", d, min(d/4, time.Minute)).
			Saw("%s", set).Want("%s, unless an aggregated API is known to need more", high).WithFix("--request-timeout="+high.String()).Setting(of, set.Name, high.String())
	case d < low:
		return subject.Find(checks.Warning, "ends a request after %s: large LISTs and slow webhooks fail, and their clients try again", d).
			Saw("%s", set).Want("%s", high).WithFix("--request-timeout="+high.String()).Setting(of, set.Name, high.String())
	}
	return subject.Pass("lets a request run for %s", d).Saw("%s", set)
}

func minRequestTimeout(of string, subject checks.Subject, f evidence.Flags, p apfParams) checks.Verdict {
	set := f.Setting("min-request-timeout")
	sec, err := strconv.ParseFloat(set.Value, 64)
	if !set.Known() || err != nil {
		return subject.Untold(f, "does not tell its --min-request-timeout", set.Name)
	}
	subject = subject.With(set.Source, "--min-request-timeout: %s", set)
	switch {
	case sec < p.MinWatchTimeout:
		return subject.Find(checks.Warning, "ends watches that name no timeout after %g s: they reconnect, and may list again, all the time", sec).
			Saw("%s", set).Want("1800, the default").WithFix("--min-request-timeout=1800").Setting(of, set.Name, "1800")
	case sec > p.MaxWatchTimeout:
		return subject.Find(checks.Info, "keeps watches that name no timeout for %g s at least: after a roll-out they stay where they are for that long", sec).
			Saw("%s", set).Want("1800, the default").WithFix("--min-request-timeout=1800").Setting(of, set.Name, "1800")
	}
	return subject.Pass("keeps watches that name no timeout for %g s at least", sec).Saw("%s", set)
}

// apfListCost finds an apiserver that does not count its objects: every LIST then costs one seat.
func apfListCost(s *evidence.Snapshot, of string, subject checks.Subject, f evidence.Flags, p apfParams) checks.Verdict {
	set := f.Setting("etcd-count-metric-poll-period")
	d, err := time.ParseDuration(set.Value)
	if !set.Known() || err != nil {
		return subject.Untold(f, "does not tell its --etcd-count-metric-poll-period", set.Name)
	}
	subject = subject.With(set.Source, "--etcd-count-metric-poll-period: %s", set)
	if d > 0 {
		return subject.Pass("counts its objects every %s, so that a LIST costs what it weighs", d).Saw("%s", set)
	}
	sev, size := checks.Warning, "how many objects there are is not known"
	if most := mostObjects(s); most > 0 {
		size = fmt.Sprintf("the largest resource has %.0f objects", most)
		if most <= p.ManyObjects {
			sev = checks.Info
		}
	} else if s.Nodes.Seen() && len(s.Nodes.Value.Items) < p.SmallNodes {
		sev, size = checks.Info, fmt.Sprintf("a cluster of %d nodes", len(s.Nodes.Value.Items))
	}
	return subject.Find(sev, "does not count its objects, so every LIST costs one seat however large it is, and a few of them can exhaust it (%s)", size).
		Saw("%s", set).Want("1m0s, the default").WithFix("remove --etcd-count-metric-poll-period=0").
		Unsetting(of, set.Name)
}

// mostObjects is the size of the largest resource that any instance counted; 0 if none did.
func mostObjects(s *evidence.Snapshot) float64 {
	most := 0.0
	by, _ := objectsBy(s)
	for _, n := range by {
		most = max(most, n)
	}
	return most
}
