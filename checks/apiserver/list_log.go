package apiserver

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// ofLogs is the subject of what is said of audit logs as a whole.
const ofLogs = "audit logs"

// A logged is what audit logs tell, judged for the servers that wrote them.
type logged struct {
	*evidence.Requests
	src     evidence.Source
	report  requests.Report
	server  requests.Server
	objects map[string]float64
	doubt   string // where the log and the cluster are of different versions
	callers []*caller
}

// A caller is one client that lists one resource, whatever its version and its scope.
type caller struct {
	user, product, resource string

	lists, etcd, unknown int64 // finished; served by etcd; served by nobody knows whom
	sure, most           float64
	counted              bool  // the objects of the resource are counted
	ignored              int64 // asked steadily with a limit that does nothing: informers do so once
	expired              int64 // 410
	failed               int64 // 5xx
	slow                 int64 // of those from etcd, over 500 ms
	waited               time.Duration
	nodes                int64
	watches              int64
	own                  bool            // a component of Kubernetes itself
	normal               bool            // so much the less to be told of
	worst                requests.Judged // the row that says how it asks
}

// readLogged judges the audit log; false if there is none.
func readLogged(s *evidence.Snapshot) (logged, bool) {
	if !s.Requests.Seen() {
		return logged{}, false
	}
	l := logged{Requests: s.Requests.Value, src: s.Requests.Source}
	l.server, l.doubt = serversOf(s, l.Requests)
	l.objects = s.ObjectCounts()
	l.report = requests.Judge(l.Requests, requests.Options{Server: l.server, Objects: l.objects})
	by := map[[3]string]*caller{}
	for _, row := range l.report.Clients {
		key := [3]string{row.User, row.Agent.Product, row.GroupResource()}
		c := by[key]
		if c == nil {
			c = &caller{user: row.User, product: row.Agent.Product, resource: row.GroupResource(), counted: true, own: true, normal: true}
			by[key] = c
		}
		if row.Verb == "watch" {
			c.watches += row.Count
			continue
		}
		if c.lists == 0 {
			l.callers = append(l.callers, c)
		}
		c.add(row)
	}
	slices.SortFunc(l.callers, func(a, b *caller) int {
		return cmp.Or(-cmp.Compare(a.sure, b.sure), -cmp.Compare(a.most, b.most), -cmp.Compare(a.etcd, b.etcd), -cmp.Compare(a.lists, b.lists),
			strings.Compare(a.name(), b.name()))
	})
	return l, true
}

// serversOf is what is known of the servers that wrote the log. Its own components tell their versions best; what a
// cluster tells besides holds where these are the same.
func serversOf(s *evidence.Snapshot, r *evidence.Requests) (requests.Server, string) {
	log := requests.FromLog(r)
	cluster := requests.FromSnapshot(s)
	if len(cluster.Minors) == 0 {
		return log, ""
	}
	binary := 0
	if s.Version.Seen() {
		binary = s.Version.Value.Minor
	}
	versions := log.Minors
	if log.Guessed != "" {
		versions = versions[:1] // what the component says: the other is what kube-apiserver might be, too
	}
	for _, minor := range versions {
		if minor != binary && !slices.Contains(cluster.Minors, minor) {
			return log, fmt.Sprintf("the log is of %s, the cluster is %s now", log.Versions(), cluster.Versions())
		}
	}
	return cluster, ""
}

func (c *caller) add(row requests.Judged) {
	if c.lists == 0 || c.outdoes(row) {
		c.worst = row
	}
	c.lists += row.Count
	for _, by := range row.Served {
		switch {
		case by.By == requests.Etcd:
			c.etcd += by.Count
		case by.By == requests.Unknown:
			c.unknown += by.Count
		case by.LimitIgnored && row.Interval > 0:
			c.ignored += wholes(row)
		}
	}
	c.most += row.Cost.EtcdObjects
	if !row.Cost.AtMost { // nor is sure what was read for those that were answered 5xx
		c.sure += row.Cost.EtcdObjects * float64(row.Count-min(row.ServerErrors, row.Count)) / float64(max(row.Count, 1))
	}
	c.counted = c.counted && row.Cost.Known
	c.expired, c.failed = c.expired+row.Expired, c.failed+row.ServerErrors
	for _, shape := range row.Shapes {
		c.slow, c.waited = c.slow+shape.Slow, c.waited+shape.Etcd
	}
	if row.FanOutOf == "nodes" {
		c.nodes = max(c.nodes, row.FanOut)
	}
	c.own, c.normal = c.own && row.Normal == requests.Own, c.normal && row.Normal != ""
}

