package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var update = flag.Bool("update", false, "write the golden files anew")

var taken = time.Date(2026, 8, 1, 3, 4, 5, 0, time.UTC)

func testCheck(id, component string, sev checks.Severity) checks.Check {
	doc := "# Title of " + id + "\n\n## References\n\n- [Source document: x (lines 1-2)](https://example.com/doc?plain=1#L1-L2)\n- [A | pipe](https://example.com/b)\n"
	return checks.New(checks.Spec{ID: id, Component: component, Severity: sev, Doc: doc}, struct{}{},
		func(*evidence.Snapshot, struct{}) []checks.Verdict { return nil })
}

// sample has every outcome and every awkward character.
func sample() Audit {
	src := evidence.Source{Via: "etcd", From: "https://10.0.0.1:2379", Ask: "Maintenance.Status", At: taken}
	on := func(name string) checks.Subject {
		return checks.About(name, src).With(src, "dbSize %s | of \x1b[31m2 GiB\x1b[0m", "1.9 GiB")
	}
	quota := func(name string) checks.Verdict {
		return on(name).Find(checks.Warning, "keeps the default quota of 2 GiB; 8 GiB is wanted").
			Saw("2 GiB (default; --quota-backend-bytes is not set)").Want("8 GiB").WithFix("--quota-backend-bytes=8589934592")
	}
	forbidden := func(name string) checks.Verdict {
		return on(name).Skip("may not get nodes/proxy (403)").Unlocked("permission to get nodes/proxy; grant it: kaudit rbac | kubectl apply -f -")
	}
	nodes := 214
	return Audit{
		Kaudit:  "v0.1.0",
		Target:  Target{Name: "prod\x1b]0;owned\x07|eu", KubernetesVersion: "v1.37.2", Distribution: "kubeadm", Nodes: &nodes},
		Started: taken, Finished: taken.Add(11800 * time.Millisecond), Window: 10 * time.Second,
		Cost: evidence.Cost{APIRequests: 46, KubeletRequests: 40, EtcdRequests: 9, APIBytes: 1 << 20},
		Results: []checks.Result{
			{Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				quota("etcd/cp-1"), quota("etcd/cp-2"), on("etcd/cp-3").Pass("has a quota of 8 GiB"),
			}},
			{Check: testCheck("etcd-space", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				on("etcd/cp-1").Find(checks.Critical, "uses 97%% of its 2 GiB quota; at most 80%% is wanted").Saw("1.94 GiB of 2 GiB").Want("at most 80%% of the quota").
					WithFix("etcdctl --endpoints=https://10.0.0.1:2379 defrag\n\tindented\x00 \x1b[2Jwipe\n```\na fence\n```"),
				on("etcd/cp-2").Find(checks.Warning, "uses 83%% of its 2 GiB quota; at most 80%% is wanted").Want("at most 80%% of the quota"),
			}},
			{Check: testCheck("pod-termination", "pods", checks.Warning), Verdicts: []checks.Verdict{
				on("pod a|b/<script>`x`_*\n| --- |").Find(checks.Info, "is “stuck” for 3 h & counting: \u202edlrow\u202c 日本語 \xff %s\tand\r\nmore", "https://example.com/"+strings.Repeat("very-long/", 30)),
			}},
			{Check: testCheck("client-qps", "clients", checks.Warning), Verdicts: manyKubelets(on)},
			{Check: testCheck("kubelet-pleg", "kubelet", checks.Warning), Verdicts: []checks.Verdict{forbidden("kubelet/n-1"), forbidden("kubelet/n-2")}},
			{Check: testCheck("kubelet-pod-sources", "kubelet", checks.Info), Verdicts: []checks.Verdict{forbidden("kubelet/n-1")}},
			{Check: testCheck("etcd-disk-latency", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				on("etcd/cp-1 fsync").Skip("port-forward to etcd-cp-1: no forward found"), on("etcd/cp-1 commit").Skip("port-forward to etcd-cp-1: no forward found"),
				on("etcd/cp-2 fsync").Skip("port-forward to etcd-cp-2: no forward found"),
			}},
			{Check: testCheck("etcd-peer-latency", "etcd", checks.Warning), Verdicts: []checks.Verdict{on("etcd/cp-3").Skip("has too few samples: 12, at least 100 are wanted")}},
			{Check: testCheck("apiserver-goaway-chance", "kube-apiserver", checks.Info), Verdicts: []checks.Verdict{
				on("kube-apiserver/cp-1").NotApplicable("is the only instance"),
			}},
			{Check: testCheck("scheduler-queue", "kube-scheduler", checks.Warning), Verdicts: []checks.Verdict{
				{Outcome: checks.Broken, Subject: "kaudit", Message: "kaudit's own fault: index out of range [3]"},
			}},
		},
	}
}

func manyKubelets(on func(string) checks.Subject) []checks.Verdict {
	var vs []checks.Verdict
	for _, n := range "abcdefghij" {
		vs = append(vs, on("kubelet/node-"+string(n)).Find(checks.Info, "asks with kubeAPIQPS=5; at least 50 is wanted").Want("50"))
	}
	return vs
}

// quiet is an audit with nothing to report, of a cluster that tells little.
func quiet() Audit {
	return Audit{
		Kaudit: "v0.1.0", Target: Target{Name: "eks", Managed: true}, Started: taken, Finished: taken.Add(time.Second),
		Results: []checks.Result{{Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{checks.About("etcd").NotApplicable("the provider runs it")}}},
	}
}

