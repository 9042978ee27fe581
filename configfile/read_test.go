package configfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

const etcdPod = `apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  hostNetwork: true
  containers:
  - name: etcd
    image: registry.k8s.io/etcd:3.6.5-0
    command:
    - etcd
    - --name=NAME
    - --quota-backend-bytes=8589934592
    - --initial-cluster=cp-1=https://10.0.0.1:2380,cp-2=https://10.0.0.2:2380
`

func podNamed(name string) string { return strings.ReplaceAll(etcdPod, "NAME", name) }

// tree writes files, and links from "a -> b", below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "clusters")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func read(t *testing.T, paths ...string) *Tree {
	t.Helper()
	got, err := Read(t.Context(), Options{Paths: paths, Now: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func subjects(tree *Tree) []string {
	var out []string
	for _, c := range tree.Clusters {
		for _, p := range c.Processes {
			out = append(out, c.Name+" "+p.Subject)
		}
	}
	return out
}

func loud(tree *Tree) []string {
	var out []string
	for _, p := range tree.Problems {
		if !p.Quiet {
			out = append(out, filepath.Base(p.String()))
		}
	}
	return out
}

func TestReadATree(t *testing.T) {
	root := tree(t, map[string]string{
		"eu/cp-1/etcd.yaml": podNamed("cp-1"), "eu/cp-2/etcd.yaml": podNamed("cp-2"),
		"us/etcd.yaml":         "\xEF\xBB\xBF" + strings.ReplaceAll(strings.ReplaceAll(podNamed("us-1"), "10.0.0", "10.1.0"), "\n", "\r\n"),
		"README.md":            "# kube-apiserver\n",
		"app/deployment.yaml":  "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: web, image: etcd-browser}]}}}\n",
		"app/values.yaml":      "etcd: {{ this is no YAML\n",
		"broken/etcd.yaml":     "kind: Pod\napiVersion: v1\nspec:\n  containers: [etcd\n",
		"latin/etcd.yaml":      "kind: Pod # kube-apiserver \xE4\n",
		"logo.png":             "\x89PNG\x00",
		".git/hooks/etcd.yaml": podNamed("not-read"),
	})
	got := read(t, root)
	if d := cmp.Diff([]string{"eu etcd/cp-1", "eu etcd/cp-2", "us etcd/us-1"}, subjects(got)); d != "" {
		t.Errorf("processes (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"etcd.yaml:4: malformed YAML: did not find expected ',' or ']'", "etcd.yaml: line 1: is not UTF-8; save it as UTF-8"}, loud(got)); d != "" {
		t.Errorf("problems (-want +got)\n%s", d)
	}
	if got.Files != 9 || got.Bytes < 1000 {
		t.Errorf("got %d files of %d bytes, want 9 files", got.Files, got.Bytes)
	}
	for _, c := range got.Clusters {
		for o := range c.Snapshot.EtcdFlags.Seen() {
			s := o.Value.Setting("quota-backend-bytes")
			if s.Value != "8589934592" || s.Source.Line != 12 || s.Source.Column != 7 || s.Source.Via != evidence.ViaFile || o.Value.Version != "3.6.5" {
				t.Errorf("%s: got %+v of %s, want the quota at 12:7", o.Of, s, o.Value.Version)
			}
		}
	}
}

func TestLinksAreFollowedOnce(t *testing.T) {
	elsewhere := tree(t, map[string]string{"etcd.yaml": podNamed("cp-2")})
	root := tree(t, map[string]string{
		"a/etcd.yaml": podNamed("cp-1"), "a/again.yaml": "-> etcd.yaml", "around": "-> .", "nowhere.yaml": "-> no-such", "circle": "-> circle",
		"linked": "-> " + elsewhere,
	})
	got := read(t, root)
	if d := cmp.Diff([]string{"clusters etcd/cp-1", "clusters etcd/cp-2"}, subjects(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := loud(got); len(d) > 0 {
		t.Errorf("got the problems %v, want none", d)
	}
}

func TestWhatIsNamedMustBeThere(t *testing.T) {
	_, err := Read(t.Context(), Options{Paths: []string{filepath.Join(t.TempDir(), "no-such")}})
	want := &OptionsError{}
	if !errors.As(err, &want) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want an error that names the path", err)
	}
}

func TestStandardInput(t *testing.T) {
	got, err := Read(t.Context(), Options{Paths: []string{"-"}, Stdin: strings.NewReader(podNamed("cp-1"))})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"stdin etcd/cp-1"}, subjects(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if s := got.Clusters[0].Processes[0].Source; s.From != "-" || s.Line != 10 {
		t.Errorf("got %+v, want line 10 of -", s)
	}
}

func TestAnInterruptedReadIsNone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := Read(ctx, Options{Paths: []string{t.TempDir()}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v, want the interruption", got, err)
	}
}

// An application's own etcd is none of a cluster's.
func TestStrangers(t *testing.T) {
	own := "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: etcd, namespace: shop}\nspec:\n  template:\n    spec:\n      containers:\n      - name: etcd\n        command: [etcd, --name=shop]\n"
	api := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kube-apiserver, namespace: tenant-1}\nspec:\n  template:\n    spec:\n      containers:\n      - name: kube-apiserver\n        image: registry.k8s.io/kube-apiserver:v1.34.1\n        command: [kube-apiserver, --goaway-chance=0.001]\n"
	if got := subjects(read(t, tree(t, map[string]string{"shop/etcd.yaml": own}))); len(got) > 0 {
		t.Errorf("alone: got %v, want nothing", got)
	}
	got := subjects(read(t, tree(t, map[string]string{"tenant/etcd.yaml": own, "tenant/api.yaml": api})))
	if want := []string{"tenant etcd/shop", "tenant kube-apiserver/api"}; !slices.Equal(got, want) {
		t.Errorf("beside a kube-apiserver: got %v, want %v", got, want)
	}
}

func TestTemplatesHideValuesAndNothingElse(t *testing.T) {
	text := `apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:{{ .Values.tag }}
    command:
    - kube-apiserver
    - --goaway-chance={{ .Values.goaway }}
    - --request-timeout=${TIMEOUT:=1m}
    - --advertise-address=<ip>
    {{- if .Values.events }}
    - --event-ttl=2h
    {{- end }}
    - --max-requests-inflight=800
    - --etcd-servers=$(ETCD)
    env:
    - {name: ETCD, value: "https://127.0.0.1:2379"}
`
	p := read(t, tree(t, map[string]string{"a.yaml": text})).Clusters[0].Processes[0]
	if d := cmp.Diff([]string{"advertise-address", "event-ttl", "goaway-chance", "request-timeout"}, p.Flags.Unknown); d != "" {
		t.Errorf("unknown (-want +got)\n%s", d)
	}
	if got := p.Flags.Setting("max-requests-inflight").Value; got != "800" || p.Flags.Opaque != "" || p.Flags.Version != "" {
		t.Errorf("got %q, opaque %q, version %q, want 800 of a version that nobody knows", got, p.Flags.Opaque, p.Flags.Version)
	}
	if got := p.Flags.Setting("etcd-servers").Value; got != "https://127.0.0.1:2379" {
		t.Errorf("got %q, want what Kubernetes makes of $(ETCD)", got)
	}
	more := strings.Replace(text, "    env:", "    {{- toYaml .Values.extraArgs | nindent 4 }}\n    env:", 1)
	p = read(t, tree(t, map[string]string{"a.yaml": more})).Clusters[0].Processes[0]
	if !strings.Contains(p.Flags.Opaque, "template adds at line 18") {
		t.Errorf("got opaque %q, want the line that adds arguments", p.Flags.Opaque)
	}
}

func TestSecretsDoNotEnter(t *testing.T) {
	text := strings.Replace(etcdPod, "    - --name=NAME\n", "    - --name=a\n    - --root-password=hunter2\n    - --listen-client-urls=https://me:hunter2@10.0.0.1:2379\n", 1)
	got := read(t, tree(t, map[string]string{"a.yaml": text}))
	var b strings.Builder
	if err := evidence.Save(&b, got.Clusters[0].Snapshot); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") {
		t.Errorf("got a secret in %s", b.String())
	}
}

func TestWaiversInFiles(t *testing.T) {
	text := "# kaudit:ignore=config-drift -- the whole file\n" + strings.Replace(podNamed("a"), "    - --quota-backend-bytes=8589934592\n",
		"    - --quota-backend-bytes=8589934592 # kaudit:ignore=etcd-quota until=2027-01-31 -- enough for us\n", 1)
	text = strings.Replace(text, "spec:\n", "# kaudit:ignore=etcd-* -- all of the spec\nspec:\n", 1)
	text = strings.Replace(text, "namespace: kube-system", "namespace: kube-system, annotations: {kaudit.dev/ignore: flag-value -- noted}", 1)
	got := read(t, tree(t, map[string]string{"a.yaml": text})).Clusters[0].Snapshot.Remarks
	type about struct {
		Check       string
		First, Last int
	}
	var where []about
	for _, r := range got {
		if r.Mistake != "" || r.Reason == "" {
			t.Errorf("got %+v, want one without a mistake", r)
		}
		where = append(where, about{r.Check, r.FirstLine, r.LastLine})
	}
	if d := cmp.Diff([]about{{"config-drift", 2, 15}, {"etcd-*", 6, 15}, {"etcd-quota", 14, 14}, {"flag-value", 1, 15}}, where); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A document about configuration, and a test that holds some, configure nothing: but for who names them.
func TestProseAndCodeQuoteConfiguration(t *testing.T) {
	root := tree(t, map[string]string{
		"README.md": "# How\n\n" + podNamed("a") + "\n    a: b: c\n", "etcd_test.go": "package x\n\nconst y = `\n" + podNamed("b") + "`\n", "run.SH": podNamed("c"), "eu/etcd.yaml": podNamed("cp-1"),
	})
	got := read(t, root)
	if d := cmp.Diff([]string{"eu etcd/cp-1"}, subjects(got)); d != "" || len(loud(got)) > 0 || got.Files != 4 {
		t.Errorf("got %d files, the problems %v (-want +got)\n%s", got.Files, loud(got), d)
	}
	if got := subjects(read(t, filepath.Join(root, "run.SH"))); len(got) != 1 {
		t.Errorf("by its name: got %v, want it read", got)
	}
}
