package evidence

import "testing"

func TestUntold(t *testing.T) {
	list := Source{Via: ViaFile, From: "etcd.yaml", Line: 12}
	whole := func(component, version string, do func(*Flags)) Flags {
		f := Flags{Component: component, Version: version, Values: map[string][]FlagValue{}, Read: []Source{list}, From: []Provenance{FromCommandLine}}
		if do != nil {
			do(&f)
		}
		return f
	}
	for name, tc := range map[string]struct {
		f    Flags
		flag string
		line int
		why  string
	}{
		"set": {whole("etcd", "", func(f *Flags) {
			f.Values["quota-backend-bytes"] = []FlagValue{{Value: "1", From: FromCommandLine, Source: Source{Via: ViaFile, From: "etcd.yaml", Line: 14}}}
		}), "quota-backend-bytes", 14, ""},
		"a default that every version has": {whole("etcd", "", nil), "quota-backend-bytes", 12, ""},
		"a default of some versions":       {whole("etcd", "", nil), "snapshot-count", 12, "not set, and the default depends on the version of etcd, which no file tells"},
		"of Kubernetes":                    {whole("kube-apiserver", "", nil), "disable-http2-serving", 12, "not set, and the default depends on the version of Kubernetes, which no file tells"},
		"a template": {whole("etcd", "3.6.5", func(f *Flags) {
			f.Unknown, f.UnknownAt = []string{"name"}, map[string]Source{"name": {Via: ViaFile, From: "etcd.yaml", Line: 15}}
		}), "name", 15, "filled in later, by a template or a variable"},
		"set by what runs it":          {whole("etcd", "3.6.5", func(f *Flags) { f.Unknown = []string{"name"} }), "name", 0, "set to what stands in no file"},
		"a wrapper":                    {whole("etcd", "3.6.5", func(f *Flags) { f.Opaque = "is started by run" }), "name", 12, "not in the file, and the process is started by run"},
		"a part of them":               {Flags{Component: "etcd"}, "name", 0, "not in the file, which does not tell all flags of the process"},
		"a flag with no known default": {whole("etcd", "3.9.0", nil), "cors", 12, "not set, and the default in 3.9.0 is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			at, why, unlock := tc.f.Untold(tc.flag)
			if why != tc.why || at.Line != tc.line || (why == "") != (unlock == "") {
				t.Errorf("got %q at line %d, unlocked by %q, want %q at line %d", why, at.Line, unlock, tc.why, tc.line)
			}
		})
	}
}

func TestASettingOfAFile(t *testing.T) {
	at := func(line int) Source { return Source{Via: ViaFile, From: "a.yaml", Line: line} }
	for want, s := range map[string]Setting{
		"0.05 (--goaway-chance)":                                  {Name: "goaway-chance", Value: "0.05", From: FromCommandLine, Source: at(3)},
		"0 (assumed default; --goaway-chance is not set)":         {Name: "goaway-chance", Value: "0", From: FromDefault, Source: at(3)},
		"8 (--quota-backend-bytes, environment)":                  {Name: "quota-backend-bytes", Value: "8", From: FromEnvironment, Source: at(3)},
		"unknown (--goaway-chance)":                               {Name: "goaway-chance", Source: at(3)},
		"0.1 (--goaway-chance; a.yaml:9 says 0.2)":                {Name: "goaway-chance", Value: "0.1", From: FromCommandLine, Source: at(3), Conflict: &FlagValue{Value: "0.2", From: FromKubeadm, Source: at(9)}},
		"0.1 (--goaway-chance, command line; config file says 2)": {Name: "goaway-chance", Value: "0.1", From: FromCommandLine, Conflict: &FlagValue{Value: "2", From: FromConfigFile}},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
