package configfile

import (
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func recorded(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open("../testdata/metrics/" + name + ".txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSavedMetrics(t *testing.T) {
	etcd := recorded(t, "etcd")
	tr := read(t, tree(t, map[string]string{
		"etcd.yaml": podNamed("cp-1"), "etcd-metrics.txt": etcd, "cp-7/kubelet-metrics.txt": recorded(t, "kubelet"),
		"kube-apiserver.prom": recorded(t, "kube-apiserver"), "kcm.txt": "# TYPE node_collector_zone_size gauge\nnode_collector_zone_size{zone=\"a\"} 1\n",
		"other.prom": "# TYPE go_goroutines gauge\ngo_goroutines 1\n",
		"cut.txt":    "# TYPE scheduler_pending_pods gauge\nscheduler_pending_pods{queue=\"active\"} 1",
	}))
	if len(tr.Clusters) != 1 {
		t.Fatalf("got %d clusters, want 1", len(tr.Clusters))
	}
	s := tr.Clusters[0].Snapshot
	var got []string
	for _, in := range []evidence.Instances[evidence.Scrapes]{s.APIServerMetrics, s.ControllerManagerMetrics, s.EtcdMetrics, s.KubeletMetrics, s.SchedulerMetrics} {
		for o := range in.Seen() {
			got = append(got, o.Of)
			sc := o.Value.Latest()
			if sc.Age() != 0 || !sc.At.Equal(s.Taken) || sc.Has("process_start_time_seconds") {
				t.Errorf("%s: got age %s", o.Of, sc.Age())
			}
		}
	}
	if d := cmp.Diff([]string{"kube-apiserver/clusters", "kube-controller-manager/kcm", "etcd/cp-1", "kubelet/cp-7"}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if v := s.Version.Value.Git; !strings.HasPrefix(v, "v1.") {
		t.Errorf("got version %q", v)
	}
	if _, ok := s.EtcdMetrics[0].Value.First.Hist("etcd_disk_wal_fsync_duration_seconds"); !ok {
		t.Error("got no fsync latencies")
	}
	want := []string{"cut.txt:1: metrics: cut off in the middle of line 2; save it again whole"}
	if d := cmp.Diff(want, loud(tr)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

const flagzJSON = `{
 "kind": "Flagz", "apiVersion": "config.k8s.io/v1beta1",
 "metadata": {"name": "apiserver"},
 "flags": {
  "goaway-chance": "0",
  "token": "hush",
  "etcd-servers": "https://me:hush@10.0.0.1:2379",
  "service-account-signing-key-file": "CLASSIFIED"
 }
}
`

func TestSavedFlagz(t *testing.T) {
	tr := wantTold(t, map[string]string{"cp-1/kube-apiserver-flagz.json": flagzJSON}, `
clusters kube-apiserver/cp-1
  etcd-servers=https://10.0.0.1:2379 7:3 flagz
  goaway-chance=0 5:3 flagz
  unknown: service-account-signing-key-file token
  whole
`)
	wantNoSecrets(t, tr)
	wantTold(t, map[string]string{
		"kube-apiserver-flagz.json": flagzJSON,
		"kube-apiserver.service":    "[Service]\nExecStart=/usr/bin/kube-apiserver --goaway-chance=0.001\n",
	}, `
clusters kube-apiserver/clusters
  etcd-servers=https://10.0.0.1:2379 7:3 flagz
  goaway-chance=0 5:3 flagz
  goaway-chance=0.001 2:35 command line
  unknown: service-account-signing-key-file token
  whole
`)
}

func TestSavedFlagzText(t *testing.T) {
	const head = "\nkube-scheduler flags\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n\n"
	for _, separator := range []string{":", ": ", "=", " "} {
		var lines []string
		for _, f := range [][2]string{{"config", "/a=b: c"}, {"feature-gates", ""}, {"v", "2"}} {
			lines = append(lines, f[0]+separator+f[1])
		}
		wantTold(t, map[string]string{"kube-scheduler.flagz": head + strings.Join(lines, "\n") + "\n"}, `
clusters kube-scheduler/clusters
  config=/a=b: c 5:1 flagz
  feature-gates= 6:1 flagz
  v=2 7:1 flagz
  whole
`)
	}
	for _, text := range []string{"a=b\nc: d\n", "a: b\nc:d\n", "a=b\n---\n", ""} {
		got := read(t, tree(t, map[string]string{"flagz.txt": head + text})).Problems
		if len(got) != 1 || got[0].Quiet || text != "" && !strings.Contains(got[0].Why, "save the JSON form") {
			t.Errorf("%q: got %v", text, got)
		}
	}
}
