package collect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/kaudit/kaudit/evidence"
)

// etcdTimeout bounds each call to an etcd member.
const etcdTimeout = 5 * time.Second

// etcdAPI is all that kaudit can ask of etcd.
type etcdAPI interface {
	// MemberList is answered after a quorum confirmed it, unless it is asked to be serializable.
	MemberList(ctx context.Context, opts ...clientv3.OpOption) (*clientv3.MemberListResponse, error)
	Status(ctx context.Context, endpoint string) (*clientv3.StatusResponse, error)
	AlarmList(ctx context.Context) (*clientv3.AlarmResponse, error)
	Close() error
}

// etcdEndpoint is one member, or what answers at its endpoint.
type etcdEndpoint struct {
	url, hostPort string
	api           etcdAPI
	status        evidence.Observed[evidence.EtcdStatus]
	metrics       evidence.Observed[evidence.Scrapes]
}

// etcdReader asks etcd over its own API. Each endpoint is asked by itself, so that one that is
// down hides none of the others.
type etcdReader struct {
	open   func(endpoint string) (etcdAPI, error)
	scrape func(ctx context.Context, endpoint string) evidence.Observed[evidence.Scrapes]
	now    func() time.Time
}

// etcdSeen is what etcd told of itself.
type etcdSeen struct {
	members   evidence.Observed[[]evidence.EtcdMember]
	status    evidence.Instances[evidence.EtcdStatus]
	alarms    evidence.Observed[[]evidence.EtcdAlarm]
	metrics   evidence.Instances[evidence.Scrapes]
	endpoints []*etcdEndpoint
}

func (r *etcdReader) read(ctx context.Context, endpoints []string) etcdSeen {
	all := make([]*etcdEndpoint, len(endpoints))
	var statuses, scrapes errgroup.Group
	for i, raw := range endpoints {
		e := &etcdEndpoint{url: raw, hostPort: endpointHost(raw)}
		all[i] = e
		statuses.Go(func() error { r.readStatus(ctx, e); return nil })
		scrapes.Go(func() error { e.metrics = r.scrape(ctx, e.url); return nil })
	}
	_ = statuses.Wait() // no goroutine of either returns an error
	seen := etcdSeen{members: r.readMembers(ctx, all), alarms: r.readAlarms(ctx, all), endpoints: all}
	_ = scrapes.Wait()
	for _, e := range all {
		if e.api != nil {
			_ = e.api.Close()
		}
	}
	seen.name()
	return seen
}

func (r *etcdReader) source(e *etcdEndpoint, ask string) evidence.Source {
	return evidence.Source{Via: "etcd", From: e.hostPort, Ask: ask, At: r.now()}
}

func (r *etcdReader) readStatus(ctx context.Context, e *etcdEndpoint) {
	src := r.source(e, "Maintenance.Status")
	api, err := r.open(e.url)
	if err != nil {
		e.status = evidence.Miss[evidence.EtcdStatus]("", etcdGap(err, src), src)
		return
	}
	e.api = api
	ctx, cancel := context.WithTimeoutCause(ctx, etcdTimeout, &timeoutError{etcdTimeout})
	defer cancel()
	start := time.Now()
	resp, err := api.Status(ctx, e.url)
	took := time.Since(start)
	if err != nil {
		e.status = evidence.Miss[evidence.EtcdStatus]("", etcdGap(err, src), src)
		return
	}
	e.status = evidence.See("", statusOfEtcd(e.hostPort, resp, took), src)
}

func statusOfEtcd(endpoint string, resp *clientv3.StatusResponse, took time.Duration) evidence.EtcdStatus {
	s := evidence.EtcdStatus{
		Endpoint:       endpoint,
		ClusterID:      hex(resp.Header.GetClusterId()),
		MemberID:       hex(resp.Header.GetMemberId()),
		Version:        resp.Version,
		StorageVersion: resp.StorageVersion,
		DBBytes:        resp.DbSize,
		DBInUseBytes:   resp.DbSizeInUse,
		Learner:        resp.IsLearner,
		Revision:       resp.Header.GetRevision(),
		RaftTerm:       resp.RaftTerm,
		RaftIndex:      resp.RaftIndex,
		RaftApplied:    resp.RaftAppliedIndex,
		Errors:         resp.Errors,
		RoundTrip:      took,
	}
	if resp.DbSizeQuota > 0 {
		s.QuotaBytes = &resp.DbSizeQuota
	}
	if resp.Leader != 0 {
		s.Leader = hex(resp.Leader)
	}
	return s
}

// hex prints an id as etcdctl does.
func hex(id uint64) string { return fmt.Sprintf("%x", id) }

