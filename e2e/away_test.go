//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
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

// changes lists what differs between two reports of the same cluster.
func changes(before, after report, names *strings.Replacer) []change {
	state := func(v *verdict) string {
		switch {
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

// wantChanges holds changes against testdata/CASE.txt: "CHECK | SUBJECT | BEFORE -> AFTER | part of
// the message". A line that begins with "?" may be missing: whether there is such a verdict at all, or
// which, depends on traffic.
func wantChanges(t *testing.T, scenario string, got []change) {
	t.Helper()
	path := filepath.Join("testdata", scenario+".txt")
	if *update {
		var b strings.Builder
		for _, c := range got {
			fmt.Fprintln(&b, c)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for l := range strings.Lines(string(raw)) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			want = append(want, l)
		}
	}
	for _, c := range got {
		i := slices.IndexFunc(want, func(w string) bool { return expectsChange(w, c) })
		if i < 0 {
			t.Errorf("%s: unexpected: %s", path, c)
			continue
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, w := range want {
		if !strings.HasPrefix(w, "?") {
			t.Errorf("%s: missing: %s", path, w)
		}
	}
}

func expectsChange(want string, c change) bool {
	f := strings.SplitN(strings.TrimSpace(strings.TrimPrefix(want, "?")), " | ", 4)
	if len(f) != 4 || f[0] != c.check || f[1] != c.subject || f[2] != c.before+" -> "+c.after {
		return false
	}
	// "…" stands for anything, as addresses and times differ.
	rest := c.message
	for part := range strings.SplitSeq(f[3], "…") {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// takenAway takes parts of the cluster away, before an audit and in the middle of one.
func takenAway(t *testing.T, c *loopback.Cluster) {
	args := slices.Concat([]string{"--kubeconfig=" + c.Kubeconfig(), "--window=2s"}, c.EtcdFlags())
	before := scan(t, args...)
	t.Run("a kube-apiserver", func(t *testing.T) {
		c.Kill("kube-apiserver-cp2")
		defer restart(t, c, "kube-apiserver-cp2", "https://"+c.APIServerAddr(1))
		wantChanges(t, "away-apiserver", changes(before, scan(t, args...), namesOf(c)))
	})
	t.Run("an etcd member", func(t *testing.T) {
		c.Stop("etcd-cp3")
		defer restart(t, c, "etcd-cp3", c.Server())
		wantChanges(t, "away-etcd", changes(before, scan(t, args...), namesOf(c)))
	})
	during := slices.Concat(args, []string{"--window=6s"})
	t.Run("a kube-apiserver while it is watched", func(t *testing.T) {
		defer restart(t, c, "kube-apiserver-cp2", "https://"+c.APIServerAddr(1))
		killed := after(3*time.Second, func() { c.Kill("kube-apiserver-cp2") })
		r := scan(t, during...)
		<-killed
		wantChanges(t, "away-apiserver-midway", changes(before, r, namesOf(c)))
	})
	t.Run("a scheduler while it is watched", func(t *testing.T) {
		defer restart(t, c, "kube-scheduler-cp2", c.Server())
		killed := after(3*time.Second, func() { c.Kill("kube-scheduler-cp2") })
		r := scan(t, during...)
		<-killed
		wantChanges(t, "away-scheduler-midway", changes(before, r, namesOf(c)))
	})
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

func restart(t *testing.T, c *loopback.Cluster, name, ready string) {
	t.Helper()
	if err := c.Restart(name, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context(), ready, []string{name}); err != nil {
		t.Fatal(err)
	}
}

// granted scans with nothing but what deploy/rbac.yaml grants, and then with a rule less each time.
func granted(t *testing.T, c *loopback.Cluster) {
	kubeconfig, _ := grant(t, c.Client, c.REST, t.TempDir(), nil)
	args := []string{"--kubeconfig=" + kubeconfig, "--window=1s"}
	mark := markAudit(t, c.AuditLogs())
	full := scan(t, args...)
	events := mark.ofKaudit(t)
	wantOnlyReads(t, events)
	wantNoneRefused(t, events)
	clients := c.Instances()
	for _, rule := range rules(t) {
		t.Run("without "+rule.String(), func(t *testing.T) {
			grant(t, c.Client, c.REST, t.TempDir(), &rule)
			refused(t, clients, rule)
			got := changes(full, scan(t, args...), namesOf(c))
			wantChanges(t, "without-"+fileName(rule.String()), got)
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
