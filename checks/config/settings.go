package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// settings are what is set of one process, or in one configuration file: all that a rule reads.
type settings struct {
	of        string
	source    evidence.Source
	component string // of an etcd for events, etcd
	version   string
	values    map[string][]evidence.FlagValue
	unknown   []string
	unknownAt map[string]evidence.Source // where those stand that a template or a variable fills in
	opaque    string
	whole     bool // what is not set has its default
	document  bool // names are fields of a configuration file
	kind      string
}

// allSettings are those of every process and every configuration file.
func allSettings(s *evidence.Snapshot) []settings {
	var out []settings
	for _, in := range []evidence.Instances[evidence.Flags]{s.APIServerFlags, s.ControllerManagerFlags, s.SchedulerFlags, s.EtcdFlags, s.KubeletFlags} {
		for o := range in.Seen() {
			out = append(out, ofProcess(o))
		}
	}
	for o := range s.Documents.Seen() {
		out = append(out, ofDocument(o))
	}
	return out
}

func ofProcess(o evidence.Observed[evidence.Flags]) settings {
	f := o.Value
	return settings{
		of: o.Of, source: o.Source, component: canonical(f.Component), version: f.Version, values: f.Values, unknown: f.Unknown, unknownAt: f.UnknownAt, opaque: f.Opaque,
		whole: len(f.From) > 0 && f.From[0] != evidence.FromFlagz && f.Opaque == "",
	}
}

func ofDocument(o evidence.Observed[evidence.Document]) settings {
	d := o.Value
	s := settings{
		of: o.Of, source: o.Source, component: canonical(d.Component), version: d.Version, values: map[string][]evidence.FlagValue{},
		unknown: d.Unknown, whole: true, document: true, kind: strings.TrimSpace(d.APIVersion + " " + d.Kind),
	}
	for name, v := range d.Fields {
		if v.Value != "null" { // as if it were not there
			s.values[name] = []evidence.FlagValue{v}
		}
	}
	return s
}

func canonical(component string) string {
	if component == "etcd-events" {
		return "etcd"
	}
	return component
}

// program is how people call it in a sentence.
func (s settings) program() string {
	if s.component == "kubelet" {
		return "the kubelet"
	}
	return s.component
}

// label is how people call a setting.
func (s settings) label(name string) string {
	if s.document {
		return name
	}
	return "--" + name
}

// write is a setting with its value as it stands in the file or on the command line.
func (s settings) write(name, value string) string {
	if s.document {
		return name + ": " + value
	}
	return "--" + name + "=" + value
}

// get is the strongest value that somebody set.
func (s settings) get(name string) (string, bool) {
	if vs := s.values[name]; len(vs) > 0 && !slices.Contains(s.unknown, name) {
		return vs[0].Value, true
	}
	return "", false
}

// orDefault is the value of a flag as far as it is certain: what somebody set, or the default of the version; of
// an unknown version the one that all versions have.
func (s settings) orDefault(name string) (string, bool) {
	if v, ok := s.get(name); ok {
		return v, true
	}
	if !s.whole || s.document || slices.Contains(s.unknown, name) {
		return "", false
	}
	f, ok := s.flag(name)
	return f.Default, ok
}

// flag is what the catalogue has of a flag in the version at hand. If that is not known, what all versions have alike.
func (s settings) flag(name string) (components.Flag, bool) {
	if s.version != "" {
		return components.LookupFlag(s.component, s.version, name)
	}
	var common components.Flag
	for i, release := range components.Releases(s.component) {
		f, ok := components.LookupFlag(s.component, release, name)
		if !ok || i > 0 && (f.Type != common.Type || f.Default != common.Default) {
			return components.Flag{}, false
		}
		common = f
	}
	return common, common.Name != ""
}

// minor is the minor of the version; 0 if it is not known.
func (s settings) minor() int {
	v, ok := evidence.ParseSemver(s.version)
	if !ok {
		return 0
	}
	return v.Minor
}

func (s settings) numberOr(name string, unset float64) (float64, bool) {
	v, ok := s.get(name)
	if !ok {
		return unset, s.whole && !slices.Contains(s.unknown, name)
	}
	return number(v)
}

func number(v string) (float64, bool) {
	if n, err := strconv.ParseInt(v, 0, 64); err == nil {
		return float64(n), true
	}
	n, err := strconv.ParseFloat(v, 64)
	return n, err == nil
}

func (s settings) number(name string) (float64, bool) {
	v, ok := s.orDefault(name)
	if !ok {
		return 0, false
	}
	return number(v)
}

func (s settings) duration(name string) (time.Duration, bool) {
	v, ok := s.orDefault(name)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(v)
	return d, err == nil
}
