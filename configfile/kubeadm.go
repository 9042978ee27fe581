package configfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// kubeadm's types are not used: they stand in k8s.io/kubernetes itself, a module that nobody is meant to
// import, keep no lines, and take neither what a template fills in nor more than two versions at a time.

func kubeadmReader() reader {
	return reader{
		name: "kubeadm", group: kubeadmGroup, read: readKubeadm,
		// The last two are those of v1alpha1 and v1alpha2, which are told.
		kinds: []string{"ClusterConfiguration", "InitConfiguration", "JoinConfiguration", "MasterConfiguration", "NodeConfiguration"},
	}
}

func readKubeadm(c cursor, s *sink) {
	at := c.get("apiVersion")
	group, ok := at.str()
	if !ok { // somebody else's kind of that name
		return
	}
	name := strings.TrimPrefix(group, kubeadmGroup)
	api, known := kubeadmAPIs[name]
	switch {
	case isHole(group):
	case !known:
		s.fail(&placed{line: at.src().Line, column: at.src().Column, why: fmt.Sprintf("%s is a version of kubeadm's configuration that kaudit does not know; it reads v1beta2 to v1beta4 and v1", group)})
		return
	case api.form == "":
		s.fail(&placed{line: at.src().Line, column: at.src().Column, why: gone(name, api)})
		return
	}
	out := s.piece("kubeadm")
	out.distribution = "kubeadm"
	k := kubeadm{s: s, out: out, dialect: "kubeadm", form: api.form, strict: known}
	if c.get("kind").text() == "ClusterConfiguration" {
		k.cluster(c)
		k.compatible(at, c.get("kubernetesVersion"), name, api)
		return
	}
	k.node(c)
	if dir := c.get("patches", "directory"); dir.ok() && dir.text() != "" {
		out.patched = "is started as patches in " + strings.ReplaceAll(dir.text(), string(hole), "…") + " have it, which were not read"
	}
}

// kubeadm reads kubeadm's configuration, by itself or as part of an object of Cluster API.
type kubeadm struct {
	s       *sink
	out     *piece
	dialect string
	form    Form // how its version writes arguments; "" where a template decides
	// strict is set where kubeadm itself reads the file: its decoder takes no number where a string belongs.
	strict bool
	// below is where a ClusterConfiguration begins, which need not be there: Cluster API sets the components up anyway.
	below []string
	args  map[string]map[string][]string // what was read, by component and flag
}

// component is a part of the control plane, and where its settings stand.
type component struct {
	name string
	path []string
}

var kubeadmComponents = []component{
	{"kube-apiserver", []string{"apiServer"}},
	{"kube-controller-manager", []string{"controllerManager"}},
	{"kube-scheduler", []string{"scheduler"}},
}

// cluster reads a ClusterConfiguration.
func (k kubeadm) cluster(root cursor) {
	c := root.get(k.below...)
	k.out.sole, k.out.endpoint = true, c.get("controlPlaneEndpoint").known()
	if name := c.get("clusterName").known(); name != "kubernetes" { // kubeadm's default names nothing
		k.out.cluster = name
	}
	if v := kubernetesVersion(c.get("kubernetesVersion")); v != "" {
		k.out.version, k.out.versionAt = v, c.get("kubernetesVersion").src()
	}
	k.args = map[string]map[string][]string{}
	minor := 0
	if v, ok := evidence.ParseSemver(k.out.version); ok {
		minor = v.Minor
	}
	external := c.get("etcd", "external")
	for _, comp := range kubeadmComponents {
		p := k.component(root, comp)
		if comp.name == "kube-apiserver" && external.ok() {
			p.externalEtcd(external.get("endpoints"))
		}
		p.own(kubeadmSets[comp.name]...)
	}
	if !external.ok() || external.isLoose() && c.get("etcd", "local").ok() {
		k.etcd(root, minor)
	}
	if k.dialect == "kubeadm" {
		k.remember(c, external.get("endpoints"))
	}
}

