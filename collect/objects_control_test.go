package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kaudit/kaudit/evidence"
)

const (
	componentQuery = "/api/v1/namespaces/kube-system/pods?labelSelector=component+in+%28kube-apiserver%2Ckube-controller-manager%2Ckube-scheduler%2Cetcd%29&resourceVersion=0"
	k8sAppQuery    = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app+in+%28kube-apiserver%2Ckube-controller-manager%2Ckube-scheduler%2Cetcd%2Cetcd-manager-main%2Cetcd-manager-events%29&resourceVersion=0"
)

// inKubeSystem is a server whose kube-system has these pods, under either label.
func inKubeSystem(t *testing.T, component, k8sApp []corev1.Pod) *fakeServer {
	t.Helper()
	return &fakeServer{answers: map[string]answer{
		componentQuery: encoded(t, "v1", "PodList", &corev1.PodList{Items: component}),
		k8sAppQuery:    encoded(t, "v1", "PodList", &corev1.PodList{Items: k8sApp}),
	}}
}

// mirror is a static pod of a node as the API shows it.
func mirror(namespace, name, node string, labels map[string]string, containers ...corev1.Container) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name + "-" + node, Labels: labels,
			Annotations: map[string]string{"kubernetes.io/config.mirror": "abc", "kubernetes.io/config.source": "file"},
		},
		Spec:   corev1.PodSpec{NodeName: node, HostNetwork: true, Containers: containers},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "10.0.0.1", PodIP: "10.0.0.1"},
	}
}

func kubeadmEtcd() corev1.Pod {
	p := mirror("kube-system", "etcd", "cp-1", map[string]string{"component": "etcd", "tier": "control-plane"}, corev1.Container{
		Name: "etcd", Image: "registry.k8s.io/etcd:3.5.24-0",
		Command: []string{"etcd", "--name=cp-1.internal", "--snapshot-count=10000", "--listen-metrics-urls=http://127.0.0.1:2381"},
		LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/livez", Host: "127.0.0.1", Port: intstr.FromInt32(2381),
		}}},
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("8Gi")}},
	})
	p.Spec.TerminationGracePeriodSeconds = new(int64(60))
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "etcd", RestartCount: 4,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: at(-7)}},
	}}
	return p
}

// All that is kept of a pod, on a kubeadm cluster.
func TestReadControlPodsKubeadm(t *testing.T) {
	apiserver := mirror("kube-system", "kube-apiserver", "cp-1", map[string]string{"component": "kube-apiserver", "tier": "control-plane"},
		corev1.Container{Name: "kube-apiserver", Image: "registry.k8s.io/kube-apiserver:v1.37.2", Command: []string{"kube-apiserver", "--goaway-chance=0.001"}})
	apiserver.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "kube-apiserver", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(-90)}},
	}}
	f := inKubeSystem(t, []corev1.Pod{kubeadmEtcd(), apiserver}, []corev1.Pod{apiserver}) // one that has both labels is one all the same
	got := readControlPods(t.Context(), f, evidence.Nodes{})

	src := evidence.Source{Via: "apiserver", From: "10.0.0.1:6443", Ask: "GET " + componentQuery, At: noon}
	same(t, evidence.See("cluster", []evidence.ControlPod{
		{
			Component: "etcd", Subject: "etcd/cp-1.internal", Namespace: "kube-system", Name: "etcd-cp-1", Node: "cp-1", HostIP: "10.0.0.1",
			HostNetwork: true, Static: true, Config: "file", Image: "registry.k8s.io/etcd:3.5.24-0", ImageVersion: "3.5.24", Phase: "Running",
			Waiting: "CrashLoopBackOff", Restarts: 4, LastRestart: at(-7).Time, GraceSeconds: 60, LivenessPath: "/livez", CPULimit: "2", MemoryLimit: "8Gi",
		},
		{
			Component: "kube-apiserver", Subject: "kube-apiserver/cp-1", Namespace: "kube-system", Name: "kube-apiserver-cp-1", Node: "cp-1", HostIP: "10.0.0.1",
			HostNetwork: true, Static: true, Config: "file", Image: "registry.k8s.io/kube-apiserver:v1.37.2", ImageVersion: "1.37.2", Phase: "Running",
			Ready: true, Started: at(-90).Time, GraceSeconds: 30,
		},
	}, src), got.pods)

	flags := got.flags["kube-apiserver"]
	pod := evidence.Source{Via: "apiserver", From: "pod kube-system/kube-apiserver-cp-1", At: noon}
	want := evidence.FlagValue{Value: "0.001", From: evidence.FromCommandLine, Source: pod}
	if len(flags) != 1 || !flags[0].Seen() || flags[0].Of != "kube-apiserver/cp-1" || flags[0].Value.Version != "1.37.2" {
		t.Fatalf("got %+v, want the flags of kube-apiserver/cp-1 at 1.37.2", flags)
	}
	same(t, []evidence.FlagValue{want}, flags[0].Value.Values["goaway-chance"])
}

