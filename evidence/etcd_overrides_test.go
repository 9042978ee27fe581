package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverrides(t *testing.T) {
	set := func(from Provenance, values ...string) Setting {
		return Setting{Name: "etcd-servers-overrides", Value: values[len(values)-1], All: values, From: from}
	}
	cli := func(values ...string) Setting { return set(FromCommandLine, values...) }
	const bad = "--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated"
	events := func(servers ...string) EtcdOverride { return EtcdOverride{"", "events", servers} }

	for name, tc := range map[string]struct {
		set       Setting
		want      []EtcdOverride
		err       string
		corrected string
	}{
		"one server":          {cli("/events#https://a:2379"), []EtcdOverride{events("https://a:2379")}, "", "/events#https://a:2379"},
		"semicolons":          {cli("/events#https://a:2379;https://b:2379"), []EtcdOverride{events("https://a:2379", "https://b:2379")}, "", "/events#https://a:2379;https://b:2379"},
		"two overrides":       {cli("/events#https://a,apps/deployments#https://b"), []EtcdOverride{events("https://a"), {"apps", "deployments", []string{"https://b"}}}, "", "/events#https://a,apps/deployments#https://b"},
		"a repeated flag":     {cli("/events#https://a", "/leases#https://b"), []EtcdOverride{events("https://a"), {"", "leases", []string{"https://b"}}}, "", "/events#https://a,/leases#https://b"},
		"as /flagz prints it": {set(FromFlagz, "[/events#https://a;https://b]"), []EtcdOverride{events("https://a", "https://b")}, "", "/events#https://a;https://b"},
		"an empty list":       {set(FromFlagz, "[]"), nil, "", ""},
		"nothing":             {cli(""), nil, "", ""},
		"quoted, as CSV may":  {cli(`"/events#https://a;https://b"`), []EtcdOverride{events("https://a", "https://b")}, "", "/events#https://a;https://b"},
		"commas between servers": {
			cli("/events#http://etcd4:2379,http://etcd5:2379,http://etcd6:2379"), nil, bad,
			"/events#http://etcd4:2379;http://etcd5:2379;http://etcd6:2379",
		},
		"commas, then another override": {cli("/events#https://a,https://b,/leases#https://c"), nil, bad, "/events#https://a;https://b,/leases#https://c"},
		"no slash":                      {cli("events#https://a"), nil, bad, "/events#https://a"},
		"two slashes":                   {cli("v1//events#https://a"), nil, bad, ""},
		"two number signs":              {cli("/events#https://a#https://b"), nil, bad, ""},
		"a semicolon at the end":        {cli("/events#https://a;"), nil, bad, "/events#https://a"},
		"no servers":                    {cli("/events#"), nil, bad, ""},
		"only servers":                  {cli("https://a:2379"), nil, bad, ""},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := OverrideItems(tc.set)
			if err != nil {
				t.Fatalf("items: got %v", err)
			}
			got, err := ParseOverrides(list)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("overrides (-want +got):\n%s", d)
			}
			if msg := errText(err); msg != tc.err {
				t.Errorf("got error %q, want %q", msg, tc.err)
			}
			if got := CorrectedOverrides(list); got != tc.corrected {
				t.Errorf("got corrected %q, want %q", got, tc.corrected)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestOverridesCSV wants a value that is no CSV to be refused, as pflag refuses it.
func TestOverridesCSV(t *testing.T) {
	if _, err := OverrideItems(Setting{Value: `/events#"https://a`}); err == nil {
		t.Error("got no error for a stray quote, want one")
	}
}

// FuzzOverrides wants what is offered as a correction to be what kube-apiserver takes.
func FuzzOverrides(f *testing.F) {
	for _, seed := range []string{
		"/events#https://a:2379;https://b:2379", "/events#http://a,http://b", "events#a", "[]", "[/events#a]", `"a,b"#c`, "#,#;;/", "a/b/c#d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		list, err := OverrideItems(Setting{Value: value})
		if err != nil {
			return
		}
		fixed := CorrectedOverrides(list)
		if fixed == "" {
			return
		}
		if _, err := ParseOverrides(strings.Split(fixed, ",")); err != nil {
			t.Errorf("%q: got a correction %q that is refused as well: %v", value, fixed, err)
		}
	})
}
