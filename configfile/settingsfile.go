package configfile

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// settingsKinds are the configuration files of components, by kind.
var settingsKinds = map[string]struct{ component, group string }{
	"KubeletConfiguration":       {"kubelet", "kubelet.config.k8s.io/"},
	"KubeSchedulerConfiguration": {"kube-scheduler", "kubescheduler.config.k8s.io/"},
	"KubeProxyConfiguration":     {"kube-proxy", "kubeproxy.config.k8s.io/"},
}

// A settingsFile is the configuration file of a component.
type settingsFile struct {
	doc     evidence.Document
	at      evidence.Source
	version evidence.Source // of its apiVersion
	base    string          // what the file is called on a machine, as far as that can be told
	name    string          // of its own, where no process is known to take it
	run     *Process        // the process that takes it; nil if that is not known
	dropIn  bool
}

func settingsReaders() []reader {
	var out []reader
	for _, kind := range []string{"KubeletConfiguration", "KubeSchedulerConfiguration", "KubeProxyConfiguration"} {
		of := settingsKinds[kind]
		out = append(out, reader{name: kind, kinds: []string{kind}, group: of.group, read: func(c cursor, s *sink) { readSettings(c, of.component, s) }})
	}
	return out
}

var (
	// kubeletDropIns is where the kubelet reads parts of its configuration (--config-dir, 1.30 on).
	kubeletDropIns = regexp.MustCompile(`\.conf\.d$|(^|/)kubelet\.d$`)
	// kubeadmPatch is how kubeadm --patches wants a patch of the kubelet's file to be called.
	kubeadmPatch = regexp.MustCompile(`^kubeletconfiguration[^/]*\.(ya?ml|json)$`)
)

func readSettings(c cursor, component string, s *sink) {
	f := &settingsFile{doc: documentOf(c, component), at: c.src(), base: c.doc.name(), name: settingsName(c.doc, component)}
	f.version = cmp.Or(c.get("apiVersion").src(), f.at)
	if h := c.get("staticPodURLHeader"); len(h.entries()) > 0 { // that it is there is kept, what it is not
		f.doc.Fields["staticPodURLHeader"] = evidence.FlagValue{Value: "not kept", From: evidence.FromConfigFile, Source: h.src()}
	}
	inFile := c.doc.inside == nil
	switch line, open := c.doc.file.opensIn(c.doc.lines()); {
	case open:
		f.doc.Part = "a template adds more at line " + itoa(line)
	case c.isLoose():
		f.doc.Part = "a template decides on it"
	case component != "kubelet":
	case inFile && kubeletDropIns.MatchString(path.Dir(s.file.rel)):
		f.dropIn, f.doc.Part = true, "this is a drop-in, beside the kubelet's own file"
	case inFile && kubeadmPatch.MatchString(f.base):
		f.doc.Part = "kubeadm patches the kubelet's own file with this"
	case inFile && strings.Contains(s.file.text, "kubeadm.k8s.io/"):
		f.doc.Part = "kubeadm writes the rest"
	}
	s.warnNoVersion(c, f)
	out := s.piece("settings of " + component)
	out.settings, out.inert = f, component == "kube-proxy"
	out.fill = append(out.fill, func(snap *evidence.Snapshot) { s.fillSettings(f, snap) })
}

// warnNoVersion tells of a document that its component refuses whatever its version is.
func (s *sink) warnNoVersion(c cursor, f *settingsFile) {
	if c.get("apiVersion").ok() || f.doc.Part != "" {
		return
	}
	s.warn(f.at, "this "+f.doc.Kind+" has no apiVersion, and "+f.doc.Component+" refuses it; kaudit read it all the same")
}

// nameSettings calls the configuration files that were found since the first n pieces by the ConfigMap that holds them.
func (s *sink) nameSettings(n int, name string) {
	for _, p := range s.pieces[n:] {
		if p.settings != nil && name != "" {
			p.settings.name = name
		}
	}
}

// settingsName calls a document by its file or directory.
func settingsName(d *doc, component string) string {
	name := nameOf(&Process{Component: component}, d.file)
	if name != "config" && !strings.HasPrefix(name, "configuration") {
		return name
	}
	for dir := path.Dir(d.file.rel); dir != "."; dir = path.Dir(dir) {
		if base := path.Base(dir); !isOrdinary(dir) || numbered.MatchString(base) {
			return base
		}
	}
	return name
}

// joinSettings finds the process that takes each configuration file: the nearest that names it by --config, or
// where there is one of both and the process takes some file, that one.
func (g *group) joinSettings() {
	count := map[string]int{}
	for _, p := range g.pieces {
		if p.settings != nil {
			count[p.settings.doc.Component]++
		}
	}
	taken := map[*Process]bool{}
	for _, p := range g.pieces {
		f := p.settings
		if f == nil || f.dropIn {
			continue
		}
		running := g.running(f.doc.Component)
		var names []*Process
		for _, proc := range running {
			if f.base != "" && path.Base(known(proc.Flags.Setting("config"))) == f.base {
				names = append(names, proc)
			}
		}
		names = g.nearestOf(p.file, names)
		if len(names) == 0 && f.doc.Component == "kube-scheduler" && len(running) == 1 && count[f.doc.Component] == 1 && running[0].Flags.Has("config") {
			names = running
		}
		if len(names) == 1 && !taken[names[0]] {
			f.run, taken[names[0]] = names[0], true
			f.beside(f.run)
		}
	}
	g.joinDropIns()
}

// running are the processes of a component; those that only a tool's input tells of, where nothing else does.
func (g *group) running(component string) []*Process {
	var run, intents []*Process
	for _, p := range g.pieces {
		for _, proc := range p.processes {
			switch {
			case proc.Component != component:
			case proc.intent:
				intents = append(intents, proc)
			default:
				run = append(run, proc)
			}
		}
	}
	if len(run) > 0 {
		return run
	}
	return intents
}

