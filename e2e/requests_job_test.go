//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kaudit/kaudit/e2e/kubeadm"
)

const jobNamespace = "kaudit-requests"

// TestKubeadmRequestsJob runs the Job that requests job prints, on a log that only root may read, and wants what the same
// log tells on this side.
func TestKubeadmRequestsJob(t *testing.T) {
	c := startKubeadm(t, kubeadm.Config{N: 4, Kubelet: []string{ // a machine whose disk is rather full runs the pod as well
		`evictionHard: {"imagefs.available": "0%", "imagefs.inodesFree": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%"}`,
		"imageGCHighThresholdPercent: 100", "imageGCLowThresholdPercent: 99",
	}})
	const image, folder = "registry.invalid/kaudit:e2e", "/etc/kubernetes/audit"
	if err := c.Import(t.Context(), kaudit, image); err != nil {
		t.Fatal(err)
	}
	recorded := filepath.Join("..", "testdata", "audit", "kube-apiserver-1.37.2-metadata.log")
	log, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	log = append(log, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Meta`...) // it is being written
	there := c.Root() + folder
	if err := os.Mkdir(there, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(there, "audit.log"), log, 0o600); err != nil {
		t.Fatal(err)
	}
	printed := runKaudit(t, "requests", "job", "--image", image, "--nodes", "1", "--log-dir", folder)
	if printed.code != 0 {
		t.Fatalf("kaudit requests job: exit status %d\n%s", printed.code, printed.stderr)
	}
	for _, o := range decoded(t, printed.stdout) {
		create(t, c, o)
	}
	said := podLogs(t, c)
	got := countsOf(t, said, "merge", "-o", "json", "-")
	want := countsOf(t, "", "-o", "json", recorded)
	if len(got.Logs) != 1 || got.Logs[0].Name != kubeadm.NodeName+":/audit/audit.log" || got.Logs[0].Bytes != int64(len(log)) {
		t.Errorf("got logs %+v, want that of the node, whole", got.Logs)
	}
	got.Logs, want.Logs = nil, nil
	if want.Lists.Total == 0 || got.Malformed != 1 {
		t.Errorf("got %d LISTs and %d malformed lines, want some, and the last", want.Lists.Total, got.Malformed)
	}
	got.Malformed = 0
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got another report than here (-here +there):\n%s", d)
	}
}

func decoded(t *testing.T, manifest string) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for doc := range bytes.SplitSeq([]byte(manifest), []byte("\n---\n")) {
		o, _, err := decoder.Decode(doc, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return objects
}

// podLogs waits for the Job and gives what its pods said, as kubectl logs prints it.
func podLogs(t *testing.T, c *kubeadm.Cluster) string {
	t.Helper()
	ctx := t.Context()
	err := c.Until(ctx, 3*time.Minute, "the Job", nil, func(ctx context.Context) error {
		job, err := c.Client.BatchV1().Jobs(jobNamespace).Get(ctx, jobNamespace, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if job.Status.Succeeded < 1 {
			return fmt.Errorf("it has not ended: %+v", job.Status)
		}
		return nil
	})
	pods, listed := c.Client.CoreV1().Pods(jobNamespace).List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + jobNamespace})
	if listed != nil {
		t.Fatal(listed)
	}
	var said string
	for _, p := range pods.Items {
		text, logged := c.Client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
		if err != nil || logged != nil {
			t.Fatalf("%v; pod %s: %+v\n%v\n%s", err, p.Name, p.Status, logged, text)
		}
		said += string(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// reported is what a report counts, without what it thinks of it.
type reported struct {
	Events, Malformed, Watches int64
	From, To                   time.Time
	Levels, Stages, Verbs      map[string]int64
	Logs                       []struct {
		Name  string
		Bytes int64
	}
	Lists   struct{ Total, Unset, Zero, Exact, Paged, Continued int64 }
	Clients []struct {
		User, UserAgent, Verb, APIGroup, Resource, Scope string
		Count, Unset, Zero, Exact, Paged, Continued      int64
	}
}

// countsOf runs kaudit requests with that on its standard input.
func countsOf(t *testing.T, stdin string, args ...string) reported {
	t.Helper()
	for i, a := range args {
		if abs, err := filepath.Abs(a); err == nil && filepath.Ext(a) == ".log" {
			args[i] = abs
		}
	}
	cmd := exec.CommandContext(t.Context(), kaudit, append([]string{"requests"}, args...)...)
	cmd.Stdin = bytes.NewReader([]byte(stdin))
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, stdin)
	}
	var n reported
	if err := json.Unmarshal(out, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// create makes an object of the Job's manifest.
func create(t *testing.T, c *kubeadm.Cluster, o runtime.Object) {
	t.Helper()
	ctx, api := t.Context(), c.Client
	var err error
	switch o := o.(type) {
	case *corev1.Namespace:
		_, err = api.CoreV1().Namespaces().Create(ctx, o, metav1.CreateOptions{})
	case *schedulingv1.PriorityClass:
		_, err = api.SchedulingV1().PriorityClasses().Create(ctx, o, metav1.CreateOptions{})
	case *networkingv1.NetworkPolicy:
		_, err = api.NetworkingV1().NetworkPolicies(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
	case *batchv1.Job:
		_, err = api.BatchV1().Jobs(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
	default:
		err = fmt.Errorf("a %T, which is no part of it", o)
	}
	if err != nil {
		t.Fatalf("create the Job: %v", err)
	}
}
