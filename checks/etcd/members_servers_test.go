package etcd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/evidence"
)

func TestMembersServers(t *testing.T) {
	of := func(servers string) *evidence.Snapshot {
		s := cluster(3)
		s.APIServerFlags = apiservers(servers, "")
		return s
	}
	unknown := of(threeMain)
	unknown.APIServerFlags[0].Value.Values, unknown.APIServerFlags[0].Value.Opaque = nil, "a wrapper starts it"
	sixes := of("https://[FD00:0::1]:2379,https://[fd00::2]:2379")
	for i := range *sixes.EtcdMembers.Value {
		(*sixes.EtcdMembers.Value)[i].ClientURLs = []string{fmt.Sprintf("https://[fd00::%d]:2379", i+1)}
	}
	*sixes.EtcdMembers.Value = (*sixes.EtcdMembers.Value)[:2]
	judged(t, "kube-apiserver/cp-1 etcd-servers", membersCases{
		"IPv6, spelt otherwise": {sixes, "pass"},
		"all members":           {of(threeMain), "pass"},
		"its own member":        {of("https://10.0.0.2:2379"), "pass"},
		"one is missing":        {of("https://10.0.0.1:2379,https://10.0.0.2:2379"), "info"},
		"one is no member":      {of(threeMain + ",https://10.0.0.9:2379"), "warning"},
		"a flag not known":      {unknown, "skipped"},
	})
	for name, servers := range map[string]string{"kubeadm's loopback": "https://127.0.0.1:2379", "a name": "https://etcd.example.com:2379", "a balancer's address": "https://10.0.0.100:2379"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range runMembers(of(servers), membersDefaults) {
				if strings.HasSuffix(v.Subject, "etcd-servers") {
					t.Errorf("got %s %q, want nothing said of what cannot be compared", v.Outcome, v.Message)
				}
			}
		})
	}
}

func TestMembersUnseen(t *testing.T) {
	of := func(servers string) *evidence.Snapshot {
		return &evidence.Snapshot{ControlPods: evidence.See("cluster", []evidence.ControlPod{}, evidence.Source{}), APIServerFlags: apiservers(servers, "")}
	}
	kubeadm := &evidence.Snapshot{
		ControlPods:   evidence.See("cluster", []evidence.ControlPod{}, evidence.Source{}),
		KubeadmConfig: evidence.See("kubeadm-config", evidence.KubeadmConfig{ExternalEtcdEndpoints: []string{"https://10.0.0.1:2379"}}, evidence.Source{}),
	}
	managed := of(threeMain)
	managed.Cluster.Managed = true
	judged(t, "etcd", membersCases{
		"external":             {of(threeMain), "skipped"},
		"external, by kubeadm": {kubeadm, "skipped"},
		"kine":                 {of("unix:///var/lib/rancher/k3s/server/kine.sock"), "not-applicable"},
		"nothing at all":       {&evidence.Snapshot{ControlPods: kubeadm.ControlPods}, "skipped"},
		"managed":              {managed, "not-applicable"},
	})
}
