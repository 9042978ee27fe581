//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/loopback"
	"github.com/kaudit/kaudit/e2e/pki"
	"github.com/kaudit/kaudit/e2e/store"
)

// What the clusters hold that clients of known habit are let loose on.
const (
	habitNamespace = "habits" // of their service accounts
	podCount       = 500
	podNamespaces  = 10
	nodeCount      = 5
	configMapCount = 300 // all in one namespace
	eventCount     = 200
)

// habitAudit records every stage, and of some requests the answers.
const habitAudit = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  resources: [{group: "", resources: [configmaps]}]
  namespaces: [bulk]
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
- level: Metadata
`

// startHabitat starts a control plane of a version with nothing in it but what its clients will ask for.
func startHabitat(t *testing.T, version string, apiServers int) *loopback.Cluster {
	t.Helper()
	cfg := loopback.Config{
		Bare: true, APIServers: apiServers, EtcdMembers: 1, AuditPolicy: habitAudit,
		Flags: map[string][]string{
			"etcd":           {"--unsafe-no-fsync"},
			"kube-apiserver": {"--etcd-count-metric-poll-period=2s"}, // else it counts its objects once a minute
		},
		// The first log is rotated and packed, as most are.
		FlagsOn: map[string][]string{"kube-apiserver-cp1": {"--audit-log-maxsize=1", "--audit-log-maxbackup=50", "--audit-log-compress=true"}},
		// A server that has just started has read everything from etcd itself.
		Lived: 30 * time.Minute,
	}
	if version == build.Older {
		cfg.APIServer = olderAPIServer
	}
	c := startLoopback(t, cfg)
	if err := inhabit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// inhabit fills a cluster, and waits until every API server has it all in its cache.
func inhabit(ctx context.Context, c *loopback.Cluster) error {
	etcd, err := c.Etcd()
	if err != nil {
		return err
	}
	defer func() { _ = etcd.Close() }()
	for _, f := range []struct {
		n      int
		object func(i int) runtime.Object
	}{
		{podNamespaces, func(i int) runtime.Object { return habitNS(podNamespace(i)) }},
		{2, func(i int) runtime.Object { return habitNS([]string{habitNamespace, "bulk"}[i]) }},
		{nodeCount, func(i int) runtime.Object {
			return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: workerName(i), CreationTimestamp: metav1.Now()}}
		}},
		{podCount - nodeCount, func(i int) runtime.Object {
			return habitPod(podNamespace(i), fmt.Sprintf("shop-%03d", i), "default", i)
		}},
		// One pod of a DaemonSet on each node.
		{nodeCount, func(i int) runtime.Object { return habitPod(habitNamespace, agentPod(i), "node-agent", i) }},
		{configMapCount, func(i int) runtime.Object {
			return &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("settings-%03d", i), Namespace: podNamespace(0), CreationTimestamp: metav1.Now()},
				Data:       map[string]string{"greeting": "hello"},
			}
		}},
		{eventCount, func(i int) runtime.Object {
			return &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("shop-%03d.%x", i, i), Namespace: podNamespace(i), CreationTimestamp: metav1.Now()},
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: podNamespace(i), Name: fmt.Sprintf("shop-%03d", i)},
				Reason:         "Pulled", Type: corev1.EventTypeNormal,
			}
		}},
	} {
		if err := store.Fill(ctx, etcd, f.n, f.object); err != nil {
			return err
		}
	}
	for i := range c.Config.APIServers {
		err := c.Until(ctx, time.Minute, "the pods in the cache of every API server", nil, func(ctx context.Context) error {
			n, err := c.CountPods(ctx, i)
			if err == nil && n < podCount {
				err = fmt.Errorf("%s has %d pods of %d", c.APIServerAddr(i), n, podCount)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return allowHabits(ctx, c)
}

// allowHabits lets every service account of the namespace read, and nodes as what they are.
func allowHabits(ctx context.Context, c *loopback.Cluster) error {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: habitNamespace}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "configmaps", "events", "nodes"}, Verbs: []string{"get", "list", "watch"}},
	}}
	bind := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: habitNamespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: habitNamespace},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "system:serviceaccounts:" + habitNamespace}},
	}
	if _, err := c.Client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := c.Client.RbacV1().ClusterRoleBindings().Create(ctx, bind, metav1.CreateOptions{})
	return err
}

// accountConfig is that of a client with a service account of its own; with a pod, it runs in that.
func accountConfig(t *testing.T, c *loopback.Cluster, namespace, account string, pod *corev1.Pod) *rest.Config {
	t.Helper()
	ctx := t.Context()
	accounts := c.Client.CoreV1().ServiceAccounts(namespace)
	err := apply(ctx, c.Client, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account, Namespace: namespace}})
	if err != nil {
		t.Fatal(err)
	}
	req := &authenticationv1.TokenRequest{}
	if pod != nil {
		req.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}
	}
	tr, err := accounts.CreateToken(ctx, account, req, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := rest.AnonymousClientConfig(c.REST)
	cfg.BearerToken = tr.Status.Token
	return cfg
}

// certificateConfig is that of a client with a certificate.
func certificateConfig(t *testing.T, c *loopback.Cluster, user string, groups ...string) *rest.Config {
	t.Helper()
	leaf := strings.ReplaceAll(user, ":", "-")
	if err := c.IssueClient(pki.Leaf{Name: leaf, CommonName: user, Organization: groups}); err != nil {
		t.Fatal(err)
	}
	cfg := rest.AnonymousClientConfig(c.REST)
	cfg.CertFile, cfg.KeyFile = c.PKI()+"/"+leaf+".crt", c.PKI()+"/"+leaf+".key"
	return cfg
}

func podNamespace(i int) string { return fmt.Sprintf("team-%d", i%podNamespaces) }

func workerName(i int) string { return fmt.Sprintf("worker-%d", i%nodeCount+1) }

func agentPod(i int) string { return fmt.Sprintf("node-agent-%05x", 0xa17e0+i) }

func habitNS(name string) *corev1.Namespace {
	return &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Now()},
		Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}

func habitPod(namespace, name, account string, i int) *corev1.Pod {
	grace, links := int64(30), true
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: namespace, UID: types.UID(fmt.Sprintf("%08x-0000-4000-8000-%012x", len(name), i)), CreationTimestamp: metav1.Now(),
			Labels: map[string]string{"app": "shop", "shard": fmt.Sprint(i % 4)},
		},
		Spec: corev1.PodSpec{
			NodeName: workerName(i), RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: &grace, DNSPolicy: corev1.DNSClusterFirst,
			ServiceAccountName: account, SecurityContext: &corev1.PodSecurityContext{}, SchedulerName: corev1.DefaultSchedulerName, EnableServiceLinks: &links,
			Containers: []corev1.Container{{Name: "app", Image: "registry.invalid/shop:v1", ImagePullPolicy: corev1.PullIfNotPresent, TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBestEffort},
	}
}
