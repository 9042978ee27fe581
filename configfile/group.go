package configfile

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A group are the pieces of one cluster.
type group struct {
	name   string
	home   string // the directory that its files have in common, from the root
	pieces []*piece
}

// groups tells clusters apart. Pieces are of one cluster if they say the same name, stand in one directory,
// or if their etcd members name each other. A piece that says no name belongs to the
// only one that is named in its file, in its directory, or in the nearest above, unless they are of different
// distributions.
func groups(pieces []*piece) []group {
	u := newUnion(len(pieces))
	first := map[string]int{}
	named := map[string][]string{} // names by home
	makes := map[string]string{}   // distributions by name
	inFile := map[*file][]string{} // names by file
	for _, p := range pieces {
		if p.cluster != "" && p.distribution != "" {
			makes[p.cluster] = p.distribution
		}
		if h := homeOf(p); p.cluster != "" && !slices.Contains(named[h], p.cluster) {
			named[h] = append(named[h], p.cluster)
		}
		if names := inFile[p.file]; p.cluster != "" && !slices.Contains(names, p.cluster) {
			inFile[p.file] = append(names, p.cluster)
		}
	}
	homes := map[string]bool{} // of what is more than objects of the API
	for _, p := range pieces {
		if p.cluster == "" && p.objects == nil {
			homes[treeHome(p, homeOf(p))] = true
		}
	}
	names := make([]string, len(pieces))
	for i, p := range pieces {
		name := p.cluster
		if name == "" {
			if name = nearestName(named, p); len(inFile[p.file]) == 1 {
				name = inFile[p.file][0]
			}
			if d := makes[name]; d != "" && p.distribution != "" && d != p.distribution {
				name = "" // a cluster is of one make
			}
		}
		names[i] = name
	}
	key := func(i int) string {
		if names[i] != "" {
			return "name " + names[i]
		}
		return "home " + treeHome(pieces[i], seat(homes, pieces[i]))
	}
	apart := tellSolesApart(pieces, key)
	for i := range pieces {
		u.join(i, first, key(i)+apart(i))
	}
	uniteByServers(pieces, u)
	return u.groups(pieces)
}

func homeOf(p *piece) string { return home(path.Dir(p.file.rel)) }

// treeHome is a directory that no other tree has.
func treeHome(p *piece, home string) string { return p.file.dir + "\x00" + home }

// seat is the home that a piece without a name belongs to. Objects of the API belong to the nearest home at or
// above theirs that has more than such objects.
func seat(homes map[string]bool, p *piece) string {
	own := homeOf(p)
	if p.objects == nil {
		return own
	}
	for h := own; ; h = path.Dir(h) {
		if homes[treeHome(p, h)] {
			return h
		}
		if h == "." {
			return own
		}
	}
}

// nearestName is the one cluster that is named at the piece's home or above it, "" if there is none or several.
func nearestName(named map[string][]string, p *piece) string {
	own := homeOf(p)
	for h := own; ; h = path.Dir(h) {
		if names := named[h]; len(names) == 1 && (h != "." || own == ".") { // what stands at the root names no folder below
			return names[0]
		} else if len(names) > 1 || h == "." {
			return ""
		}
	}
}

// conflict reports whether two pieces are of clusters with different names.
func conflict(pieces []*piece, u *union, i, j int) bool {
	a, b := "", ""
	var first []*piece // those of i's group that a cluster has one of
	for k, p := range pieces {
		if p.sole && u.find(k) == u.find(i) {
			first = append(first, p)
		}
	}
	for k, p := range pieces {
		if p.sole && u.find(k) == u.find(j) && slices.ContainsFunc(first, func(o *piece) bool { return different(o, p) }) {
			return true
		}
		if p.cluster == "" {
			continue
		}
		switch u.find(k) {
		case u.find(i):
			a = p.cluster
		case u.find(j):
			b = p.cluster
		}
	}
	return a != "" && b != "" && a != b
}

