package collect

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kaudit/kaudit/evidence"
)

// fakeEtcd is one member.
type fakeEtcd struct {
	id, leader uint64
	down       error
	noQuorum   bool
	errors     []string
	members    []*etcdserverpb.Member
	alarms     []*etcdserverpb.AlarmMember
	cluster    uint64 // 0: 0xcafe
	learner    bool
	serverID   string // in its metrics
}

func (f *fakeEtcd) Status(context.Context, string) (*clientv3.StatusResponse, error) {
	if f.down != nil {
		return nil, f.down
	}
	return (*clientv3.StatusResponse)(&etcdserverpb.StatusResponse{
		Header: &etcdserverpb.ResponseHeader{ClusterId: cmp.Or(f.cluster, 0xcafe), MemberId: f.id, Revision: 7}, IsLearner: f.learner,
		Version: "3.7.3", DbSize: 100, DbSizeInUse: 60, DbSizeQuota: 1000, Leader: f.leader, RaftIndex: 9, RaftAppliedIndex: 8, Errors: f.errors,
	}), nil
}

func (f *fakeEtcd) MemberList(_ context.Context, opts ...clientv3.OpOption) (*clientv3.MemberListResponse, error) {
	if f.learner {
		return nil, errLearner
	}
	if f.noQuorum && len(opts) == 0 {
		return nil, context.DeadlineExceeded
	}
	return (*clientv3.MemberListResponse)(&etcdserverpb.MemberListResponse{Members: f.members}), nil
}

func (f *fakeEtcd) AlarmList(context.Context) (*clientv3.AlarmResponse, error) {
	if f.learner {
		return nil, errLearner
	}
	if f.noQuorum {
		return nil, context.DeadlineExceeded
	}
	return (*clientv3.AlarmResponse)(&etcdserverpb.AlarmResponse{Alarms: f.alarms}), nil
}

func (f *fakeEtcd) Close() error { return nil }

var (
	threeMembers = []*etcdserverpb.Member{
		{ID: 0xa, Name: "cp-1", PeerURLs: []string{"https://10.0.0.1:2380"}, ClientURLs: []string{"https://10.0.0.1:2379"}},
		{ID: 0xb, Name: "cp-2", PeerURLs: []string{"https://10.0.0.2:2380"}, ClientURLs: []string{"https://10.0.0.2:2379"}},
		{ID: 0xc, Name: "cp-3", PeerURLs: []string{"https://10.0.0.3:2380"}, ClientURLs: []string{"https://10.0.0.3:2379"}},
	}
	errLearner = status.Error(codes.Unavailable, "etcdserver: rpc not supported for learner")
	refused    = status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.2:2379: connect: connection refused"`)
)

func readFakeEtcd(t *testing.T, at map[string]*fakeEtcd, endpoints ...string) etcdSeen {
	t.Helper()
	r := &etcdReader{
		now:  time.Now,
		open: func(endpoint string) (etcdAPI, error) { return at[endpoint], nil },
		scrape: func(_ context.Context, endpoint string) evidence.Observed[evidence.Scrapes] {
			if at[endpoint].down != nil {
				return evidence.Miss[evidence.Scrapes]("", evidence.Gap{Why: evidence.Unreachable, Note: "down"}, evidence.Source{})
			}
			var s evidence.Scrapes
			if id := at[endpoint].serverID; id != "" {
				s.First.Families = map[string]*evidence.Family{"etcd_server_id": {Type: "gauge", Series: []evidence.Series{{Labels: map[string]string{"server_id": id}, Value: 1}}}}
			}
			return evidence.See("", s, evidence.Source{})
		},
	}
	return r.read(t.Context(), endpoints)
}

// told is who was seen, and of whom not, why.
func told[T any](in evidence.Instances[T]) []string {
	var out []string
	for _, o := range in {
		if o.Seen() {
			out = append(out, o.Of)
		} else {
			out = append(out, o.Of+" "+string(o.Gap.Why)+": "+o.Gap.Note)
		}
	}
	return out
}

func TestOneEtcdMemberThatIsDownHidesNoOther(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.1:2379": {id: 0xa, leader: 0xa, members: threeMembers, alarms: []*etcdserverpb.AlarmMember{{MemberID: 0xb, Alarm: etcdserverpb.AlarmType_NOSPACE}}},
		"https://10.0.0.2:2379": {down: refused},
		"https://cp-3:2379":     {id: 0xc, leader: 0xa, members: threeMembers},
		"https://alias:2379":    {id: 0xa, leader: 0xa, members: threeMembers},
	}, "https://10.0.0.1:2379", "https://10.0.0.2:2379", "https://cp-3:2379", "https://alias:2379")
	want := []string{
		"etcd/cp-1",
		"etcd/cp-2 unreachable: Maintenance.Status: dial tcp 10.0.0.2:2379: connect: connection refused",
		"etcd/cp-3",
	}
	if d := gocmp.Diff(want, told(seen.status)); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	if d := gocmp.Diff([]string{"etcd/cp-1", "etcd/cp-2 unreachable: down", "etcd/cp-3"}, told(seen.metrics)); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
	if d := gocmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "b", Alarm: "NOSPACE"}}, seen.alarms.Value); d != "" {
		t.Errorf("alarms (-want +got):\n%s", d)
	}
	quota := int64(1000)
	wantStatus := evidence.EtcdStatus{
		Endpoint: "10.0.0.1:2379", ClusterID: "cafe", MemberID: "a", Version: "3.7.3", DBBytes: 100, DBInUseBytes: 60,
		QuotaBytes: &quota, Leader: "a", Revision: 7, RaftIndex: 9, RaftApplied: 8,
	}
	got := *seen.status[0].Value
	got.RoundTrip = 0
	if d := gocmp.Diff(wantStatus, got); d != "" {
		t.Errorf("status of cp-1 (-want +got):\n%s", d)
	}
}

