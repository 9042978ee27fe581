package vet_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/kaudit/kaudit/vet"
)

func TestCategories(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), vet.New(),
		"unbounded", "dynamics", "readers", "raws", "pernode", "repeats", "helpers", "callers", "ignores", "test/e2e")
}

func TestFixes(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), vet.New(), "rv0limit")
}
