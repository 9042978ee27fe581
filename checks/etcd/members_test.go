package etcd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// memberList are n started voters cp-1, cp-2, … with ids a, b, … on 10.0.0.1, 10.0.0.2, ….
func memberList(n int) []evidence.EtcdMember {
	var ms []evidence.EtcdMember
	for i := range n {
		ms = append(ms, evidence.EtcdMember{
			ID: string(rune('a' + i)), Name: fmt.Sprintf("cp-%d", i+1),
			PeerURLs:   []string{fmt.Sprintf("https://10.0.0.%d:2380", i+1)},
			ClientURLs: []string{fmt.Sprintf("https://10.0.0.%d:2379", i+1)},
		})
	}
	return ms
}

// cluster is n members that all answer and follow a, on n nodes.
func cluster(n int) *evidence.Snapshot {
	s := &evidence.Snapshot{EtcdMembers: evidence.See("etcd cluster", memberList(n), evidence.Source{Via: "etcd"}), Nodes: nodes(n)}
	for i, m := range memberList(n) {
		s.EtcdStatus = append(s.EtcdStatus, evidence.See("etcd/"+m.Name, evidence.EtcdStatus{
			Endpoint: fmt.Sprintf("10.0.0.%d:2379", i+1), ClusterID: "c1", MemberID: m.ID, Leader: "a", RaftTerm: 2, RaftIndex: 100, RaftApplied: 100,
		}, evidence.Source{Via: "etcd"}))
	}
	return s
}

// unreachable makes members not answer kaudit.
func unreachable(s *evidence.Snapshot, is ...int) *evidence.Snapshot {
	for _, i := range is {
		s.EtcdStatus[i] = evidence.Miss[evidence.EtcdStatus](s.EtcdStatus[i].Of, evidence.Gap{Why: evidence.Unreachable, Note: "connection refused"}, evidence.Source{})
	}
	return s
}

// aspect finds what was said of one aspect of the cluster.
func aspect(t *testing.T, s *evidence.Snapshot, subject string) checks.Verdict {
	t.Helper()
	vs := runMembers(s, membersDefaults)
	i := slices.IndexFunc(vs, func(v checks.Verdict) bool { return v.Subject == subject })
	if i < 0 {
		t.Fatalf("got %v, want a verdict on %s", said(vs), subject)
	}
	return vs[i]
}

// judged runs a table on one aspect: the wanted outcome or severity, by case.
func judged(t *testing.T, subject string, cases map[string]struct {
	s    *evidence.Snapshot
	want string
},
) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := aspect(t, tc.s, subject)
			if got := said([]checks.Verdict{v})[0]; got != tc.want+" "+subject {
				t.Errorf("got %s: %s, want %s", got, v.Message, tc.want)
			}
		})
	}
}

type membersCases = map[string]struct {
	s    *evidence.Snapshot
	want string
}

