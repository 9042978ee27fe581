package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Provenance says where the value of a flag was read.
type Provenance string

// Strongest first.
const (
	FromFlagz       Provenance = "flagz"        // /flagz of the running process: in force, defaults included
	FromCommandLine Provenance = "command line" // arguments of the pod
	FromEnvironment Provenance = "environment"  // an ETCD_* variable of the pod
	FromConfigFile  Provenance = "config file"
	// FromArguments are flags as such in the configuration of what starts the process: Talos' and Cluster API's
	// extraArgs, the arguments of k3s and RKE2. They reach its command line word for word.
	FromArguments Provenance = "arguments"
	FromKubeadm   Provenance = "kubeadm-config" // intended; may not be applied on every node
	FromDefault   Provenance = "default"        // documented default of that version, assumed
	FromNowhere   Provenance = ""               // not known
)

var strength = map[Provenance]int{FromFlagz: 0, FromCommandLine: 1, FromEnvironment: 2, FromArguments: 3, FromConfigFile: 3, FromKubeadm: 4, FromDefault: 5, FromNowhere: 6}

// FlagValue is what one source says of a flag. For a flag given several times Value is the last
// and All has every one in order (lists append, scalars keep the last).
type FlagValue struct {
	Value  string     `json:"value"`
	All    []string   `json:"all,omitempty"`
	From   Provenance `json:"from"`
	Source Source     `json:"source,omitzero"`
}

// Flags are the settings of one process, by flag name without dashes, each with what every source
// says of it, strongest first.
type Flags struct {
	Component string                 `json:"component"`
	Version   string                 `json:"version,omitempty"` // of this instance, where its image or /flagz tells: "1.37.2", "3.7.3"
	Values    map[string][]FlagValue `json:"values"`
	// Read lists the sources that were read whole: a flag that none of them names has its default.
	Read []Source     `json:"read,omitempty"`
	From []Provenance `json:"from,omitempty"` // of Read, in the same order
	// Opaque says why the values that were read may not be those in force: a wrapper or a
	// configuration file that nobody could read. An unset flag is then unknown, not default.
	Opaque string `json:"opaque,omitempty"`
	// Unknown names flags that are set to what could not be read (a shell variable) or is not kept
	// (a secret): they have neither their default nor what a weaker source says.
	Unknown []string `json:"unknown,omitempty"`
	// UnknownAt says where the flags of Unknown stand in files: those that a template or a variable fills in.
	UnknownAt map[string]Source `json:"unknownAt,omitempty"`
}

// A Setting is the effective value of a flag, and how it is known.
type Setting struct {
	Name     string
	Value    string
	All      []string
	From     Provenance // FromNowhere: not known, and Value means nothing
	Source   Source
	Conflict *FlagValue // a weaker source that says otherwise
}

// Known reports whether there is a value, assumed defaults included.
func (s Setting) Known() bool { return s.From != FromNowhere }

// Assumed reports whether the value is a documented default that nobody confirmed.
func (s Setting) Assumed() bool { return s.From == FromDefault }

// String says the value and how it is known, and what a weaker source says otherwise:
// "0.001 (--goaway-chance, command line; kubeadm-config says 0.003)". Of a file it says no more than the
// flag: its place stands beside it.
func (s Setting) String() string {
	if s.Source.InFile() {
		return s.inFile()
	}
	if s.From == FromNowhere {
		return fmt.Sprintf("unknown (--%s could not be read)", s.Name)
	}
	how := fmt.Sprintf("--%s, %s", s.Name, s.From)
	switch s.From {
	case FromDefault:
		how = fmt.Sprintf("assumed default; --%s is not set", s.Name)
	case FromFlagz:
		how = fmt.Sprintf("--%s in force, by /flagz", s.Name)
	case FromKubeadm:
		how = fmt.Sprintf("--%s in kubeadm-config; the process itself could not be read", s.Name)
	case FromCommandLine, FromEnvironment, FromArguments, FromConfigFile, FromNowhere:
	}
	if c := s.Conflict; c != nil {
		how += fmt.Sprintf("; %s says %s", c.From, quoteEmpty(c.Value))
	}
	return fmt.Sprintf("%s (%s)", quoteEmpty(s.Value), how)
}

