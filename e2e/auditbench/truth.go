package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// lists are the counts of LISTs, and row is one client with one resource: in a report and in the generator's truth alike.
type (
	lists struct{ Total, Unset, Zero, Exact, Paged, Continued int64 }
	names struct{ User, UserAgent, Verb, APIGroup, Resource, Scope string }
	row   struct {
		names

		Count, Unset, Zero, Exact, Paged, Continued    int64
		Throttled, ServerErrors, Expired, ClientErrors int64
	}
	counted struct {
		Events, Malformed, Watches int64
		Levels, Stages             map[string]int64
		Lists                      lists
		Others                     struct{ Lists lists }
		Clients                    []row
	}
)

// holdToTruth compares a whole report with what the generator knows it wrote.
func holdToTruth(report []byte, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var got, want counted
	if err := json.Unmarshal(b, &want); err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	if err := json.Unmarshal(report, &got); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if got.Events != want.Events || got.Malformed != 0 || got.Lists != want.Lists || got.Watches != want.Watches {
		return fmt.Errorf("%d events, %d malformed, %d watches, LISTs %+v, but the log has %d, none, %d, %+v",
			got.Events, got.Malformed, got.Watches, got.Lists, want.Events, want.Watches, want.Lists)
	}
	if d := diff(got.Levels, want.Levels, func(n int64) string { return fmt.Sprint(n) }); d != "" {
		return fmt.Errorf("levels: %s", d)
	}
	if d := diff(got.Stages, want.Stages, func(n int64) string { return fmt.Sprint(n) }); d != "" {
		return fmt.Errorf("stages: %s", d)
	}
	if got.Others.Lists.Total > 0 {
		return fmt.Errorf("%d LISTs are of clients beyond the bound: no row can be compared; measure with fewer clients", got.Others.Lists.Total)
	}
	if d := diff(byName(got.Clients), byName(want.Clients), func(r row) string { return fmt.Sprintf("%+v", r) }); d != "" {
		return fmt.Errorf("clients: %s", d)
	}
	return nil
}

// byName adds rows of the same names: kaudit keeps apart who impersonates.
func byName(rows []row) map[names]row {
	m := map[names]row{}
	for _, r := range rows {
		have := m[r.names]
		have.names = r.names
		for _, add := range []struct{ to, n *int64 }{
			{&have.Count, &r.Count},
			{&have.Unset, &r.Unset},
			{&have.Zero, &r.Zero},
			{&have.Exact, &r.Exact},
			{&have.Paged, &r.Paged},
			{&have.Continued, &r.Continued},
			{&have.Throttled, &r.Throttled},
			{&have.ServerErrors, &r.ServerErrors},
			{&have.Expired, &r.Expired},
			{&have.ClientErrors, &r.ClientErrors},
		} {
			*add.to += *add.n
		}
		m[r.names] = have
	}
	return m
}

// diff names the first few that differ, or is "".
func diff[K, V comparable](got, want map[K]V, show func(V) string) string {
	var lines []string
	for k, w := range want {
		if g, ok := got[k]; !ok || g != w {
			lines = append(lines, fmt.Sprintf("%v: got %s, want %s", k, show(g), show(w)))
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			lines = append(lines, fmt.Sprintf("%v: got %s, want none", k, show(g)))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d differ, of which\n%s", len(lines), lines[:min(len(lines), 10)])
}