func TestGolden(t *testing.T) {
	type variant struct {
		name    string
		audit   func() Audit
		options Options
	}
	for _, f := range Formats() {
		variants := []variant{{f.Name, sample, Options{}}, {f.Name + "-quiet", quiet, Options{}}}
		if f.Name == "table" {
			variants = append(variants, variant{"table-80-color", sample, Options{Width: 80, Color: true}},
				variant{"table-160-plugin", sample, Options{Width: 160, Command: "kubectl kaudit"}})
		}
		for _, v := range variants {
			t.Run(v.name, func(t *testing.T) {
				a := v.audit()
				got, again := write(t, f, a, v.options), write(t, f, a, v.options)
				if got != again {
					t.Errorf("written twice, got two texts:\n%s", cmp.Diff(got, again))
				}
				if d := cmp.Diff(v.audit(), a, cmpopts.IgnoreUnexported(checks.Check{})); d != "" {
					t.Errorf("the writer changed its input:\n%s", d)
				}
				golden(t, v.name, got)
			})
		}
	}
}

func write(t *testing.T, f Format, a Audit, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, a, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, d)
	}
}

func TestNoFormatLetsControlCharactersThrough(t *testing.T) {
	for _, f := range Formats() {
		got := write(t, f, sample(), Options{})
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 {
			t.Errorf("%s: got %q, want no control character", f.Name, got[max(0, i-20):min(len(got), i+20)])
		}
		for _, encoded := range []string{`\u001b`, `\u202e`, `\x1b`, `\e`, `\0`} {
			if strings.Contains(got, encoded) {
				t.Errorf("%s: got an encoded %s, want it gone", f.Name, encoded)
			}
		}
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	for _, w := range []int{60, 80, 120, 139, 140, 160, 200} {
		out := write(t, Formats()[0], sample(), Options{Width: w})
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\n")
			if width(line) > w && !strings.HasPrefix(line, "    ") { // a fix is there to be copied
				t.Errorf("at %d columns got a line of %d: %q", w, width(line), line)
			}
		}
	}
}

func TestYAMLIsTheJSONDocument(t *testing.T) {
	var fromJSON, fromYAML any
	if err := json.Unmarshal([]byte(write(t, Formats()[1], sample(), Options{})), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(write(t, Formats()[2], sample(), Options{})), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(fromJSON, fromYAML); d != "" {
		t.Errorf("json against yaml:\n%s", d)
	}
}

func TestFingerprintIsOfCheckAndSubject(t *testing.T) {
	// These values are a promise: baselines and SARIF uploads hold them.
	for _, tc := range []struct{ check, subject, want string }{
		{"etcd-quota", "etcd/cp-1", "cc642956429f7ccf63fec30ad54fd3ae"},
		{"etcd-quota", "etcd/cp-2", "63fe848100d4fa0244c3d6acbdcd511f"},
	} {
		if got := checks.Fingerprint("", tc.check, tc.subject); got != tc.want {
			t.Errorf("%s of %s: got %s, want %s", tc.check, tc.subject, got, tc.want)
		}
	}
	if checks.Fingerprint("", "a", "bc") == checks.Fingerprint("", "ab", "c") {
		t.Error("got one fingerprint of two results, want two")
	}
}

func TestWhere(t *testing.T) {
	for _, tc := range []struct {
		subjects []string
		limit    int
		want     string
	}{
		{[]string{"etcd cluster"}, 0, "etcd cluster"},
		{[]string{"kube-apiserver/cp-1", "kube-apiserver/cp-2"}, 0, "kube-apiserver/cp-1, cp-2"},
		{[]string{"kube-apiserver/cp-1 timeout", "kube-apiserver/cp-2 timeout"}, 0, "kube-apiserver/cp-1, cp-2 timeout"},
		{[]string{"etcd cluster", "etcd/cp-1", "kubelet/n"}, 0, "etcd cluster; etcd/cp-1; kubelet/n"},
		{[]string{"kubelet/a", "kubelet/b", "kubelet/c"}, 2, "kubelet/a and 2 more"},
		{[]string{"kubelet/a", "kubelet/b"}, 2, "kubelet/a, b"},
		{[]string{"kube-apiserver/[::1]:6443"}, 0, "kube-apiserver/[::1]:6443"},
	} {
		if got := where(tc.subjects, tc.limit); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.subjects, got, tc.want)
		}
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWritersTellOfAFullDisk(t *testing.T) {
	for _, f := range Formats() {
		if err := f.Write(fullDisk{}, sample(), Options{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want %v", f.Name, err, errFull)
		}
	}
}

func TestOf(t *testing.T) {
	s := &evidence.Snapshot{Taken: taken, Took: time.Second, Cluster: evidence.Cluster{Server: "10.0.0.1:6443"}}
	if got := Of(s, nil, "v1"); got.Target.Nodes != nil || got.Target.KubernetesVersion != "" || got.Target.Name != "10.0.0.1:6443" {
		t.Errorf("got %+v, want what was not seen to be unknown", got.Target)
	}
	s.Nodes = evidence.See("cluster", evidence.Nodes{}, evidence.Source{})
	s.Version = evidence.See("kube-apiserver", evidence.Version{Git: "v1.37.2"}, evidence.Source{})
	if got := Of(s, nil, "v1"); got.Target.Nodes == nil || *got.Target.Nodes != 0 || got.Target.KubernetesVersion != "v1.37.2" {
		t.Errorf("got %+v, want no nodes, counted, and the version", got.Target)
	}
	if got := Of(s, nil, "v1"); !got.Finished.Equal(taken.Add(time.Second)) {
		t.Errorf("got %v, want what the collection took to count", got.Finished)
	}
}
