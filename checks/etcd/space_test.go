package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// statusOfSize is a member of etcd 3.7 by its status.
func statusOfSize(quotaBytes, allocated, inUse int64) evidence.EtcdStatus {
	return evidence.EtcdStatus{Version: "3.7.3", MemberID: "a", Leader: "a", QuotaBytes: &quotaBytes, DBBytes: allocated, DBInUseBytes: inUse}
}

func TestSpace(t *testing.T) {
	const mib = int64(1) << 20
	one := func(st evidence.EtcdStatus) *evidence.Snapshot {
		return &evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{evidence.See("etcd/cp-1", st, evidence.Source{})}}
	}
	of := func(quotaBytes, allocated, inUse int64) *evidence.Snapshot {
		return one(statusOfSize(quotaBytes, allocated, inUse))
	}
	learner := statusOfSize(1000*mib, 600*mib, 100*mib)
	learner.Learner = true
	noQuota := statusOfSize(0, 600*mib, 600*mib)
	noQuota.QuotaBytes = nil
	byMetrics := &evidence.Snapshot{EtcdMetrics: metrics(map[string]evidence.Scrape{"etcd/cp-1": memberSized(1000*mib, 500*mib)})}
	alarm := func(st evidence.EtcdStatus, as ...evidence.EtcdAlarm) *evidence.Snapshot {
		s := one(st)
		s.EtcdAlarms = evidence.See("etcd cluster", as, evidence.Source{})
		return s
	}
	inStatus := statusOfSize(1000*mib, 100*mib, 100*mib)
	inStatus.Errors = []string{"memberID:10 alarm:NOSPACE "}
	good := statusOfSize(1000*mib, 100*mib, 100*mib)
	quiet := "pass etcd cluster alarms"

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"80%":                           {of(1000*mib, 800*mib, 790*mib), []string{quiet, "pass etcd/cp-1"}},
		"over 80%":                      {of(1000*mib, 800*mib+1, 790*mib), []string{quiet, "warning etcd/cp-1"}},
		"95%":                           {of(1000*mib, 950*mib, 940*mib), []string{quiet, "warning etcd/cp-1"}},
		"over 95%":                      {of(1000*mib, 950*mib+1, 940*mib), []string{quiet, "critical etcd/cp-1"}},
		"half free, half the quota":     {of(1000*mib, 500*mib, 240*mib), []string{quiet, "info etcd/cp-1"}},
		"half free, over half of it":    {of(1000*mib, 500*mib+1, 240*mib), []string{quiet, "warning etcd/cp-1"}},
		"exactly half free":             {of(1000*mib, 600*mib, 300*mib), []string{quiet, "pass etcd/cp-1"}},
		"half free, little in use":      {of(1000*mib, 250*mib, 100*mib), []string{quiet, "pass etcd/cp-1"}},
		"free pages in a small file":    {of(100*mib, 60*mib, 1*mib), []string{quiet, "pass etcd/cp-1"}},
		"in use not told is not 0":      {of(1000*mib, 600*mib, 0), []string{quiet, "pass etcd/cp-1"}},
		"a learner may be fragmented":   {one(learner), []string{quiet, "pass etcd/cp-1"}},
		"quota not known":               {one(noQuota), []string{quiet, "skipped etcd/cp-1"}},
		"no quota at all":               {of(-1, 600*mib, 600*mib), []string{quiet, "skipped etcd/cp-1"}},
		"metrics do not tell alarms":    {byMetrics, []string{"skipped etcd cluster alarms", "pass etcd/cp-1"}},
		"no alarm":                      {alarm(good), []string{quiet, "pass etcd/cp-1"}},
		"NOSPACE though there is space": {alarm(good, evidence.EtcdAlarm{MemberID: "a", Alarm: "NOSPACE"}), []string{"critical etcd cluster alarms", "pass etcd/cp-1"}},
		"CORRUPT":                       {alarm(good, evidence.EtcdAlarm{MemberID: "a", Alarm: "CORRUPT"}), []string{"critical etcd cluster alarms", "pass etcd/cp-1"}},
		"an alarm of another kind":      {alarm(good, evidence.EtcdAlarm{MemberID: "a", Alarm: "NEW"}), []string{"warning etcd cluster alarms", "pass etcd/cp-1"}},
		"NOSPACE in the status":         {one(inStatus), []string{"critical etcd cluster alarms", "pass etcd/cp-1"}},
	} {
		t.Run(name, func(t *testing.T) { wantSaid(t, tc.want, runSpace(tc.snapshot, spaceDefaults)) })
	}
}

