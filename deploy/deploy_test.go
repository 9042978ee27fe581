package deploy

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"sigs.k8s.io/yaml"
)

// jobObjects is all that the manifest makes.
type jobObjects struct {
	namespace corev1.Namespace
	priority  schedulingv1.PriorityClass
	network   networkingv1.NetworkPolicy
	job       batchv1.Job
}

// parse reads the manifest as strictly as the API can: an unknown field is an error.
func parse(t *testing.T, manifest string) jobObjects {
	t.Helper()
	var o jobObjects
	docs := strings.Split(manifest, "\n---\n")
	into := []any{&o.namespace, &o.priority, &o.network, &o.job}
	if len(docs) != len(into) {
		t.Fatalf("got %d documents, want %d", len(docs), len(into))
	}
	for i, doc := range docs {
		if err := yaml.UnmarshalStrict([]byte(doc), into[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, kind := range []string{o.namespace.Kind, o.priority.Kind, o.network.Kind, o.job.Kind} {
		if want := []string{"Namespace", "PriorityClass", "NetworkPolicy", "Job"}[i]; kind != want {
			t.Fatalf("got a %s, want a %s", kind, want)
		}
	}
	return o
}

func TestRequestsJobMayDoNothingButReadTheLog(t *testing.T) {
	o := parse(t, requestsJob)
	pod := o.job.Spec.Template.Spec
	c := pod.Containers[0]
	for what, ok := range map[string]bool{
		"no service account token":                   pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken && pod.ServiceAccountName == "",
		"not the host's network, processes or IPC":   !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"one volume, from the host":                  len(pod.Volumes) == 1 && pod.Volumes[0].HostPath != nil && *pod.Volumes[0].HostPath.Type == corev1.HostPathDirectory,
		"mounted once, read-only":                    len(c.VolumeMounts) == 1 && c.VolumeMounts[0].ReadOnly,
		"a root file system that is not written":     *c.SecurityContext.ReadOnlyRootFilesystem,
		"no new privileges":                          !*c.SecurityContext.AllowPrivilegeEscalation && c.SecurityContext.Privileged == nil,
		"no capability":                              slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}) && c.SecurityContext.Capabilities.Add == nil,
		"the runtime's system calls":                 pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"at most 128Mi":                              c.Resources.Limits.Memory().String() == "128Mi",
		"the lowest priority, which preempts nobody": o.priority.Value < 0 && *o.priority.PreemptionPolicy == corev1.PreemptNever && pod.PriorityClassName == o.priority.Name,
		"no network":                                 o.network.Namespace == o.namespace.Name && len(o.network.Spec.PolicyTypes) == 2 && o.network.Spec.Egress == nil && o.network.Spec.Ingress == nil,
		"in its own namespace":                       o.job.Namespace == o.namespace.Name,
	} {
		if !ok {
			t.Errorf("got a job that breaks it, want %s", what)
		}
	}
}

func TestRequestsJobIsOnePodPerNode(t *testing.T) {
	manifest, err := RequestsJob("ghcr.io/example/kaudit@sha256:0123", 5, "/var/log/kube-audit/")
	if err != nil {
		t.Fatal(err)
	}
	job := parse(t, manifest).job.Spec
	if *job.Completions != 5 || *job.Parallelism != 5 || *job.MaxFailedIndexes != 5 {
		t.Errorf("got %d completions, %d at once, %d failures, want 5 of each", *job.Completions, *job.Parallelism, *job.MaxFailedIndexes)
	}
	pod := job.Template.Spec
	if got := pod.Containers[0].Image; got != "ghcr.io/example/kaudit@sha256:0123" {
		t.Errorf("got image %s, want the one given", got)
	}
	if got := pod.Volumes[0].HostPath.Path; got != "/var/log/kube-audit" {
		t.Errorf("got folder %s, want the one given", got)
	}
	apart := pod.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
	for k, v := range apart.LabelSelector.MatchLabels {
		if job.Template.Labels[k] != v || apart.TopologyKey != "kubernetes.io/hostname" {
			t.Errorf("got pods %v kept from those with %s=%s by %s, want from each other by host", job.Template.Labels, k, v, apart.TopologyKey)
		}
	}
	if *job.CompletionMode != batchv1.IndexedCompletion || *job.BackoffLimitPerIndex != 0 || pod.RestartPolicy != corev1.RestartPolicyNever {
		t.Error("got a job that runs a pod again, want each node read once")
	}
}

func TestRequestsJobRefuses(t *testing.T) {
	for _, c := range []struct {
		image  string
		nodes  int
		folder string
		want   string
	}{
		{"", 3, "/var/log", `image ""`},
		{"a b", 3, "/var/log", `image "a b"`},
		{"a\nb: c", 3, "/var/log", `image "a\nb: c"`},
		{"a", 0, "/var/log", "0 nodes"},
		{"a", 3, "var/log", `folder "var/log"`},
		{"a", 3, "/", `folder "/"`},
	} {
		if _, err := RequestsJob(c.image, c.nodes, c.folder); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("image %q, %d nodes, folder %q: got %v, want an error with %s", c.image, c.nodes, c.folder, err, c.want)
		}
	}
	hostile, err := RequestsJob("a", 1, "/logs/\"\n  privileged: true #")
	if err != nil {
		t.Fatal(err)
	}
	if got := parse(t, hostile).job.Spec.Template.Spec.Volumes[0].HostPath.Path; got != "/logs/\"\n  privileged: true #" {
		t.Errorf("got the folder %q, want it as it was given", got)
	}
}
