//go:build ignore

// The generator copies this file beside the dump programs of Kubernetes' components.
package main

import (
	"context"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// command calls a component's constructor, whose parameters changed over the years.
func command(constructor any) *cobra.Command {
	f := reflect.ValueOf(constructor)
	var in []reflect.Value
	for i := range f.Type().NumIn() {
		switch t := f.Type().In(i); {
		case f.Type().IsVariadic() && i == f.Type().NumIn()-1:
		case t == reflect.TypeFor[context.Context]():
			in = append(in, reflect.ValueOf(context.Background()))
		default:
			in = append(in, reflect.Zero(t))
		}
	}
	return f.Call(in)[0].Interface().(*cobra.Command)
}

// dumpCommand runs the command as the program's main does, with its work replaced: by then cobra has
// added what it adds, so the flags are the very ones that parsing would accept.
func dumpCommand(constructor any, files map[string]reflect.Type) {
	cmd := command(constructor)
	cmd.PersistentPreRunE, cmd.PersistentPreRun, cmd.PreRunE, cmd.PreRun, cmd.Args, cmd.Run = nil, nil, nil, nil, nil, nil
	ran := false
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ran = true
		write(record{Flags: flagsOf(cmd.Flags(), false), Gates: gates(), Files: keysOfFiles(files)})
		return nil
	}
	cmd.SetArgs([]string{})
	cli.Run(cmd)
	if !ran {
		os.Exit(1)
	}
}

func flagsOf(fs *pflag.FlagSet, windows bool) []flagRecord {
	var out []flagRecord
	fs.VisitAll(func(f *pflag.Flag) {
		dep := f.Deprecated
		if dep == "" {
			dep = deprecation(f.Usage)
		}
		out = append(out, flagRecord{
			Name: f.Name, Short: f.Shorthand, Type: f.Value.Type(), Default: f.DefValue, Deprecated: dep,
			Hidden: f.Hidden, Bare: f.NoOptDefVal != "", Windows: windows,
		})
	})
	return out
}

func gates() []gateRecord {
	var out []gateRecord
	for name, spec := range utilfeature.DefaultMutableFeatureGate.GetAll() {
		stage := string(spec.PreRelease)
		if stage == "" {
			stage = "GA"
		}
		out = append(out, gateRecord{Name: string(name), Stage: stage, Default: spec.Default, Locked: spec.LockToDefault})
	}
	slices.SortFunc(out, func(a, b gateRecord) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func keysOfFiles(files map[string]reflect.Type) map[string][]string {
	out := map[string][]string{}
	for name, t := range files {
		out[name] = keysOf(t)
	}
	return out
}