func TestMembersCount(t *testing.T) {
	on := func(s *evidence.Snapshot, n int) *evidence.Snapshot { s.Nodes = nodes(n); return s }
	distribution := func(s *evidence.Snapshot, d string) *evidence.Snapshot { s.Cluster.Distribution = d; return s }
	worker := on(cluster(1), 10)
	worker.Nodes.Value.Items[1].ControlPlane, worker.Nodes.Value.Items[2].ControlPlane = false, false
	eleven := on(cluster(1), 11)
	eleven.Nodes.Value.Items[1].ControlPlane, eleven.Nodes.Value.Items[2].ControlPlane = false, false
	noNodes := cluster(1)
	noNodes.Nodes = evidence.Observed[evidence.Nodes]{}
	learner := cluster(4)
	(*learner.EtcdMembers.Value)[3].Learner = true
	byPods := &evidence.Snapshot{ControlPods: pods("etcd", 3), Nodes: nodes(3)}
	onePod := &evidence.Snapshot{ControlPods: pods("etcd", 1), Nodes: nodes(3)}
	first := &evidence.Snapshot{ControlPods: pods("etcd", 3), Nodes: nodes(3), EtcdFlags: etcdFlags(map[string]map[string]string{
		"etcd/cp-1": {"initial-cluster": "cp-1=https://10.0.0.1:2380"},
	})}
	more := &evidence.Snapshot{ControlPods: pods("etcd", 3), Nodes: nodes(3), EtcdFlags: etcdFlags(map[string]map[string]string{
		"etcd/cp-1": {"initial-cluster": "a=https://1:2380,b=https://2:2380,c=https://3:2380,d=https://4:2380"},
	})}
	files := &evidence.Snapshot{EtcdFlags: etcdFlags(map[string]map[string]string{"etcd/cp-1": {"initial-cluster": "a=https://1:2380,b=https://2:2380"}})}

	judged(t, "etcd cluster count", membersCases{
		"3":                                {cluster(3), "pass"},
		"5":                                {cluster(5), "pass"},
		"7":                                {cluster(7), "pass"},
		"9":                                {cluster(9), "warning"},
		"2":                                {cluster(2), "critical"},
		"4":                                {cluster(4), "warning"},
		"3 and a learner":                  {learner, "pass"},
		"1 of a single node":               {cluster(1), "not-applicable"},
		"1 of 3 control-plane nodes":       {on(cluster(1), 3), "critical"},
		"1 of 10 nodes, one control plane": {worker, "warning"},
		"1 of 11 nodes, one control plane": {eleven, "critical"},
		"1, nodes unknown":                 {noNodes, "warning"},
		"1 in kind":                        {distribution(on(cluster(1), 3), "kind"), "not-applicable"},
		"3 pods":                           {byPods, "pass"},
		"1 pod of 3 control planes":        {onePod, "warning"},
		"the first one's flags name it":    {first, "pass"},
		"a flag names more than pods":      {more, "skipped"},
		"flags only":                       {files, "skipped"},
	})
}

func TestMembersHealth(t *testing.T) {
	leaderless := func(s *evidence.Snapshot, is ...int) *evidence.Snapshot {
		for _, i := range is {
			s.EtcdStatus[i].Value.Leader = ""
		}
		return s
	}
	unstarted := func(n int) *evidence.Snapshot {
		s := cluster(n)
		m := &(*s.EtcdMembers.Value)[n-1]
		m.Name, m.ClientURLs = "", nil
		s.EtcdStatus = s.EtcdStatus[:n-1]
		return s
	}
	unasked := cluster(3)
	unasked.EtcdStatus = unasked.EtcdStatus[:1]
	deadPod := unreachable(cluster(3), 2)
	deadPod.ControlPods = pods("etcd", 3)
	(*deadPod.ControlPods.Value)[2].Ready, (*deadPod.ControlPods.Value)[2].Waiting = false, "CrashLoopBackOff"
	peers := func(active float64) *evidence.Snapshot {
		s := unreachable(cluster(3), 2)
		s.EtcdMetrics = metrics(map[string]evidence.Scrape{"etcd/cp-1": scrape(time.Hour, nil, labelled{"etcd_network_active_peers", map[string]string{"Local": "a", "Remote": "c"}, active})})
		return s
	}
	byMetrics := func(has ...float64) *evidence.Snapshot {
		of := map[string]evidence.Scrape{}
		for i, h := range has {
			of[fmt.Sprintf("etcd/cp-%d", i+1)] = scrape(time.Hour, values{"etcd_server_has_leader": h})
		}
		return &evidence.Snapshot{EtcdMetrics: metrics(of), ControlPods: pods("etcd", 3), Nodes: nodes(3)}
	}

	noList := func(s *evidence.Snapshot) *evidence.Snapshot { // it needs a majority
		s.EtcdMembers = evidence.Miss[[]evidence.EtcdMember]("etcd cluster", evidence.Gap{Why: evidence.Unreachable, Note: "deadline exceeded"}, evidence.Source{})
		return s
	}

	judged(t, "etcd cluster health", membersCases{
		"all well":                                  {cluster(3), "pass"},
		"one of 3 does not answer kaudit":           {unreachable(cluster(3), 2), "warning"},
		"two of 3 do not, and the third is led":     {unreachable(cluster(3), 1, 2), "warning"},
		"none answers":                              {unreachable(cluster(3), 0, 1, 2), "skipped"},
		"one of 3 has no leader":                    {leaderless(cluster(3), 2), "critical"},
		"one of 5 has no leader":                    {leaderless(cluster(5), 4), "warning"},
		"and another does not answer kaudit":        {unreachable(leaderless(cluster(5), 4), 3), "warning"},
		"two of 5 have none":                        {leaderless(cluster(5), 3, 4), "critical"},
		"nobody has a leader":                       {leaderless(cluster(3), 0, 1, 2), "critical"},
		"no leader where anybody answers":           {unreachable(leaderless(cluster(3), 0), 1, 2), "critical"},
		"one of 3 never started":                    {unstarted(3), "critical"},
		"one of 5 never started":                    {unstarted(5), "warning"},
		"two were not asked":                        {unasked, "skipped"},
		"does not answer, and its pod crashes":      {deadPod, "critical"},
		"does not answer, and no peer reaches it":   {peers(0), "critical"},
		"does not answer, but its peers reach it":   {peers(2), "pass"},
		"metrics: all have a leader":                {byMetrics(1, 1, 1), "pass"},
		"metrics: one has none":                     {byMetrics(1, 1, 0), "critical"},
		"metrics: two are seen":                     {byMetrics(1, 1), "skipped"},
		"metrics: nobody has one":                   {byMetrics(0, 0, 0), "critical"},
		"no member list, no leader":                 {noList(unreachable(leaderless(cluster(3), 0), 1, 2)), "critical"},
		"no member list, all that answer are well":  {noList(cluster(3)), "skipped"},
		"pods only":                                 {&evidence.Snapshot{ControlPods: pods("etcd", 3)}, "skipped"},
		"a single member is well":                   {cluster(1), "pass"},
		"a single member without a leader is down":  {leaderless(cluster(1), 0), "critical"},
		"one of 2 gone leaves the other leaderless": {unreachable(leaderless(cluster(2), 0), 1), "critical"},
	})
}

