package configfile

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// suiteArgs are the keys of k3s' and RKE2's configuration that take flags of the components.
var suiteArgs = map[string]string{
	"kube-apiserver-arg": "kube-apiserver", "kube-controller-manager-arg": "kube-controller-manager", "kube-scheduler-arg": "kube-scheduler",
	"etcd-arg": "etcd", "kubelet-arg": "kubelet", "etcd-extra-env": "etcd",
}

func suiteReader() reader {
	return reader{
		name: "k3s or RKE2 configuration",
		keys: regexp.MustCompile(`(?m)^(?:["']|\s*\{?\s*")?(kube-apiserver-arg|kube-controller-manager-arg|kube-scheduler-arg|kube-cloud-controller-manager-arg|` +
			`kubelet-arg|etcd-arg|etcd-extra-env|cluster-init|etcd-expose-metrics|disable-etcd|etcd-snapshot-[a-z-]+)\+?["']?[ \t]*:`),
		read: readSuite,
	}
}

// readSuite reads the config.yaml of k3s and RKE2, or a file of its config.yaml.d. Beside what it says they set
// flags of their own, which differ from version to version: what is not set is unknown. Of the other keys,
// tokens and the datastore's endpoint with its password among them, only those are read that tell which etcd runs.
func readSuite(c cursor, s *sink) {
	name := suiteName(c, s.file)
	ps := map[string]*Process{}
	for _, e := range c.entries() {
		key, appends := strings.CutSuffix(e.key, "+")
		component, ok := suiteArgs[key]
		if !ok || component == "etcd" && foreignStore(c) {
			continue
		}
		p, ok := ps[component]
		if !ok {
			p = newProcess(component, name, e.value.src())
			p.part, p.replaces = machineOfSuite(s.file), !appends
			p.opaque("runs inside " + name + ", which sets flags of its own beside those of its configuration file")
			ps[component] = p
		}
		if key == "etcd-extra-env" {
			p.addVariables(e.value)
		} else {
			p.addSuite(e.value, evidence.FromArguments)
		}
	}
	if len(ps) == 0 {
		return
	}
	out := s.piece("suite")
	out.sole = c.get("cluster-init").text() == "true" && !c.get("server").ok() // the first server of a cluster
	if name != "k3s" || k3sOnly(c) {
		out.distribution = name
	}
	for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"} {
		if p := ps[component]; p != nil && !p.empty() {
			p.name = c.get("node-name").known()
			out.processes = append(out.processes, p)
		}
	}
	out.inert = len(out.processes) == 0
}

// addVariables takes RKE2's list of NAME=value.
func (p *Process) addVariables(c cursor) {
	site := siteOf(c, Suite)
	site.Prefix = etcdPrefix
	p.Sites = append(p.Sites, site)
	for _, item := range c.items() {
		if name, value, ok := strings.Cut(item.text(), "="); ok {
			if flag, etcd := strings.CutPrefix(name, etcdPrefix); etcd {
				p.add(envFlag(flag), value, evidence.FromEnvironment, item.src(), item.isLoose())
			}
		}
	}
}

// foreignStore reports whether the servers keep their data elsewhere, and run no etcd.
func foreignStore(c cursor) bool {
	return c.get("datastore-endpoint").ok() || c.get("disable-etcd").text() == "true"
}

// suiteName tells the two apart, whose keys are mostly the same.
func suiteName(c cursor, f *file) string {
	if strings.Contains(strings.ToLower(f.path), "rke2") {
		return "rke2"
	}
	for _, e := range c.entries() {
		key := strings.TrimSuffix(e.key, "+")
		if slices.Contains([]string{"cni", "profile", "audit-policy-file", "control-plane-resource-requests", "control-plane-resource-limits"}, key) ||
			strings.HasSuffix(key, "-extra-env") || strings.HasSuffix(key, "-extra-mount") {
			return "rke2"
		}
	}
	return "k3s"
}

// k3sOnly reports whether a file has what RKE2 does not.
func k3sOnly(c cursor) bool {
	return c.get("cluster-init").ok() || c.get("flannel-backend").ok() || c.get("disable-network-policy").ok() || c.get("disable-helm-controller").ok() ||
		strings.Contains(strings.ToLower(c.doc.file.path), "k3s")
}

