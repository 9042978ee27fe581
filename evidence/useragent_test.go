package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseUserAgent(t *testing.T) {
	tests := map[string]UserAgent{
		"":         {},
		"curl":     {Product: "curl"},
		"curl/8.5": {Product: "curl", Version: "8.5"},
		"kube-apiserver/v1.37.2 (linux/amd64) kubernetes/abc123":                          {Product: "kube-apiserver", Version: "v1.37.2", OS: "linux", Arch: "amd64", Commit: "abc123"},
		"kube-controller-manager/v1.30.1 (linux/arm64) kubernetes/abc123/leader-election": {Product: "kube-controller-manager", Version: "v1.30.1", OS: "linux", Arch: "arm64", Commit: "abc123", Component: "leader-election"},
		"kcm/v1.30.1 (linux/amd64) kubernetes/abc/system:serviceaccount:kube-system:x":    {Product: "kcm", Version: "v1.30.1", OS: "linux", Arch: "amd64", Commit: "abc", Component: "system:serviceaccount:kube-system:x"},
		"agent/v0.0.0 (linux/amd64) kubernetes/$Format":                                   {Product: "agent", Version: "v0.0.0", OS: "linux", Arch: "amd64", Commit: "$Format"},
		"agent/(devel) (linux/amd64) kubernetes/$Format":                                  {Product: "agent", Version: "(devel)", OS: "linux", Arch: "amd64", Commit: "$Format"},
		"manager/v1 (linux/amd64) kubernetes/abc...TRUNCATED":                             {Product: "manager", Version: "v1", OS: "linux", Arch: "amd64", Commit: "abc"},
		"manager/v1/controller": {Product: "manager", Version: "v1", Component: "controller"},
		"Go-http-client/2.0":    {Product: "Go-http-client", Version: "2.0"},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0": {Product: "Mozilla", Version: "5.0"},
		"python-requests/2.31.0":          {Product: "python-requests", Version: "2.31.0"},
		"OpenAPI-Generator/28.1.0/python": {Product: "OpenAPI-Generator", Version: "28.1.0", Component: "python"},
		"kubernetes-client/java":          {Product: "kubernetes-client", Version: "java"},
		"/v1 (linux/amd64)":               {Product: "/v1 (linux/amd64)"},
		"two words":                       {Product: "two words"},
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, ParseUserAgent(in)); diff != "" {
			t.Errorf("%q: want-, got+:\n%s", in, diff)
		}
	}
}

func FuzzParseUserAgent(f *testing.F) {
	f.Add("kubectl/v1.30.1 (linux/amd64) kubernetes/abc/x")
	f.Add("a/b (c/d)/e")
	f.Fuzz(func(t *testing.T, s string) {
		u := ParseUserAgent(s)
		for _, part := range []string{u.Product, u.Version, u.OS, u.Arch, u.Commit, u.Component} {
			if !strings.Contains(s, part) && !strings.Contains(part, "/") {
				t.Errorf("%q: got a part %q that is not in it", s, part)
			}
		}
	})
}
