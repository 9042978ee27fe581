package etcd

import (
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// servers holds what each kube-apiserver lists against what the members announce. It speaks only
// where both are addresses: a name or a balancer may stand for any of them.
func servers(s *evidence.Snapshot) []checks.Verdict {
	if !s.EtcdMembers.Seen() {
		return checks.Lost(s.EtcdMembers, "kube-apiserver etcd-servers")
	}
	announced, urls := map[string]string{}, []string(nil) // host:port to member
	for _, m := range *s.EtcdMembers.Value {
		for _, c := range parseServers(m.ClientURLs) {
			if !c.isIP() {
				return nil
			}
			announced[c.at()] = voter{id: m.ID, name: m.Name}.called()
			urls = append(urls, c.raw)
		}
	}
	vs := checks.Missing(s.APIServerFlags, "etcd-servers")
	for o := range s.APIServerFlags.Seen() {
		set := o.Value.Setting("etcd-servers")
		list := parseServers(split(set))
		if !set.Known() {
			vs = append(vs, checks.On(o).Aspect("etcd-servers").Skip("does not tell its --etcd-servers"))
			continue
		}
		if len(list) == 0 || len(announced) == 0 || !speakable(list, announced) {
			continue
		}
		on := checks.On(o).With(set.Source, "--etcd-servers: %s", set).With(s.EtcdMembers.Source, "client URLs of %s", checks.Count(len(*s.EtcdMembers.Value), "member")).Aspect("etcd-servers")
		vs = append(vs, listed(on, list, announced, set, "--etcd-servers="+strings.Join(distinct(urls), ",")))
	}
	return vs
}

// speakable refuses names; a lone loopback address, kubeadm's way to the member beside it, which
// announces its other address; and a list of which no member announces anything: a balancer's address,
// or that of another network.
func speakable(list []server, announced map[string]string) bool {
	if !slices.ContainsFunc(list, func(sv server) bool { return announced[sv.at()] != "" }) {
		return false
	}
	return !slices.ContainsFunc(list, func(sv server) bool {
		return !sv.isIP() || sv.loopback() && announced[sv.at()] == ""
	})
}

func listed(on checks.Subject, list []server, announced map[string]string, set evidence.Setting, fix string) checks.Verdict {
	var stale, unused []string
	for _, sv := range list {
		if announced[sv.at()] == "" {
			stale = append(stale, sv.raw)
		}
	}
	at := addresses(list)
	used := map[string]bool{}
	for addr, member := range announced {
		used[member] = used[member] || slices.Contains(at, addr)
	}
	for _, member := range sortedKeys(used) {
		if !used[member] {
			unused = append(unused, member)
		}
	}
	switch {
	case len(stale) > 0:
		return on.Find(checks.Warning, "lists %s in --etcd-servers, which no member announces: unless a balancer is there, requests sent there fail until the next server is tried", strings.Join(stale, ", ")).
			Saw("%s", set).Want("the client URLs of the members").WithFix(fix)
	case len(unused) > 0 && len(list) > 1:
		return on.Find(checks.Info, "does not list %s in --etcd-servers: it cannot use what it is not told of when the others fail", strings.Join(unused, ", ")).
			Saw("%s", set).Want("the client URLs of all members").WithFix(fix)
	}
	return on.Pass("lists only etcd servers that are members").Saw("%s", set)
}