// machineOfSuite is the directory of the main file, which the files beside and below it are parts of.
func machineOfSuite(f *file) string {
	dir := path.Dir(f.rel)
	switch base := path.Base(f.rel); {
	case strings.HasSuffix(dir, ".yaml.d"):
		return strings.TrimSuffix(dir, ".d")
	case strings.HasPrefix(base, "config.y"):
		return path.Join(dir, "config.yaml")
	}
	return f.rel
}

// joinSuites gives what the words of a k3s server say, in its unit, to what its configuration file says.
func (g *group) joinSuites() {
	files := map[string]*Process{}
	for _, p := range g.pieces {
		for _, proc := range p.processes {
			if proc.part != "" && (proc.Dialect == "k3s" || proc.Dialect == "rke2") {
				files[proc.Component] = cmp.Or(files[proc.Component], proc)
			}
		}
	}
	for _, p := range g.pieces {
		p.processes = slices.DeleteFunc(p.processes, func(proc *Process) bool {
			file := files[proc.Component]
			if !proc.suite || file == nil {
				return false
			}
			file.Flags.Merge(evidence.Flags{Values: proc.Flags.Values, Unknown: proc.Flags.Unknown})
			file.Sites = append(file.Sites, proc.Sites...)
			return true
		})
	}
}

func suiteControlPlaneReader() reader {
	return reader{
		name: "control plane of RKE2 or k3s", group: "controlplane.cluster.x-k8s.io/", read: readSuiteControlPlane,
		kinds: []string{"RKE2ControlPlane", "RKE2ControlPlaneTemplate", "KThreesControlPlane", "KThreesControlPlaneTemplate"},
	}
}

// suitePaths are where Cluster API's providers have the flags of the components (cluster-api-provider-rke2 v1beta1
// and v1beta2, cluster-api-k3s v1beta2).
var suitePaths = map[string]map[string][]string{
	"rke2": {
		"etcd":                    {"serverConfig", "etcd", "customConfig", "extraArgs"},
		"kube-apiserver":          {"serverConfig", "kubeAPIServer", "extraArgs"},
		"kube-controller-manager": {"serverConfig", "kubeControllerManager", "extraArgs"},
		"kube-scheduler":          {"serverConfig", "kubeScheduler", "extraArgs"},
		"kubelet":                 {"agentConfig", "kubelet", "extraArgs"},
	},
	"k3s": {
		"kube-apiserver":          {"kthreesConfigSpec", "serverConfig", "kubeAPIServerArg"},
		"kube-controller-manager": {"kthreesConfigSpec", "serverConfig", "kubeControllerManagerArgs"},
		"kube-scheduler":          {"kthreesConfigSpec", "serverConfig", "kubeSchedulerArgs"},
		"kubelet":                 {"kthreesConfigSpec", "agentConfig", "kubeletArgs"},
	},
}

// readSuiteControlPlane reads what Cluster API makes the configuration of RKE2 or k3s of.
func readSuiteControlPlane(c cursor, s *sink) {
	kind, spec := c.get("kind").text(), c.get("spec")
	if strings.HasSuffix(kind, "Template") {
		spec = spec.get("template", "spec")
	}
	suite := "k3s"
	if strings.HasPrefix(kind, "RKE2") {
		suite = "rke2"
	}
	out := s.piece(kind)
	out.distribution = suite
	out.sole, out.cluster = true, capiClusterOf(c, !strings.HasSuffix(kind, "Template"))
	if v := spec.get("version"); v.known() != "" {
		out.version, out.versionAt = v.known(), v.src()
	}
	for _, component := range slices.Sorted(maps.Keys(suitePaths[suite])) {
		args := spec.get(suitePaths[suite][component]...)
		if len(args.items()) == 0 {
			continue
		}
		p := newProcess(component, "capi", args.src())
		p.intent = true
		p.name = c.get("metadata", "name").known()
		p.addSuite(args, evidence.FromArguments)
		p.opaque("runs inside " + suite + ", which sets flags of its own beside those of its configuration file")
		out.processes = append(out.processes, p)
	}
	out.inert = len(out.processes) == 0 && out.version == ""
}