// ordinary directories say of what sort their files are, or of which node, and not of which cluster.
var ordinary = regexp.MustCompile(`^(?i:\.|etc|usr|lib|var|local|sysconfig|.*\.(service|ya?ml|conf)\.d|files?|manifests|static-?pods?|kubernetes|k8s|kube|config|configs|conf|systemd|system|units?|` +
	`kubeadm|kubelet|etcd|etcd-events|kube-apiserver|apiserver|kube-controller-manager|controller-manager|kube-scheduler|scheduler|` +
	`control-?planes?|masters?|workers?|nodes?|members?|hosts?|servers?|agents?|rancher|rke2|k3s|talos|group_vars|host_vars|all|k8s[-_]cluster|kube_control_plane|kube_node|apf|flowcontrol|` +
	`(cp|control-?plane|master|worker|node|member|host|server|etcd)[-_.]?\d+)$`)

// home is the directory of a cluster's files: without ordinary ones at the end.
func home(dir string) string {
	for dir != "." && dir != "/" && isOrdinary(dir) {
		dir = path.Dir(dir)
	}
	return dir
}

func isOrdinary(dir string) bool {
	return ordinary.MatchString(path.Base(dir)) || strings.HasSuffix("/"+dir, "/etc/default")
}

// union is a disjoint-set forest.
type union struct{ parent []int }

func newUnion(n int) *union {
	u := &union{make([]int, n)}
	for i := range u.parent {
		u.parent[i] = i
	}
	return u
}

func (u *union) find(i int) int {
	for u.parent[i] != i {
		u.parent[i] = u.parent[u.parent[i]]
		i = u.parent[i]
	}
	return i
}

// unite keeps the earlier one as the first, so that the order of the files decides nothing else.
func (u *union) unite(i, j int) {
	a, b := u.find(i), u.find(j)
	u.parent[max(a, b)] = min(a, b)
}

// join unites with the first one of the same key.
func (u *union) join(i int, first map[string]int, key string) {
	if key == "" {
		return
	}
	if j, ok := first[key]; ok {
		u.unite(i, j)
	} else {
		first[key] = i
	}
}

func (u *union) groups(pieces []*piece) []group {
	at := map[int]int{}
	var out []group
	for i, p := range pieces {
		root := u.find(i)
		k, ok := at[root]
		if !ok {
			k, at[root] = len(out), len(out)
			out = append(out, group{home: homeOf(p)})
		}
		g := &out[k]
		g.pieces = append(g.pieces, p)
		if g.name == "" {
			g.name = p.cluster
		}
		g.home = common(g.home, homeOf(p))
	}
	taken := map[string]int{}
	for i := range out {
		g := &out[i]
		if g.name == "" && g.home != "." {
			g.name = g.home
		}
		if g.name == "" {
			g.name = g.pieces[0].file.root
		}
		if n := taken[g.name]; n > 0 { // the same name in two trees
			g.name += " (" + g.pieces[0].file.rel + ")"
		}
		taken[g.name]++
	}
	return out
}

// common is the directory that two have in common.
func common(a, b string) string {
	for a != b {
		if len(a) < len(b) {
			a, b = b, a
		}
		if a == "." {
			return a
		}
		a = path.Dir(a)
	}
	return a
}

// nameOf is what a process is called whose file does not say: by its file, else by the directory.
func nameOf(p *Process, f *file) string {
	stem, _, _ := strings.Cut(path.Base(f.rel), ".")
	for _, prefix := range []string{p.Component, strings.TrimPrefix(p.Component, "kube-")} {
		if rest, ok := strings.CutPrefix(stem, prefix); ok {
			stem = strings.Trim(rest, "-_")
		}
	}
	if stem != "" && stem != "-" {
		return stem
	}
	for dir := path.Dir(f.rel); dir != "."; dir = path.Dir(dir) {
		if base := path.Base(dir); !isOrdinary(dir) || numbered.MatchString(base) {
			return base
		}
	}
	return f.root
}

var numbered = regexp.MustCompile(`\d$`)