// subjects lists the instances that were found, in order, with a flag of each.
func subjects(c controlPlane, flag string) map[string]string {
	out := map[string]string{}
	for _, p := range *c.pods.Value {
		f := c.flags[p.Component].Of(p.Subject)
		switch {
		case !f.Seen():
			out[p.Subject] = "gap: " + f.Gap.Note
		case len(f.Value.Values[flag]) == 0:
			out[p.Subject] = "unset"
		default:
			out[p.Subject] = f.Value.Values[flag][0].Value
		}
		if f.Seen() && f.Value.Opaque != "" {
			out[p.Subject] += ", opaque"
		}
	}
	return out
}

// kOps labels its pods by k8s-app, runs helpers beside them and starts etcd by a manager of its own.
func TestReadControlPodsKOps(t *testing.T) {
	healthcheck := corev1.Container{Name: "healthcheck", Image: "kube-apiserver-healthcheck:1.30", Command: []string{"/kube-apiserver-healthcheck"}}
	manager := func(what, quota string) corev1.Pod {
		return mirror("kube-system", "etcd-manager-"+what, "i-0a1", map[string]string{"k8s-app": "etcd-manager-" + what}, corev1.Container{
			Name: "etcd-manager", Image: "registry.k8s.io/etcd-manager/etcd-manager-slim:v3.0.20240930",
			Command: []string{"/bin/sh", "-c", "mkfifo /tmp/pipe; (tee -a /var/log/etcd.log < /tmp/pipe & ) ; exec /etcd-manager --backup-store=s3://b/etcd/" + what + " > /tmp/pipe 2>&1"},
			Env:     []corev1.EnvVar{{Name: "ETCD_QUOTA_BACKEND_BYTES", Value: quota}, {Name: "ETCD_MANAGER_DAILY_BACKUPS_RETENTION", Value: "90d"}},
		})
	}
	apiserver := mirror("kube-system", "kube-apiserver", "i-0a1", map[string]string{"k8s-app": "kube-apiserver"}, healthcheck, corev1.Container{
		Name: "kube-apiserver", Image: "registry.k8s.io/kube-apiserver:v1.31.4@sha256:0000",
		Command: []string{"/go-runner", "--log-file=/var/log/kube-apiserver.log", "--also-stdout", "/usr/local/bin/kube-apiserver"},
		Args:    []string{"--goaway-chance=0.001", "--v=2"},
	})
	f := inKubeSystem(t, nil, []corev1.Pod{apiserver, manager("main", "6442450944"), manager("events", "4294967296")})
	got := readControlPods(t.Context(), f, evidence.Nodes{})
	same(t, map[string]string{
		"etcd/i-0a1": "6442450944, opaque", "etcd-events/i-0a1": "4294967296, opaque", "kube-apiserver/i-0a1": "unset",
	}, subjects(got, "quota-backend-bytes"))
	same(t, "0.001", subjects(got, "goaway-chance")["kube-apiserver/i-0a1"])
	for _, p := range *got.pods.Value {
		if want := map[string]string{"kube-apiserver": "1.31.4"}[p.Component]; p.ImageVersion != want {
			t.Errorf("%s: got version %q, want %q: the manager's is not etcd's", p.Subject, p.ImageVersion, want)
		}
	}
}