func TestMembersPeersKnown(t *testing.T) {
	knows := func(self string, learner float64, remotes ...string) evidence.Scrape {
		more := []labelled{{"etcd_server_id", map[string]string{"server_id": self}, 1}}
		for _, r := range remotes {
			more = append(more, labelled{"etcd_network_known_peers", map[string]string{"Local": self, "Remote": r}, 1})
		}
		more = append(more, labelled{"etcd_network_known_peers", map[string]string{"Local": self, "Remote": "gone"}, 0})
		return scrape(time.Hour, values{"etcd_server_has_leader": 1, "etcd_server_is_learner": learner}, more...)
	}
	three := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{
		"etcd/cp-1": knows("a", 0, "a", "b", "c"), "etcd/cp-2": knows("b", 0, "a", "b", "c"), "etcd/cp-3": knows("c", 0, "a", "b", "c"),
	})}
	learner := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{
		"etcd/cp-1": knows("a", 0, "a", "b"), "etcd/cp-2": knows("b", 1, "a", "b"),
	}), Nodes: nodes(3)}
	silentThird := &evidence.Snapshot{EtcdMetrics: three.EtcdMetrics[:2]}
	withPods := &evidence.Snapshot{EtcdMetrics: three.EtcdMetrics[:2], ControlPods: pods("etcd", 3)}
	two := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{
		"etcd/cp-1": knows("a", 0, "a"), "etcd-events/cp-1": knows("x", 0, "x", "y", "z"), "etcd-events/cp-2": knows("y", 0, "x", "y", "z"), "etcd-events/cp-3": knows("z", 0, "x", "y", "z"),
	}), Nodes: nodes(1)}
	down := &evidence.Snapshot{EtcdMetrics: slices.Clone(three.EtcdMetrics), ControlPods: pods("etcd", 3), Nodes: nodes(3)}
	down.EtcdMetrics[2] = evidence.Miss[evidence.Scrapes]("etcd/cp-3", evidence.Gap{Why: evidence.Unreachable, Note: "connection refused"}, evidence.Source{})
	down.EtcdMetrics[0].Value.First.Families["etcd_network_active_peers"] = &evidence.Family{Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"Local": "a", "Remote": "c"}}}}
	if v := aspect(t, down, "etcd cluster health"); v.Severity != checks.Critical || !strings.Contains(v.Message, "cp-3") {
		t.Errorf("got %s %q, want it critical and to name cp-3", v.Severity, v.Message)
	}
	judged(t, "etcd cluster count", membersCases{
		"three that know each other":     {three, "pass"},
		"one, and a learner":             {learner, "critical"},
		"the third may be a learner":     {silentThird, "skipped"},
		"the third has a pod like them":  {withPods, "pass"},
		"main of one, events are others": {two, "not-applicable"},
	})
	oneForEvents := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd-events/cp-1": knows("x", 0, "x")}), Nodes: nodes(3)}
	judged(t, "etcd-events cluster count", membersCases{
		"events of three": {two, "pass"},
		"events of one":   {oneForEvents, "warning"},
	})
}

