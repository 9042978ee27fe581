package components

import (
	"slices"
	"strings"
	"sync"
)

// FileKinds are the configuration files of a version whose keys the catalogue has: "etcd", and of kubelet and
// kube-scheduler apiVersion and kind, such as "kubelet.config.k8s.io/v1beta1 KubeletConfiguration".
func FileKinds(component, version string) []string {
	var out []string
	for _, name := range keyTableOf(component).namesAt(version) {
		kind, _, _ := strings.Cut(name, "#")
		if !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// Keys lists the keys of a kind of file, sorted: a.b is the key b in the struct a, in a struct of the list a, or
// in one that a map holds (a.*.b).
func Keys(component, version, kind string) []string {
	var out []string
	for _, name := range keyTableOf(component).namesAt(version) {
		if key, ok := strings.CutPrefix(name, kind+"#"); ok {
			out = append(out, key)
		}
	}
	return out
}

// KeyHistory is where in the catalogue a key of a kind of file exists; false if nowhere.
func KeyHistory(component, kind, key string) (Span, bool) {
	return keyTableOf(component).history(kind + "#" + key)
}

var keyTables = map[string]func() *table[struct{}]{
	"kube-scheduler": keyTable("kube-scheduler"),
	"kubelet":        keyTable("kubelet"),
	"etcd":           keyTable("etcd"),
}

func keyTable(component string) func() *table[struct{}] {
	return sync.OnceValue(func() *table[struct{}] {
		return read("keys-"+component, func([]string) struct{} { return struct{}{} })
	})
}

func keyTableOf(component string) *table[struct{}] {
	if load, ok := keyTables[canonical(component)]; ok {
		return load()
	}
	return nil
}
