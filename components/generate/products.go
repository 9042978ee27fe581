package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// constructors are the packages and functions that make the components' commands. The kubelet has a
// dump program of its own.
var constructors = map[string]string{
	"kube-apiserver":          "app.NewAPIServerCommand",
	"kube-controller-manager": "app.NewControllerManagerCommand",
	"kube-scheduler":          "app.NewSchedulerCommand",
}

const commandMain = `package main

import "k8s.io/kubernetes/cmd/%s/app"

func main() { dumpCommand(%s, nil) }
`

const schedulerMain = `package main

import (
	"reflect"

%s
	"k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	dumpCommand(app.NewSchedulerCommand, map[string]reflect.Type{
%s
	})
}
`

func (b builder) kubernetes() (map[string]record, error) {
	if err := b.requireKubernetes(); err != nil {
		return nil, err
	}
	out := map[string]record{}
	for name, constructor := range constructors {
		main := fmt.Sprintf(commandMain, name, constructor)
		if name == "kube-scheduler" {
			var err error
			if main, err = b.scheduler(); err != nil {
				return nil, err
			}
		}
		r, err := b.program(name, []string{"kubernetes.go"}, map[string]string{"main.go": main})
		if err != nil {
			return nil, err
		}
		out[name] = r
	}
	windows, err := b.windows()
	if err != nil {
		return nil, err
	}
	out["kubelet"], err = b.program("kubelet", []string{"kubernetes.go", "kubelet.go"}, map[string]string{"windows.go": windows})
	return out, err
}

// windows is the kubelet's own file of flags for Windows, as a function of the dump program.
func (b builder) windows() (string, error) {
	const options = "k8s.io/kubernetes/cmd/kubelet/app/options"
	dir, err := b.run("list", "-mod=mod", "-f", "{{.Dir}}", options)
	if err != nil {
		return "", err
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), "osflags_windows.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	out := string(text)
	for _, edit := range [][2]string{
		{"//go:build windows\n", ""},
		{"package options\n", "package main\n\nimport \"" + options + "\"\n"},
		{"func (f *KubeletFlags) addOSFlags(", "func windowsFlags(f *options.KubeletFlags, "},
	} {
		if strings.Count(out, edit[0]) != 1 {
			return "", fmt.Errorf("%s: is not as this generator knows it: %q", path, edit[0])
		}
		out = strings.Replace(out, edit[0], edit[1], 1)
	}
	return strings.Replace(out, "// +build windows\n", "", 1), nil
}

// scheduler is its main, with every version of its configuration file that the release has types of.
func (b builder) scheduler() (string, error) {
	const versions = "k8s.io/kube-scheduler/config/"
	out, err := b.run("list", "-mod=mod", versions+"...")
	if err != nil {
		return "", err
	}
	var imports, types strings.Builder
	for path := range strings.FieldsSeq(string(out)) {
		v := strings.TrimPrefix(path, versions)
		fmt.Fprintf(&imports, "\t%s %q\n", v, path)
		fmt.Fprintf(&types, "\t\t\"kubescheduler.config.k8s.io/%s KubeSchedulerConfiguration\": reflect.TypeFor[%s.KubeSchedulerConfiguration](),\n", v, v)
	}
	return fmt.Sprintf(schedulerMain, imports.String(), types.String()), nil
}

// What these tell is not exported, so the copy of etcd that is built has one file more in each of these packages.
const (
	etcdmainMore = `package etcdmain

import (
	"flag"
	"reflect"
)

func FlagSet() *flag.FlagSet { return newConfig().cf.flagSet }

// FileTypes are what is decoded beside embed's own: the settings of the proxy, while etcd had one.
func FileTypes() []reflect.Type {
	if f, ok := reflect.TypeOf(config{}).FieldByName("cp"); ok {
		return []reflect.Type{f.Type}
	}
	return nil
}
`
	embedMore = `package embed

import "reflect"

func FileType() reflect.Type { return reflect.TypeOf(configYAML{}) }
`
)

func (b builder) etcd() (map[string]record, error) {
	path, _, _ := strings.Cut(b.module, "@")
	if err := b.copyOf(path); err != nil {
		return nil, err
	}
	r, err := b.program("etcd", []string{"etcd.go"}, nil)
	r.Flags = append(r.Flags, b.later...)
	return map[string]record{"etcd": r}, err
}

// copyOf requires etcd, as a copy in which two packages have one file more.
func (b builder) copyOf(path string) error {
	if _, err := b.run("mod", "edit", "-require="+b.module); err != nil {
		return err
	}
	dir, err := b.run("list", "-mod=mod", "-m", "-f", "{{.Dir}}", path)
	if err != nil {
		return err
	}
	ours := filepath.Join(b.dir, "server")
	if err := os.CopyFS(ours, os.DirFS(strings.TrimSpace(string(dir)))); err != nil {
		return err
	}
	for pkg, text := range map[string]string{"etcdmain": etcdmainMore, "embed": embedMore} {
		if err := os.WriteFile(filepath.Join(ours, pkg, "catalogue.go"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	args := []string{"mod", "edit", "-replace=" + path + "=./server"}
	for _, m := range b.raise {
		args = append(args, "-require="+m)
	}
	_, err = b.run(args...)
	return err
}