// RKE2 has kubeadm's labels, and a configuration file that nobody sees.
func TestReadControlPodsRKE2(t *testing.T) {
	etcd := mirror("kube-system", "etcd", "s1", map[string]string{"component": "etcd", "tier": "control-plane"}, corev1.Container{
		Name: "etcd", Image: "index.docker.io/rancher/hardened-etcd:v3.5.16-k3s1-build20241106", Command: []string{"etcd"},
		Args: []string{"--config-file=/var/lib/rancher/rke2/server/db/etcd/config"},
	})
	got := readControlPods(t.Context(), inKubeSystem(t, []corev1.Pod{etcd}, nil), evidence.Nodes{})
	same(t, map[string]string{"etcd/s1": "unset, opaque"}, subjects(got, "quota-backend-bytes"))
	same(t, "3.5.16", (*got.pods.Value)[0].ImageVersion)
}

// Talos labels its pods by k8s-app and shows no etcd.
func TestReadControlPodsTalos(t *testing.T) {
	scheduler := mirror("kube-system", "kube-scheduler", "talos-1", map[string]string{"k8s-app": "kube-scheduler", "tier": "control-plane"}, corev1.Container{
		Name: "kube-scheduler", Image: "registry.k8s.io/kube-scheduler:v1.34.1", Command: []string{"/usr/local/bin/kube-scheduler", "--kube-api-qps=200"},
	})
	got := readControlPods(t.Context(), inKubeSystem(t, nil, []corev1.Pod{scheduler}), evidence.Nodes{})
	same(t, map[string]string{"kube-scheduler/talos-1": "200"}, subjects(got, "kube-api-qps"))
}

// OpenShift has a namespace for each component, and pods of many containers.
func TestReadControlPodsOpenShift(t *testing.T) {
	etcd := mirror("openshift-etcd", "etcd", "master-0", map[string]string{"app": "etcd", "k8s-app": "etcd", "etcd": "true"},
		corev1.Container{Name: "etcdctl", Command: []string{"/bin/bash", "-c", "trap TERM INT; sleep infinity & wait"}, Env: []corev1.EnvVar{{Name: "ETCD_QUOTA_BACKEND_BYTES", Value: "1"}}},
		corev1.Container{
			Name: "etcd", Image: "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:0000",
			Command: []string{"/bin/sh", "-c", "set -euo pipefail\nexport ETCD_NAME=${NODE_master_0_ETCD_NAME}\nexec nice -n -19 ionice -c2 -n0 etcd --logger=zap --snapshot-count=10000"},
			Env:     []corev1.EnvVar{{Name: "ETCD_QUOTA_BACKEND_BYTES", Value: "8589934592"}, {Name: "NODE_master_0_ETCD_NAME", Value: "master-0"}},
		},
		corev1.Container{Name: "etcd-metrics", Command: []string{"/bin/sh", "-c", "exec nice -n -18 etcd grpc-proxy start --metrics-addr https://0.0.0.0:9979"}},
	)
	apiserver := mirror("openshift-kube-apiserver", "kube-apiserver", "master-0", map[string]string{"app": "openshift-kube-apiserver", "apiserver": "true"}, corev1.Container{
		Name: "kube-apiserver", Image: "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:0001", Command: []string{"/bin/bash", "-ec"},
		Args: []string{"exec watch-termination --graceful-termination-duration=135s -- hyperkube kube-apiserver --openshift-config=/etc/config.yaml --advertise-address=${HOST_IP} -v=2"},
		Env:  []corev1.EnvVar{{Name: "HOST_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.hostIP"}}}},
	})
	list := func(items ...corev1.Pod) answer { return encoded(t, "v1", "PodList", &corev1.PodList{Items: items}) }
	f := &fakeServer{answers: map[string]answer{
		"/api/v1/namespaces/openshift-kube-apiserver/pods?labelSelector=app%3Dopenshift-kube-apiserver&resourceVersion=0":         list(apiserver),
		"/api/v1/namespaces/openshift-kube-controller-manager/pods?labelSelector=app%3Dkube-controller-manager&resourceVersion=0": list(),
		"/api/v1/namespaces/openshift-kube-scheduler/pods?labelSelector=app%3Dopenshift-kube-scheduler&resourceVersion=0":         list(),
		"/api/v1/namespaces/openshift-etcd/pods?labelSelector=app%3Detcd&resourceVersion=0":                                       list(etcd),
	}}
	nodes := evidence.Nodes{Items: []evidence.Node{{Labels: map[string]string{"node.openshift.io/os_id": "rhcos"}}}}
	got := readControlPods(t.Context(), f, nodes)
	same(t, "8589934592", subjects(got, "quota-backend-bytes")["etcd/master-0"])
	same(t, "10.0.0.1, opaque", subjects(got, "advertise-address")["kube-apiserver/master-0"])
	if len(f.asked) != 4 || len(*got.pods.Value) != 2 {
		t.Errorf("got %d requests and %d pods, want 4 and 2", len(f.asked), len(*got.pods.Value))
	}
}

