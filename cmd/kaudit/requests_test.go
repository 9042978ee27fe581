package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/auditlog"
	"github.com/kaudit/kaudit/report"
	"github.com/kaudit/kaudit/requests"
)

func TestReadingLine(t *testing.T) {
	for _, tc := range []struct {
		p    auditlog.Progress
		took time.Duration
		want string
	}{
		{auditlog.Progress{Read: 19e6, Total: 336e6}, 100 * time.Millisecond, "reading: 19 MB of 336 MB, 6%"},
		{auditlog.Progress{Read: 5e9, Total: 10e9}, 2 * time.Second, "reading: 5.0 GB of 10.0 GB, 50%, 2.5 GB/s"},
		{auditlog.Progress{Read: 400e6}, time.Second, "reading: 400 MB, 400 MB/s"},
	} {
		if got := readingLine(tc.p, tc.took); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestCommonFilters(t *testing.T) {
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	part := func(f report.RequestFilters) report.RequestPart { return report.RequestPart{Filters: f} }
	for name, tc := range map[string]struct {
		a, b, want report.RequestFilters
	}{
		"none":                     {},
		"the same":                 {report.RequestFilters{User: "a", Since: at}, report.RequestFilters{User: "a", Since: at}, report.RequestFilters{User: "a", Since: at}},
		"one --since 2h, by turns": {report.RequestFilters{Since: at.Add(time.Minute)}, report.RequestFilters{Since: at}, report.RequestFilters{Since: at}},
		"different times":          {report.RequestFilters{Since: at}, report.RequestFilters{Since: at.Add(time.Hour)}, report.RequestFilters{Mixed: true}},
		"one of them alone":        {report.RequestFilters{Until: at}, report.RequestFilters{}, report.RequestFilters{Mixed: true}},
		"different resources":      {report.RequestFilters{Resource: "pods"}, report.RequestFilters{Resource: "nodes"}, report.RequestFilters{Mixed: true}},
		"mixed before":             {report.RequestFilters{Mixed: true}, report.RequestFilters{Mixed: true}, report.RequestFilters{Mixed: true}},
	} {
		if d := cmp.Diff(tc.want, commonFilters([]report.RequestPart{part(tc.a), part(tc.b)})); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestKnownBeside(t *testing.T) {
	part := func(s requests.Server, pods float64) report.RequestPart {
		p := report.RequestPart{Server: s}
		if pods > 0 {
			p.Objects = map[string]float64{"pods": pods}
		}
		return p
	}
	old, upgraded := requests.Server{Minors: []int{30}, From: "snapshot", WatchCache: requests.Yes}, requests.Server{Minors: []int{31}, From: "snapshot", WatchCache: requests.No}
	for name, tc := range map[string]struct {
		given requests.Options
		parts []report.RequestPart
		want  requests.Options
	}{
		"what logs tell is told anew": {
			parts: []report.RequestPart{part(requests.Server{Minors: []int{30}, From: "log"}, 0)},
		},
		"what a part knew": {
			parts: []report.RequestPart{part(requests.Server{Minors: []int{30}, From: "log"}, 0), part(old, 7)},
			want:  requests.Options{Server: old, Objects: map[string]float64{"pods": 7}},
		},
		"parts that differ": {
			parts: []report.RequestPart{part(old, 7), part(upgraded, 9)},
			want:  requests.Options{Server: requests.Server{Minors: []int{30, 31}, From: "snapshot"}, Objects: map[string]float64{"pods": 9}},
		},
		"what is given goes first": {
			given: requests.Options{Server: requests.Server{Minors: []int{34}, From: "given"}, Objects: map[string]float64{"pods": 1}},
			parts: []report.RequestPart{part(old, 7)},
			want:  requests.Options{Server: requests.Server{Minors: []int{34}, From: "given", WatchCache: requests.Yes}, Objects: map[string]float64{"pods": 1}},
		},
	} {
		if d := cmp.Diff(tc.want, knownBeside(tc.given, tc.parts)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// A snapshot that fits one log and not the other is of another time than the other, in whatever order they come.
func TestMergedServerOfLogAndSnapshot(t *testing.T) {
	know := requests.Server{Minors: []int{37}, From: "snapshot", WatchProgress: requests.Yes, Groups: requests.Yes, Extended: []string{"a.example.com"}}
	fits, other := report.RequestPart{Server: know}, report.RequestPart{Server: know}
	other.Server.Minors, other.Server.From = []int{30, 37}, "log and snapshot"
	for _, parts := range [][]report.RequestPart{{fits, other}, {other, fits}} {
		if diff := cmp.Diff(other.Server, knownBeside(requests.Options{}, parts).Server); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
