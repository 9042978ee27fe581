package etcd

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// onlyLive is the gap of what no file tells.
var onlyLive = evidence.Gap{Why: evidence.NotLive, Note: "needs a live cluster", Unlock: "a live cluster"}

// inFiles is a cluster of which only manifests were read: of each a subject and its flags as on a command line, each on
// a line of its own from line 20 on. A value of ? is one that a template fills in.
func inFiles(lines ...string) *evidence.Snapshot {
	s := &evidence.Snapshot{Taken: noon, Cluster: evidence.Cluster{Files: true}}
	for _, line := range lines {
		of, words, _ := strings.Cut(line, " ")
		component := componentOf(of)
		list := evidence.Source{Via: evidence.ViaFile, From: of + ".yaml", Line: 12}
		f := evidence.Flags{
			Component: component, Version: map[string]string{"kube-apiserver": "1.34.2"}[component], Values: map[string][]evidence.FlagValue{},
			UnknownAt: map[string]evidence.Source{}, Read: []evidence.Source{list}, From: []evidence.Provenance{evidence.FromCommandLine},
		}
		if component != "kube-apiserver" {
			f.Version = "3.6.5"
		}
		for i, word := range strings.Fields(words) {
			name, value, _ := strings.Cut(word, "=")
			at := evidence.Source{Via: evidence.ViaFile, From: list.From, Line: 20 + i}
			if value == "?" {
				f.Unknown, f.UnknownAt[name] = append(f.Unknown, name), at
				continue
			}
			f.Values[name] = []evidence.FlagValue{{Value: value, From: evidence.FromCommandLine, Source: at}}
		}
		if component == "kube-apiserver" {
			s.APIServerFlags = append(s.APIServerFlags, evidence.See(of, f, list))
		} else {
			s.EtcdFlags = append(s.EtcdFlags, evidence.See(of, f, list))
		}
	}
	s.MissRest(onlyLive)
	return s
}

// told is what a person reads of verdicts in files, without what only a live cluster tells: outcome, subject, the line to
// edit and the settings that mend it.
func told(vs []checks.Verdict) []string {
	var out []string
	for i, line := range said(vs) {
		if vs[i].Outcome == checks.Skipped && strings.Contains(vs[i].Message, onlyLive.Note) {
			continue
		}
		if src, ok := vs[i].Place(); ok {
			line += fmt.Sprintf(" at %d", src.Line)
		}
		for _, c := range vs[i].Changes {
			line += " " + c.Subject + " " + c.Name
			if c.Remove {
				line += " gone"
			} else {
				line += "=" + c.Value
			}
		}
		out = append(out, line)
	}
	return out
}

// mended is a snapshot's flags after the settings of all findings were changed.
func mended(s *evidence.Snapshot, vs []checks.Verdict) {
	for _, v := range vs {
		for _, c := range v.Changes {
			o := s.EtcdFlags.Of(c.Subject)
			if !o.Seen() {
				o = s.APIServerFlags.Of(c.Subject)
			}
			if c.Remove {
				delete(o.Value.Values, c.Name)
			} else {
				o.Value.Values[c.Name] = []evidence.FlagValue{{Value: c.Value, From: evidence.FromCommandLine, Source: evidence.Source{Via: evidence.ViaFile, From: "new", Line: 1}}}
			}
		}
	}
}

