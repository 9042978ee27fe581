package auditlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kernels are how many of the best kernels to do without: none, AVX-512, and AVX2 too.
var kernels = []kernelKind{0, kernelBest - kernelAVX2, kernelBest - kernelGo}

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
		for _, below := range kernels {
			s := scanner{below: below}
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
	sameEvents(t, line, &want, &got)
}

// reference is what encoding/json makes of a line.
func reference(line []byte, e *event) error {
	var j eventJSON
	if err := json.Unmarshal(line, &j); err != nil {
		return err
	}
	*e = j.event()
	return nil
}

// sameEvents compares two events, and asks go-cmp for words only if they differ: it takes a hundred times as long.
func sameEvents(t *testing.T, line []byte, want, got *event) {
	t.Helper()
	w, g := texts(want), texts(got)
	same := want.kind == got.kind && want.code == got.code && want.responseBytes == got.responseBytes && want.responseItems == got.responseItems
	for i := range w {
		same = same && bytes.Equal(w[i], g[i])
	}
	if !same {
		d := cmp.Diff(*want, *got, cmp.AllowUnexported(event{}), cmp.Comparer(bytes.Equal))
		t.Fatalf("%q: got other fields than encoding/json (-want +got):\n%s", line, d)
	}
}

func texts(e *event) [22][]byte {
	return [...][]byte{
		e.level, e.auditID, e.stage, e.requestURI, e.verb, e.username, e.impersonated, e.nodeName, e.podName, e.userAgent, e.sourceIP,
		e.resource, e.namespace, e.name, e.apiGroup, e.subresource, e.received, e.staged, e.latencyTotal, e.latencyEtcd, e.latencyQueue,
		e.responseObject,
	}
}

func TestTextsForgetsNoField(t *testing.T) {
	const others = 4 // that sameEvents compares itself
	if got, want := reflect.TypeFor[event]().NumField(), len(texts(&event{}))+others; got != want {
		t.Errorf("got %d fields of event, want %d: sameEvents has to compare all", got, want)
	}
}

func TestScanReadsRecordedLinesFast(t *testing.T) {
	for _, name := range []string{
		"metadata.log", "request-response.log", "kube-apiserver-1.30.14-metadata.log", "kube-apiserver-1.30.14-requestresponse.log",
		"kube-apiserver-1.37.2-metadata.log", "kube-apiserver-1.37.2-requestresponse.log",
	} {
		for _, below := range kernels {
			s := scanner{below: below}
			for _, line := range recorded(t, name) {
				sameAsReference(t, &s, line)
			}
			if s.slow != 0 {
				t.Errorf("%s, without %d kernels: got %d lines left to encoding/json, want none", name, below, s.slow)
			}
		}
	}
}

// A line of a log damaged in each of some ways, at each of its bytes.
func TestScanOfDamagedLines(t *testing.T) {
	s, portable := scanner{}, scanner{below: kernelBest - kernelGo}
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
	for _, below := range kernels {
		s := scanner{below: below}
		sameAsReference(t, &s, line)
		if s.slow != 0 {
			t.Errorf("without %d kernels: got %d MB left to encoding/json, want none", below, len(line)/1e6)
		}
	}
}
