package evidence

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetting(t *testing.T) {
	read := func(component, version string, from ...Provenance) Flags {
		return Flags{Component: component, Version: version, Read: make([]Source, len(from)), From: from, Values: map[string][]FlagValue{}}
	}
	with := func(f Flags, name string, vs ...FlagValue) Flags { f.Values[name] = vs; return f }
	opaque := func(f Flags) Flags { f.Opaque = "behind a wrapper"; return f }
	unknown := func(f Flags, name string) Flags { f.Unknown = []string{name}; return f }
	const flag = "goaway-chance"
	for _, tt := range []struct {
		name     string
		flags    Flags
		value    string
		from     Provenance
		conflict Provenance
		text     string
	}{
		{"default assumed", read("kube-apiserver", "1.37.2", FromCommandLine), "0", FromDefault, "", "0 (assumed default; --goaway-chance is not set)"},
		{"default of an unknown version", read("kube-apiserver", "", FromCommandLine), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"default of a version beyond the table", read("kube-apiserver", "1.38.0", FromCommandLine), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"nothing was read", read("kube-apiserver", "1.37.2"), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"opaque: unset is unknown", opaque(read("kube-apiserver", "1.37.2", FromCommandLine)), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"opaque: set is set", opaque(with(read("kube-apiserver", "1.37.2", FromCommandLine), flag, FlagValue{Value: "0.1", From: FromCommandLine})), "0.1", FromCommandLine, "", "0.1 (--goaway-chance, command line)"},
		{"a whole flagz lacks it: it does not exist", read("kube-apiserver", "1.37.2", FromFlagz, FromCommandLine), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"flagz", with(read("kube-apiserver", "1.37.2", FromFlagz), flag, FlagValue{Value: "", From: FromFlagz}), "", FromFlagz, "", `"" (--goaway-chance in force, by /flagz)`},
		{
			"conflict", with(read("kube-apiserver", "1.37.2", FromFlagz, FromCommandLine), flag, FlagValue{Value: "0", From: FromFlagz}, FlagValue{Value: "0.001", From: FromCommandLine}),
			"0", FromFlagz, FromCommandLine, "0 (--goaway-chance in force, by /flagz; command line says 0.001)",
		},
		{
			"the same in other words", with(read("kube-apiserver", "1.37.2", FromFlagz, FromCommandLine), flag, FlagValue{Value: "0.001", From: FromFlagz}, FlagValue{Value: ".0010", From: FromCommandLine}),
			"0.001", FromFlagz, "", "0.001 (--goaway-chance in force, by /flagz)",
		},
		{
			"only the third disagrees", with(read("kube-apiserver", "1.37.2", FromFlagz), flag, FlagValue{Value: "1", From: FromFlagz}, FlagValue{Value: "1.0", From: FromCommandLine}, FlagValue{Value: "2", From: FromKubeadm}),
			"1", FromFlagz, FromKubeadm, "1 (--goaway-chance in force, by /flagz; kubeadm-config says 2)",
		},
		{"kubeadm alone", with(read("kube-apiserver", "1.37.2"), flag, FlagValue{Value: "0.002", From: FromKubeadm}), "0.002", FromKubeadm, "", "0.002 (--goaway-chance in kubeadm-config; the process itself could not be read)"},
		{"set to a variable", unknown(read("kube-apiserver", "1.37.2", FromCommandLine), flag), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"set to a variable, whatever kubeadm says", unknown(with(read("kube-apiserver", "1.37.2", FromCommandLine), flag, FlagValue{Value: "1", From: FromKubeadm}), flag), "", FromNowhere, "", "unknown (--goaway-chance could not be read)"},
		{"set to a variable, in force by flagz", unknown(with(read("kube-apiserver", "1.37.2", FromFlagz), flag, FlagValue{Value: "1", From: FromFlagz}), flag), "1", FromFlagz, "", "1 (--goaway-chance in force, by /flagz)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.flags.Setting(flag)
			if s.Value != tt.value || s.From != tt.from || s.Known() != (tt.from != FromNowhere) || s.Assumed() != (tt.from == FromDefault) {
				t.Errorf("got %q from %q, want %q from %q", s.Value, s.From, tt.value, tt.from)
			}
			var conflict Provenance
			if s.Conflict != nil {
				conflict = s.Conflict.From
			}
			if conflict != tt.conflict {
				t.Errorf("got conflict with %q, want %q", conflict, tt.conflict)
			}
			if s.String() != tt.text {
				t.Errorf("got %q, want %q", s, tt.text)
			}
		})
	}
}

