package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 1, 3, 20, 0, 0, time.FixedZone("CET", 3600)) // 02:20 UTC
	for text, want := range map[string]string{
		"":                           "0001-01-01T00:00:00Z",
		"2h":                         "2026-03-01T00:20:00Z",
		"90m":                        "2026-03-01T00:50:00Z",
		"1d":                         "2026-02-28T02:20:00Z",
		"0s":                         "2026-03-01T02:20:00Z",
		"02:10":                      "2026-03-01T02:10:00Z",
		"02:10 UTC":                  "2026-03-01T02:10:00Z",
		"02:30":                      "2026-02-28T02:30:00Z", // today's is still to come
		"23:59:58":                   "2026-02-28T23:59:58Z",
		"2026-02-28":                 "2026-02-28T00:00:00Z",
		"2026-02-28T12:00":           "2026-02-28T12:00:00Z",
		"2026-02-28 12:00:01":        "2026-02-28T12:00:01Z",
		"2026-02-28 12:00 UTC":       "2026-02-28T12:00:00Z",
		"2026-02-28T12:00:01Z":       "2026-02-28T12:00:01Z",
		"2026-02-28T12:00+02:00":     "2026-02-28T10:00:00Z",
		"2026-02-28T12:00:01.5Z":     "2026-02-28T12:00:01.5Z",
		" 2026-02-28T12:00:01+01:00": "2026-02-28T11:00:01Z",
	} {
		got, err := moment("--since", text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %s (%v), want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{"yesterday", "25:00", "-2h", "-1d", "2026-13-01", "d", "2", "1e9d", "NaNd", "2026-02-28T"} {
		_, err := moment("--until", text, now)
		exit := (*exitError)(nil)
		if !errors.As(err, &exit) || exit.code != exitUsage || !strings.Contains(err.Error(), "--until") {
			t.Errorf("%q: got %v, want a wrong usage that names the flag", text, err)
		}
	}
}
