package apiserver

import (
	"maps"
	"slices"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// overfetch judges reads of which hardly anything is returned: selectors that no index helps.
func overfetch(s *evidence.Snapshot, subject checks.Subject, name string, window, life book, p listRVParams) []checks.Verdict {
	etcd := func(f flow) bool {
		return f.fetched >= p.OverfetchObjects && f.fetched >= p.OverfetchEtcd*max(f.returned, 1e-9)
	}
	cache := func(f flow) bool {
		return f.cFetched >= p.OverfetchObjects && f.cFetched >= p.OverfetchCache*max(f.cReturn, 1e-9)
	}
	fix := findClient(s, name) + "; let it use an informer, ask for one namespace, or for what has an index (pods by spec.nodeName)"
	if f, b, sev, ok := strength(name, window, life, etcd); ok && !isEvents(name) {
		return one(subject.Find(sev, "are read from etcd at %s by LISTs that return %s, %s: selectors never reduce what is read there (%s)", perSecond(f.fetched), perSecond(f.returned), b.during, whoAsks(s, name)).
			Saw("%s read, %s returned", perSecond(f.fetched), perSecond(f.returned)).Want("under %g read for each returned", p.OverfetchEtcd).WithFix(fix))
	}
	if f, b, sev, ok := strength(name, window, life, cache); ok {
		return one(subject.Find(sev, "are scanned in the watch cache at %s by LISTs that return %s, %s: a selector without an index looks at each object (%s)", perSecond(f.cFetched), perSecond(f.cReturn), b.during, whoAsks(s, name)).
			Saw("%s scanned, %s returned", perSecond(f.cFetched), perSecond(f.cReturn)).Want("under %g scanned for each returned", p.OverfetchCache).WithFix(fix))
	}
	return nil
}

// churns10 judges watches that start over and are sent the whole resource each time.
func churns10(s *evidence.Snapshot, p listRVParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.APIServerMetrics.Seen() {
		sc := o.Value.Latest()
		if sc.Age() < lastingLife {
			continue
		}
		objects := objectCounts(sc)
		n := names{slices.Sorted(maps.Keys(objects))}
		by := n.by(sc, "apiserver_init_events_total")
		for _, name := range slices.Sorted(maps.Keys(by)) {
			per10 := by[name] / (sc.Age().Minutes() / 10)
			if count := objects[name]; count >= 1000 && per10 > p.ChurnPer10Min*count {
				vs = append(vs, checks.About("resource/"+name).Aspect("watch-churn on "+short(o.Of)).With(o.Source, "apiserver_init_events_total of %s: %.0f", name, by[name]).
					Find(checks.Info, "are sent to new watches %.0f times over in 10 minutes, on average since %s started %s ago: clients that lose their watch and begin anew (%s)", per10/count, short(o.Of), evidence.Ago(sc.Age()), notNamed).
					Saw("%.0f objects in 10 min, of %.0f", per10, count).Want("at most %g times", p.ChurnPer10Min).
					WithFix("look for answers 410 (apiserver_request_total{code=\"410\"}) and for a balancer that cuts idle connections: its timeout must exceed 10 minutes; the audit log (verb watch) names the clients"))
			}
		}
	}
	return vs
}
