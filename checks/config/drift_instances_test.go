package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// instances are processes of a component on a, b, c and so on, each with its flags in a file; "?x" is a flag whose value is
// not known.
func instances(component, version string, each ...string) evidence.Instances[evidence.Flags] {
	var in evidence.Instances[evidence.Flags]
	for i, args := range each {
		var set, unknown []string
		for arg := range strings.FieldsSeq(args) {
			if name, ok := strings.CutPrefix(arg, "?"); ok {
				unknown = append(unknown, name)
			} else {
				set = append(set, arg)
			}
		}
		o := inFile(component, version, set...)
		o.Of, o.Value.Unknown = component+"/node-"+string(rune('a'+i)), unknown
		in = append(in, o)
	}
	return in
}

func TestDriftBetweenInstances(t *testing.T) {
	api := func(each ...string) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerFlags: instances("kube-apiserver", "1.37.2", each...)}
	}
	etcd := func(each ...string) *evidence.Snapshot {
		return &evidence.Snapshot{EtcdFlags: instances("etcd", "3.7.3", each...)}
	}
	mixed := etcd("name=a quota-backend-bytes=1", "name=b quota-backend-bytes=1")
	mixed.EtcdFlags[0].Value.Version = "3.4.30" // whose pre-vote is off unless set, and which has no feature gates
	gates := etcd("experimental-initial-corrupt-check=true name=a", "name=b feature-gates=InitialCorruptCheck=true")
	gates.EtcdFlags[0].Value.Version = "3.5.35"
	events := etcd("quota-backend-bytes=1", "quota-backend-bytes=2")
	events.EtcdFlags[1].Value.Component = "etcd-events"
	opaque := api("etcd-prefix=/a", "v=2")
	opaque.APIServerFlags[1].Value.Opaque = "is started by a script"
	schedulers := &evidence.Snapshot{SchedulerFlags: instances("kube-scheduler", "1.37.2", "config=/a.yaml", "config=/b.yaml leader-elect-resource-name=batch")}
	var many []string
	for name := range strings.FieldsSeq("audit-log-maxage audit-log-maxbackup audit-log-maxsize event-ttl min-request-timeout request-timeout etcd-compaction-interval lease-reuse-duration-seconds livez-grace-period delete-collection-workers default-watch-cache-size etcd-prefix") {
		many = append(many, name+"=7")
	}
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
	}{
		"alone":                      {api("v=2"), []string{"not-applicable instances: are not two of any component, and each tells its flags in one place"}},
		"alike":                      {api("v=2 event-ttl=60m", "v=2 event-ttl=1h"), []string{"pass kube-apiserver instances: agree on 1 flag"}},
		"nothing to compare":         {api("v=2", "v=3"), []string{"skipped kube-apiserver instances: have no flag that two of them tell"}},
		"of each node":               {api("advertise-address=10.0.0.1 tls-cert-file=/a.crt v=2 event-ttl=1h", "advertise-address=10.0.0.2 tls-cert-file=/b.crt event-ttl=1h"), []string{"pass kube-apiserver instances: agree on 1 flag"}},
		"the node's name in a path":  {api("audit-policy-file=/etc/node-a.yaml", "audit-policy-file=/etc/node-b.yaml"), []string{"pass kube-apiserver instances: agree on 1 flag"}},
		"encrypted on one":           {api("v=1 encryption-provider-config=/etc/enc.yaml", "v=1", "v=1"), []string{`warning kube-apiserver instances --encryption-provider-config: differs between instances: not set ("") on node-b, node-c; /etc/enc.yaml on node-a`}},
		"a matter of taste":          {api("event-ttl=2h", "v=2"), []string{"info kube-apiserver instances --event-ttl: differs between instances: 2h on node-a; not set (1h0m0s) on node-b"}},
		"the default, spelled out":   {api("event-ttl=1h", "v=2"), []string{"pass kube-apiserver instances: agree on 1 flag"}},
		"one is not known":           {api("etcd-prefix=/a event-ttl=1h", "?etcd-prefix event-ttl=1h"), []string{"pass kube-apiserver instances: agree on 1 flag"}},
		"behind a wrapper":           {opaque, []string{"skipped kube-apiserver instances: have no flag that two of them tell"}},
		"members":                    {etcd("name=a heartbeat-interval=100", "name=b heartbeat-interval=500"), []string{"warning etcd instances --heartbeat-interval: differs between instances: 100 on node-a; 500 on node-b"}},
		"events are another cluster": {events, []string{"not-applicable instances: are not two of any component, and each tells its flags in one place"}},
		"two versions":               {mixed, []string{"pass etcd instances: agree on 1 flag"}},
		"gates of one version":       {gates, []string{"skipped etcd instances: have no flag that two of them tell"}},
		"schedulers of their own":    {schedulers, []string{"not-applicable instances: are not two of any component, and each tells its flags in one place"}},
		"two flags, the worst first": {api("event-ttl=2h etcd-prefix=/a", "event-ttl=1h etcd-prefix=/b"), []string{
			"warning kube-apiserver instances --etcd-prefix: differs between instances: /a on node-a; /b on node-b",
			"info kube-apiserver instances --event-ttl: differs between instances: 2h on node-a; 1h on node-b",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.s.Cluster.Files = true
			if d := cmp.Diff(tc.want, sentences(checks.Run(tc.s, []checks.Check{drift})[0].Verdicts)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	s := api(strings.Join(many, " "), strings.ReplaceAll(strings.Join(many, " "), "=7", "=8"))
	s.Cluster.Files = true
	got := sentences(checks.Run(s, []checks.Check{drift})[0].Verdicts)
	if len(got) != 11 || got[10] != "info kube-apiserver instances other flags: differ as well: --min-request-timeout, --request-timeout" {
		t.Errorf("got %d verdicts, the last %q, want ten flags and one line for the others", len(got), got[len(got)-1])
	}
}

// sentences are verdicts as people read them.
func sentences(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		word := v.Outcome.String()
		if v.Outcome == checks.Finding {
			word = v.Severity.String()
		}
		out = append(out, word+" "+v.Subject+": "+v.Message)
	}
	return out
}

func TestDriftOfALiveClusterLeavesIntentionsAlone(t *testing.T) {
	in := instances("kube-apiserver", "1.37.2", "event-ttl=2h", "event-ttl=1h")
	in[1].Value.Values["event-ttl"][0].From = evidence.FromKubeadm
	vs := betweenInstances(&evidence.Snapshot{APIServerFlags: in}, driftParams{Named: 5, Flags: 10})
	if got := told(vs); len(got) != 1 || !strings.HasPrefix(got[0], "skipped") {
		t.Errorf("got %v, want nothing of what kubeadm-config alone says", got)
	}
}