// wholes are LISTs that want a page and are given everything. Of what one node has, that is little.
func wholes(row requests.Judged) int64 {
	var n int64
	for _, shape := range row.Shapes {
		if shape.RV == evidence.RVZero && shape.Limit && shape.Continue == "" && shape.Selector != evidence.SelectNode && shape.Selector != evidence.SelectName {
			n += shape.Count
		}
	}
	return n
}

// outdoes reports whether a row costs more than the one that stands for the client.
func (c *caller) outdoes(row requests.Judged) bool {
	have := c.worst
	return cmp.Or(cmp.Compare(row.Cost.EtcdObjects, have.Cost.EtcdObjects), cmp.Compare(row.Count, have.Count)) > 0
}

// name is the subject: nothing in it changes with a version, a node or a restart.
func (c *caller) name() string {
	return fmt.Sprintf("client/%s %s list %s", bounded(nameOr(c.user)), bounded(cmp.Or(c.product, "without a user agent")), c.resource)
}

// informs reports whether each LIST is followed by a watch, as those of informers are.
func (c *caller) informs() bool { return c.lists <= 2*c.watches }

// longName is how much a table bears of a name.
const longName = 100

// bounded keeps a name to that length. What is cut ends with a hash of the whole, or two service accounts of one
// namespace might share a subject.
func bounded(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	r := []rune(name)
	if len(r) <= longName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s…%x", string(r[:longName]), sum[:4])
}

// perSecond is a rate over the time of the log.
func (l logged) perSecond(n float64) float64 {
	if l.report.Window <= 0 {
		return 0
	}
	return n / l.report.Window.Seconds()
}

// when says which time the log is of.
func (l logged) when() string {
	const stamp = "2006-01-02 15:04:05"
	from, to := l.Start().UTC(), l.To.UTC()
	end := to.Format(stamp)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		end = to.Format(time.TimeOnly)
	}
	return fmt.Sprintf("from %s to %s UTC", from.Format(stamp), end)
}

// levels says at which levels the log records.
func (l logged) levels() string {
	if len(l.Levels) == 0 {
		return "no level"
	}
	return "level " + strings.Join(slices.Sorted(maps.Keys(l.Levels)), ", ")
}

// read says what was read.
func (l logged) read() string {
	return fmt.Sprintf("%s, %s, %s%s", checks.Count(l.Events, "event"), l.levels(), l.when(), l.limits())
}

// limits are what the log does not tell, or not surely.
func (l logged) limits() string {
	var said []string
	if l.Malformed > 0 {
		said = append(said, fmt.Sprintf("%s could not be read", checks.Count(l.Malformed, "line")))
	}
	for _, log := range l.Logs {
		if log.Cut != "" {
			said = append(said, fmt.Sprintf("%s was not read to its end: %s", log.Name, log.Cut))
		}
	}
	if n := l.Others.Lists.Total; n > 0 {
		said = append(said, fmt.Sprintf("%s are of clients that were not kept apart, of at most %d each", checks.Count(n, "LIST"), l.Others.AtMost))
	}
	if l.doubt != "" {
		said = append(said, l.doubt)
	}
	if known := l.server.Beyond(); known != "" {
		said = append(said, fmt.Sprintf("taken to behave as %s does, the newest that is known", known))
	}
	if len(said) == 0 {
		return ""
	}
	return "; " + strings.Join(said, "; ")
}
