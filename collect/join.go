package collect

import (
	"cmp"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// join adds what etcd told of itself, under the names that the pods of its members have, and says
// of every component of which nothing is known why that is.
func (r *run) join(etcd etcdSeen, asked bool) {
	s := r.s
	if asked {
		r.rename(&etcd)
		s.EtcdMembers, s.EtcdStatus, s.EtcdAlarms = etcd.members, etcd.status, etcd.alarms
		s.EtcdMetrics = better(s.EtcdMetrics, etcd.metrics)
		r.etcdVersions()
	}
	if r.opts.Config == nil {
		return // nobody asked the cluster
	}
	if !asked {
		gap := evidence.Gap{Why: evidence.NotAsked, Note: "etcd's own API was not asked", Unlock: etcdUnlock(r.clientURLs())}
		if _, managed := managedBy(s); managed {
			gap = nobody(s, "etcd")
		}
		s.EtcdMembers = evidence.Miss[[]evidence.EtcdMember]("etcd cluster", gap, evidence.Source{})
		s.EtcdAlarms = evidence.Miss[[]evidence.EtcdAlarm]("etcd cluster", gap, evidence.Source{})
		s.EtcdStatus = evidence.Instances[evidence.EtcdStatus]{evidence.Miss[evidence.EtcdStatus]("etcd", gap, evidence.Source{})}
		for _, o := range s.EtcdMetrics { // the other way to them
			if o.Gap != nil && o.Gap.Unlock == "" {
				o.Gap.Unlock = gap.Unlock
			} else if o.Gap != nil && o.Gap.Unlock != gap.Unlock {
				o.Gap.Unlock += "; or " + gap.Unlock
			}
		}
	}
	src := s.ControlPods.Source
	s.APIServerFlags = orNobody(s, s.APIServerFlags, "kube-apiserver", src)
	s.APIServerMetrics = orNobody(s, s.APIServerMetrics, "kube-apiserver", src)
	s.InFlight = orNobody(s, s.InFlight, "kube-apiserver", src)
	s.ControllerManagerFlags = orNobody(s, s.ControllerManagerFlags, "kube-controller-manager", src)
	s.ControllerManagerMetrics = orNobody(s, s.ControllerManagerMetrics, "kube-controller-manager", src)
	s.SchedulerFlags = orNobody(s, s.SchedulerFlags, "kube-scheduler", src)
	s.SchedulerConfig = orNobody(s, s.SchedulerConfig, "kube-scheduler", src)
	s.SchedulerMetrics = orNobody(s, s.SchedulerMetrics, "kube-scheduler", src)
	s.EtcdFlags = orNobody(s, s.EtcdFlags, "etcd", src)
	s.EtcdMetrics = orNobody(s, s.EtcdMetrics, "etcd", src)
}

func orNobody[T any](s *evidence.Snapshot, in evidence.Instances[T], component string, src evidence.Source) evidence.Instances[T] {
	if len(in) > 0 {
		return in
	}
	return evidence.Instances[T]{evidence.Miss[T](component, nobody(s, component), src)}
}

// better joins two ways to the same processes: for each subject what was seen, and if both were, the
// one with a second scrape; if none was, what stood in either way.
func better(a, b evidence.Instances[evidence.Scrapes]) evidence.Instances[evidence.Scrapes] {
	for _, o := range b {
		at := slices.IndexFunc(a, func(have evidence.Observed[evidence.Scrapes]) bool { return have.Of == o.Of })
		switch {
		case at < 0:
			a = append(a, o)
		case !a[at].Seen() && (o.Seen() || a[at].Gap.Why == evidence.NotAsked),
			a[at].Seen() && a[at].Value.Second == nil && o.Seen() && o.Value.Second != nil:
			a[at] = o
		case !a[at].Seen() && !o.Seen():
			a[at].Gap.Note += "; " + o.Gap.Note
			a[at].Gap.Unlock = cmp.Or(a[at].Gap.Unlock, o.Gap.Unlock)
		}
	}
	return a
}

// rename gives members the names of their pods, where these are named otherwise: by node.
func (r *run) rename(etcd *etcdSeen) {
	if !etcd.members.Seen() {
		return
	}
	for _, m := range *etcd.members.Value {
		from, to := subjectOf("etcd", memberName(m)), r.podOf(m)
		if to == "" || to == from {
			continue
		}
		for i := range etcd.status {
			if etcd.status[i].Of == from {
				etcd.status[i].Of = to
			}
		}
		for i := range etcd.metrics {
			if etcd.metrics[i].Of == from {
				etcd.metrics[i].Of = to
			}
		}
	}
}

// podOf is the subject of the pod that runs a member: by the name in its flags, else by its host's
// address if no other pod has it.
func (r *run) podOf(m evidence.EtcdMember) string {
	for o := range r.control.flags["etcd"].Seen() {
		if name := o.Value.Setting("name"); name.Known() && !name.Assumed() && name.Value == m.Name {
			return o.Of
		}
	}
	var hosts []string
	for _, p := range r.controlPods() {
		if p.Component == "etcd" && p.HostIP != "" && slices.ContainsFunc(m.ClientURLs, func(u string) bool { return hostOf(u) == p.HostIP }) {
			hosts = append(hosts, p.Subject)
		}
	}
	if len(hosts) == 1 {
		return hosts[0]
	}
	return ""
}

// clientURLs are where the pods of etcd say that clients reach them.
func (r *run) clientURLs() []string {
	var urls []string
	for o := range r.control.flags["etcd"].Seen() {
		set := o.Value.Setting("advertise-client-urls")
		if set.Known() && !set.Assumed() {
			urls = append(urls, set.Value)
		}
	}
	return urls
}

// etcdVersions fills in the versions of members whose images do not tell.
func (r *run) etcdVersions() {
	for i, o := range r.s.EtcdFlags {
		if st := r.s.EtcdStatus.Of(o.Of); o.Seen() && st.Seen() {
			r.s.EtcdFlags[i].Value.Version = st.Value.Version
		}
	}
}
