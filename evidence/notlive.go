package evidence

import (
	"reflect"
	"strings"
)

// wholes name what a kind of evidence is about, by the first word of the kind, where no instance is known.
var wholes = map[string]string{
	"apiserver": "kube-apiserver", "controller-manager": "kube-controller-manager", "scheduler": "kube-scheduler",
	"etcd": "etcd", "kubelet": "kubelet", "audit": "audit logs",
}

// MissRest puts a gap where a snapshot has nothing, not even a reason: nothing else would be said of it.
func (s *Snapshot) MissRest(gap Gap) {
	v := reflect.ValueOf(s).Elem()
	for kind, i := range kindFields {
		word, _, _ := strings.Cut(string(kind), ".")
		of, ok := wholes[word]
		if !ok {
			of = "cluster"
		}
		if m, ok := reflect.TypeAssert[interface{ missRest(string, Gap) }](v.Field(i).Addr()); ok {
			m.missRest(of, gap)
		}
	}
}

func (o *Observed[T]) missRest(of string, gap Gap) {
	if o.Value == nil && o.Gap == nil {
		*o = Miss[T](of, gap, Source{})
	}
}

func (in *Instances[T]) missRest(of string, gap Gap) {
	if len(*in) == 0 {
		*in = Instances[T]{Miss[T](of, gap, Source{})}
	}
}