// reachable are the endpoints that answered, those that know a leader first, and learners, which refuse
// most questions, last.
func reachable(all []*etcdEndpoint) []*etcdEndpoint {
	var up []*etcdEndpoint
	for _, e := range all {
		if e.status.Seen() {
			up = append(up, e)
		}
	}
	slices.SortStableFunc(up, func(a, b *etcdEndpoint) int {
		return cmp.Compare(reticence(a.status.Value), reticence(b.status.Value))
	})
	return up
}

func reticence(s *evidence.EtcdStatus) int {
	switch {
	case s.Learner:
		return 2
	case s.Leader == "":
		return 1
	}
	return 0
}

// readMembers asks for the members: one that knows a leader first, with a quorum's word for it; each
// for its own view, if that cannot be had.
func (r *etcdReader) readMembers(ctx context.Context, all []*etcdEndpoint) evidence.Observed[[]evidence.EtcdMember] {
	up := reachable(all)
	if len(up) == 0 {
		return missAll[[]evidence.EtcdMember](all)
	}
	var err error
	for i, e := range up {
		src := r.source(e, "Cluster.MemberList")
		if i == 0 && e.status.Value.Leader != "" {
			var members []evidence.EtcdMember
			if members, err = r.memberList(ctx, e); err == nil {
				return evidence.See("etcd cluster", members, src)
			}
		}
		src.Ask = "Cluster.MemberList, serializable"
		var members []evidence.EtcdMember
		if members, err = r.memberList(ctx, e, clientv3.WithSerializable()); err == nil {
			return evidence.See("etcd cluster", members, src)
		}
	}
	src := r.source(up[0], "Cluster.MemberList")
	return evidence.Miss[[]evidence.EtcdMember]("etcd cluster", etcdGap(err, src), src)
}

func (r *etcdReader) memberList(ctx context.Context, e *etcdEndpoint, opts ...clientv3.OpOption) ([]evidence.EtcdMember, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, etcdTimeout, &timeoutError{etcdTimeout})
	defer cancel()
	resp, err := e.api.MemberList(ctx, opts...)
	if err != nil {
		return nil, err
	}
	members := make([]evidence.EtcdMember, 0, len(resp.Members))
	for _, m := range resp.Members {
		members = append(members, evidence.EtcdMember{
			ID: hex(m.ID), Name: m.Name, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, Learner: m.IsLearner,
		})
	}
	slices.SortFunc(members, func(a, b evidence.EtcdMember) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return members, nil
}

// readAlarms asks for the alarms of all members, which any of them tells. etcd takes that question
// through a quorum; without one, what the members' own status says of alarms has to do.
func (r *etcdReader) readAlarms(ctx context.Context, all []*etcdEndpoint) evidence.Observed[[]evidence.EtcdAlarm] {
	up := reachable(all)
	if len(up) == 0 {
		return missAll[[]evidence.EtcdAlarm](all)
	}
	var err error
	if e := up[0]; e.status.Value.Leader != "" {
		src := r.source(e, "Maintenance.Alarm, action GET")
		var alarms []evidence.EtcdAlarm
		if alarms, err = r.alarmList(ctx, e); err == nil {
			others, _ := alarmsOf(up) // endpoints may be of two clusters, each of which tells its own alarms only
			for _, a := range others {
				if !slices.Contains(alarms, a) {
					alarms = append(alarms, a)
				}
			}
			return evidence.See("etcd cluster", alarms, src)
		}
	}
	src := r.source(up[0], "Maintenance.Status")
	alarms, told := alarmsOf(up)
	if told || err == nil {
		return evidence.See("etcd cluster", alarms, src)
	}
	return evidence.Miss[[]evidence.EtcdAlarm]("etcd cluster", etcdGap(err, src), src)
}

func (r *etcdReader) alarmList(ctx context.Context, e *etcdEndpoint) ([]evidence.EtcdAlarm, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, etcdTimeout, &timeoutError{etcdTimeout})
	defer cancel()
	resp, err := e.api.AlarmList(ctx)
	if err != nil {
		return nil, err
	}
	alarms := []evidence.EtcdAlarm{}
	for _, a := range resp.Alarms {
		alarms = append(alarms, evidence.EtcdAlarm{MemberID: hex(a.MemberID), Alarm: a.Alarm.String()})
	}
	return alarms, nil
}

// missAll is the gap where no endpoint answered.
func missAll[T any](all []*etcdEndpoint) evidence.Observed[T] {
	var notes []string
	g := evidence.Gap{Why: evidence.Unreachable}
	for _, e := range all {
		g.Why, g.Unlock = e.status.Gap.Why, e.status.Gap.Unlock
		notes = append(notes, e.hostPort+": "+e.status.Gap.Note)
	}
	g.Note = "no etcd endpoint answered: " + strings.Join(notes, "; ")
	return evidence.Miss[T]("etcd cluster", g, all[0].status.Source)
}
