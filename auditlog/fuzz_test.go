package auditlog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzScan holds the scanner to encoding/json: what is malformed, and each field of what is not.
func FuzzScan(f *testing.F) {
	for _, tc := range hostile {
		f.Add([]byte(tc.line))
	}
	for i, line := range append(recorded(f, "metadata.log"), recorded(f, "request-response.log")...) {
		if i%3 == 0 && len(line) < 8000 {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		for _, portable := range []bool{false, true} {
			s := scanner{portable: portable}
			sameAsReference(t, &s, line)
		}
		if !bytes.Equal(before, line) {
			t.Errorf("%q: got a line that is written to", before)
		}
	})
}

// sameAsReference scans a line, and wants of it what encoding/json says. It scans it by a scanner that has read before.
func sameAsReference(t *testing.T, s *scanner, line []byte) {
	t.Helper()
	var got, want event
	err := s.scan(line, &got)
	wantErr := reference(line, &want)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("%q: got error %v, want %v", line, err, wantErr)
	}
	if wantErr != nil {
		return
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(event{}), cmp.Comparer(bytes.Equal)); d != "" {
		t.Errorf("%q: got other fields than encoding/json (-want +got):\n%s", line, d)
	}
}

func TestScanReadsRecordedLinesFast(t *testing.T) {
	for _, name := range []string{
		"metadata.log", "request-response.log", "kube-apiserver-1.30.14-metadata.log", "kube-apiserver-1.30.14-requestresponse.log",
		"kube-apiserver-1.37.2-metadata.log", "kube-apiserver-1.37.2-requestresponse.log",
	} {
		for _, portable := range []bool{false, true} {
			s := scanner{portable: portable}
			for _, line := range recorded(t, name) {
				sameAsReference(t, &s, line)
			}
			if s.slow != 0 {
				t.Errorf("%s, portable %v: got %d lines left to encoding/json, want none", name, portable, s.slow)
			}
		}
	}
}

// A line of a log damaged in each of some ways, at each of its bytes.
func TestScanOfDamagedLines(t *testing.T) {
	s, portable := scanner{}, scanner{portable: true}
	line := recorded(t, "metadata.log")[100]
	for i := range line {
		for _, put := range []string{"", "\"", "\\", "}", "\x00", "\xff", ",", "K"} {
			damaged := []byte(string(line[:i]) + put + string(line[i+1:]))
			sameAsReference(t, &s, damaged)
			sameAsReference(t, &portable, damaged)
		}
		sameAsReference(t, &s, line[:i])
	}
}

func TestScanOfALongLine(t *testing.T) {
	line := []byte(`{"kind":"Event","verb":"list","responseObject":{"items":[` + strings.Repeat(`{"a":"\"x\\"},`, 800_000) + `{}]}}`)
	for _, portable := range []bool{false, true} {
		s := scanner{portable: portable}
		sameAsReference(t, &s, line)
		if s.slow != 0 {
			t.Errorf("portable %v: got %d MB left to encoding/json, want none", portable, len(line)/1e6)
		}
	}
}
