package main

import (
	"bytes"
	"errors"
	"testing"

	"k8s.io/klog/v2"
)

func TestLibrariesAreQuietUnlessAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		verbose int
		loud    bool
	}{
		"by default": {0, false},
		"with -v":    {1, true},
	} {
		var b bytes.Buffer
		newLogger(&b, tc.verbose)
		klog.ErrorS(errors.New("key mismatch"), "Loading client cert failed")
		if got := b.Len() > 0; got != tc.loud {
			t.Errorf("%s: got %q", name, b.String())
		}
	}
}