func TestEtcdWithoutQuorumStillTellsItsMembersAndAlarms(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.1:2379": {id: 0xa, noQuorum: true, members: threeMembers, errors: []string{"etcdserver: no leader", "memberID:12  alarm:NOSPACE "}},
		"https://10.0.0.2:2379": {down: refused},
	}, "https://10.0.0.1:2379", "https://10.0.0.2:2379")
	if !seen.members.Seen() || len(*seen.members.Value) != 3 || !strings.Contains(seen.members.Source.Ask, "serializable") {
		t.Errorf("got members %+v, want three, by the member's own view", seen.members)
	}
	if d := gocmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "c", Alarm: "NOSPACE"}}, seen.alarms.Value); d != "" {
		t.Errorf("alarms (-want +got):\n%s", d)
	}
	if got := seen.status[0].Value.Leader; got != "" {
		t.Errorf("got leader %q, want none", got)
	}
}

func TestEtcdMembersThatWereNotAskedAreGaps(t *testing.T) {
	members := append([]*etcdserverpb.Member{{ID: 0xd, PeerURLs: []string{"https://10.0.0.4:2380"}}}, threeMembers[:2]...)
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.1:2379": {id: 0xa, leader: 0xa, members: members},
	}, "https://10.0.0.1:2379")
	want := []string{
		"etcd/cp-1",
		"etcd/d unreachable: a member that has never started: it tells no client URL",
		"etcd/cp-2 not-asked: a member that --etcd-endpoints does not name",
	}
	if d := gocmp.Diff(want, told(seen.status)); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	if got := seen.status[2].Gap.Unlock; !strings.HasPrefix(got, "--etcd-endpoints https://10.0.0.2:2379 ") {
		t.Errorf("got unlock %q, want the member's client URL in it", got)
	}
}

func TestNoEtcdMemberAnswers(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.2:2379": {down: refused},
		"https://10.0.0.3:2379": {down: status.Error(codes.PermissionDenied, "no")},
	}, "https://10.0.0.2:2379", "https://10.0.0.3:2379")
	if seen.members.Gap == nil || !strings.Contains(seen.members.Gap.Note, "10.0.0.2:2379: Maintenance.Status: dial tcp") || !strings.Contains(seen.members.Gap.Note, "10.0.0.3:2379: ") {
		t.Errorf("got %+v, want a gap that says what came of both", seen.members)
	}
	if got := seen.status[1].Gap.Why; got != evidence.Forbidden {
		t.Errorf("got %s for a refusal, want forbidden", got)
	}
}

func TestOneOfTwoEndpointsOfAMemberIsEnough(t *testing.T) {
	at := map[string]*fakeEtcd{
		"https://10.0.0.1:2379": {down: refused},
		"https://cp-1:2379":     {id: 0xa, leader: 0xa, members: threeMembers[:1], serverID: "a"},
	}
	seen := readFakeEtcd(t, at, "https://10.0.0.1:2379", "https://cp-1:2379", "https://10.0.0.1:2379")
	if d := gocmp.Diff([][]string{{"etcd/cp-1"}, {"etcd/cp-1"}}, [][]string{told(seen.status), told(seen.metrics)}); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestABalancerBeforeEtcdMixesNoMembers(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://etcd:2379": {id: 0xa, leader: 0xa, members: threeMembers[:1], serverID: "b"},
	}, "https://etcd:2379")
	if d := gocmp.Diff([]string{"etcd/cp-1"}, told(seen.status)); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	want := []string{"etcd/cp-1 unreachable: etcd:2379 leads to several members: a told its status, b its metrics"}
	if d := gocmp.Diff(want, told(seen.metrics)); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
}

func TestALearnerIsNotAskedForTheOthers(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.2:2379": {id: 0xb, leader: 0xa, learner: true},
		"https://10.0.0.1:2379": {id: 0xa, leader: 0xa, members: threeMembers[:2], alarms: []*etcdserverpb.AlarmMember{{MemberID: 0xb, Alarm: etcdserverpb.AlarmType_CORRUPT}}},
	}, "https://10.0.0.2:2379", "https://10.0.0.1:2379")
	if !seen.members.Seen() || seen.members.Source.Ask != "Cluster.MemberList" || seen.members.Source.From != "10.0.0.1:2379" {
		t.Errorf("got %+v, want the members as a quorum knows them", seen.members)
	}
	if d := gocmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "b", Alarm: "CORRUPT"}}, seen.alarms.Value); d != "" {
		t.Errorf("alarms (-want +got):\n%s", d)
	}
}

func TestTwoEtcdClusters(t *testing.T) {
	seen := readFakeEtcd(t, map[string]*fakeEtcd{
		"https://10.0.0.1:2379": {id: 0xa, leader: 0xa, members: threeMembers[:1]},
		"https://10.0.0.1:2479": {id: 0xe, leader: 0xe, cluster: 0xbeef, errors: []string{"memberID:14 alarm:NOSPACE "}},
	}, "https://10.0.0.1:2379", "https://10.0.0.1:2479")
	if d := gocmp.Diff([]string{"etcd/cp-1", "etcd/10.0.0.1:2479"}, told(seen.status)); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	if d := gocmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "e", Alarm: "NOSPACE"}}, seen.alarms.Value); d != "" {
		t.Errorf("alarms (-want +got):\n%s", d)
	}
}
