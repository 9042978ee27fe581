package configfile

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// binaries are the programs of a control plane, as they stand in a manifest.
var binaries = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}

func podReader() reader {
	return reader{
		name: "pod", kinds: []string{"Pod"}, group: "v1", words: binaries,
		read: func(c cursor, s *sink) { readPod(c, c, s) },
	}
}

func workloadReader() reader {
	return reader{
		name: "workload", kinds: []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}, group: "apps/", words: binaries,
		read: func(c cursor, s *sink) { readPod(c, c.get("spec", "template"), s) },
	}
}

// readPod finds the components that the containers of a pod run. The object is the pod, or the workload
// whose template the pod is. Its types are not decoded into: a template may put a string where a number belongs.
func readPod(object, pod cursor, s *sink) {
	for _, component := range binaries {
		p := processOf(component, object, pod)
		if p == nil {
			continue
		}
		out := s.piece("pod")
		out.cluster = clusterOf(object)
		out.processes = append(out.processes, p)
	}
}

// processOf is the component as one of the containers runs it; nil if none does.
func processOf(component string, object, pod cursor) *Process {
	containers := pod.get("spec", "containers").items()
	slices.SortStableFunc(containers, func(a, b cursor) int { return cmp.Compare(rank(component, a), rank(component, b)) })
	for _, c := range containers {
		if p := containerOf(component, pod, c); p != nil {
			meta := object.get("metadata")
			if component == "etcd" && strings.Contains(meta.get("name").known(), "events") {
				p.Component, p.Flags.Component = "etcd-events", "etcd-events"
			}
			p.name = cmp.Or(pod.get("spec", "nodeName").known(), p.name)
			if strings.HasPrefix(component, "etcd") {
				p.name = cmp.Or(known(p.Flags.Setting("name")), p.name)
				if p.name == "default" {
					p.name = ""
				}
			}
			p.stranger = component == "etcd" && !ofControlPlane(object, pod)
			p.ports("initial-cluster", "initial-advertise-peer-urls", "advertise-client-urls", "etcd-servers")
			return p
		}
	}
	return nil
}

func known(s evidence.Setting) string {
	if s.Known() && !s.Assumed() {
		return s.Value
	}
	return ""
}

// ofControlPlane reports whether a pod that runs an etcd bears a sign of being the cluster's own.
func ofControlPlane(object, pod cursor) bool {
	labels := object.get("metadata", "labels")
	return object.get("metadata", "namespace").text() == "kube-system" || clusterOf(object) != "" || labels.get("tier").text() == "control-plane" ||
		object.get("kind").text() == "Pod" && pod.get("spec", "hostNetwork").text() == "true"
}

// rank puts the container that bears the component's name before its helpers.
func rank(component string, c cursor) int {
	switch c.get("name").text() {
	case component:
		return 0
	case component + "-manager":
		return 1
	}
	return 2
}

// containerOf reads the command line of a container; nil if it runs something else.
func containerOf(component string, pod, c cursor) *Process {
	command, args := c.get("command"), c.get("args")
	words := append(command.items(), args.items()...)
	if len(words) == 0 || len(command.items()) == 0 && !entrypoint(component, c) {
		return nil
	}
	inShell := slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh"}, path.Base(words[0].text()))
	var texts []string
	for _, w := range words {
		texts = append(texts, word(w, inShell))
	}
	n := len(command.items())
	parsed, ok := evidence.ParseContainer(component, texts[:n], texts[n:], environment(pod, c))
	if !ok {
		return nil
	}
	list := command
	if args.ok() && n < 2 {
		list = args
	}
	p := newProcess(component, "pod", list.src())
	p.Flags = parsed.Flags(evidence.ImageVersion(c.get("image").known()), p.Source)
	p.Flags.Component = component
	p.place(parsed, words, c.get("env"))
	p.Sites = []Site{siteOf(list, Words)}
	if inShell {
		p.Sites[0].Form = Script
	} else if len(command.items()) > 0 && len(args.items()) > 0 {
		p.Sites = []Site{siteOf(args, Words), siteOf(command, Words)}
	}
	if env := c.get("env"); component == "etcd" && env.ok() {
		site := siteOf(env, Pairs)
		site.Prefix = etcdPrefix
		p.Sites = append(p.Sites, site)
	}
	p.loosen(c)
	if component == "etcd" {
		p.fromElsewhere(c)
	}
	return p
}

