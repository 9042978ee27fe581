package collect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
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
}

func (f *fakeEtcd) Status(context.Context, string) (*clientv3.StatusResponse, error) {
	if f.down != nil {
		return nil, f.down
	}
	return (*clientv3.StatusResponse)(&etcdserverpb.StatusResponse{
		Header:  &etcdserverpb.ResponseHeader{ClusterId: 0xcafe, MemberId: f.id, Revision: 7},
		Version: "3.7.3", DbSize: 100, DbSizeInUse: 60, DbSizeQuota: 1000, Leader: f.leader, RaftIndex: 9, RaftAppliedIndex: 8, Errors: f.errors,
	}), nil
}

func (f *fakeEtcd) MemberList(_ context.Context, opts ...clientv3.OpOption) (*clientv3.MemberListResponse, error) {
	if f.noQuorum && len(opts) == 0 {
		return nil, context.DeadlineExceeded
	}
	return (*clientv3.MemberListResponse)(&etcdserverpb.MemberListResponse{Members: f.members}), nil
}

func (f *fakeEtcd) AlarmList(context.Context) (*clientv3.AlarmResponse, error) {
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
	refused = status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.2:2379: connect: connection refused"`)
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
			return evidence.See("", evidence.Scrapes{}, evidence.Source{})
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
	if d := cmp.Diff(want, told(seen.status)); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"etcd/cp-1", "etcd/cp-2 unreachable: down", "etcd/cp-3"}, told(seen.metrics)); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
	if d := cmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "b", Alarm: "NOSPACE"}}, seen.alarms.Value); d != "" {
		t.Errorf("alarms (-want +got):\n%s", d)
	}
	quota := int64(1000)
	wantStatus := evidence.EtcdStatus{
		Endpoint: "10.0.0.1:2379", ClusterID: "cafe", MemberID: "a", Version: "3.7.3", DBBytes: 100, DBInUseBytes: 60,
		QuotaBytes: &quota, Leader: "a", Revision: 7, RaftIndex: 9, RaftApplied: 8,
	}
	got := *seen.status[0].Value
	got.RoundTrip = 0
	if d := cmp.Diff(wantStatus, got); d != "" {
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
	if d := cmp.Diff(&[]evidence.EtcdAlarm{{MemberID: "c", Alarm: "NOSPACE"}}, seen.alarms.Value); d != "" {
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
	if d := cmp.Diff(want, told(seen.status)); d != "" {
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

func TestEtcdGuardLetsOnlyReadsPass(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		req    any
		sent   bool
	}{
		"status":       {"/etcdserverpb.Maintenance/Status", &etcdserverpb.StatusRequest{}, true},
		"members":      {"/etcdserverpb.Cluster/MemberList", &etcdserverpb.MemberListRequest{}, true},
		"alarms":       {"/etcdserverpb.Maintenance/Alarm", &etcdserverpb.AlarmRequest{}, true},
		"disarm":       {"/etcdserverpb.Maintenance/Alarm", &etcdserverpb.AlarmRequest{Action: etcdserverpb.AlarmRequest_DEACTIVATE}, false},
		"put":          {"/etcdserverpb.KV/Put", &etcdserverpb.PutRequest{}, false},
		"range":        {"/etcdserverpb.KV/Range", &etcdserverpb.RangeRequest{}, false}, // Secrets are in there
		"defragment":   {"/etcdserverpb.Maintenance/Defragment", &etcdserverpb.DefragmentRequest{}, false},
		"authenticate": {"/etcdserverpb.Auth/Authenticate", &etcdserverpb.AuthenticateRequest{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			reached := 0
			invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
				reached++
				return nil
			}
			err := etcdReadOnly(&sent)(t.Context(), tc.method, tc.req, nil, nil, invoke)
			var no *refusalError
			if tc.sent && (err != nil || reached != 1 || sent.Load() != 1) {
				t.Errorf("got %v, want it sent and counted", err)
			}
			if !tc.sent && (!errors.As(err, &no) || reached != 0 || sent.Load() != 0) {
				t.Errorf("got %v, want it refused and not counted", err)
			}
		})
	}
}

func TestEtcdOptionsThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		opts Options
		want string
	}{
		"nothing at all":       {Options{}, "nothing to collect from"},
		"no such file":         {Options{EtcdEndpoints: []string{"a:1"}, EtcdCA: filepath.Join(dir, "none")}, "--etcd-cacert: open "},
		"no certificate in it": {Options{EtcdEndpoints: []string{"a:1"}, EtcdCA: empty}, "no certificate in it"},
		"a key alone":          {Options{EtcdEndpoints: []string{"a:1"}, EtcdKey: empty}, "belong together"},
		"a broken pair":        {Options{EtcdEndpoints: []string{"a:1"}, EtcdCert: empty, EtcdKey: empty}, "--etcd-cert "},
		"no URL":               {Options{EtcdEndpoints: []string{"ftp://user:hunter2@a"}}, "no URL of an etcd member"},
		"nonsense":             {Options{EtcdEndpoints: []string{"https://user:hunter2@[::1"}}, "no URL of an etcd member"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(t.Context(), tc.opts)
			var bad *OptionsError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an options error with %q and no password", err, tc.want)
			}
		})
	}
}

func TestEtcdURL(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1:2379":                   "https://10.0.0.1:2379",
		"https://10.0.0.1":                "https://10.0.0.1:2379",
		"https://u:p@10.0.0.1:2379/x?y=z": "https://10.0.0.1:2379",
		"http://[::1]:2379":               "http://[::1]:2379",
	} {
		if got, err := etcdURL(in, true); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}