// component reads what is set for one.
func (k kubeadm) component(c cursor, comp component) *Process {
	path := slices.Concat(k.below, comp.path)
	at := c.get(path...)
	src := at.src()
	if !at.ok() {
		src = c.src()
	}
	p := newProcess(comp.name, k.dialect, src)
	p.intent = true
	p.whole(evidence.FromKubeadm)
	k.read(p, c, append(path, "extraArgs")...)
	k.out.processes = append(k.out.processes, p)
	return p
}

func (k kubeadm) etcd(c cursor, minor int) {
	p := k.component(c, component{"etcd", []string{"etcd", "local"}})
	local := c.get(k.below...).get("etcd", "local")
	switch tag := local.get("imageTag"); {
	case tag.ok():
		p.Flags.Version = strings.TrimPrefix(tag.known(), "v")
	case !local.get("imageRepository").ok():
		p.Flags.Version = kubeadmEtcd[minor]
	}
	p.addEnvs(local.get("extraEnvs"))
	if file := p.Flags.Setting("config-file"); file.Value != "" || slices.Contains(p.Flags.Unknown, "config-file") {
		p.opaque("reads every setting from a configuration file, which was not read, and ignores its flags and environment")
	}
	p.own(kubeadmSets["etcd"]...)
}

// addEnvs takes the variables of etcd. They are as much an intention as the flags that kubeadm gives, which win.
func (p *Process) addEnvs(envs cursor) {
	set := map[string]bool{}
	for name := range p.Flags.Values {
		set[name] = true
	}
	ours := false
	for _, e := range envs.items() {
		name, isSetting := strings.CutPrefix(e.get("name").text(), etcdPrefix)
		flag := envFlag(name)
		switch value := e.get("value"); {
		case !isSetting:
			continue
		case set[flag], slices.Contains(kubeadmSets["etcd"], flag):
		case value.ok():
			p.addNode(flag, value, evidence.FromKubeadm)
		default:
			p.unknownAt(flag, e.src())
		}
		ours = true
	}
	p.openIn(envs)
	if ours {
		site := siteOf(envs, Pairs)
		site.Prefix = etcdPrefix
		p.Sites = append(p.Sites, site)
	}
}

// externalEtcd is what kubeadm makes of the endpoints.
func (p *Process) externalEtcd(endpoints cursor) {
	loose := endpoints.isLoose()
	for _, e := range endpoints.items() {
		loose = loose || e.isLoose()
	}
	if len(p.Flags.Values["etcd-servers"]) == 0 && len(endpoints.items()) > 0 {
		p.add("etcd-servers", strings.Join(endpoints.words(), ","), evidence.FromKubeadm, endpoints.src(), loose)
		p.ports("etcd-servers")
	}
}

// own makes unknown what a tool sets beside the file, where the file does not say.
func (p *Process) own(names ...string) {
	for _, name := range names {
		if len(p.Flags.Values[name]) == 0 {
			p.unknown(name)
		}
	}
}

// node reads the registration of a node in an Init- or JoinConfiguration: the flags that its kubelet gets
// beside its configuration file. What they do not name may stand in that file, and is not known.
func (k kubeadm) node(c cursor) {
	reg := c.get("nodeRegistration")
	args := reg.get("kubeletExtraArgs")
	if len(args.items()) == 0 && len(args.entries()) == 0 {
		return
	}
	p := newProcess("kubelet", k.dialect, args.src())
	p.intent = true
	p.name = reg.get("name").known()
	k.read(p, c, "nodeRegistration", "kubeletExtraArgs")
	if own := known(p.Flags.Setting("hostname-override")); own != "" && p.name == "" {
		p.name = own
	}
	k.out.processes = append(k.out.processes, p)
}

