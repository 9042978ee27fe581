package gclplugin

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"
)

func TestRegistered(t *testing.T) {
	build, err := register.GetPlugin("kaudit")
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(map[string]any{"skip": []string{"list-namespaced"}, "tests": true})
	if err != nil {
		t.Fatal(err)
	}
	as, err := p.BuildAnalyzers()
	if err != nil || len(as) != 1 {
		t.Fatalf("got %d analyzers and error %v, want one and none", len(as), err)
	}
	for name, want := range map[string]string{"skip": "list-namespaced", "tests": "true", "categories": ""} {
		if got := as[0].Flags.Lookup(name).Value.String(); got != want {
			t.Errorf("flag %s: got %q, want %q", name, got, want)
		}
	}
	if got := p.GetLoadMode(); got != register.LoadModeTypesInfo {
		t.Errorf("got load mode %q, want types", got)
	}
}

func TestSettingsRefused(t *testing.T) {
	for _, s := range []map[string]any{
		{"skip": []string{"list-nothing"}},
		{"skips": []string{"list-poll"}},
		{"tests": "perhaps"},
	} {
		if _, err := New(s); err == nil {
			t.Errorf("settings %v: got no error, want one", s)
		}
	}
}