func (s Setting) inFile() string {
	how := "--" + s.Name
	switch s.From {
	case FromNowhere:
		return "unknown (--" + s.Name + ")"
	case FromDefault:
		how = fmt.Sprintf("assumed default; --%s is not set", s.Name)
	case FromEnvironment:
		how += ", environment"
	case FromFlagz, FromCommandLine, FromArguments, FromConfigFile, FromKubeadm:
	}
	if c := s.Conflict; c != nil {
		how += fmt.Sprintf("; %s says %s", c.Source.place(), quoteEmpty(c.Value))
	}
	return fmt.Sprintf("%s (%s)", quoteEmpty(s.Value), how)
}

func quoteEmpty(v string) string {
	if v == "" {
		return `""`
	}
	return v
}

// Has reports whether a source other than /flagz sets the flag: /flagz lists defaults too and
// cannot tell.
func (f Flags) Has(name string) bool {
	for _, v := range f.Values[name] {
		if v.From != FromFlagz {
			return true
		}
	}
	return slices.Contains(f.Unknown, name)
}

// Setting returns the effective value of a flag: what the strongest source says, else the
// documented default of the component's version, else nothing.
// A flag that a complete /flagz does not list does not exist in that process: nothing.
func (f Flags) Setting(name string) Setting {
	s := Setting{Name: name}
	vs := f.Values[name]
	if slices.Contains(f.Unknown, name) && (len(vs) == 0 || vs[0].From != FromFlagz) {
		s.Source = f.UnknownAt[name]
		return s
	}
	if len(vs) > 0 {
		s.Value, s.All, s.From, s.Source = vs[0].Value, vs[0].All, vs[0].From, vs[0].Source
		for i := range vs[1:] {
			if !agree(name, vs[0], vs[i+1]) {
				s.Conflict = &vs[i+1]
				break
			}
		}
		return s
	}
	if len(f.From) == 0 {
		return s
	}
	s.Source = f.Read[0]
	if f.From[0] == FromFlagz || f.Opaque != "" {
		return s
	}
	d, ok := Default(f.Component, name, f.Version)
	if !ok && f.Version == "" && s.Source.InFile() {
		d, ok = constant(f.Component, name)
	}
	if ok {
		s.Value, s.From = d, FromDefault
	}
	return s
}

// Merge adds what other sources say of the same process, strongest source first.
func (f *Flags) Merge(other Flags) {
	if f.Component == "" {
		f.Component = other.Component
	}
	if f.Version == "" {
		f.Version = other.Version
	}
	if f.Opaque == "" {
		f.Opaque = other.Opaque
	}
	f.Unknown = slices.Concat(f.Unknown, other.Unknown)
	slices.Sort(f.Unknown)
	f.Unknown = slices.Compact(f.Unknown)
	if len(other.UnknownAt) > 0 {
		at := maps.Clone(other.UnknownAt)
		maps.Copy(at, f.UnknownAt)
		f.UnknownAt = at
	}
	values := make(map[string][]FlagValue, len(f.Values)+len(other.Values))
	for _, from := range []map[string][]FlagValue{f.Values, other.Values} {
		for name, vs := range from {
			values[name] = append(slices.Clip(values[name]), vs...)
		}
	}
	for _, vs := range values {
		slices.SortStableFunc(vs, func(a, b FlagValue) int { return cmp.Compare(strength[a.From], strength[b.From]) })
	}
	f.Values = values
	f.mergeRead(other)
}

func (f *Flags) mergeRead(other Flags) {
	type read struct {
		src  Source
		from Provenance
	}
	var all []read
	for _, fl := range []Flags{*f, other} {
		for i, src := range fl.Read {
			all = append(all, read{src, fl.From[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b read) int { return cmp.Compare(strength[a.from], strength[b.from]) })
	f.Read, f.From = nil, nil
	for _, r := range all {
		f.Read, f.From = append(f.Read, r.src), append(f.From, r.from)
	}
}
