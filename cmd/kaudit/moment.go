package main

import (
	"strconv"
	"strings"
	"time"
)

// momentForms are the ways in which people write a time; one without a zone is UTC, as audit logs are.
var momentForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly}

// clockForms are times of day.
var clockForms = []string{"15:04:05", "15:04"}

// moment reads the value of a flag that is a time: 2h and 3d are before now, 02:30 is the last one
// there was, in UTC. No value is the zero time.
func moment(flag, text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if ago, ok := span(text); ok {
		if ago < 0 {
			return time.Time{}, usage("%s %s is after now; a time before now is written without a sign: 2h", flag, text)
		}
		return now.Add(-ago).UTC(), nil
	}
	text = strings.TrimSuffix(text, " UTC")
	if day, clock, ok := strings.Cut(text, " "); ok { // as people and other tools write it
		text = day + "T" + strings.TrimSpace(clock)
	}
	for _, form := range momentForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	for _, form := range clockForms {
		if t, err := time.Parse(form, text); err == nil {
			return lastClock(t, now.UTC()), nil
		}
	}
	return time.Time{}, usage("%s %q is no time; write 2h or 3d (before now), 02:30 (UTC, the last one), or %s",
		flag, text, now.UTC().Format("2006-01-02T15:04Z"))
}

// lastClock is the last time before now at which a clock showed this.
func lastClock(clock, now time.Time) time.Time {
	t := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, time.UTC)
	if t.After(now) {
		t = t.AddDate(0, 0, -1)
	}
	return t
}

// span reads a duration, which may be in days.
func span(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		return time.Duration(n * float64(24*time.Hour)), err == nil && n < 36500 && n > -36500
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}