func TestReadControlPodsOddities(t *testing.T) {
	labels := map[string]string{"component": "etcd"}
	etcd := corev1.Container{Name: "etcd", Image: "etcd:3.6.5-0", Command: []string{"etcd"}}
	events := mirror("kube-system", "etcd-events", "cp-1", labels, etcd)
	onEvents := mirror("kube-system", "etcd", "events-1", labels, etcd) // the node's name is no sign of what etcd keeps
	fromElsewhere := mirror("kube-system", "etcd", "cp-2", labels, corev1.Container{
		Name: "etcd", Image: "etcd:latest", Command: []string{"etcd"},
		Env: []corev1.EnvVar{{Name: "ETCD_QUOTA_BACKEND_BYTES", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{Key: "q"}}}},
	})
	wholesale := mirror("kube-system", "etcd", "cp-3", labels, etcd)
	wholesale.Spec.Containers = []corev1.Container{{Name: "etcd", Command: []string{"etcd"}, EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{}}}}}
	done := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "etcd-installer", Namespace: "kube-system", Labels: labels}, Status: corev1.PodStatus{Phase: corev1.PodSucceeded}, Spec: corev1.PodSpec{Containers: []corev1.Container{etcd}}}
	silent := mirror("kube-system", "etcd", "cp-4", labels, corev1.Container{Name: "etcd", Image: "etcd:3.6.5-0"})
	second := mirror("kube-system", "etcd-b", "cp-1", map[string]string{"component": "kube-scheduler"}, corev1.Container{Name: "kube-scheduler", Command: []string{"kube-scheduler"}})
	first := mirror("kube-system", "etcd-a", "cp-1", map[string]string{"component": "kube-scheduler"}, corev1.Container{Name: "kube-scheduler", Command: []string{"kube-scheduler"}})
	got := readControlPods(t.Context(), inKubeSystem(t, []corev1.Pod{events, onEvents, fromElsewhere, wholesale, done, silent, first, second}, nil), evidence.Nodes{})
	same(t, map[string]string{
		"etcd-events/cp-1":           "unset",
		"etcd/events-1":              "unset",
		"etcd/cp-2":                  "unset",
		"etcd/cp-3":                  "unset, opaque",
		"etcd/cp-4":                  "gap: no container of pod kube-system/etcd-cp-4 says how it starts etcd",
		"kube-scheduler/cp-1":        "unset",
		"kube-scheduler/etcd-b-cp-1": "unset",
	}, subjects(got, "quota-backend-bytes"))
	if s := got.flags["etcd"].Of("etcd/cp-2").Value.Setting("quota-backend-bytes"); s.Known() {
		t.Errorf("got %s, want a setting from elsewhere to be unknown", s)
	}
}

