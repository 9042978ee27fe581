package components

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What package components reads without looking is held here.
func TestDataIsSound(t *testing.T) {
	columns := map[string]int{"flags": 8, "gates": 8, "keys": 3}
	names := map[string]*regexp.Regexp{
		"flags": regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`),
		"gates": regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`),
		"keys":  regexp.MustCompile(`^(etcd|[a-z0-9.]+/v[a-z0-9]+ [A-Za-z]+)#[A-Za-z0-9.*-]+$`),
	}
	files, err := fs.Glob(data, "data/*.tsv")
	if err != nil || len(files) != 5+2+3 {
		t.Fatalf("got %v, %v, want ten files", files, err)
	}
	total := 0
	for _, file := range files {
		text, err := data.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		total += len(text)
		what, _, _ := strings.Cut(strings.TrimPrefix(file, "data/"), "-")
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		var minors []string
		for r := range strings.FieldsSeq(strings.TrimPrefix(lines[0], "# releases:")) {
			minors = append(minors, minorOf(r))
		}
		if want := wantMinors(file); !slices.Equal(minors, want) {
			t.Errorf("%s: got releases %v, want one of each minor, %v", file, minors, want)
		}
		last, lastTo := "", -1
		for i, line := range lines[2:] {
			f := strings.Split(line, "\t")
			if len(f) != columns[what] {
				t.Fatalf("%s:%d: got %d columns, want %d: %q", file, i+3, len(f), columns[what], line)
			}
			from, to := slices.Index(minors, f[1]), slices.Index(minors, f[2])
			if !names[what].MatchString(f[0]) || from < 0 || to < from {
				t.Errorf("%s:%d: got %q", file, i+3, line)
			}
			if f[0] < last || f[0] == last && from <= lastTo {
				t.Errorf("%s:%d: got %q after %q, want names and then minors in order", file, i+3, line, last)
			}
			last, lastTo = f[0], to
		}
	}
	if total > 600_000 {
		t.Errorf("got %d bytes of data, want a catalogue that is light to carry", total)
	}
}

// wantMinors leaves none out: the one after the last that has a flag is the one that removed it.
func wantMinors(file string) []string {
	major, from, to := "1.", 24, 37
	if strings.Contains(file, "etcd") {
		major, from, to = "3.", 4, 7
	}
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, major+strconv.Itoa(n))
	}
	return out
}

// Every release of a component has as many flags as one would think: none came out half.
func TestEveryReleaseIsWhole(t *testing.T) {
	for component, least := range map[string]int{
		"kube-apiserver": 150, "kube-controller-manager": 120, "kube-scheduler": 50, "kubelet": 120, "etcd": 105,
	} {
		for _, release := range Releases(component) {
			if got := len(FlagNames(component, release)); got < least {
				t.Errorf("%s %s: got %d flags, want at least %d", component, release, got, least)
			}
			for _, name := range []string{"version", "help", "feature-gates"} {
				if _, ok := LookupFlag(component, release, name); !ok && !strings.HasPrefix(release, "3.4.") && !strings.HasPrefix(release, "3.5.") {
					t.Errorf("%s %s: got no --%s", component, release, name)
				}
			}
		}
	}
}

// Every type is one that a check of values may meet: a new one wants a look.
func TestTypes(t *testing.T) {
	known := strings.Fields(`bool cidrs colonSeparatedMultimapStringString duration featureGate float32 float64 ignoredFlag int int32 int32Slice int64
		ip Level mapStringBool mapStringString namedCertKey pattern=N,... portRange quantity reserved-memory selectiveString selectiveStrings
		severity string stringArray strings stringSlice stringToString traceLocation []v1.Taint uint uint32 uint64 uniqueStrings uniqueURLs version`)
	for _, component := range Components() {
		for _, release := range Releases(component) {
			for _, name := range FlagNames(component, release) {
				f, _ := LookupFlag(component, release, name)
				if !slices.Contains(known, f.Type) {
					t.Errorf("%s %s --%s: got the type %s", component, release, name, f.Type)
				}
				if f.Type == "bool" && !f.Bare {
					t.Errorf("%s %s --%s: got a bool that wants a value", component, release, name)
				}
			}
		}
	}
}