// read takes the arguments at a path, in whichever form they stand there.
func (k kubeadm) read(p *Process, c cursor, keys ...string) {
	args, section := c.get(keys...), c.get(keys[:len(keys)-1]...)
	form := k.form
	switch {
	case len(args.items()) > 0:
		form = Pairs
	case len(args.entries()) > 0:
		form = Map
	}
	if form != k.form && k.strict && k.form != "" && !args.isLoose() {
		k.s.warn(args.src(), fmt.Sprintf("%s is a %s, and this version takes a %s only: kubeadm refuses the file", keys[len(keys)-1], wordFor[form], wordFor[k.form]))
	}
	for _, e := range args.entries() {
		k.add(p, e.key, e.value)
	}
	for _, e := range args.items() {
		name, value := e.get("name"), e.get("value")
		switch method := e.get("mergeMethod"); {
		case name.text() == "":
		case method.ok() && method.text() != "": // the value is part of kubeadm's own
			p.unknown(strings.TrimLeft(name.text(), "-"))
		case !value.ok():
			p.add(name.text(), "", evidence.FromKubeadm, name.src(), name.isLoose())
		default:
			k.add(p, name.text(), value)
		}
	}
	if form != "" {
		p.Sites = append(p.Sites, siteBelow(c, form, keys...))
	}
	k.filledIn(p, c, section, args)
}

var wordFor = map[Form]string{Map: "map", Pairs: "list"}

func (k kubeadm) add(p *Process, name string, value cursor) {
	if n := value.real(); k.strict && n != nil && !isHole(n.Value) && slices.Contains([]string{"!!int", "!!float", "!!bool"}, n.Tag) {
		k.s.warn(value.src(), fmt.Sprintf("the value of %s is no string, and kubeadm refuses the file: put it in quotes", name))
	}
	p.addNode(name, value, evidence.FromKubeadm)
	name = strings.TrimLeft(name, "-")
	if p.Component != "etcd" {
		name = strings.ReplaceAll(name, "_", "-") // as it is noted where it is unknown, which a secret is
	}
	if k.args == nil || slices.Contains(p.Flags.Unknown, name) {
		return
	}
	if k.args[p.Component] == nil {
		k.args[p.Component] = map[string][]string{}
	}
	k.args[p.Component][name] = append(k.args[p.Component][name], evidence.WithoutUserinfo(value.text()))
}

// filledIn makes unknown what is not set where a template may set it.
func (k kubeadm) filledIn(p *Process, c, section, args cursor) {
	about := c.lines() // a section that is not there may be put in anywhere
	if section.ok() {
		about = section.lines()
		about.last++
	}
	if line, ok := c.doc.file.opensIn(about); ok {
		p.opaque("takes what a template adds at line " + itoa(line))
	}
	if text, ok := args.str(); ok && isHole(text) {
		p.opaque("takes what a template puts in at line " + itoa(args.src().Line))
	}
}

// remember is what the snapshot of a running cluster has of its ConfigMap kubeadm-config.
func (k kubeadm) remember(c, endpoints cursor) {
	const of = "cluster"
	src := c.src()
	_, open := c.doc.file.opensIn(c.lines())
	if ep := c.get("controlPlaneEndpoint"); ep.ok() && (isHole(ep.text()) || ep.isLoose()) || !ep.ok() && open {
		gap := evidence.Gap{Why: evidence.NotLive, Note: "a template fills in controlPlaneEndpoint"}
		k.out.fill = append(k.out.fill, func(s *evidence.Snapshot) {
			if !s.KubeadmConfig.Seen() {
				s.KubeadmConfig = evidence.Miss[evidence.KubeadmConfig](of, gap, src)
			}
		})
		return
	}
	config := evidence.KubeadmConfig{
		APIVersion: c.get("apiVersion").known(), KubernetesVersion: c.get("kubernetesVersion").known(), ClusterName: c.get("clusterName").known(),
		ControlPlaneEndpoint: c.get("controlPlaneEndpoint").known(), ExtraArgs: k.args,
	}
	for _, e := range endpoints.items() {
		if url := e.known(); url != "" {
			config.ExternalEtcdEndpoints = append(config.ExternalEtcdEndpoints, evidence.WithoutUserinfo(url))
		}
	}
	k.out.fill = append(k.out.fill, func(s *evidence.Snapshot) {
		if !s.KubeadmConfig.Seen() {
			s.KubeadmConfig = evidence.See(of, config, src)
		}
	})
}
