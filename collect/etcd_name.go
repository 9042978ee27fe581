package collect

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// name gives what was read at endpoints the names of the members behind them, and says of members
// that have no endpoint among those given that they were not asked.
func (s *etcdSeen) name() {
	var members []evidence.EtcdMember
	if s.members.Seen() {
		members = *s.members.Value
	}
	taken := map[string]int{}
	for _, e := range s.endpoints {
		e.ownMetrics()
		subject := subjectOf("etcd", memberAt(members, e))
		e.status.Of, e.metrics.Of = subject, subject
		at, again := taken[subject]
		if !again {
			taken[subject] = len(s.status)
			s.status, s.metrics = append(s.status, e.status), append(s.metrics, e.metrics)
			continue
		}
		if !s.status[at].Seen() { // two endpoints of one member: what either tells
			s.status[at] = e.status
		}
		if !s.metrics[at].Seen() {
			s.metrics[at] = e.metrics
		}
	}
	for _, m := range members {
		subject := subjectOf("etcd", memberName(m))
		if _, ok := taken[subject]; ok {
			continue
		}
		gap := evidence.Gap{Why: evidence.NotAsked, Note: "a member that --etcd-endpoints does not name", Unlock: etcdUnlock(m.ClientURLs)}
		if len(m.ClientURLs) == 0 {
			gap = evidence.Gap{Why: evidence.Unreachable, Note: "a member that has never started: it tells no client URL"}
		}
		s.status = append(s.status, evidence.Miss[evidence.EtcdStatus](subject, gap, s.members.Source))
		s.metrics = append(s.metrics, evidence.Miss[evidence.Scrapes](subject, gap, s.members.Source))
	}
}

// ownMetrics drops metrics that are not of the member that told its status: behind one address, a
// balancer's, each connection may lead to another one.
func (e *etcdEndpoint) ownMetrics() {
	if !e.status.Seen() || !e.metrics.Seen() {
		return
	}
	own := e.status.Value.MemberID
	for id := range e.metrics.Value.First.By("etcd_server_id", "server_id") {
		if id != own {
			gap := evidence.Gap{
				Why:    evidence.Unreachable,
				Note:   fmt.Sprintf("%s leads to several members: %s told its status, %s its metrics", e.hostPort, own, id),
				Unlock: "--etcd-endpoints with the members' own addresses",
			}
			e.metrics = evidence.Miss[evidence.Scrapes](e.metrics.Of, gap, e.metrics.Source)
			return
		}
	}
}

// memberAt is the name of the member behind an endpoint: by what it says of itself, else by its
// client URLs, else the endpoint's own address.
func memberAt(members []evidence.EtcdMember, e *etcdEndpoint) string {
	for _, m := range members {
		if e.status.Seen() && m.ID == e.status.Value.MemberID {
			return memberName(m)
		}
	}
	if !e.status.Seen() {
		for _, m := range members {
			if slices.ContainsFunc(m.ClientURLs, func(u string) bool { return endpointHost(u) == e.hostPort }) {
				return memberName(m)
			}
		}
	}
	return e.hostPort
}

// memberName is the name of a member, or its id: one that never started has no name.
func memberName(m evidence.EtcdMember) string {
	if m.Name == "" {
		return m.ID
	}
	return m.Name
}

// endpointHost is the host and port of an endpoint, without anything else that stands in it.
func endpointHost(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "an endpoint that is no URL"
	}
	return u.Host
}

// hostOf is the host of a URL.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// etcdURL reads what a person gives as an endpoint: a URL, or host and port as etcdctl takes them.
func etcdURL(endpoint string, secure bool) (string, error) {
	if !strings.Contains(endpoint, "://") {
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		endpoint = scheme + endpoint
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "", fmt.Errorf("no URL of an etcd member")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", fmt.Errorf("%s is no URL of an etcd member", u.Redacted())
	}
	if u.Port() == "" {
		u.Host += ":2379"
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%s has no port from 1 to 65535", u.Redacted())
	}
	return u.Scheme + "://" + u.Host, nil
}

// etcdUnlock is what to pass so that etcd's own API is asked.
func etcdUnlock(endpoints []string) string {
	at := "https://HOST:2379"
	if len(endpoints) > 0 {
		at = strings.Join(endpoints, ",")
	}
	return "--etcd-endpoints " + at + " --etcd-cacert FILE --etcd-cert FILE --etcd-key FILE"
}

// A member's status names the alarms as etcd prints the message: "memberID:123 alarm:NOSPACE ".
var alarmText = regexp.MustCompile(`memberID:\s*(\d+)\s+alarm:\s*(\w+)`)

// alarmsOf reads the alarms out of the errors of the members' status; false if they tell of none.
func alarmsOf(up []*etcdEndpoint) (alarms []evidence.EtcdAlarm, told bool) {
	alarms = []evidence.EtcdAlarm{}
	for _, e := range up {
		for _, text := range e.status.Value.Errors {
			m := alarmText.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			id, err := strconv.ParseUint(m[1], 10, 64)
			if err != nil {
				continue
			}
			a := evidence.EtcdAlarm{MemberID: hex(id), Alarm: m[2]}
			if !slices.Contains(alarms, a) {
				alarms = append(alarms, a)
			}
		}
	}
	return alarms, len(alarms) > 0
}
