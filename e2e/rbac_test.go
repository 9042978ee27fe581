//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// manifest is what deploy/rbac.yaml creates.
func manifest(t *testing.T) []runtime.Object {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "deploy", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for doc := range bytes.SplitSeq(raw, []byte("\n---")) {
		if len(bytes.TrimSpace(withoutYAMLComments(doc))) == 0 {
			continue
		}
		o, _, err := decoder.Decode(doc, nil, nil)
		if err != nil {
			t.Fatalf("deploy/rbac.yaml: %v", err)
		}
		objects = append(objects, o)
	}
	return objects
}

func withoutYAMLComments(doc []byte) []byte {
	var kept [][]byte
	for l := range bytes.Lines(doc) {
		if !bytes.HasPrefix(bytes.TrimSpace(l), []byte("#")) {
			kept = append(kept, l)
		}
	}
	return bytes.Join(kept, nil)
}

// grant applies deploy/rbac.yaml, without one rule where drop names it, and returns the kubeconfig of
// its ServiceAccount, and its token.
func grant(t *testing.T, client kubernetes.Interface, cfg *rest.Config, dir string, drop *grantedRule) (path, token string) {
	t.Helper()
	ctx := t.Context()
	var account *corev1.ServiceAccount
	for _, o := range manifest(t) {
		if a, ok := o.(*corev1.ServiceAccount); ok {
			account = a
		}
		if err := apply(ctx, client, without(o, drop)); err != nil {
			t.Fatalf("apply deploy/rbac.yaml: %v", err)
		}
	}
	if account == nil {
		t.Fatal("deploy/rbac.yaml has no ServiceAccount")
	}
	tr, err := client.CoreV1().ServiceAccounts(account.Namespace).CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(dir, "account-*.kubeconfig")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: cfg.Host, CertificateAuthorityData: cfg.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"kaudit": {Token: tr.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"kaudit": {Cluster: "c", AuthInfo: "kaudit"}},
		CurrentContext: "kaudit",
	}, f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return f.Name(), tr.Status.Token
}

// A grantedRule is a rule of deploy/rbac.yaml.
type grantedRule struct {
	role, namespace string // of a ClusterRole the namespace is empty
	rule            rbacv1.PolicyRule
}

func (g grantedRule) String() string {
	where := g.namespace
	if where == "" {
		where = "cluster"
	}
	return strings.Join(slices.Concat([]string{where}, g.rule.Verbs, g.rule.Resources, g.rule.ResourceNames, g.rule.NonResourceURLs), " ")
}

// permission is what a refusal calls it.
func (g grantedRule) permission() string {
	switch urls := g.rule.NonResourceURLs; {
	case slices.Contains(urls, "/metrics"):
		return "/metrics"
	case len(urls) > 0:
		return urls[0]
	}
	return g.rule.Resources[0]
}

// ruleOf is the rule that grants a resource.
func ruleOf(t *testing.T, resource string) grantedRule {
	t.Helper()
	for _, g := range rules(t) {
		if slices.Contains(g.rule.Resources, resource) {
			return g
		}
	}
	t.Fatalf("deploy/rbac.yaml grants no %s", resource)
	return grantedRule{}
}

// rules are all rules of deploy/rbac.yaml.
func rules(t *testing.T) []grantedRule {
	t.Helper()
	var out []grantedRule
	for _, o := range manifest(t) {
		switch r := o.(type) {
		case *rbacv1.ClusterRole:
			for _, rule := range r.Rules {
				out = append(out, grantedRule{r.Name, "", rule})
			}
		case *rbacv1.Role:
			for _, rule := range r.Rules {
				out = append(out, grantedRule{r.Name, r.Namespace, rule})
			}
		}
	}
	return out
}

// without removes a rule from its role.
func without(o runtime.Object, drop *grantedRule) runtime.Object {
	if drop == nil {
		return o
	}
	same := func(r rbacv1.PolicyRule) bool { return equality.Semantic.DeepEqual(r, drop.rule) }
	switch r := o.(type) {
	case *rbacv1.ClusterRole:
		if drop.namespace == "" && r.Name == drop.role {
			r.Rules = slices.DeleteFunc(r.Rules, same)
		}
	case *rbacv1.Role:
		if r.Namespace == drop.namespace && r.Name == drop.role {
			r.Rules = slices.DeleteFunc(r.Rules, same)
		}
	}
	return o
}

// refused waits until API servers know that a rule is gone. Another rule may grant the same; then
// there is nothing to wait for, and after a moment it returns all the same.
func refused(t *testing.T, clients []kubernetes.Interface, g grantedRule) {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "system:serviceaccount:kaudit:kaudit", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kaudit", "system:authenticated"},
	}}
	if len(g.rule.NonResourceURLs) > 0 {
		review.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Path: g.rule.NonResourceURLs[len(g.rule.NonResourceURLs)-1], Verb: g.rule.Verbs[0]}
	} else {
		resource, subresource, _ := strings.Cut(g.rule.Resources[0], "/")
		review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Namespace: g.namespace, Verb: g.rule.Verbs[0], Group: g.rule.APIGroups[0], Resource: resource, Subresource: subresource,
		}
		if len(g.rule.ResourceNames) > 0 {
			review.Spec.ResourceAttributes.Name = g.rule.ResourceNames[0]
		}
	}
	for _, c := range clients {
		for range 30 {
			answer, err := c.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !answer.Status.Allowed {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// apply creates an object, or replaces the rules of one that is there.
func apply(ctx context.Context, c kubernetes.Interface, o runtime.Object) error {
	var err error
	switch o := o.(type) {
	case *corev1.Namespace:
		_, err = c.CoreV1().Namespaces().Create(ctx, o, metav1.CreateOptions{})
	case *corev1.ServiceAccount:
		_, err = c.CoreV1().ServiceAccounts(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
	case *rbacv1.ClusterRole:
		if _, err = c.RbacV1().ClusterRoles().Create(ctx, o, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			_, err = c.RbacV1().ClusterRoles().Update(ctx, o, metav1.UpdateOptions{})
		}
	case *rbacv1.Role:
		if _, err = c.RbacV1().Roles(o.Namespace).Create(ctx, o, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			_, err = c.RbacV1().Roles(o.Namespace).Update(ctx, o, metav1.UpdateOptions{})
		}
	case *rbacv1.ClusterRoleBinding:
		_, err = c.RbacV1().ClusterRoleBindings().Create(ctx, o, metav1.CreateOptions{})
	case *rbacv1.RoleBinding:
		_, err = c.RbacV1().RoleBindings(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
	}
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
