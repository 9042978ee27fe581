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
	at := keysAt{canonical(component), version, kind}
	if out, ok := keysOf.Load(at); ok {
		return slices.Clone(out.([]string))
	}
	out := readKeys(component, version, kind)
	keysOf.Store(at, out)
	return slices.Clone(out)
}

// keysOf remembers what Keys found: a file is held against it field by field.
var keysOf sync.Map // of keysAt, []string

type keysAt struct{ component, version, kind string }

func readKeys(component, version, kind string) []string {
	var out []string
	for _, name := range keyTableOf(component).namesAt(version) {
		if key, ok := strings.CutPrefix(name, kind+"#"); ok {
			out = append(out, key)
		}
	}
	return out
}

// KnownKey tells whether a file of this kind may have a key: its path, without places in lists. Below a key that
// takes what anybody defines (the arguments of a plugin) nothing is known, so there every key may be.
//
// What the programs do with a key that they do not know:
//   - etcd ignores it and says nothing (embed/config.go reads the file with yaml.Unmarshal, in all of 3.4 to 3.7).
//     It takes keys in any mixture of upper and lower case.
//   - The kubelet ignores it and logs "Using lenient decoding as strict decoding failed", for as long as the version
//     of its file is v1beta1 (DecodeKubeletConfiguration, 1.24 to 1.37).
//   - kube-scheduler does not start: its decoder is strict (pkg/scheduler/apis/config/scheme, 1.24 to 1.37).
//
// False as well of a version that is not Known and of a kind of file that it does not have: see FileKinds.
func KnownKey(component, version, kind string, path ...string) bool {
	return under(Keys(component, version, kind), path, canonical(component) == "etcd")
}

// under follows a path down from all the keys of a place.
func under(keys, path []string, anyCase bool) bool {
	if len(path) == 0 {
		return len(keys) > 0
	}
	var below []string
	found := false
	for _, key := range keys {
		first, rest, deeper := strings.Cut(key, ".")
		if first != path[0] && first != "*" && (!anyCase || !strings.EqualFold(first, path[0])) {
			continue
		}
		found = true
		if deeper {
			below = append(below, rest)
		}
	}
	return found && (len(below) == 0 || len(path) == 1 || under(below, path[1:], anyCase))
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
		return read("keys-"+component, func(string, []string) struct{} { return struct{}{} })
	})
}

func keyTableOf(component string) *table[struct{}] {
	if load, ok := keyTables[canonical(component)]; ok {
		return load()
	}
	return nil
}