func TestHas(t *testing.T) {
	f := Flags{Unknown: []string{"c"}, Values: map[string][]FlagValue{"a": {{From: FromFlagz}}, "b": {{From: FromFlagz}, {From: FromCommandLine}}}}
	for name, want := range map[string]bool{"a": false, "b": true, "c": true, "d": false} {
		if got := f.Has(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	k := KubeadmConfig{ExtraArgs: map[string]map[string][]string{"etcd": {"name": {"k"}, "quota-backend-bytes": {"1", "2"}, "none": {}}}}
	file, pod := Source{From: "file"}, Source{From: "pod"}
	f := KubeadmFlags(k, "etcd", Source{From: "kubeadm-config"})
	f.Merge(Flags{Component: "etcd", Version: "3.5.1", Opaque: "why", Unknown: []string{"b", "a"}, Values: map[string][]FlagValue{"name": {{Value: "f", From: FromConfigFile}}}, Read: []Source{file}, From: []Provenance{FromConfigFile}})
	f.Merge(Flags{Version: "9", Unknown: []string{"a"}, Values: map[string][]FlagValue{"name": {{Value: "c", From: FromCommandLine}}}, Read: []Source{pod}, From: []Provenance{FromCommandLine}})
	want := Flags{
		Component: "etcd", Version: "3.5.1", Opaque: "why", Unknown: []string{"a", "b"},
		Values: map[string][]FlagValue{
			"name":                {{Value: "c", From: FromCommandLine}, {Value: "f", From: FromConfigFile}, {Value: "k", From: FromKubeadm, Source: Source{From: "kubeadm-config"}}},
			"quota-backend-bytes": {{Value: "2", All: []string{"1", "2"}, From: FromKubeadm, Source: Source{From: "kubeadm-config"}}},
		},
		Read: []Source{pod, file}, From: []Provenance{FromCommandLine, FromConfigFile},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if s := KubeadmFlags(k, "etcd", Source{}).Setting("snapshot-count"); s.Known() {
		t.Errorf("got %v, want nothing: kubeadm sets flags of its own that its configuration does not name", s)
	}
}

// What real processes print of their flags agrees with the command line they were started with.
func TestRecordedFlagzAgreesWithCommandLine(t *testing.T) {
	for process, words := range commands(t) {
		if process == "etcd" { // has no /flagz
			continue
		}
		t.Run(process, func(t *testing.T) {
			f, err := ParseFlagz(bytes.NewReader(recorded(t, "flagz/"+process+"-1.37.2.json")), Source{Ask: "GET /flagz"})
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Values) < 50 || len(f.Unknown) > 0 {
				t.Errorf("got %d flags, and %v as secrets, want every flag and no secret", len(f.Values), f.Unknown)
			}
			p, ok := ParseContainer(f.Component, words, nil, nil)
			if !ok || p.Opaque != "" || len(p.Unknown) > 0 || len(p.Set) < 5 {
				t.Fatalf("got %+v, want the flags of the command line", p)
			}
			f.Merge(p.Flags("1.37.2", Source{}))
			for name := range p.Set {
				if s := f.Setting(name); s.Conflict != nil || s.From != FromFlagz {
					t.Errorf("--%s: got %q by %s, in conflict with %+v", name, s.Value, s.From, s.Conflict)
				}
			}
		})
	}
}

func TestParseFlagzGates(t *testing.T) {
	f, err := ParseFlagz(bytes.NewReader(recorded(t, "flagz/kube-apiserver-many-1.37.2.json")), Source{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Setting("feature-gates").Value, "APIServerIdentity=true,ListFromCacheSnapshot=false,WatchList=true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []string{"/events#http://127.0.0.1:27379;http://localhost:27379", "coordination.k8s.io/leases#http://localhost:27379"}
	if d := cmp.Diff(want, f.Setting("etcd-servers-overrides").List()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestParseFlagzRefuses(t *testing.T) {
	for body, want := range map[string]string{
		"":                                       "not JSON",
		"\nkube-apiserver flagz\nWarning: v":     "not JSON; the text form",
		`{"kind":"Status","code":406}`:           `kind "Status"`,
		`{"kind":"Flagz","flags":{}}`:            "0 flags",
		`{"kind":"Flagz","flags":{"a":[1]}}`:     "no scalar",
		`{"kind":"Flagz","flags":{"a":"1"`:       "unexpected end",
		"{" + strings.Repeat(" ", maxFlagzBytes): "more than",
	} {
		if _, err := ParseFlagz(strings.NewReader(body), Source{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want an error with %q", body, err, want)
		}
	}
}

func TestParseFlagzSecrets(t *testing.T) {
	const body = `{"kind":"Flagz","metadata":{"name":"apiserver"},"flags":{"a":"CLASSIFIED","token":"t","etcd-servers":"[https://u:p@e:2379]","v":2}}`
	f, err := ParseFlagz(strings.NewReader(body), Source{})
	if err != nil {
		t.Fatal(err)
	}
	want := Flags{
		Component: "kube-apiserver", Unknown: []string{"a", "token"}, Read: []Source{{}}, From: []Provenance{FromFlagz},
		Values: map[string][]FlagValue{"etcd-servers": {{Value: "[https://e:2379]", From: FromFlagz}}, "v": {{Value: "2", From: FromFlagz}}},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestSameValue(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"60s", "1m0s", true},
		{"0", "0s", true},
		{"60", "60s", false},
		{"true", "True", true},
		{"1", "true", true},
		{"false", "true", false},
		{"8589934592", "8.589934592e9", true},
		{"[Node,RBAC]", "Node,RBAC", true},
		{"[Node,RBAC]", "RBAC,Node", false},
		{"", "[]", true},
		{"", `""`, true},
		{"", "0", false},
		{":A=true,:B=false", "B=False,kube:A=true", true},
		{"A=true", "A=false", false},
		{"a=1,b=2", "b=2,a=1", true},
		{"[/events#https://a=b;https://c]", "/events#https://a=b;https://c", true},
		{`["a,b",c]`, `"a,b",c`, true},
		{"[x]", "y", false},
		{"a\nb", "a\nc", false},
	} {
		for _, p := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := sameValue(p[0], p[1]); got != tt.want {
				t.Errorf("%q and %q: got %v, want %v", p[0], p[1], got, tt.want)
			}
		}
	}
}

func TestAgree(t *testing.T) {
	list := FlagValue{Value: "[a,b,c]"}
	for name, tt := range map[string]struct {
		v    FlagValue
		want bool
	}{
		"a repeated list":        {FlagValue{Value: "c", All: []string{"a,b", "c"}}, true},
		"another repeated list":  {FlagValue{Value: "d", All: []string{"a,b", "d"}}, false},
		"a repeated scalar":      {FlagValue{Value: "[a,b,c]", All: []string{"x", "[a,b,c]"}}, true},
		"one of the list's once": {FlagValue{Value: "c"}, false},
	} {
		if got := agree("etcd-servers", list, tt.v); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	if !agree("watch-cache-sizes", FlagValue{Value: "[events#0,pods#1]"}, FlagValue{Value: "pods#1"}) {
		t.Error("watch-cache-sizes: got a conflict, want none: the process adds events itself")
	}
}

func TestList(t *testing.T) {
	for _, tt := range []struct {
		s    Setting
		want []string
	}{
		{Setting{Value: ""}, nil},
		{Setting{Value: "[]"}, nil},
		{Setting{Value: "a,b"}, []string{"a", "b"}},
		{Setting{Value: "[a,b]"}, []string{"a", "b"}},
		{Setting{Value: "c", All: []string{"a,b", "c"}}, []string{"a", "b", "c"}},
		{Setting{Value: `a"b,c`}, []string{`a"b`, "c"}},
	} {
		if got := tt.s.List(); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.s, got, tt.want)
		}
	}
}
