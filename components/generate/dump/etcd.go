//go:build ignore

package main

import (
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	var out []flagRecord
	etcdmain.FlagSet().VisitAll(func(f *flag.Flag) {
		b, ok := f.Value.(interface{ IsBoolFlag() bool })
		out = append(out, flagRecord{
			Name: f.Name, Type: typeOf(f.Value), Default: f.DefValue, Deprecated: deprecation(f.Usage), Bare: ok && b.IsBoolFlag(),
		})
	})
	// The flag package answers to these by itself.
	for _, name := range []string{"h", "help"} {
		out = append(out, flagRecord{Name: name, Type: "bool", Default: "false", Bare: true})
	}
	slices.SortFunc(out, func(a, b flagRecord) int { return strings.Compare(a.Name, b.Name) })
	write(record{Flags: out, Gates: gates(), Files: map[string][]string{
		"etcd": keysOf(append(etcdmain.FileTypes(), embed.FileType())...),
	}})
}

func typeOf(v flag.Value) string {
	name := fmt.Sprintf("%T", v)
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "Value")
	return strings.ToLower(name[:1]) + name[1:]
}

// gates asks by reflection, as etcd has gates since 3.6 only.
func gates() []gateRecord {
	field := reflect.ValueOf(embed.NewConfig()).Elem().FieldByName("ServerFeatureGate")
	if !field.IsValid() {
		return nil
	}
	var out []gateRecord
	for it := field.Elem().MethodByName("GetAll").Call(nil)[0].MapRange(); it.Next(); {
		spec := it.Value()
		stage := spec.FieldByName("PreRelease").String()
		if stage == "" {
			stage = "GA"
		}
		out = append(out, gateRecord{
			Name: it.Key().String(), Stage: stage, Default: spec.FieldByName("Default").Bool(), Locked: spec.FieldByName("LockToDefault").Bool(),
		})
	}
	slices.SortFunc(out, func(a, b gateRecord) int { return strings.Compare(a.Name, b.Name) })
	return out
}
