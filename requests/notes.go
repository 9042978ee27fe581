package requests

import (
	"fmt"
	"slices"
	"strings"
)

// notes are what limits a report.
func (j judge) notes(clients []Judged) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	r := j.all
	finished := r.Stages["ResponseComplete"] + r.Stages["Panic"]
	switch {
	case r.Events > 0 && finished == 0:
		say("no request in the log has finished: the audit policy seems to omit the stage ResponseComplete, and LISTs are counted there")
	case r.Events > 0 && r.Lists.Total == 0 && r.Verbs["list"] == 0:
		say("the log has no LIST: the audit policy may have a rule of level None for it, which hides whoever it is")
	}
	if len(j.Server.Minors) == 0 && r.Lists.Total > 0 {
		say("the version of the servers is not known, and it decides who serves a LIST: the log has no request of kube-apiserver itself")
	} else if j.Server.Guessed != "" {
		say("the servers are taken to be of %s, by what %s calls itself: the log has no request of kube-apiserver itself", j.Server.Versions(), j.Server.Guessed)
	} else if j.Server.twofold() {
		say("the servers are of %s, as the %s tell, so the one is of another time: where the versions differ, who served a request is not known; --server-version says which is right",
			j.Server.Versions(), strings.Replace(j.Server.From, "and ", "and the ", 1))
	} else if len(j.Server.Minors) > 1 {
		say("servers of %s wrote the log: where they differ, who served a request is not known", j.Server.Versions())
	}
	if known := j.Server.Beyond(); known != "" && r.Lists.Total+r.Watches > 0 {
		say("taken for granted: %s behaves as %s does, the newest that is known", j.Server.Versions(), known)
	}
	var assumed []string
	unknownCost := false
	for _, c := range clients {
		for _, s := range c.Served {
			if s.Assumes != "" && !slices.Contains(assumed, s.Assumes) {
				assumed = append(assumed, s.Assumes)
			}
		}
		unknownCost = unknownCost || !c.Cost.Known && c.by(Etcd, Consistent, Cache, Unknown) > 0
	}
	slices.Sort(assumed)
	for _, a := range assumed {
		say("taken for granted: %s", a)
	}
	if unknownCost && len(j.Objects) == 0 {
		say("how many objects there are is not known, so clients are ranked by their LISTs, not by what these read")
	}
	if others := r.Others.Lists.Total + r.Others.Watches; others > 0 {
		say("%d requests are of clients beyond those kept, none of which made more than %d", others, r.Others.AtMost)
	}
	return out
}