// Half of the control plane is not shown as if it were all.
// A tenant's pod of the same label must not be taken for the control plane, nor its arguments for flags.
func TestStrangersAmongTheControlPlane(t *testing.T) {
	own := kubeadmEtcd()
	stranger := mirror("kube-system", "my-etcd", "n-7", map[string]string{"component": "etcd"}, corev1.Container{
		Name: "etcd", Command: []string{"etcd", "--name=cp-1.internal", "--unsafe-no-fsync=true"},
	})
	stranger.Annotations = nil
	for name, tc := range map[string]struct {
		pods []corev1.Pod
		want []string
	}{
		"before the real one":     {[]corev1.Pod{stranger, own}, []string{"etcd/cp-1.internal etcd-cp-1"}},
		"after it":                {[]corev1.Pod{own, stranger}, []string{"etcd/cp-1.internal etcd-cp-1"}},
		"none is static anywhere": {[]corev1.Pod{stranger}, []string{"etcd/cp-1.internal my-etcd-n-7"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readControlPods(t.Context(), inKubeSystem(t, tc.pods, nil), evidence.Nodes{})
			var names []string
			for _, p := range *got.pods.Value {
				names = append(names, p.Subject+" "+p.Name)
			}
			if d := cmp.Diff(tc.want, names); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			flags := got.flags["etcd"]
			if unsafe := flags[0].Value.Setting("unsafe-no-fsync").Value == "true"; len(flags) != 1 || unsafe != (len(tc.pods) == 1) {
				t.Errorf("got %+v, want the flags of that pod alone", flags)
			}
		})
	}
}

func TestReadControlPodsNot(t *testing.T) {
	f := inKubeSystem(t, []corev1.Pod{kubeadmEtcd()}, nil)
	f.answers[k8sAppQuery] = noAnswer
	got := readControlPods(t.Context(), f, evidence.Nodes{})
	wantGap(t, got.pods, evidence.Unreachable, "no answer within 1s")
	if len(got.flags) != 0 {
		t.Errorf("got flags %v, want none", got.flags)
	}
	f.answers[componentQuery] = forbidden
	wantGap(t, readControlPods(t.Context(), f, evidence.Nodes{}).pods, evidence.Forbidden, "may not list pods in kube-system")

	none := readControlPods(t.Context(), inKubeSystem(t, nil, nil), evidence.Nodes{})
	if !none.pods.Seen() || len(*none.pods.Value) != 0 {
		t.Errorf("got %+v, want no pods, seen", none.pods)
	}
}

func TestImageVersion(t *testing.T) {
	for image, want := range map[string]string{
		"registry.k8s.io/kube-apiserver:v1.37.2":                       "1.37.2",
		"registry.k8s.io/etcd:3.5.24-0":                                "3.5.24",
		"localhost:5000/etcd:3.6.5":                                    "3.6.5",
		"localhost:5000/etcd":                                          "",
		"registry.k8s.io/kube-apiserver:v1.31.4@sha256:00":             "1.31.4",
		"quay.io/openshift-release-dev/ocp@sha256:1.2.3":               "",
		"rancher/hardened-kubernetes:v1.31.4-rke2r1-build20241212":     "1.31.4",
		"registry.k8s.io/etcd-manager/etcd-manager-slim:v3.0.20240930": "",
		"etcd:latest":           "",
		"kube-apiserver:v1.37":  "",
		"etcd:3.5.24.1":         "",
		"eks/etcd:v3.5.21_fips": "3.5.21",
		"":                      "",
	} {
		if got := evidence.ImageVersion(image); got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}
