package configfile

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// An envFile is a file of variables, as a unit takes by EnvironmentFile= or a shell by `source`.
type envFile struct {
	file *file
	vars []variable
	used bool // a unit takes it
}

// A variable is one that a line sets.
type variable struct {
	name, value string
	src         evidence.Source // of the name
	loose       bool            // a template decides if it is set
}

var assigns = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=`)

// readEnvFile reads a file of variables that concern a component: at least two of etcd's, or words for a
// command line of the kubelet or the control plane.
func readEnvFile(s *sink) bool {
	if !assigns.MatchString(firstMeant(s.file.text)) {
		return false
	}
	vars, ok := parseEnv(s.file)
	if !ok {
		return false
	}
	etcd, others := 0, 0
	for _, v := range vars {
		switch setting, isEtcd := strings.CutPrefix(v.name, etcdPrefix); {
		case isEtcd && slices.Contains(etcdFlags(), envFlag(setting)):
			etcd++
		case forUnits.MatchString(v.name), strings.Contains(v.value, "--") && mentions(v.value, components.Components()):
			others++
		}
	}
	if etcd < 2 && others == 0 {
		return false
	}
	out := s.piece("env")
	out.env = &envFile{file: s.file, vars: vars}
	out.inert = true
	if etcd >= 2 {
		out.processes = []*Process{etcdOfEnv(s.file, vars)}
	} else {
		out.processes = kubeletOfEnv(out.env)
	}
	out.inert = len(out.processes) == 0
	return true
}

// kubeletOfEnv is the kubelet that takes kubeadm's variables, which a unit elsewhere starts.
func kubeletOfEnv(e *envFile) []*Process {
	start := unitSetting{key: "ExecStart", src: e.file.at(1, 1)}
	words := []string{"/usr/bin/kubelet"}
	for _, v := range e.vars {
		if v.name == "KUBELET_EXTRA_ARGS" || v.name == "KUBELET_KUBEADM_ARGS" {
			words = append(words, "$"+v.name)
		}
	}
	if len(words) == 1 {
		return nil
	}
	for _, r := range strings.Join(words, " ") {
		start.value = append(start.value, letter{r, 1, 1})
	}
	s := startedBy{unit: &unitFile{file: e.file}, settings: []unitSetting{start}, envs: []*envFile{e}}
	ps := s.processes()
	for _, p := range ps {
		p.opaque("is started by a unit that is not among the files")
		p.Dialect, p.Sites = "env", p.Sites[1:]
	}
	return ps
}

// forUnits are the names of variables in which packages and tools keep words of a command line.
var forUnits = regexp.MustCompile(`^(KUBELET|KUBE)_[A-Z_]*(ARGS|OPTS|FLAGS|SERVERS?)$|^(K3S|RKE2)_[A-Z_]+$`)

func mentions(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// firstMeant is the first line that is no comment.
func firstMeant(text string) string {
	for line := range strings.Lines(text) {
		if !isComment(line) {
			return line
		}
	}
	return ""
}

// etcdFlags are the flags of all versions of etcd.
var etcdFlags = sync.OnceValue(func() []string { return components.FlagNames("etcd", "") })

// envFlag is the flag that the rest of a variable's name stands for.
func envFlag(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// parseEnv reads the variables; false if it is a script, which does more than set them.
func parseEnv(f *file) ([]variable, bool) {
	lines := strings.Split(f.text, "\n")
	var out []variable
	for i := 0; i < len(lines); i++ {
		if isComment(lines[i]) {
			continue
		}
		m := assigns.FindStringSubmatchIndex(lines[i])
		if m == nil {
			return nil, false
		}
		v := variable{name: lines[i][m[2]:m[3]], src: f.at(i+1, 1+len([]rune(lines[i][:m[2]]))), loose: f.isLoose(i + 1)}
		text, last := lines[i][m[1]:], i
		for last+1 < len(lines) && (oddBackslashes(text) || unclosed(text)) {
			last++
			text = strings.TrimSuffix(text, "\\") + "\n" + lines[last]
			if !unclosed(text) {
				text = strings.ReplaceAll(text, "\n", "")
			}
		}
		v.value = unquoteEnv(text)
		out = append(out, v)
		i = last
	}
	return out, true
}

func oddBackslashes(s string) bool { return (len(s)-len(strings.TrimRight(s, "\\")))%2 == 1 }

// unclosed reports whether a value ends within quotes.
func unclosed(s string) bool {
	var quote byte
	s = strings.TrimLeft(s, " \t")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote != 0
}

// unquoteEnv takes the quotes off a value, and a comment off the end of one without.
func unquoteEnv(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '"' && s[0] != '\'' {
		if at := strings.Index(s, " #"); at >= 0 {
			s = s[:at]
		}
	}
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote != '\'' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}

// etcdOfEnv is the etcd that a file of ETCD_* variables configures.
func etcdOfEnv(f *file, vars []variable) *Process {
	p := newProcess("etcd", "env", f.at(1, 1))
	p.whole(evidence.FromEnvironment)
	p.addEnv(vars)
	p.Sites = []Site{{Source: p.Source, Form: Env, Prefix: etcdPrefix}}
	if line, ok := f.opensIn(span{1, 1 + strings.Count(f.text, "\n")}); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
	p.nameEtcd(f)
	return p
}

// addEnv takes etcd's variables. One that names a configuration file makes etcd ignore all others.
func (p *Process) addEnv(vars []variable) {
	last := map[string]variable{}
	for _, v := range vars {
		name, ok := strings.CutPrefix(v.name, etcdPrefix)
		if ok && name != "" && name != "UNSUPPORTED_ARCH" && !strings.HasPrefix(name, "MANAGER_") {
			last[envFlag(name)] = v
		}
	}
	if v, ok := last["config-file"]; ok {
		last = map[string]variable{"config-file": v}
		p.opaque("reads every setting from --config-file=" + clean(v.value) + " and ignores its flags and environment; the file could not be read")
	}
	for flag, v := range last {
		p.add(flag, v.value, evidence.FromEnvironment, v.src, v.loose)
	}
}

// clean is a text for a sentence: what a template fills in is left open.
func clean(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, string(hole), ""), evidence.Elsewhere, "…")
}
