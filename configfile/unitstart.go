package configfile

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// startedBy is a unit with all that changes it.
type startedBy struct {
	unit     *unitFile
	settings []unitSetting // of the unit and its drop-ins, in order
	envs     []*envFile    // those of EnvironmentFile= that were read
	missing  []string      // those that were not
}

// setting gives the values of a list that are in force: an empty one resets those before it.
func (s startedBy) list(key string) []unitSetting {
	var out []unitSetting
	for _, set := range s.settings {
		switch {
		case set.key != key:
		case set.text() == "":
			out = nil
		default:
			out = append(out, set)
		}
	}
	return out
}

// envNames are the files of EnvironmentFile=.
func envNames(settings []unitSetting) []string {
	var out []string
	for _, set := range (startedBy{settings: settings}).list("EnvironmentFile") {
		out = append(out, strings.TrimPrefix(set.text(), "-"))
	}
	return out
}

// variables are those that the program gets: files are stronger than lines of the unit, later ones than earlier.
func (s startedBy) variables() map[string]variable {
	vars := map[string]variable{}
	for _, set := range s.list("Environment") {
		for _, w := range splitWords(set) {
			if name, value, ok := strings.Cut(specifiers(w.text), "="); ok {
				vars[name] = variable{name: name, value: value, src: w.src, loose: s.unit.file.isLoose(w.src.Line)}
			}
		}
	}
	for _, e := range s.envs {
		for _, v := range e.vars {
			vars[v.name] = v
		}
	}
	return vars
}

var specifier = regexp.MustCompile(`%.`)

// specifiers replaces %H and its like, which only the machine knows.
func specifiers(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	return specifier.ReplaceAllStringFunc(text, func(s string) string {
		if s == "%%" {
			return "%"
		}
		return evidence.Elsewhere
	})
}

// processes are the components that the unit starts.
func (s startedBy) processes() []*Process {
	starts := s.list("ExecStart")
	if len(starts) == 0 {
		return nil
	}
	vars := s.variables()
	var out []*Process
	for _, start := range starts {
		words := s.expand(start, vars)
		for _, component := range components.Components() {
			if p := s.process(component, start, words, vars); p != nil {
				out = append(out, p)
			}
		}
	}
	return out
}

func (s startedBy) process(component string, start unitSetting, words []unitWord, vars map[string]variable) *Process {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = strings.ReplaceAll(w.text, string(hole), evidence.Elsewhere)
	}
	env := map[string]string{}
	for name, v := range vars {
		if env[name] = v.value; v.loose || isHole(v.value) {
			env[name] = evidence.Elsewhere
		}
	}
	parsed, ok := evidence.ParseContainer(component, texts, nil, env)
	suite := ok && suites.MatchString(path.Base(parsed.Program))
	if !ok || suite && len(parsed.Set)+len(parsed.Env) == 0 {
		return nil // a k3s that says nothing of the component
	}
	p := newProcess(component, "unit", start.src)
	p.Flags = parsed.Flags("", p.Source)
	p.Sites = []Site{{Source: start.src, Form: Unit, Path: []string{"Service", "ExecStart"}}}
	p.placeWords(parsed, words, vars)
	if component == "etcd" && len(s.missing) > 0 && !p.Flags.Has("config-file") {
		p.opaque("takes variables from " + s.missing[0] + ", which is not among the files")
	}
	for _, e := range s.envs {
		if site, ok := e.envSite(); ok && component == "etcd" {
			p.Sites = append(p.Sites, site)
		}
	}
	f := s.unit.file
	if line, ok := f.opensIn(span{start.src.Line, start.value[len(start.value)-1].line + 1}); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
	if suite {
		p.Dialect, p.suite = path.Base(parsed.Program), true
		return p
	}
	if component == "etcd" {
		if strings.Contains(s.unit.name, "events") {
			p.Component, p.Flags.Component = "etcd-events", "etcd-events"
		}
		p.name = known(p.Flags.Setting("name"))
	}
	p.ports("initial-cluster", "initial-advertise-peer-urls", "advertise-client-urls", "etcd-servers")
	return p
}

var suites = regexp.MustCompile(`^(k3s|rke2)$`)

// placeWords gives every flag the place of its word, or of the variable that has it.
func (p *Process) placeWords(parsed evidence.Parsed, words []unitWord, vars map[string]variable) {
	for _, name := range slices.Sorted(maps.Keys(p.Flags.Values)) {
		vs := p.Flags.Values[name]
		i, ok := parsed.At[name]
		for j := range vs {
			switch {
			case vs[j].From == evidence.FromEnvironment:
				if v, ok := vars[etcdPrefix+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))]; ok {
					vs[j].Source = v.src
				}
			case ok && i < len(words):
				vs[j].Source = words[i].src
			}
			if isHole(vs[j].Value) {
				p.unknown(name)
			}
		}
	}
}

// envSite is the place of etcd's variables in a file of them; false if it has none.
func (e *envFile) envSite() (Site, bool) {
	has := slices.ContainsFunc(e.vars, func(v variable) bool { return strings.HasPrefix(v.name, etcdPrefix) })
	return Site{Source: e.file.at(1, 1), Form: Env, Prefix: etcdPrefix}, has
}

const etcdPrefix = "ETCD_"

// expand resolves what systemd itself resolves in a command line: ${NAME} within a word, and $NAME as a word of
// its own, which becomes as many words as it has.
func (s startedBy) expand(start unitSetting, vars map[string]variable) []unitWord {
	words := splitWords(start)
	if len(words) == 0 {
		return nil
	}
	prefix := words[0].text[:len(words[0].text)-len(strings.TrimLeft(words[0].text, "@-:+!|"))]
	words[0].text = words[0].text[len(prefix):]
	if strings.Contains(prefix, "@") && len(words) > 1 {
		words = slices.Delete(words, 1, 2) // what the program is to be called
	}
	var out []unitWord
	for _, w := range words {
		w.text = specifiers(w.text)
		if s.unit.file.isLoose(w.src.Line) && strings.HasPrefix(w.text, "-") {
			name, _, _ := strings.Cut(w.text, "=")
			w.text = name + "=" + evidence.Elsewhere
		}
		switch name, isWord := strings.CutPrefix(w.text, "$"); {
		case strings.Contains(prefix, ":"):
			out = append(out, w)
		case isWord && w.bare && variableName.MatchString(name):
			out = append(out, s.wordsOf(name, vars, w)...)
		default:
			w.text = s.inWord(w.text, vars)
			out = append(out, w)
		}
	}
	return out
}

var (
	variableName = regexp.MustCompile(`^[A-Za-z_]\w*$`)
	braced       = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)\}`)
)

// wordsOf are those of a variable, each with the place where it is set.
func (s startedBy) wordsOf(name string, vars map[string]variable, at unitWord) []unitWord {
	v, ok := vars[name]
	if !ok || v.loose {
		if ok || len(s.missing) > 0 {
			return []unitWord{{text: evidence.Elsewhere, src: at.src}}
		}
		return nil
	}
	letters := make([]letter, 0, len(v.value))
	for _, r := range v.value {
		letters = append(letters, letter{r, v.src.Line, v.src.Column})
	}
	return splitWords(unitSetting{value: letters, src: v.src})
}

func (s startedBy) inWord(text string, vars map[string]variable) string {
	return braced.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		v, ok := vars[ref[2:len(ref)-1]]
		if ok && !v.loose && !isHole(v.value) {
			return v.value
		}
		return evidence.Elsewhere // systemd puts in nothing, but a template may be meant
	})
}