// entrypoint reports whether a container with arguments alone runs the component by its image.
func entrypoint(component string, c cursor) bool {
	image, _, _ := strings.Cut(path.Base(c.get("image").text()), ":")
	return c.get("name").text() == component || image == component
}

// word is one of a command line, with what a template fills in marked as unknown. In a script ${NAME} is
// the shell's own.
func word(c cursor, inShell bool) string {
	text := strings.ReplaceAll(c.text(), string(hole), evidence.Elsewhere)
	if inShell {
		return text
	}
	name, value, has := strings.Cut(text, "=")
	if !strings.HasPrefix(text, "$(") { // Kubernetes resolves $(NAME)
		name = filledIn.ReplaceAllString(name, evidence.Elsewhere)
	}
	if !has {
		return name
	}
	return name + "=" + filledIn.ReplaceAllStringFunc(value, func(ref string) string {
		if strings.HasPrefix(ref, "$(") {
			return ref
		}
		return evidence.Elsewhere
	})
}

// environment are the variables of a container, those without a literal value as set elsewhere.
func environment(pod, c cursor) map[string]string {
	env := map[string]string{}
	for _, e := range c.get("env").items() {
		name := e.get("name").text()
		value, literal := e.get("value").str()
		switch field := e.get("valueFrom", "fieldRef", "fieldPath").text(); {
		case literal && !isHole(strings.ReplaceAll(value, "$(", "")) && !e.isLoose():
			env[name] = value
		case field == "metadata.name" && pod.get("metadata", "name").known() != "":
			env[name] = pod.get("metadata", "name").known()
		case field == "metadata.namespace" && pod.get("metadata", "namespace").known() != "":
			env[name] = pod.get("metadata", "namespace").known()
		default:
			env[name] = evidence.Elsewhere
		}
	}
	return env
}

// place gives every flag the place of the word, or the line of the script, that sets it.
func (p *Process) place(parsed evidence.Parsed, words []cursor, env cursor) {
	for _, name := range p.Flags.Unknown {
		if i, ok := parsed.At[name]; ok && i < len(words) {
			p.unknownAt(name, words[i].find("--"+name))
		}
	}
	for name, vs := range p.Flags.Values {
		i, ok := parsed.At[name]
		for j := range vs {
			switch {
			case vs[j].From == evidence.FromEnvironment:
				variable := "ETCD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
				for _, e := range env.items() {
					if e.get("name").text() == variable {
						vs[j].Source = e.get("name").src()
					}
				}
			case ok && i < len(words):
				vs[j].Source = words[i].find("--" + name)
			}
		}
	}
}

// loosen makes unknown what a template decides on: flags in a condition, and all others where it adds lines.
func (p *Process) loosen(c cursor) {
	f := c.doc.file
	for name, vs := range p.Flags.Values {
		if slices.ContainsFunc(vs, func(v evidence.FlagValue) bool { return f.isLoose(v.Source.Line) }) {
			p.unknownAt(name, vs[0].Source)
		}
	}
	whole := span{c.get("command").lines().first, max(c.get("command").lines().last, c.get("args").lines().last)}
	if a := c.get("args").lines().first; whole.first == 0 || a > 0 && a < whole.first {
		whole.first = a
	}
	whole.last++ // a directive at the end of the list belongs to it
	if line, ok := f.opensIn(whole); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
}

// fromElsewhere notes the variables of an etcd that no literal sets.
func (p *Process) fromElsewhere(c cursor) {
	if _, ok := p.Flags.Values["config-file"]; ok {
		return
	}
	for _, e := range c.get("env").items() {
		name, isSetting := strings.CutPrefix(e.get("name").text(), "ETCD_")
		if _, literal := e.get("value").str(); isSetting && !literal && e.get("valueFrom").ok() {
			p.unknownAt(strings.ToLower(strings.ReplaceAll(name, "_", "-")), e.get("name").src())
		}
	}
	if len(c.get("envFrom").items()) > 0 {
		p.opaque("takes variables from a ConfigMap or Secret, which was not read")
	}
}