func TestInFiles(t *testing.T) {
	three := "initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.2:2380,c=https://10.0.0.3:2380"
	two := "initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.2:2380"
	events := func(v string) string {
		return "kube-apiserver/a etcd-servers=https://127.0.0.1:2379 etcd-servers-overrides=" + v
	}
	specified := func(names ...string) *evidence.Snapshot {
		ms := []evidence.EtcdMember{{Name: "x", Component: "etcd-events"}}
		for _, name := range names {
			ms = append(ms, evidence.EtcdMember{Name: name})
		}
		s := inFiles("kube-apiserver/a v=1")
		s.EtcdMembers = evidence.See("etcd cluster", ms, evidence.Source{Via: evidence.ViaFile, From: "cluster.yaml", Line: 5})
		return s
	}
	for name, tc := range map[string]struct {
		check checks.Check
		s     *evidence.Snapshot
		want  []string
	}{
		"three members":                 {members, inFiles("etcd/a "+three, "etcd/b "+three, "etcd/c "+three), []string{"pass etcd cluster count at 20"}},
		"one manifest lists all":        {members, inFiles("etcd/a " + three), []string{"pass etcd cluster count at 20"}},
		"two members":                   {members, inFiles("etcd/a "+two, "etcd/b "+two), []string{"warning etcd cluster count at 20"}},
		"two, and who joined them":      {members, inFiles("etcd/b " + two + " initial-cluster-state=existing"), []string{"skipped etcd cluster count at 20"}},
		"a list that grew as they came": {members, inFiles("etcd/a initial-cluster=a=https://10.0.0.1:2380", "etcd/b "+two+" initial-cluster-state=existing", "etcd/c "+three+" initial-cluster-state=existing"), []string{"pass etcd cluster count at 20"}},
		"the first one alone":           {members, inFiles("etcd/a initial-cluster=a=https://10.0.0.1:2380"), []string{"skipped etcd cluster count at 20"}},
		"each alone":                    {members, inFiles("etcd/a initial-cluster=a=https://10.0.0.1:2380", "etcd/b initial-cluster=b=https://10.0.0.2:2380"), []string{"skipped etcd cluster count at 20"}},
		"two URLs are one member":       {members, inFiles("etcd/a initial-cluster=a=https://10.0.0.1:2380,a=https://10.1.0.1:2380,b=https://10.0.0.2:2380,c=https://10.0.0.3:2380"), []string{"pass etcd cluster count at 20"}},
		"four":                          {members, inFiles("etcd/a " + three + ",d=https://10.0.0.4:2380"), []string{"warning etcd cluster count at 20"}},
		"nine":                          {members, inFiles("etcd/a " + three + ",d=https://d,e=https://e,f=https://f,g=https://g,h=https://h,i=https://i"), []string{"warning etcd cluster count at 20"}},
		"two on one machine":            {members, inFiles("etcd/a initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.1:2390,c=https://10.0.0.3:2380"), []string{"pass etcd cluster count at 20", "warning etcd cluster spread at 20"}},
		"no list":                       {members, inFiles("etcd/a v=1"), []string{"skipped etcd cluster count at 12"}},
		"a template's list":             {members, inFiles("etcd/a v=1 initial-cluster=?"), []string{"skipped etcd cluster count at 21"}},
		"a recovery left behind":        {members, inFiles("etcd/a " + three + " force-new-cluster=true"), []string{"critical etcd/a force-new-cluster at 21 etcd/a force-new-cluster gone", "pass etcd cluster count at 20"}},
		"etcd for events":               {members, inFiles("etcd/a "+three, "etcd-events/a "+two), []string{"pass etcd cluster count at 20", "warning etcd-events cluster count at 20"}},
		"a specification of three":      {members, specified("a", "b", "c"), []string{"pass etcd cluster count at 5", "warning etcd-events cluster count at 5"}},
		"a specification of two":        {members, specified("a", "b"), []string{"warning etcd cluster count at 5", "warning etcd-events cluster count at 5"}},
		"a specification of one":        {members, specified("a"), []string{"warning etcd cluster count at 5", "warning etcd-events cluster count at 5"}},
		"no etcd":                       {members, inFiles("kube-apiserver/a v=1"), nil},

		"8 GiB":                 {quota, inFiles("etcd/a quota-backend-bytes=8589934592"), []string{"pass etcd/a at 20"}},
		"1 GiB":                 {quota, inFiles("etcd/a v=1 quota-backend-bytes=1073741824"), []string{"warning etcd/a at 21 etcd/a quota-backend-bytes=8589934592"}},
		"none":                  {quota, inFiles("etcd/a quota-backend-bytes=-1"), []string{"warning etcd/a at 20 etcd/a quota-backend-bytes=8589934592"}},
		"more than is wise":     {quota, inFiles("etcd/a quota-backend-bytes=17179869184"), []string{"info etcd/a at 20"}},
		"the default":           {quota, inFiles("etcd/a v=1"), []string{"skipped etcd/a at 12"}},
		"a template's":          {quota, inFiles("etcd/a v=1 quota-backend-bytes=?"), []string{"skipped etcd/a at 21"}},
		"no number":             {quota, inFiles("etcd/a quota-backend-bytes=8Gi"), []string{"skipped etcd/a at 20"}},
		"different":             {quota, inFiles("etcd/a quota-backend-bytes=8589934592", "etcd/b quota-backend-bytes=4294967296"), []string{"pass etcd/a at 20", "pass etcd/b at 20", "warning etcd cluster at 20 etcd/b quota-backend-bytes=8589934592"}},
		"of events, and larger": {quota, inFiles("etcd-events/a v=1"), []string{"pass etcd-events/a at 12"}},

		"no fsync":               {diskLatency, inFiles("etcd/a v=1 unsafe-no-fsync=true"), []string{"critical etcd/a fsync at 21 etcd/a unsafe-no-fsync gone"}},
		"no fsync, of events":    {diskLatency, inFiles("etcd-events/a unsafe-no-fsync=true"), []string{"warning etcd-events/a fsync at 20 etcd-events/a unsafe-no-fsync gone"}},
		"fsync is no measure":    {diskLatency, inFiles("etcd/a v=1"), nil},
		"network is no setting":  {peerLatency, inFiles("etcd/a v=1 heartbeat-interval=10"), nil},
		"space is no setting":    {space, inFiles("etcd/a v=1"), nil},
		"nothing of events":      {eventsSeparation, inFiles("kube-apiserver/a v=1"), nil},
		"events apart":           {eventsSeparation, inFiles(events("/events#https://e1:2379;https://e2:2379;https://e3:2379")), []string{"pass kube-apiserver/a at 21", "pass cluster at 21"}},
		"commas between servers": {eventsSeparation, inFiles(events("/events#https://e1:2379,https://e2:2379,https://e3:2379")), []string{"critical kube-apiserver/a at 21 kube-apiserver/a etcd-servers-overrides=/events#https://e1:2379;https://e2:2379;https://e3:2379"}},
		"no slash":               {eventsSeparation, inFiles(events("events#https://e1:2379;https://e2:2379")), []string{"critical kube-apiserver/a at 21 kube-apiserver/a etcd-servers-overrides=/events#https://e1:2379;https://e2:2379"}},
		"not to be guessed":      {eventsSeparation, inFiles(events("https://e1:2379")), []string{"critical kube-apiserver/a at 21"}},
		"the other API group": {eventsSeparation, inFiles(events("/leases#https://l1:2379,events.k8s.io/events#https://e1:2379;https://e2:2379")), []string{
			"warning kube-apiserver/a at 21 kube-apiserver/a etcd-servers-overrides=/leases#https://l1:2379,/events#https://e1:2379;https://e2:2379",
		}},
		"overrides of a template": {eventsSeparation, inFiles(events("?")), []string{"skipped kube-apiserver/a at 21"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := checks.Run(tc.s, []checks.Check{tc.check})[0].Verdicts
			if d := cmp.Diff(tc.want, told(before)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			mended(tc.s, before)
			for _, v := range checks.Run(tc.s, []checks.Check{tc.check})[0].Verdicts {
				i := slices.IndexFunc(before, func(b checks.Verdict) bool { return b.Subject == v.Subject })
				if i >= 0 && len(before[i].Changes) > 0 && v.Outcome == checks.Finding {
					t.Errorf("%s: after its settings were changed (%v) it is still found: %s", v.Subject, before[i].Changes, v.Message)
				}
			}
		})
	}
}
