package evidence

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every field that holds evidence has a kind, and every kind a field, in the same order.
func TestKinds(t *testing.T) {
	want := []Kind{
		KindVersion, KindNodes, KindControlPods, KindAPIServerEndpoints, KindAPIServerLeases, KindAPIServerFlags, KindAPIServerMetrics,
		KindFlowSchemas, KindPriorityLevels, KindInFlight, KindRequests, KindAPIServices, KindKubeadmConfig, KindKubeletIntent, KindControllerManagerFlags,
		KindControllerManagerMetrics, KindSchedulerFlags, KindSchedulerConfig, KindSchedulerMetrics, KindLeaderLeases, KindPendingPods,
		KindEtcdFlags, KindEtcdMetrics, KindEtcdMembers, KindEtcdStatus, KindEtcdAlarms, KindKubeletFlags, KindKubeletConfigs, KindKubeletMetrics, KindPods,
		KindDocuments, KindConfigFiles,
	}
	if d := cmp.Diff(want, Kinds()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got, want := reflect.TypeFor[Snapshot]().NumField(), len(want)+8; got != want {
		t.Errorf("got %d fields, want %d: one that is neither evidence nor header", got, want)
	}
}

func TestRecords(t *testing.T) {
	src, gap := Source{Via: "apiserver"}, Gap{Why: Forbidden, Note: "403"}
	s := &Snapshot{
		Version: See("cluster", Version{Minor: 37}, src),
		Nodes:   Miss[Nodes]("cluster", gap, src),
		EtcdFlags: Instances[Flags]{
			See("etcd/a", Flags{}, src), Miss[Flags]("etcd/b", gap, src), {Of: "nobody asked"},
		},
	}
	for k, want := range map[Kind][]Record{
		KindVersion:   {{Of: "cluster", Seen: true, Source: src}},
		KindNodes:     {{Of: "cluster", Source: src, Gap: &gap}},
		KindEtcdFlags: {{Of: "etcd/a", Seen: true, Source: src}, {Of: "etcd/b", Source: src, Gap: &gap}},
		KindPods:      nil,
	} {
		if d := cmp.Diff(want, s.Records(k)); d != "" {
			t.Errorf("%s (-want +got)\n%s", k, d)
		}
	}
	if o := s.EtcdFlags.Of("etcd/b"); o.Seen() || o.Gap == nil {
		t.Errorf("got %+v, want the gap of etcd/b", o)
	}
	if o := s.EtcdFlags.Of("etcd/c"); o.Of != "etcd/c" || o.Seen() || o.Gap != nil {
		t.Errorf("got %+v, want nothing of etcd/c", o)
	}
	n := 0
	for range s.EtcdFlags.Seen() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("got %d, want the loop to end when it is told to", n)
	}
}

func TestRecordsOfNoKind(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got no panic for a kind that is none")
		}
	}()
	(&Snapshot{}).Records("no.such")
}
