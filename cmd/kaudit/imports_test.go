package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the layout: data goes one way, from collect to report, and only cmd sees all of it.
var mayImport = map[string][]string{
	"evidence":         {"components"},
	"checks":           {"evidence"},
	"checks/etcd":      {"checks", "evidence"},
	"checks/apiserver": {"checks", "evidence", "requests"},
	"checks/clients":   {"checks", "evidence"},
	"checks/scheduler": {"checks", "evidence"},
	"checks/node":      {"checks", "evidence"},
	"checks/config":    {"checks", "components", "evidence"},
	"collect":          {"evidence"},
	"configfile":       {"components", "evidence"}, // reads the files of a tree, as collect asks a cluster
	"deploy":           nil,                        // only embeds what a cluster is given
	"auditlog":         {"evidence"},               // one pass over the logs of kube-apiservers
	"policy":           {"checks", "evidence"},
	"report":           {"checks", "evidence", "requests"},
	"requests":         {"evidence"},
	"cmd/kaudit": {
		"evidence", "checks", "checks/etcd", "checks/apiserver", "checks/clients", "checks/scheduler", "checks/node", "checks/config", "collect",
		"auditlog", "configfile", "deploy", "policy", "report", "requests", "vet",
	},
	"vet":                 nil, // judges source, of others; nothing of the pipeline
	"vet/gclplugin":       {"vet"},
	"components":          nil,
	"components/generate": {"components"}, // what it need not build it takes from the catalogue as it stands
	"auditlog/auditgen":   nil,            // writes audit logs to test with
	"auditlog/generate":   {"auditlog/auditgen"},
}

func TestImports(t *testing.T) {
	const module = "github.com/kaudit/kaudit/"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := mayImport[name]
		if !ok {
			t.Errorf("got a package %s, want only those of the layout: a new one needs a sentence there", name)
		}
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, module); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s: got an import of %s, want only %v", name, ours, allowed)
			}
		}
	}
	if seen < 3 {
		t.Errorf("got %d packages, want the whole module", seen)
	}
}
