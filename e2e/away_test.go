//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/e2e/loopback"
)

// A change is a verdict that is another than before.
type change struct{ check, subject, before, after, message, unlock string }

func (c change) String() string {
	return fmt.Sprintf("%s | %s | %s -> %s | %s", c.check, c.subject, c.before, c.after, c.message)
}

// byTraffic are verdicts that come and go with what happened to be asked of whom, between two looks.
func byTraffic(v verdict) bool {
	quiet := v.Status != "finding"
	return quiet && (v.Check == "apiserver-apf-saturation" && strings.HasSuffix(v.Subject, " queue wait") ||
		v.Check == "apiserver-apf-objects" && strings.HasSuffix(v.Subject, "/exempt traffic") ||
		v.Check == "client-throttling")
}

// changes lists what differs between two reports of the same cluster.
func changes(before, after report, names *strings.Replacer) []change {
	state := func(v *verdict) string {
		switch {
		case v != nil && byTraffic(*v):
			return "quiet"
		case v == nil:
			return "nothing"
		case v.Severity != "":
			return v.Status + " " + v.Severity
		}
		return v.Status
	}
	index := func(r report) map[string]*verdict {
		m := map[string]*verdict{}
		for i, v := range r.Results {
			m[v.Check+" | "+names.Replace(v.Subject)] = &r.Results[i]
		}
		return m
	}
	was, is := index(before), index(after)
	var out []change
	for key := range merged(was, is) {
		if state(was[key]) == state(is[key]) {
			continue
		}
		check, subject, _ := strings.Cut(key, " | ")
		c := change{check: check, subject: subject, before: state(was[key]), after: state(is[key])}
		if v := is[key]; v != nil {
			c.message, c.unlock = v.Message, v.Unlock
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b change) int { return strings.Compare(a.check+a.subject, b.check+b.subject) })
	return out
}

