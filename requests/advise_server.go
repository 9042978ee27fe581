package requests

import "github.com/kaudit/kaudit/evidence"

// upgrade is for what newer servers do better.
func (j judge) upgrade(c *evidence.Client, _ *Judgement) *Advice {
	unset := count(c, func(s evidence.Shape) bool { return s.RV == evidence.RVUnset && s.Continue == "" })
	if c.Verb != "list" || share(unset, c) < 0.5 || j.would(c, Etcd) < unset || len(j.Server.Minors) == 0 || j.Server.uncached(c.GroupResource()) {
		return nil
	}
	switch newest := j.Server.Minors[len(j.Server.Minors)-1]; {
	case newest <= 30:
		return &Advice{AdviceUpgrade, "From 1.31 on the watch cache serves such LISTs, if every etcd is 3.4.31, 3.5.13 or later."}
	case j.Server.WatchProgress == No:
		return &Advice{AdviceUpgrade, "The servers could serve such LISTs from the watch cache, but an etcd is too old for it: it takes 3.4.31, 3.5.13 or later."}
	case j.Server.ConsistentList == No && newest <= 33:
		return &Advice{AdviceUpgrade, "The servers could serve such LISTs from the watch cache, but the feature gate ConsistentListFromCache is off."}
	}
	return nil
}

// watchList is for informers that read a large collection anew often: a stream spares the servers' memory.
func (j judge) watchList(c *evidence.Client, g *Judgement) *Advice {
	if c.Verb != "list" || len(j.Server.Minors) == 0 || !j.Server.watchList(j.Server.Minors[0]) || j.watches[whoIs(c)] == 0 || c.Zero < c.Count/2 || !j.relists(g) {
		return nil
	}
	return &Advice{AdviceWatchList, "Its informers read everything anew often. With client-go 0.35 or later they ask for a stream (WatchList), which spares the servers' memory; find out why they start over."}
}
