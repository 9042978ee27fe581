package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
)

func auditOf(rs ...checks.Result) Audit {
	return Audit{Kaudit: "v0.1.0", Target: Target{Name: "prod"}, Started: taken, Finished: taken, Results: rs}
}

func ofCheck(id string, vs ...checks.Verdict) checks.Result {
	return checks.Result{Check: testCheck(id, "etcd", checks.Warning), Verdicts: vs}
}

func TestCompare(t *testing.T) {
	on := checks.About("etcd/a")
	low, lower := on.Find(checks.Warning, "is low"), on.Find(checks.Warning, "is lower")
	worse, info := on.Find(checks.Critical, "is low"), on.Find(checks.Info, "is low")
	pass, skip, no := on.Pass("is fine"), on.Skip("was not seen"), on.NotApplicable("is another's")
	broken := checks.Verdict{Outcome: checks.Broken, Subject: "kaudit", Message: "kaudit's own fault"}
	whole := checks.About("etcd").Skip("needs a live cluster")
	waived := low
	waived.Waived = &checks.Waived{Reason: "x", By: "kaudit.yaml:3"}
	moved, longer := waived, waived
	moved.Waived = &checks.Waived{Reason: "x", By: "kaudit.yaml:4"}
	longer.Waived = &checks.Waived{Reason: "x", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	moreSeen := low.Saw("1 GiB")
	type v = []checks.Verdict
	for name, tc := range map[string]struct {
		from, to v
		kind     string
		differs  string
		note     string
		fails    bool // at warning
	}{
		"new":                            {v{pass}, v{low}, Appeared, "", "", true},
		"new subject":                    {v{}, v{low}, Appeared, "", "", true},
		"new, info":                      {v{pass}, v{info}, Appeared, "", "", false},
		"new, accepted":                  {v{pass}, v{waived}, Appeared, "", "", false},
		"seen for the first time":        {v{skip}, v{low}, Appeared, "", "could not be told before", true},
		"seen for the first time, whole": {v{whole}, v{low}, Appeared, "", "could not be told before", true},
		"mended":                         {v{low}, v{pass}, Disappeared, "", "", false},
		"does not apply any more":        {v{low}, v{no}, Disappeared, "", "", false},
		"its subject is gone":            {v{low}, v{checks.About("etcd/b").Pass("is fine")}, Disappeared, "", "is not there any more", false},
		"skipped is not mended":          {v{low}, v{skip}, Untold, "", "", false},
		"skipped as a whole is neither":  {v{low}, v{whole}, Untold, "", "needs a live cluster", false},
		"nor is broken":                  {v{low}, v{broken}, Untold, "", "kaudit's own fault", false},
		"nor is left out":                {v{low}, v{checks.About(checks.OtherFiles).NotApplicable("1 finding is not shown")}, Untold, "", "1 finding is not shown", false},
		"a pass that cannot be told":     {v{pass}, v{skip}, Untold, "", "", false},
		"worse":                          {v{low}, v{worse}, Changed, "severity", "", false},
		"worse, over the bar":            {v{info}, v{low}, Changed, "severity", "", true},
		"better":                         {v{low}, v{info}, Changed, "severity", "", false},
		"other words":                    {v{low}, v{lower}, Changed, "message", "", false},
		"seen otherwise":                 {v{low}, v{moreSeen}, Changed, "observed", "", false},
		"accepted":                       {v{low}, v{waived}, Changed, "waived", "", false},
		"accepted no longer":             {v{waived}, v{low}, Changed, "waived", "", true},
		"accepted until":                 {v{waived}, v{longer}, Changed, "waived", "", false},
		"accepted on another line":       {v{waived}, v{moved}, "", "", "", false},
		"the same":                       {v{low}, v{low}, "", "", "", false},
		"the same pass":                  {v{pass}, v{on.Pass("is fine, too")}, "", "", "", false},
		"unlocked":                       {v{skip}, v{pass}, Other, "", "", false},
		"of two, the worse":              {v{info, worse}, v{worse, info}, "", "", "", false},
	} {
		c := Compare(auditOf(ofCheck("etcd-quota", tc.from...)), auditOf(ofCheck("etcd-quota", tc.to...)))
		kind, differs, note, fails := "", "", "", false
		for _, one := range c.Changes {
			if one.subject() != "etcd/a" {
				continue
			}
			kind, note, fails = one.Kind, one.Note, one.Fails(checks.Warning)
			if kind == Changed {
				differs = strings.Join(differences(*one.From, *one.To), " ")
			}
		}
		if kind != tc.kind || differs != tc.differs || note != tc.note || fails != tc.fails {
			t.Errorf("%s: got %q %q %q fails %v, want %q %q %q fails %v", name, kind, differs, note, fails, tc.kind, tc.differs, tc.note, tc.fails)
		}
	}
}

func TestCompareChecks(t *testing.T) {
	low := checks.About("etcd/a").Find(checks.Warning, "is low")
	none := Compare(auditOf(ofCheck("etcd-quota", low)), auditOf())
	if c := none.Changes[0]; c.Kind != Untold || c.Note != "was not checked" {
		t.Errorf("got %s %q where the check did not run, want that nobody can tell", c.Kind, c.Note)
	}
	in := func(cluster string) checks.Result {
		r := ofCheck("etcd-quota", low)
		r.Cluster = cluster
		return r
	}
	if c := Compare(auditOf(in("prod"), in("dev")), auditOf(in("prod"), in("test"))); len(c.Changes) != 2 || c.Same != 1 {
		t.Errorf("got %+v of two clusters, want two changes", c.Changes)
	}
	if c := Compare(auditOf(in("here")), auditOf(in("there"))); len(c.Changes) != 0 || c.Same != 1 {
		t.Errorf("got %+v of one cluster in two folders, want none", c.Changes)
	}
}

func changes() Comparison {
	on := func(name string) checks.Subject { return checks.About(name) }
	waived := on("etcd/c").Find(checks.Info, "is \x1b[31modd | <b>")
	waived.Waived = &checks.Waived{Reason: "OPS-1"}
	from := auditOf(
		ofCheck("etcd-quota", on("etcd/a").Find(checks.Warning, "is low"), on("etcd/b").Find(checks.Warning, "is low"), on("etcd/c").Pass("is fine")),
		ofCheck("etcd-space", on("etcd/a").Find(checks.Info, "uses 60%%").Saw("6 GiB"), on("etcd/b").Pass("uses 50%%"), on("etcd/c").Find(checks.Info, "is \x1b[31modd | <b>")),
		ofCheck("etcd-peer-latency", on("etcd/a").Skip("not seen"), on("etcd/b").Find(checks.Info, "is slow"), on("etcd/c").Find(checks.Info, "is slow")),
	)
	to := auditOf(
		ofCheck("etcd-quota", on("etcd/a").Pass("is 8 GiB"), on("etcd/b").Pass("is 8 GiB"), on("etcd/c").Find(checks.Warning, "is low")),
		ofCheck("etcd-space", on("etcd/a").Find(checks.Critical, "uses 97%%").Saw("9.7 GiB"), on("etcd/b").Find(checks.Critical, "uses 98%%"), waived),
		ofCheck("etcd-peer-latency", on("etcd/a").Pass("is fast"), on("etcd/b").Skip("not seen"), on("etcd/c").Find(checks.Info, "is slow")),
	)
	to.Started = taken.AddDate(0, 0, 1)
	return Compare(from, to)
}

func TestDiffFormats(t *testing.T) {
	for _, f := range DiffFormats() {
		var first, second bytes.Buffer
		for _, b := range []*bytes.Buffer{&first, &second} {
			if err := f.Write(b, changes(), Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(first.String(), second.String()); d != "" {
			t.Errorf("%s, written twice (-first +second):\n%s", f.Name, d)
		}
		golden(t, "diff-"+f.Name, first.String())
	}
	var b bytes.Buffer
	if err := diffTable(&b, Compare(auditOf(), auditOf()), Options{}); err != nil {
		t.Fatal(err)
	}
	if want := "prod of 2026-08-01 03:04 UTC → prod of 2026-08-01 03:04 UTC\nnothing changed; 0 findings are as they were\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