func TestMembersSpread(t *testing.T) {
	in := func(n, all int, zones ...string) *evidence.Snapshot {
		s := cluster(n)
		s.Nodes = nodes(all, zones...)
		return s
	}
	together := cluster(3)
	(*together.EtcdMembers.Value)[1].PeerURLs = []string{"https://10.0.0.1:2390"}
	loopback := cluster(3)
	for i := range *loopback.EtcdMembers.Value {
		(*loopback.EtcdMembers.Value)[i].PeerURLs = []string{fmt.Sprintf("https://127.0.0.1:%d", 2380+100*i)}
	}
	external := cluster(3)
	for i := range *external.EtcdMembers.Value {
		m := &(*external.EtcdMembers.Value)[i]
		m.Name, m.PeerURLs = "db-"+m.ID, []string{"https://192.168.0.1:2380"}
	}
	oneZone := in(3, 9, "a", "b", "c")
	for i := range 3 {
		oneZone.Nodes.Value.Items[i].Zone = "a"
	}
	twoOfThree := in(3, 9, "a", "b", "c")
	twoOfThree.Nodes.Value.Items[1].Zone = "a"
	noNodes := cluster(3)
	noNodes.Nodes = evidence.Observed[evidence.Nodes]{}
	judged(t, "etcd cluster spread", membersCases{
		"a node each, zones unknown":    {cluster(3), "pass"},
		"three zones":                   {in(3, 9, "a", "b", "c"), "pass"},
		"two zones":                     {in(3, 9, "a", "b"), "info"},
		"the only zone":                 {in(3, 9, "a"), "pass"},
		"all in one of three zones":     {oneZone, "warning"},
		"two of three in one of three":  {twoOfThree, "warning"},
		"two on one node":               {together, "critical"},
		"all on loopback":               {loopback, "not-applicable"},
		"on machines that are no nodes": {external, "skipped"},
		"nodes unknown":                 {noNodes, "skipped"},
		"by pods":                       {&evidence.Snapshot{ControlPods: pods("etcd", 3), Nodes: nodes(3)}, "pass"},
	})
}

func TestMembersStragglers(t *testing.T) {
	s := cluster(4)
	ms := *s.EtcdMembers.Value
	ms[2].Name, ms[2].ClientURLs = "", nil
	ms[3].Learner = true
	learner := func(age time.Duration) *evidence.Snapshot {
		l := *s
		l.EtcdMetrics = metrics(map[string]evidence.Scrape{"etcd/cp-4": scrape(age, values{"etcd_server_is_learner": 1})})
		return &l
	}
	judged(t, "etcd/member c started", membersCases{"never started": {s, "warning"}})
	judged(t, "etcd/cp-4 learner", membersCases{
		"just seen":      {s, "info"},
		"for 59 minutes": {learner(59 * time.Minute), "info"},
		"for an hour":    {learner(time.Hour), "warning"},
	})
}
