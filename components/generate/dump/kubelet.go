//go:build ignore

// The kubelet parses its flags itself, out of a set that its command does not show: this puts it together in
// the same way. The generator makes windowsFlags out of the kubelet's own file for Windows.
package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
)

func main() {
	fs := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	fs.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	flags := options.NewKubeletFlags()
	config, err := options.NewKubeletConfiguration()
	if err != nil {
		panic(err)
	}
	flags.AddFlags(fs)
	options.AddKubeletConfigFlags(fs, config)
	options.AddGlobalFlags(fs)
	fs.BoolP("help", "h", false, "help for kubelet")
	all := flagsOf(fs, false)

	sameAsHelp(fs)

	onlyWindows := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	windowsFlags(flags, onlyWindows)
	all = append(all, flagsOf(onlyWindows, true)...)
	slices.SortFunc(all, func(a, b flagRecord) int { return strings.Compare(a.Name, b.Name) })
	write(record{Flags: all, Gates: gates(), Files: keysOfFiles(map[string]reflect.Type{
		"kubelet.config.k8s.io/v1beta1 KubeletConfiguration": reflect.TypeFor[kubeletconfig.KubeletConfiguration](),
	})})
}

// helpFlag is a line of --help: "  -h, --help   help for kubelet", "      --config string   …".
var helpFlag = regexp.MustCompile(`^ +(?:-\w, )?--([a-z0-9-]+)`)

// sameAsHelp holds the set against the help of the genuine command, in both directions.
func sameAsHelp(fs *pflag.FlagSet) {
	listed := map[string]bool{}
	for line := range strings.Lines(command(app.NewKubeletCommand).UsageString()) {
		if m := helpFlag.FindStringSubmatch(line); m != nil {
			listed[m[1]] = true
		}
	}
	for name := range listed {
		if fs.Lookup(name) == nil {
			panic("not in the set: --" + name)
		}
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && !listed[f.Name] {
			panic("not in the help of the genuine command: --" + f.Name)
		}
	})
}
