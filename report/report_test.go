package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
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

func TestGolden(t *testing.T) {
	type variant struct {
		name    string
		audit   func() Audit
		options Options
	}
	for _, f := range Formats() {
		variants := []variant{{f.Name, sample, Options{}}, {f.Name + "-quiet", quiet, Options{}}, {f.Name + "-files", tree, Options{FailOn: checks.Warning}}}
		if f.Name == "table" {
			variants = append(variants, variant{"table-80-color", sample, Options{Width: 80, Color: true}},
				variant{"table-160-plugin", sample, Options{Width: 160, Command: "kubectl kaudit"}}, variant{"table-160-files", tree, Options{Width: 160}})
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

var indent = regexp.MustCompile(`(?m)^\t+`)

func TestNoFormatLetsControlCharactersThrough(t *testing.T) {
	for _, f := range Formats() {
		got := write(t, f, sample(), Options{}) + write(t, f, tree(), Options{})
		if f.Name == "junit" {
			got = indent.ReplaceAllString(got, "") // the library's own
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r))
		}); i >= 0 {
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
		out := write(t, Formats()[0], sample(), Options{Width: w}) + write(t, Formats()[0], tree(), Options{Width: w})
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
