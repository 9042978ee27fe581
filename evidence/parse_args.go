package evidence

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Parsed is what the container of a control-plane component tells of the flags it runs with.
type Parsed struct {
	Component string
	Program   string              // as it stands in the container: "/usr/local/bin/kube-apiserver"
	Set       map[string][]string // by flag name without dashes; every value of a repeated flag in order
	Env       map[string]string   // etcd only: settings by ETCD_* variables, by flag name
	Unknown   []string            // flags that are set to what nobody could read, or to a secret
	Opaque    string              // as in Flags
	// At is where each flag of Set and Unknown last stands: the index of its word in command and args taken
	// together. A flag of a shell script has that of the script.
	At map[string]int
}

// ParseContainer finds the program of a component in the command and args of a container, behind
// whatever starts it, and reads its flags. The environment holds the variables of the container, those
// without a literal value as Elsewhere. It reports false if the container runs something else.
//
// A container that has arguments but no command is taken to run its image's entrypoint: where a pod
// has several containers, ask first for the one that bears the component's name.
func ParseContainer(component string, command, args []string, env map[string]string) (Parsed, bool) {
	p := &parser{Parsed: Parsed{Component: component, Set: map[string][]string{}, At: map[string]int{}}, program: component, env: env, script0: -1}
	if component == "etcd-events" {
		p.program = "etcd"
	}
	words := slices.Concat(command, args)
	line := make([]string, len(words))
	for i, w := range words {
		line[i] = expandKubernetes(w, env)
	}
	if !p.line(line, env, 0) && !p.entrypoint(command, line) {
		return Parsed{}, false
	}
	if p.program == "etcd" {
		p.etcd()
	}
	slices.Sort(p.Unknown)
	p.Unknown = slices.Compact(p.Unknown)
	return p.Parsed, true
}

// Flags are the settings of one process, with where they were read.
func (p Parsed) Flags(version string, src Source) Flags {
	f := Flags{
		Component: p.Component, Version: version, Values: map[string][]FlagValue{}, Unknown: p.Unknown, Opaque: p.Opaque,
		Read: []Source{src}, From: []Provenance{FromCommandLine},
	}
	for name, all := range p.Set {
		f.Values[name] = append(f.Values[name], flagValue(all, FromCommandLine, src))
	}
	for name, v := range p.Env {
		f.Values[name] = append(f.Values[name], flagValue([]string{v}, FromEnvironment, src))
	}
	if len(p.Env) > 0 {
		f.Read, f.From = append(f.Read, src), append(f.From, FromEnvironment)
	}
	return f
}

func flagValue(all []string, from Provenance, src Source) FlagValue {
	v := FlagValue{Value: all[len(all)-1], From: from, Source: src}
	if len(all) > 1 {
		v.All = slices.Clone(all)
	}
	return v
}

// Elsewhere is the value to give ParseContainer for a variable that is set from a field, a Secret or a
// ConfigMap: what is set by it is unknown, where a variable that is left out sets nothing.
const Elsewhere = lost

// lost stands in a word for what could not be resolved: a variable, the output of a command.
const lost = "\x00"

// maxNesting bounds shells within shells.
const maxNesting = 4

type parser struct {
	Parsed
	program string
	env     map[string]string
	// assigned are variables that a script sets on its way, to whatever.
	assigned []string
	found    int
	script0  int // which word of command and args is the script; -1: none
}

// line reads one command line. It reports whether it starts the program.
func (p *parser) line(words []string, env map[string]string, depth int) bool {
	if len(words) == 0 || depth > maxNesting {
		return false
	}
	if script, params, ok := shellScript(words); ok {
		if depth == 0 {
			p.script0 = slices.Index(words, script)
		}
		return p.script(script, params, env, depth+1)
	}
	at, direct := p.start(words)
	if at < 0 {
		return false
	}
	if !direct {
		p.opaque("is started by " + words[0] + ", which may add flags of its own")
	}
	set, unknown, stray := p.flags(words, at+1)
	if stray != "" {
		p.opaque("takes flags from " + stray + " as well, which could not be resolved")
	}
	switch name := path.Base(words[at]); name {
	case p.program, hyperkubeNames[p.program]:
		p.take(words[at], set, unknown)
	case "etcd-manager":
		p.take(words[at], nil, nil)
		p.opaque("is started by etcd-manager, which sets what its environment leaves open")
	default: // k3s, rke2
		p.take(words[at], suiteFlags(set[p.program+"-arg"]), nil)
		p.opaque("runs inside " + name + ", which sets flags of its own and reads a configuration file")
	}
	return true
}

// flags reads the flags behind a word and notes where they stand.
func (p *parser) flags(words []string, from int) (set map[string][]string, unknown []string, stray string) {
	set, unknown, stray, at := flagsOf(words[from:], p.program != "etcd")
	for name, i := range at {
		if p.script0 >= 0 {
			p.At[name] = p.script0
		} else {
			p.At[name] = from + i
		}
	}
	return set, unknown, stray
}