// TestSpaceRemedy wants the remedy that helps: defragmentation gains nothing where all is in use.
func TestSpaceRemedy(t *testing.T) {
	for name, tc := range map[string]struct {
		inUse int64
		want  string
	}{
		"mostly free":   {1 * gib, "a defragmentation gives 920 MiB back"},
		"all in use":    {1900 << 20, "would not help"},
		"not told":      {0, "is not known"},
		"half of quota": {gib + 1, "a defragmentation gives"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &evidence.Snapshot{EtcdStatus: evidence.Instances[evidence.EtcdStatus]{evidence.See("etcd/cp-1", statusOfSize(2*gib, 1944<<20, tc.inUse), evidence.Source{})}}
			got := runSpace(s, spaceDefaults)[1]
			if got.Outcome != checks.Finding || !strings.Contains(got.Message, tc.want) {
				t.Errorf("got %s %q, want a finding with %q", got.Outcome, got.Message, tc.want)
			}
		})
	}
}

// TestSpaceFromAPIServer wants never a pass of a size alone.
func TestSpaceFromAPIServer(t *testing.T) {
	storage := func(id string, bytes int64) labelled {
		return labelled{"apiserver_storage_size_bytes", map[string]string{"storage_cluster_id": id}, float64(bytes)}
	}
	of := func(ls ...labelled) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerMetrics: metrics(map[string]evidence.Scrape{
			"kube-apiserver/cp-1": scrape(time.Hour, nil, ls...),
			"kube-apiserver/cp-2": scrape(time.Hour, nil, storage("etcd-0", 1<<20)),
		})}
	}
	withFlag := func(quotaBytes string, bytes int64) *evidence.Snapshot {
		s := of(storage("etcd-0", bytes))
		s.EtcdFlags = etcdFlags(map[string]map[string]string{"etcd/cp-1": {"quota-backend-bytes": quotaBytes}})
		return s
	}
	old := of(labelled{"apiserver_storage_db_total_size_in_bytes", map[string]string{"endpoint": "https://10.0.0.1:2379"}, float64(1900 << 20)})
	old.APIServerMetrics = old.APIServerMetrics[:1]
	managed := of()
	managed.APIServerMetrics = metrics(map[string]evidence.Scrape{"kube-apiserver/a": scrape(time.Hour, nil)})
	managed.Cluster.Managed = true
	nothing := &evidence.Snapshot{APIServerMetrics: managed.APIServerMetrics}
	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"small":                     {of(storage("etcd-0", 10<<20)), []string{"skipped etcd cluster"}},
		"near the default quota":    {of(storage("etcd-0", 1900<<20)), []string{"info etcd cluster"}},
		"over the default quota":    {of(storage("etcd-0", 3*gib)), []string{"skipped etcd cluster"}},
		"near 8 GiB":                {of(storage("etcd-0", 7*gib)), []string{"info etcd cluster"}},
		"over 8 GiB":                {of(storage("etcd-0", 9*gib)), []string{"info etcd cluster"}},
		"events have their own":     {of(storage("etcd-0", 1<<20), storage("etcd-1", 1900<<20)), []string{"skipped etcd cluster", "info etcd cluster etcd-1"}},
		"old name of the metric":    {old, []string{"info etcd cluster"}},
		"quota by flag, half full":  {withFlag("4294967296", 2*gib), []string{"skipped etcd cluster"}},
		"quota by flag, over 80%":   {withFlag("4294967296", 3500<<20), []string{"warning etcd cluster"}},
		"quota by flag, over 95%":   {withFlag("4294967296", 4000<<20), []string{"critical etcd cluster"}},
		"quota by flag, none":       {withFlag("-1", 1<<20), []string{"skipped etcd cluster"}},
		"no size, managed":          {managed, []string{"not-applicable etcd"}},
		"no size, not even managed": {nothing, []string{"skipped etcd"}},
	} {
		t.Run(name, func(t *testing.T) { wantSaid(t, tc.want, runSpace(tc.snapshot, spaceDefaults)) })
	}
}

func TestAlarmMember(t *testing.T) {
	for text, want := range map[string]string{
		"memberID:10276657743932975437 alarm:NOSPACE": "8e9e05c52164694d",
		"memberID:10  alarm:CORRUPT":                  "a",
		"etcdserver: no leader":                       "fallback",
		"memberID:x alarm:NOSPACE":                    "fallback",
	} {
		if got := alarmMember(text, "fallback"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
