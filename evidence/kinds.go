package evidence

import (
	"reflect"
	"strings"
)

// Kind names one sort of evidence: the JSON key of a Snapshot's field.
type Kind string

// The kinds of evidence.
const (
	KindVersion                  Kind = "kube.version"
	KindNodes                    Kind = "kube.nodes"
	KindControlPods              Kind = "control.pods"
	KindAPIServerEndpoints       Kind = "apiserver.endpoints"
	KindAPIServerLeases          Kind = "apiserver.leases"
	KindAPIServerFlags           Kind = "apiserver.flags"
	KindAPIServerMetrics         Kind = "apiserver.metrics"
	KindFlowSchemas              Kind = "apf.flowschemas"
	KindPriorityLevels           Kind = "apf.levels"
	KindInFlight                 Kind = "apf.requests"
	KindRequests                 Kind = "audit.requests"
	KindAPIServices              Kind = "apiservices"
	KindKubeadmConfig            Kind = "kubeadm.config"
	KindKubeletIntent            Kind = "kubelet.intent"
	KindControllerManagerFlags   Kind = "controller-manager.flags"
	KindControllerManagerMetrics Kind = "controller-manager.metrics"
	KindSchedulerFlags           Kind = "scheduler.flags"
	KindSchedulerConfig          Kind = "scheduler.config"
	KindSchedulerMetrics         Kind = "scheduler.metrics"
	KindLeaderLeases             Kind = "leader.leases"
	KindPendingPods              Kind = "scheduler.pending"
	KindEtcdFlags                Kind = "etcd.flags"
	KindEtcdMetrics              Kind = "etcd.metrics"
	KindEtcdMembers              Kind = "etcd.members"
	KindEtcdStatus               Kind = "etcd.status"
	KindEtcdAlarms               Kind = "etcd.alarms"
	KindKubeletConfigs           Kind = "kubelet.config"
	KindKubeletMetrics           Kind = "kubelet.metrics"
	KindPods                     Kind = "pods"
	KindKubeletFlags             Kind = "kubelet.flags"
	KindDocuments                Kind = "config.documents"
	KindConfigFiles              Kind = "config.files"
)

// A Record is an observation without its value: enough to tell what was seen and what was not.
type Record struct {
	Of     string
	Seen   bool
	Source Source
	Gap    *Gap
}

type recorder interface{ records() []Record }

func (o Observed[T]) records() []Record {
	if o.Value == nil && o.Gap == nil {
		return nil
	}
	return []Record{{Of: o.Of, Seen: o.Value != nil, Source: o.Source, Gap: o.Gap}}
}

func (in Instances[T]) records() []Record {
	var rs []Record
	for _, o := range in {
		rs = append(rs, o.records()...)
	}
	return rs
}

// Records lists what was seen of a kind, and what was not. It is empty if nobody asked.
// It panics on a kind that is none: a mistake that every test run finds.
func (s *Snapshot) Records(k Kind) []Record {
	i, ok := kindFields[k]
	if !ok {
		panic("evidence: no kind " + string(k))
	}
	return reflect.ValueOf(s).Elem().Field(i).Interface().(recorder).records()
}

// Kinds lists every kind in the order of the snapshot's fields.
func Kinds() []Kind {
	var ks []Kind
	for f := range reflect.TypeFor[Snapshot]().Fields() {
		if f.Type.Implements(reflect.TypeFor[recorder]()) {
			ks = append(ks, jsonKey(f))
		}
	}
	return ks
}

var kindFields = func() map[Kind]int {
	m := map[Kind]int{}
	t := reflect.TypeFor[Snapshot]()
	for i := range t.NumField() {
		if t.Field(i).Type.Implements(reflect.TypeFor[recorder]()) {
			m[jsonKey(t.Field(i))] = i
		}
	}
	return m
}()

func jsonKey(f reflect.StructField) Kind {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return Kind(name)
}
