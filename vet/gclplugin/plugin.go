// Package gclplugin is the analyzer as a module plugin of golangci-lint; docs/vet.md has the configuration.
package gclplugin

import (
	"strings"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/kaudit/kaudit/vet"
)

//nolint:gochecknoinits // golangci-lint finds module plugins by what their init registers
func init() { register.Plugin("kaudit", New) }

// Settings are linters.settings.custom.kaudit.settings of .golangci.yml.
type Settings struct {
	Categories []string `json:"categories"` // only these; "all" for those that are off by default as well
	Skip       []string `json:"skip"`
	Tests      bool     `json:"tests"` // judge test files too
}

// New makes the plugin from its settings.
func New(raw any) (register.LinterPlugin, error) {
	s, err := register.DecodeSettings[Settings](raw)
	if err != nil {
		return nil, err
	}
	a := vet.New()
	for name, values := range map[string][]string{"categories": s.Categories, "skip": s.Skip} {
		if len(values) == 0 {
			continue
		}
		if err := a.Flags.Set(name, strings.Join(values, ",")); err != nil {
			return nil, err
		}
	}
	if s.Tests {
		if err := a.Flags.Set("tests", "true"); err != nil {
			return nil, err
		}
	}
	return plugin{a}, nil
}

type plugin struct{ analyzer *analysis.Analyzer }

// BuildAnalyzers hands over the one analyzer.
func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	return []*analysis.Analyzer{p.analyzer}, nil
}

// GetLoadMode asks for types.
func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
