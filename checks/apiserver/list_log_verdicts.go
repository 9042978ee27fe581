package apiserver

import (
	"fmt"
	"math"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// callersNamed bounds the clients that have a verdict of their own.
const callersNamed = 20

// listsLogged judges, client by client, what audit logs tell; nothing if there is none.
func listsLogged(s *evidence.Snapshot, p listRVParams, window, life book) []checks.Verdict {
	l, ok := readLogged(s)
	if !ok {
		return nil
	}
	whole := checks.About(ofLogs).With(l.src, "%s", l.read())
	switch {
	case l.Lists.Total == 0 && l.Events == 0:
		return one(whole.Skip("cannot be judged: there is no audit event in them%s", l.limits()).
			Unlocked("--audit-log with the file that --audit-log-path of kube-apiserver names, which needs an --audit-policy-file"))
	case l.Lists.Total == 0:
		return one(whole.Skip("cannot be judged: of %d events %s none is a LIST that ended (%s%s); an audit policy may leave them out", l.Events, l.when(), l.levels(), l.limits()).
			Unlocked("a rule in --audit-policy-file with level Metadata for the verb list"))
	case l.report.Window < lastingShort:
		return one(whole.Skip("cannot be judged: they are of %s only, which tells no rate%s", evidence.Seconds(l.report.Window.Seconds()), l.limits()).
			Unlocked("--audit-log with a longer log"))
	}
	var vs []checks.Verdict
	rest := 0
	for _, c := range l.callers {
		mine := l.judge(c, p, window, life)
		if len(mine) > 0 && len(vs) >= callersNamed {
			rest++
			continue
		}
		vs = append(vs, mine...)
	}
	if rest > 0 {
		vs = append(vs, checks.About("clients beyond the first "+fmt.Sprint(callersNamed)).With(l.src, "%s", l.when()).
			Find(checks.Info, "would be told of as well: %s", checks.Count(rest, "client")).WithFix("kaudit requests AUDIT-LOG lists all of them"))
	}
	if v, ok := l.doubtful(whole, p); ok {
		return append(vs, v)
	}
	if len(vs) > 0 {
		return vs
	}
	return one(l.pass(whole))
}

// judge says what a client should mend; nothing if all is well, or nobody can tell.
func (l logged) judge(c *caller, p listRVParams, window, life book) []checks.Verdict {
	if c.normal {
		return nil
	}
	subject := checks.About(c.name()).With(l.src, "%s", l.row(c)).With(l.src, "%s", l.read())
	if c.slow > 0 {
		subject = subject.With(l.src, "%s took over 500 ms, of which waiting for etcd %s in all, as the servers noted", checks.Count(c.slow, "LIST"), evidence.Seconds(c.waited.Seconds()))
	}
	var vs []checks.Verdict
	if v, ok := l.heavy(subject, c, p, metricsSay(c.resource, window, life)); ok {
		vs = append(vs, v)
	}
	if large := l.objects[c.resource]; float64(c.ignored) >= p.Refusals && large >= p.LargeResource && !c.informs() {
		vs = append(vs, subject.Aspect("limit-ignored").Find(checks.Info, "asked in %d of %d LISTs for resourceVersion=0 and a limit, %s: the limit is ignored, and all %.0f objects are returned at once", c.ignored, c.lists, l.when(), large).
			Saw("%d LISTs with a limit that does nothing", c.ignored).Want("none").WithFix(l.paging()))
	}
	if float64(c.expired) >= p.Refusals && c.expired*10 >= c.lists {
		vs = append(vs, subject.Aspect("expired").Find(checks.Info, "was told in %d of %d LISTs that what it asked for is gone (410), and began anew, %s: it reads pages too slowly, or keeps a resourceVersion for too long", c.expired, c.lists, l.when()).
			Saw("%d answers 410", c.expired).Want("none, or few").WithFix("read all pages within 5 minutes, or use an informer"))
	}
	return vs
}

// heavy judges what the LISTs of a client make etcd read.
func (l logged) heavy(subject checks.Subject, c *caller, p listRVParams, metrics string) (checks.Verdict, bool) {
	sure, most, often := l.perSecond(c.sure), l.perSecond(c.most), l.perSecond(float64(c.etcd))
	tail := fmt.Sprintf(", %s%s%s", l.when(), metrics, l.caveat(c))
	want := fmt.Sprintf("under %s from etcd", perSecond(p.ClientObjects))
	switch {
	case c.etcd == 0:
		return checks.Verdict{}, false
	case sure >= p.ClientObjects:
		return subject.Find(l.weight(c, p, sure), "makes etcd read %s: %s%s", perSecond(sure), l.row(c), tail).
			Saw("%s from etcd, %s", perSecond(sure), rateOf(often)).Want("%s", want).WithFix(l.fix(c)), true
	case c.counted && most >= p.ClientObjects && often >= p.EtcdLists:
		return subject.Find(checks.Info, "makes etcd read up to %s, less as far as a namespace or a page holds less, or LISTs failed: %s%s", perSecond(most), l.row(c), tail).
			Saw("up to %s from etcd, %s", perSecond(most), rateOf(often)).Want("%s", want).WithFix(l.fix(c)), true
	case !c.counted && often*60 >= p.ClientLists:
		return subject.Find(checks.Info, "lists from etcd, and how many objects that reads is not known: %s%s", l.row(c), tail).
			Saw("%s from etcd", rateOf(often)).Want("%s", want).WithFix(l.fix(c) + "; --snapshot FILE or --kubeconfig tells how many objects there are"), true
	}
	return checks.Verdict{}, false
}

// weight is how bad a client is that makes etcd read much. It is critical only where it fails for it: what
// it asks for is large, and answered 5xx again and again. What a cluster of another version did is no more than a remark.
func (l logged) weight(c *caller, p listRVParams, sure float64) checks.Severity {
	switch {
	case isEvents(c.resource), l.report.Window < lastingWindow, l.doubt != "":
		return checks.Info
	case sure >= 10*p.ClientObjects && float64(c.failed) >= p.Refusals && c.failed*100 >= c.lists:
		return checks.Critical
	}
	return checks.Warning
}

// row is a client in words: how often, how, and who serves it.
func (l logged) row(c *caller) string {
	from := ""
	if c.nodes > 1 {
		from = fmt.Sprintf(" from %d nodes", c.nodes)
	}
	said := fmt.Sprintf("%s%s (%s), %s served by etcd in %s", rateOf(l.perSecond(float64(c.lists))), from, c.worst.Asks, percent(float64(c.etcd)/float64(max(c.lists, 1))), l.server.Versions())
	if c.failed > 0 {
		said += fmt.Sprintf(", %d answered 5xx", c.failed)
	}
	return said
}

func rateOf(perSecond float64) string {
	n, of := perSecond*3600, "h"
	switch {
	case perSecond >= 1:
		n, of = perSecond, "s"
	case perSecond*60 >= 1:
		n, of = perSecond*60, "min"
	}
	if said := fmt.Sprintf("%.3g", n); said != "1" {
		return said + " LISTs/" + of
	}
	return "1 LIST/" + of
}

// caveat is what was taken for granted.
func (l logged) caveat(c *caller) string {
	said := ""
	for _, by := range c.worst.Served {
		if by.Assumes != "" && !strings.Contains(said, by.Assumes) {
			said += "; assumed: " + by.Assumes
		}
	}
	if l.doubt != "" {
		said += "; " + l.doubt
	}
	return said
}

func (l logged) fix(c *caller) string {
	for _, a := range c.worst.Advice {
		return strings.ToLower(a.Text[:1]) + strings.TrimSuffix(a.Text[1:], ".")
	}
	minor := 0
	if n := len(l.server.Minors); n > 0 {
		minor = l.server.Minors[n-1]
	}
	return cureByVersion(minor)
}

// paging is what to do instead of asking for pages that do not come.
func (l logged) paging() string {
	if len(l.server.Minors) > 0 && l.server.Minors[0] >= minorLocked {
		return "use an informer, or leave out resourceVersion=0: the watch cache then serves pages"
	}
	return "use an informer, or leave out the limit, which does nothing; without resourceVersion=0 there are pages, but until 1.34 etcd has to serve them"
}

// doubtful says why the log cannot be judged as a whole: who serves its LISTs is not known, or how many objects they read.
func (l logged) doubtful(whole checks.Subject, p listRVParams) (checks.Verdict, bool) {
	var unserved, uncounted int64
	var uncertain, who []string
	note := func(to *[]string, c *caller, n int64) {
		if len(*to) < tableShort {
			*to = append(*to, fmt.Sprintf("%s %s", c.name(), rateOf(l.perSecond(float64(n)))))
		}
	}
	for _, c := range l.callers {
		if c.own {
			continue
		}
		weighs := !c.counted || l.perSecond(c.most) >= p.ClientObjects // if etcd serves them
		if c.unknown > 0 && weighs && (!c.normal && len(l.server.Minors) == 0 || l.perSecond(float64(c.unknown))*60 >= p.ClientLists) {
			unserved += c.unknown
			note(&uncertain, c, c.unknown)
		}
		// Of the others, those who ask often have a verdict of their own, and those who do not are no matter.
		often := l.perSecond(float64(c.etcd))*60 >= p.ClientLists
		if c.etcd > 0 && !c.counted && often == c.normal {
			uncounted += c.etcd
			note(&who, c, c.etcd)
		}
	}
	const cluster = "--snapshot FILE of that cluster, or --kubeconfig"
	switch {
	case unserved > 0 && len(l.server.Minors) == 0:
		return whole.Skip("cannot be judged wholly: who serves %d of %s is not known, as no component in the log tells its version (%s)%s",
			unserved, checks.Count(l.Lists.Total, "LIST"), strings.Join(uncertain, "; "), l.limits()).Unlocked(cluster), true
	case unserved > 0 && l.server.Guessed != "":
		return whole.Skip("cannot be judged wholly: who serves %d of %s is not known: %s tells its version in the log and kube-apiserver does not, which is of %s (%s)%s",
			unserved, checks.Count(l.Lists.Total, "LIST"), l.server.Guessed, l.server.Versions(), strings.Join(uncertain, "; "), l.limits()).Unlocked(cluster), true
	case unserved > 0:
		return whole.Skip("cannot be judged wholly: who serves %d of %s is not known in %s (%s)%s",
			unserved, checks.Count(l.Lists.Total, "LIST"), l.server.Versions(), strings.Join(uncertain, "; "), l.limits()).
			Unlocked("--audit-log with a log of one version: of before an upgrade, or after"), true
	case uncounted > 0:
		return whole.Skip("cannot be judged wholly: how many objects %s from etcd read is not known (%s)%s", checks.Count(uncounted, "LIST"), strings.Join(who, "; "), l.limits()).Unlocked(cluster), true
	}
	return checks.Verdict{}, false
}

// pass says what was looked at, with the clients that come closest.
func (l logged) pass(whole checks.Subject) checks.Verdict {
	var etcd, uncounted, unknown int64
	sure, most := 0.0, 0.0
	var worst []string
	for _, c := range l.callers {
		unknown += c.unknown
		if !c.counted {
			uncounted += c.etcd
			continue
		}
		etcd, sure, most = etcd+c.etcd, sure+c.sure, most+c.most
		if c.etcd > 0 && len(worst) < tableShort {
			worst = append(worst, fmt.Sprintf("%s %s", strings.TrimPrefix(c.name(), "client/"), upTo(l.perSecond(c.sure), l.perSecond(c.most))))
		}
	}
	read := upTo(l.perSecond(sure), l.perSecond(most))
	var said []string
	if etcd > 0 {
		said = append(said, fmt.Sprintf("%d went to etcd and read %s, the most by %s", etcd, read, strings.Join(worst, ", ")))
	}
	if uncounted > 0 {
		said = append(said, fmt.Sprintf("%d went to etcd, and how many objects they read is not known", uncounted))
		if read = rateOf(l.perSecond(float64(uncounted))); etcd > 0 {
			read = upTo(l.perSecond(sure), l.perSecond(most)) + " and " + read
		}
	}
	if unknown > 0 {
		said = append(said, fmt.Sprintf("who served %d is not known", unknown))
	}
	if len(said) == 0 {
		said = []string{"none went to etcd"}
	}
	return whole.Pass("show no client whose LISTs weigh on etcd: of %s by %s %s, %s (%s, %s%s)",
		checks.Count(l.Lists.Total, "LIST"), checks.Count(len(l.callers), "client"), l.when(), strings.Join(said, "; "), l.levels(), l.server.Versions(), l.limits()).
		Saw("%s from etcd", read)
}

// upTo is a rate that is known, or the most that it can be.
func upTo(sure, most float64) string {
	if most > sure && most >= 1 {
		return "up to " + perSecond(most)
	}
	return perSecond(sure)
}

// metricsSay is what metrics count of a resource, of all its clients, at the time of the scrapes.
func metricsSay(name string, window, life book) string {
	for _, b := range []book{window, life} {
		if f, ok := b.flows[countedAs(name)]; ok && !math.IsNaN(f.fetched) {
			return fmt.Sprintf("; metrics count %s from etcd %s, of all clients", perSecond(f.fetched), b.during)
		}
	}
	return ""
}

// countedAs is the resource as metrics name it: events have one storage for both groups.
func countedAs(resource string) string {
	if resource == "events.events.k8s.io" {
		return "events"
	}
	return resource
}

// namedInLog says who lists a resource from etcd by the audit log, beside what the metrics count.
func namedInLog(s *evidence.Snapshot, name string) string {
	l, ok := readLogged(s)
	if !ok {
		return notNamed
	}
	var who []string
	lists := int64(0)
	for _, c := range l.callers {
		if countedAs(c.resource) != name {
			continue
		}
		lists += c.lists
		if c.etcd > 0 && len(who) < namesShort {
			who = append(who, fmt.Sprintf("%s %s with %s", bounded(nameOr(c.user)), bounded(c.product), rateOf(l.perSecond(float64(c.etcd)))))
		}
	}
	if len(who) == 0 {
		return fmt.Sprintf("the audit log %s shows no LIST of them that goes to etcd, of %d: it may be of another time or instance, or its policy leave them out", l.when(), lists)
	}
	return fmt.Sprintf("the audit log %s names %s", l.when(), strings.Join(who, ", "))
}