func merged[V any](a, b map[string]V) map[string]bool {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

// digits are of addresses, times and counts, which differ from run to run.
var digits = regexp.MustCompile(`\d+`)

// wantChanges holds changes against testdata/CASE.txt: "CHECK | SUBJECT | BEFORE -> AFTER | part of
// the message". A line that begins with "?" may be missing: whether there is such a verdict at all, or
// which, depends on traffic.
func wantChanges(t *testing.T, scenario string, got []change) {
	t.Helper()
	path := filepath.Join("testdata", scenario+".txt")
	raw, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var want, kept []string
	for l := range strings.Lines(string(raw)) {
		if l = strings.TrimRight(l, "\n"); l != "" && !strings.HasPrefix(l, "#") {
			want = append(want, l)
		}
	}
	for _, c := range got {
		i := slices.IndexFunc(want, func(w string) bool { return expectsChange(w, c) })
		if i >= 0 {
			kept = append(kept, want[i])
			want = slices.Delete(want, i, i+1)
			continue
		}
		if !*update {
			t.Errorf("%s: unexpected: %s", path, c)
		}
		c.message = digits.ReplaceAllString(c.message, "…")
		kept = append(kept, c.String())
	}
	for _, w := range want {
		if strings.HasPrefix(w, "?") {
			kept = append(kept, w)
		} else if !*update {
			t.Errorf("%s: missing: %s", path, w)
		}
	}
	if *update {
		slices.Sort(kept)
		if err := os.WriteFile(path, []byte(strings.Join(append(kept, ""), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func expectsChange(want string, c change) bool {
	f := strings.SplitN(strings.TrimSpace(strings.TrimPrefix(want, "?"))+" ", " | ", 4)
	if len(f) != 4 || f[0] != c.check || f[1] != c.subject || f[2] != c.before+" -> "+c.after {
		return false
	}
	// "…" stands for anything, as addresses and times differ.
	rest := c.message
	for part := range strings.SplitSeq(strings.TrimSpace(f[3]), "…") {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// takenAway takes one part of the cluster away after the other, while it is watched and for good.
// It is the last that happens to a cluster.
func takenAway(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	args := slices.Concat([]string{"--kubeconfig=" + c.Kubeconfig(), "--window=2s"}, c.EtcdFlags())
	during := slices.Concat(args, []string{"--window=6s"})
	for _, lost := range []struct{ process, scenario string }{
		{"kube-scheduler-cp2", "away-scheduler-midway"},
		{"kube-apiserver-cp2", "away-apiserver-midway"},
	} {
		t.Run(lost.process+" while it is watched", func(t *testing.T) {
			before := scan(t, args...)
			killed := after(3*time.Second, func() { c.Kill(lost.process) })
			r := scan(t, during...)
			<-killed
			keep(t, c.Config.Dir, lost.scenario, r)
			got := changes(before, r, namesOf(c))
			wantChanges(t, lost.scenario, got)
			wantReasons(t, got, r, "second scrape")
		})
	}
	t.Run("a kube-apiserver", func(t *testing.T) {
		if err := c.Restart("kube-apiserver-cp2", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitReady(t.Context(), "https://"+c.APIServerAddr(1), []string{"kube-apiserver-cp2"}); err != nil {
			t.Fatal(err)
		}
		before := scan(t, args...)
		c.Kill("kube-apiserver-cp2")
		r := scan(t, args...)
		keep(t, c.Config.Dir, "away-apiserver", r)
		got := changes(before, r, namesOf(c))
		wantChanges(t, "away-apiserver", got)
		wantReasons(t, got, r, "connection refused")
	})
	t.Run("an etcd member", func(t *testing.T) {
		before := scan(t, args...)
		c.Stop("etcd-cp3")
		r := scan(t, args...)
		keep(t, c.Config.Dir, "away-etcd", r)
		got := changes(before, r, namesOf(c))
		wantChanges(t, "away-etcd", got)
		wantReasons(t, got, r, "connection refused")
	})
}

// wantReasons wants that nothing vanishes in silence: a check of which a verdict is gone has one that
// says why, and skipped verdicts that are new give the reason themselves or what to grant.
func wantReasons(t *testing.T, got []change, now report, reason string) {
	t.Helper()
	because := func(v verdict) bool {
		return v.Status == "skipped" && (strings.Contains(v.Message, reason) || strings.Contains(v.Unlock, reason))
	}
	for _, c := range got {
		said := slices.ContainsFunc(now.Results, func(v verdict) bool { return v.Check == c.check && because(v) })
		if c.after == "nothing" && !said {
			t.Errorf("vanishes without a word on %q: %s", reason, c)
		}
		if c.after == "skipped" && !said {
			t.Errorf("is skipped, but nothing of the check says %q: %s", reason, c)
		}
	}
}

func after(d time.Duration, do func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(d)
		do()
	}()
	return done
}

// granted scans with nothing but what deploy/rbac.yaml grants, and then with a rule less each time.
func granted(t *testing.T, c *loopback.Cluster) {
	t.Helper()
	kubeconfig, _ := grant(t, c.Client, c.REST, t.TempDir(), nil)
	args := []string{"--kubeconfig=" + kubeconfig, "--window=1s"}
	mark := markAudit(t, c.AuditLogs())
	full := scan(t, args...)
	events := mark.ofKaudit(t)
	wantOnlyReads(t, events, true)
	wantNoneRefused(t, events)
	clients := c.Instances()
	for _, rule := range rules(t) {
		t.Run("without "+rule.String(), func(t *testing.T) {
			grant(t, c.Client, c.REST, t.TempDir(), &rule)
			refused(t, clients, rule)
			less := scan(t, args...)
			got := changes(full, less, namesOf(c))
			wantChanges(t, "without-"+fileName(rule.String()), got)
			wantReasons(t, got, less, rule.permission())
			for _, ch := range got {
				if ch.after == "pass" {
					t.Errorf("passes with less evidence: %s", ch)
				}
			}
		})
	}
	grant(t, c.Client, c.REST, t.TempDir(), nil)
}

func fileName(s string) string {
	return strings.Trim(strings.NewReplacer(" ", "-", "/", "-", "*", "all", ".", "-").Replace(s), "-")
}
