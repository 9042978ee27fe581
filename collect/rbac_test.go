package collect

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kaudit/kaudit/evidence"
)

// asked is a request as an authorizer sees it.
type asked struct{ verb, group, resource, namespace, name, url string }

// attributesOf takes a path apart as kube-apiserver does.
func attributesOf(path string) asked {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	a := asked{verb: "list"}
	switch parts[0] {
	case "api":
		parts = parts[2:]
	case "apis":
		a.group, parts = parts[1], parts[3:]
	default:
		return asked{verb: "get", url: path}
	}
	if parts[0] == "namespaces" {
		a.namespace, parts = parts[1], parts[2:]
	}
	a.resource = parts[0]
	if len(parts) > 1 {
		a.verb, a.name = "get", parts[1]
	}
	if len(parts) > 2 {
		a.resource += "/" + parts[2]
	}
	return a
}

// permission is what the gap of such a request names.
func (a asked) permission() string {
	if a.url != "" {
		return "get " + a.url + " (a non-resource URL)"
	}
	s := a.verb + " " + a.resource
	if a.group != "" {
		s += "." + a.group
	}
	if a.name != "" && !strings.Contains(a.resource, "/") {
		s += fmt.Sprintf(" %q", a.name)
	}
	if a.namespace != "" {
		s += " in " + a.namespace
	}
	return s
}

// everyRequest makes each kind of request once, and returns them all.
func everyRequest(t *testing.T) []request {
	t.Helper()
	f := &fakeServer{answers: map[string]answer{
		"/api/v1/namespaces/openshift-kube-apiserver/pods":          pods(t),
		"/api/v1/namespaces/openshift-kube-controller-manager/pods": pods(t),
		"/api/v1/namespaces/openshift-kube-scheduler/pods":          pods(t),
		"/api/v1/namespaces/kube-system/pods":                       pods(t),
	}}
	ctx, nodes := t.Context(), readyNodes("n1")
	readNodes(ctx, f)
	readControlPods(ctx, f, evidence.Nodes{})
	readControlPods(ctx, f, evidence.Nodes{Items: []evidence.Node{{Labels: map[string]string{"node.openshift.io/os_id": "rhcos"}}}})
	readEndpoints(ctx, f)
	readIdentityLeases(ctx, f, 37)
	readLeaderLeases(ctx, f)
	readKubeadmConfig(ctx, f)
	readKubeletIntent(ctx, f)
	readFlowSchemas(ctx, f, 37)
	readPriorityLevels(ctx, f, 37)
	readAPIServices(ctx, f)
	readPendingPods(ctx, f, 37)
	readPods(ctx, f, nodes, []string{"n1"}, 1, true)
	readKubelets(ctx, f, nodes, []string{"n1"})
	// And those of the processes themselves.
	return append(f.asked, metricsRequest(nil), flagzRequest(nil), dumpRequest(nil), request{Path: "/version"},
		request{Path: "/configz", Permission: "get /configz (a non-resource URL)"},
		(&tunnel{namespace: "kube-system", pod: "etcd-cp-1"}).request())
}

// granted is a rule, and where it holds.
type granted struct {
	role, namespace string
	rule            rbacv1.PolicyRule
}

func (g granted) String() string { return fmt.Sprintf("%s %s %v", g.role, g.namespace, g.rule) }

func (g granted) allows(a asked) bool {
	if a.url != "" {
		return g.namespace == "" && slices.Contains(g.rule.NonResourceURLs, a.url) && slices.Contains(g.rule.Verbs, a.verb)
	}
	return (g.namespace == "" || g.namespace == a.namespace) && slices.Contains(g.rule.Verbs, a.verb) &&
		slices.Contains(g.rule.APIGroups, a.group) && slices.Contains(g.rule.Resources, a.resource) &&
		(len(g.rule.ResourceNames) == 0 || slices.Contains(g.rule.ResourceNames, a.name))
}

// grants reads the rules of rbac.yaml, of roles that are bound to kaudit's own account.
func grants(t *testing.T) []granted {
	t.Helper()
	raw, err := os.ReadFile("../deploy/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []granted
	bound := map[string]bool{}
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var d struct {
			Kind     string
			Metadata struct{ Name, Namespace string }
			Rules    []rbacv1.PolicyRule
			RoleRef  rbacv1.RoleRef
			Subjects []rbacv1.Subject
		}
		if err := yaml.Unmarshal(doc, &d); err != nil {
			t.Fatal(err)
		}
		for _, r := range d.Rules {
			out = append(out, granted{d.Kind + "/" + d.Metadata.Name, d.Metadata.Namespace, r})
		}
		if strings.HasSuffix(d.Kind, "Binding") {
			same(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "kaudit", Namespace: "kaudit"}}, d.Subjects)
			bound[d.RoleRef.Kind+"/"+d.RoleRef.Name+" in "+d.Metadata.Namespace] = true
		}
	}
	if len(out) == 0 {
		t.Fatal("got no rules out of rbac.yaml")
	}
	for _, g := range out {
		if !bound[g.role+" in "+g.namespace] {
			t.Errorf("%s in %q is bound to nobody", g.role, g.namespace)
		}
	}
	return out
}

// each takes a rule apart into those that allow one thing.
func (g granted) each() []granted {
	var out []granted
	for _, verb := range g.rule.Verbs {
		for _, u := range g.rule.NonResourceURLs {
			out = append(out, granted{g.role, g.namespace, rbacv1.PolicyRule{Verbs: []string{verb}, NonResourceURLs: []string{u}}})
		}
		for _, group := range g.rule.APIGroups {
			for _, res := range g.rule.Resources {
				one := rbacv1.PolicyRule{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{res}}
				out = append(out, granted{g.role, g.namespace, one})
				for i, name := range g.rule.ResourceNames {
					if i > 0 {
						out = append(out, out[len(out)-1])
					}
					out[len(out)-1].rule.ResourceNames = []string{name}
				}
			}
		}
	}
	return out
}

// rbac.yaml grants every request that kaudit makes, and nothing that it does not.
func TestRBAC(t *testing.T) {
	rules := grants(t)
	used := map[string]bool{}
	for _, r := range everyRequest(t) {
		wants := []asked{attributesOf(r.Path)}
		if wants[0].resource == "pods/portforward" { // a GET by websocket, or a POST by SPDY
			create := wants[0]
			create.verb = "create"
			wants = []asked{create, wants[0]}
		}
		if got, want := permission(r), wants[0].permission(); got != want && r.Path != "/version" {
			t.Errorf("%s: got permission %q, want %q", r.Path, got, want)
		}
		for _, a := range wants {
			ok := false
			for _, g := range rules {
				if g.allows(a) {
					ok = true
				}
				for _, one := range g.each() {
					used[one.String()] = used[one.String()] || one.allows(a)
				}
			}
			if !ok {
				t.Errorf("%s needs to %s, which nothing grants", r.Path, a.permission())
			}
		}
	}
	for what, ok := range used {
		if !ok {
			t.Errorf("%s is granted, and needed by no request", what)
		}
	}
}