// nearestOf are those processes whose files have most directories in common with a file.
func (g *group) nearestOf(to *file, ps []*Process) []*Process {
	var in []*piece
	for _, p := range g.pieces {
		if slices.ContainsFunc(p.processes, func(proc *Process) bool { return slices.Contains(ps, proc) }) {
			in = append(in, p)
		}
	}
	var out []*Process
	for _, p := range nearest(to, in) {
		for _, proc := range p.processes {
			if slices.Contains(ps, proc) {
				out = append(out, proc)
			}
		}
	}
	return out
}

// beside makes unknown what a flag of the kubelet overrides: the file is not what counts then.
func (f *settingsFile) beside(p *Process) {
	if p.Component != "kubelet" {
		return
	}
	for name := range f.doc.Fields {
		field, _, _ := strings.Cut(name, ".") // --eviction-hard is all of evictionHard
		field, _, _ = strings.Cut(field, "[")
		flag := kebab(field)
		if name == "eventRecordQPS" {
			flag = "event-qps"
		}
		if p.Flags.Has(flag) || slices.Contains(p.Flags.Unknown, flag) {
			f.override(name)
		}
	}
}

// override notes a field whose value another place decides.
func (f *settingsFile) override(name string) {
	delete(f.doc.Fields, name)
	if !slices.Contains(f.doc.Unknown, name) {
		f.doc.Unknown = append(f.doc.Unknown, name)
		slices.Sort(f.doc.Unknown)
	}
}

// joinDropIns makes unknown in a kubelet's file, and in the drop-ins that are read earlier, what a drop-in sets.
func (g *group) joinDropIns() {
	var files, dropIns []*piece
	for _, p := range g.pieces {
		switch {
		case p.settings == nil || p.settings.doc.Component != "kubelet":
		case p.settings.dropIn:
			dropIns = append(dropIns, p)
		default:
			files = append(files, p)
		}
	}
	for _, d := range dropIns {
		under := slices.DeleteFunc(slices.Clone(dropIns), func(o *piece) bool {
			return path.Dir(o.file.rel) != path.Dir(d.file.rel) || o.file.root != d.file.root || path.Base(o.file.rel) >= path.Base(d.file.rel)
		})
		under = append(under, nearest(d.file, files)...)
		for _, o := range under {
			for _, name := range append(sortedKeys(d.settings.doc.Fields), d.settings.doc.Unknown...) {
				if name != "apiVersion" && name != "kind" && o.settings.doc.Has(name) {
					o.settings.override(name)
				}
			}
		}
	}
}

// fillSettings puts a configuration file into the snapshot of its cluster.
func (s *sink) fillSettings(f *settingsFile, snap *evidence.Snapshot) {
	doc := f.doc
	subject := ""
	if f.run != nil {
		doc.Version, subject = f.run.Flags.Version, f.run.Subject
	} else { // a name that no process or other file has
		at := doc.Component + "/" + strings.ReplaceAll(s.file.path, " ", "_")
		for _, subject = range []string{doc.Component + "/" + f.name, at, at + ":" + itoa(f.at.Line)} {
			if !taken(snap, doc.Component, subject) {
				break
			}
		}
	}
	if doc.Version == "" && snap.Version.Seen() {
		doc.Version = strings.TrimPrefix(snap.Version.Value.Git, "v")
	}
	s.warnOldVersion(doc, f.version)
	snap.Documents = append(snap.Documents, evidence.See(subject, doc, f.at))
}

// taken reports whether a process or another file is called so.
func taken(s *evidence.Snapshot, component, subject string) bool {
	flags := s.SchedulerFlags
	if component == "kubelet" {
		flags = s.KubeletFlags
	}
	return flags.Of(subject).Seen() || s.Documents.Of(subject).Seen()
}

// settingsVersions are the minors of Kubernetes that read an apiVersion, the first and the last; 0: no bound.
var settingsVersions = map[string][2]int{
	"kubelet.config.k8s.io/v1beta1":        {0, 0},
	"kubeproxy.config.k8s.io/v1alpha1":     {0, 0},
	"kubescheduler.config.k8s.io/v1beta1":  {0, 24},
	"kubescheduler.config.k8s.io/v1beta2":  {0, 27},
	"kubescheduler.config.k8s.io/v1beta3":  {0, 28},
	"kubescheduler.config.k8s.io/v1":       {25, 0},
	"kubescheduler.config.k8s.io/v1alpha1": {0, 23},
	"kubescheduler.config.k8s.io/v1alpha2": {0, 23},
}

// warnOldVersion tells of an apiVersion that the component's version does not read, and so does not start with.
func (s *sink) warnOldVersion(doc evidence.Document, at evidence.Source) {
	reads, exists := settingsVersions[doc.APIVersion]
	v, known := evidence.ParseSemver(doc.Version)
	switch {
	case doc.APIVersion == "":
	case !exists:
		s.warn(at, "there is no "+doc.APIVersion+" of "+doc.Kind+", and "+doc.Component+" refuses it; kaudit read it all the same")
	case known && reads[1] > 0 && v.Minor > reads[1]:
		s.warn(at, doc.APIVersion+" is read up to Kubernetes 1."+itoa(reads[1])+", and "+doc.Component+" 1."+itoa(v.Minor)+" does not start with it; write kubescheduler.config.k8s.io/v1")
	case known && v.Minor < reads[0]:
		s.warn(at, doc.APIVersion+" is read from Kubernetes 1."+itoa(reads[0])+" on, and "+doc.Component+" 1."+itoa(v.Minor)+" does not start with it")
	}
}

func sortedKeys(m map[string]evidence.FlagValue) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