// take adds the flags of one start of the program. A script that starts it in more than one place
// does so under conditions: only what all of them agree on is kept.
func (p *parser) take(program string, set map[string][]string, unknown []string) {
	p.found++
	if p.found == 1 {
		p.Program = strings.ReplaceAll(program, lost, "")
		maps.Copy(p.Set, set)
		p.Unknown = append(p.Unknown, unknown...)
	} else {
		p.opaque("is started in several places of a script, and which of them applies cannot be told")
		for name := range p.Set {
			if !slices.Equal(p.Set[name], set[name]) {
				delete(p.Set, name)
				p.Unknown = append(p.Unknown, name)
			}
		}
		for name := range set {
			if _, ok := p.Set[name]; !ok {
				p.Unknown = append(p.Unknown, name)
			}
		}
	}
	// OpenShift turns this file into flags; those given beside it still count.
	if file := set["openshift-config"]; len(file) > 0 {
		p.opaque("takes most settings from --openshift-config=" + file[0] + ", which cannot be seen from outside")
	}
}

func (p *parser) opaque(why string) {
	if p.Opaque == "" {
		p.Opaque = strings.ReplaceAll(why, lost, "…")
	}
}

// entrypoint reads arguments that go to the image's own program.
func (p *parser) entrypoint(command, words []string) bool {
	if len(command) > 0 || len(words) == 0 || !strings.HasPrefix(words[0], "-") {
		return false
	}
	set, unknown, stray := p.flags(words, 0)
	if stray != "" {
		p.opaque("takes flags from " + stray + " as well, which could not be resolved")
	}
	p.take("", set, unknown)
	return true
}

// script reads every command of a shell script, then what the variables it sets itself leave open.
func (p *parser) script(script string, params []string, env map[string]string, depth int) bool {
	cmds, assigned := shellCommands(script, params, env)
	if len(assigned) > 0 {
		env = maps.Clone(env)
		for _, name := range assigned {
			delete(env, name)
		}
		cmds, _ = shellCommands(script, params, env)
		p.assigned = append(p.assigned, assigned...)
	}
	found := false
	for _, words := range cmds {
		if p.line(words, env, depth) {
			found = true
		}
	}
	return found
}

// Programs that run another one with its arguments and add none to it.
var wrappers = []string{
	"exec", "env", "command", "nohup", "nice", "ionice", "chrt", "taskset", "numactl", "time", "timeout", "setsid", "stdbuf", "sudo",
	"su-exec", "gosu", "setpriv", "tini", "dumb-init", "catatonit", "go-runner", "watch-termination", "hyperkube",
}

// The short names that old hyperkube binaries knew.
var hyperkubeNames = map[string]string{
	"kube-apiserver": "apiserver", "kube-controller-manager": "controller-manager", "kube-scheduler": "scheduler",
}

// start finds the word that names the program; direct is false behind a program we do not know.
func (p *parser) start(words []string) (at int, direct bool) {
	first := path.Base(words[0])
	for i, w := range words {
		if strings.HasPrefix(w, "-") {
			continue
		}
		name := path.Base(w)
		switch {
		case name == p.program:
			if i == 0 || slices.Contains(wrappers, first) {
				return i, true
			}
			// A copy, a search, an echo of the name; but a wrapper passes it on with flags.
			if i+1 < len(words) && strings.HasPrefix(words[i+1], "--") && !slices.Contains(bystanders, first) {
				return i, false
			}
		case i > 0 && name == hyperkubeNames[p.program] && path.Base(words[i-1]) == "hyperkube":
			return i, true
		case p.program == "etcd" && name == "etcd-manager" && (i == 0 || slices.Contains(wrappers, first)):
			return i, true
		case (name == "k3s" || name == "rke2") && i+1 < len(words) && (words[i+1] == "server" || words[i+1] == "agent" && p.program == "kubelet"):
			return i, true
		}
	}
	return -1, false
}

var bystanders = []string{"echo", "printf", "cp", "mv", "ln", "rm", "chmod", "chown", "pgrep", "pkill", "grep", "test", "[", "[[", "which", "kill", "killall", "ps", "trap", "alias"}

// etcd adds what its environment sets. A configuration file makes etcd ignore everything else.
func (p *parser) etcd() {
	names := slices.AppendSeq(slices.Clone(p.assigned), maps.Keys(p.env))
	slices.Sort(names)
	for _, k := range slices.Compact(names) {
		rest, ok := strings.CutPrefix(k, "ETCD_")
		if !ok || rest == "" || strings.HasPrefix(rest, "MANAGER_") {
			continue
		}
		name := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		v := expandKubernetes(p.env[k], p.env)
		if strings.Contains(v, lost) || secretFlag(name) || slices.Contains(p.assigned, k) {
			p.Unknown = append(p.Unknown, name)
			continue
		}
		if p.Env == nil {
			p.Env = map[string]string{}
		}
		p.Env[name] = withoutUserinfo(v)
	}
	file, set := p.Env["config-file"], p.Env["config-file"] != ""
	if all := p.Set["config-file"]; len(all) > 0 {
		file, set = all[len(all)-1], true
	}
	if !set && !slices.Contains(p.Unknown, "config-file") {
		return
	}
	p.Opaque = "reads every setting from --config-file=" + file + " and ignores its flags and environment; the file could not be read"
	p.Set, p.Env, p.Unknown = map[string][]string{"config-file": {file}}, nil, nil
}
