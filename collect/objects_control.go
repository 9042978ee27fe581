package collect

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

// controlPlane is what the pods of the control plane tell.
type controlPlane struct {
	pods evidence.Observed[[]evidence.ControlPod]
	// flags of the instances, by component, as their containers give them.
	flags map[string]evidence.Instances[evidence.Flags]
}

// A place is where a distribution keeps pods of the control plane.
type place struct{ namespace, selector string }

// Between them the two labels are those of kubeadm and what is built on it, RKE2 and kube-up
// (component), and of kOps and Talos (k8s-app).
var usualPlaces = []place{
	{"kube-system", "component in (kube-apiserver,kube-controller-manager,kube-scheduler,etcd)"},
	{"kube-system", "k8s-app in (kube-apiserver,kube-controller-manager,kube-scheduler,etcd,etcd-manager-main,etcd-manager-events)"},
}

// OpenShift has a namespace for each. The labels leave out its installer, pruner and guard pods.
var openShiftPlaces = []place{
	{"openshift-kube-apiserver", "app=openshift-kube-apiserver"},
	{"openshift-kube-controller-manager", "app=kube-controller-manager"},
	{"openshift-kube-scheduler", "app=openshift-kube-scheduler"},
	{"openshift-etcd", "app=etcd"},
}

// componentLabels are what the values of those labels stand for.
var componentLabels = map[string]string{
	"kube-apiserver":           "kube-apiserver",
	"kube-controller-manager":  "kube-controller-manager",
	"kube-scheduler":           "kube-scheduler",
	"etcd":                     "etcd",
	"etcd-manager-main":        "etcd",
	"etcd-manager-events":      "etcd-events",
	"openshift-kube-apiserver": "kube-apiserver",
	"openshift-kube-scheduler": "kube-scheduler",
}

// readControlPods reads the pods of the control plane, wherever the distribution keeps them. None is an
// answer too: such a control plane runs outside of the cluster, or as plain processes.
func readControlPods(ctx context.Context, g getter, nodes evidence.Nodes) controlPlane {
	places := usualPlaces
	if isOpenShift(nodes) {
		places = openShiftPlaces
	}
	const of = "cluster"
	c := controlPlane{flags: map[string]evidence.Instances[evidence.Flags]{}}
	found := []evidence.ControlPod{}
	var first evidence.Source
	for i, p := range places {
		r := request{
			Path:       "/api/v1/namespaces/" + p.namespace + "/pods",
			Query:      cached("labelSelector", p.selector),
			Permission: "list pods in " + p.namespace,
		}
		src := g.source(r)
		if i == 0 {
			first = src
		}
		_, err := eachItem(ctx, g, r, func(pod *corev1.Pod) error {
			found = c.add(found, pod, src)
			return nil
		})
		if err != nil { // without one of them, what is there would look like all there is
			return controlPlane{pods: missed[[]evidence.ControlPod](of, g, r, err)}
		}
	}
	slices.SortFunc(found, func(a, b evidence.ControlPod) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Subject, b.Subject))
	})
	c.pods = evidence.See(of, found, first)
	return c
}

func isOpenShift(nodes evidence.Nodes) bool {
	return slices.ContainsFunc(nodes.Items, func(n evidence.Node) bool { return n.Labels["node.openshift.io/os_id"] != "" })
}

// add reduces a pod, unless it is known already, is no part of the control plane or has done its work.
func (c *controlPlane) add(found []evidence.ControlPod, p *corev1.Pod, src evidence.Source) []evidence.ControlPod {
	component := componentOf(p)
	known := slices.ContainsFunc(found, func(o evidence.ControlPod) bool { return o.Namespace == p.Namespace && o.Name == p.Name })
	_, static := p.Annotations[corev1.MirrorPodAnnotationKey]
	if component == "" || known || (!static && (p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed)) {
		return found
	}
	src.From, src.Ask = "pod "+p.Namespace+"/"+p.Name, "" // the object says where to look again
	container, parsed, ok := containerOf(component, p)
	found, welcome := c.admit(found, component, static)
	if container == nil || !welcome {
		return found
	}
	out := reduceControlPod(p, container)
	out.Component, out.Subject = component, podSubject(component, p, parsed)
	if slices.ContainsFunc(found, func(o evidence.ControlPod) bool { return o.Subject == out.Subject }) {
		out.Subject = component + "/" + p.Name // several on one node: told apart by their pods
	}
	gap := evidence.Gap{Why: evidence.Malformed, Note: "no container of " + src.From + " says how it starts " + component}
	flags := evidence.Miss[evidence.Flags](out.Subject, gap, src)
	if ok {
		flags = evidence.See(out.Subject, flagsOfPod(parsed, p, container, out.ImageVersion, src), src)
	}
	c.flags[component] = append(c.flags[component], flags)
	return append(found, out)
}

// componentOf says which component a pod runs. An etcd for events alone is told by the pod's name.
func componentOf(p *corev1.Pod) string {
	for _, label := range []string{"component", "k8s-app", "app"} {
		if c := componentLabels[p.Labels[label]]; c != "" {
			own := strings.TrimSuffix(p.Name, "-"+p.Spec.NodeName)
			if c == "etcd" && strings.Contains(own, "events") {
				return "etcd-events"
			}
			return c
		}
	}
	return ""
}

// containerOf finds the container that runs the component among its helpers: the one that bears its
// name, else the first one that starts it.
func containerOf(component string, p *corev1.Pod) (*corev1.Container, evidence.Parsed, bool) {
	names := []string{component, strings.TrimSuffix(component, "-events"), strings.TrimSuffix(component, "-events") + "-manager"}
	rank := func(c corev1.Container) int {
		if i := slices.Index(names, c.Name); i >= 0 {
			return i
		}
		return len(names)
	}
	cs := slices.Clone(p.Spec.Containers)
	slices.SortStableFunc(cs, func(a, b corev1.Container) int { return cmp.Compare(rank(a), rank(b)) })
	for i := range cs {
		if parsed, ok := evidence.ParseContainer(component, cs[i].Command, cs[i].Args, environment(p, &cs[i])); ok {
			return &cs[i], parsed, true
		}
	}
	if len(cs) == 0 {
		return nil, evidence.Parsed{}, false
	}
	return &cs[0], evidence.Parsed{}, false
}

// environment is what is literally in the spec, and what the pod says of itself.
func environment(p *corev1.Pod, c *corev1.Container) map[string]string {
	env := map[string]string{}
	for _, e := range c.Env {
		if v, ok := variable(p, e); ok {
			env[e.Name] = v
		}
	}
	return env
}

// variable is the value of a variable; false if it comes from a ConfigMap or a Secret.
func variable(p *corev1.Pod, e corev1.EnvVar) (string, bool) {
	if e.ValueFrom == nil {
		return e.Value, true
	}
	if e.ValueFrom.FieldRef == nil {
		return "", false
	}
	v := fieldOf(p, e.ValueFrom.FieldRef.FieldPath)
	return v, v != ""
}

func fieldOf(p *corev1.Pod, path string) string {
	switch path {
	case "metadata.name":
		return p.Name
	case "metadata.namespace":
		return p.Namespace
	case "spec.nodeName":
		return p.Spec.NodeName
	case "status.hostIP":
		return p.Status.HostIP
	case "status.podIP":
		return p.Status.PodIP
	}
	return ""
}

// flagsOfPod are the flags of a process. What a variable of etcd's says that comes from elsewhere is
// unknown; an environment that comes from elsewhere as a whole may set anything.
func flagsOfPod(parsed evidence.Parsed, p *corev1.Pod, c *corev1.Container, version string, src evidence.Source) evidence.Flags {
	f := parsed.Flags(version, src)
	if !strings.HasPrefix(f.Component, "etcd") || len(parsed.Set["config-file"]) > 0 {
		return f
	}
	for _, e := range c.Env {
		if name, ok := strings.CutPrefix(e.Name, "ETCD_"); ok {
			if _, ok := variable(p, e); !ok {
				f.Unknown = append(f.Unknown, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
			}
		}
	}
	slices.Sort(f.Unknown)
	f.Unknown = slices.Compact(f.Unknown)
	if f.Opaque == "" && len(c.EnvFrom) > 0 {
		f.Opaque = "takes variables from a ConfigMap or Secret, which was not read"
	}
	return f
}

// podSubject names an instance by its node, and an etcd member by its own name where that is given.
func podSubject(component string, p *corev1.Pod, parsed evidence.Parsed) string {
	name := cmp.Or(p.Spec.NodeName, p.Name)
	if component == "etcd" {
		if set := parsed.Set["name"]; len(set) > 0 {
			name = cmp.Or(set[len(set)-1], name)
		} else {
			name = cmp.Or(parsed.Env["name"], name)
		}
	}
	return component + "/" + name
}

func reduceControlPod(p *corev1.Pod, c *corev1.Container) evidence.ControlPod {
	_, static := p.Annotations[corev1.MirrorPodAnnotationKey]
	out := evidence.ControlPod{
		Namespace:    p.Namespace,
		Name:         p.Name,
		Node:         p.Spec.NodeName,
		HostIP:       p.Status.HostIP,
		HostNetwork:  p.Spec.HostNetwork,
		Static:       static,
		Config:       p.Annotations["kubernetes.io/config.source"],
		Image:        c.Image,
		ImageVersion: evidence.ImageVersion(c.Image),
		Phase:        string(p.Status.Phase),
		GraceSeconds: 30,
		CPULimit:     quantity(c.Resources.Limits, corev1.ResourceCPU),
		MemoryLimit:  quantity(c.Resources.Limits, corev1.ResourceMemory),
	}
	if p.Spec.TerminationGracePeriodSeconds != nil {
		out.GraceSeconds = *p.Spec.TerminationGracePeriodSeconds
	}
	if c.LivenessProbe != nil && c.LivenessProbe.HTTPGet != nil {
		out.LivenessPath = c.LivenessProbe.HTTPGet.Path
	}
	for _, cond := range p.Status.Conditions {
		if cond.Type == corev1.PodReady {
			out.Ready = cond.Status == corev1.ConditionTrue
		}
	}
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == c.Name { // of this one, not of its helpers
			lifeOf(&out, s)
		}
	}
	return out
}

func lifeOf(out *evidence.ControlPod, s corev1.ContainerStatus) {
	out.Ready, out.Restarts = s.Ready, int(s.RestartCount)
	if s.State.Waiting != nil {
		out.Waiting = s.State.Waiting.Reason
	}
	if s.State.Running != nil {
		out.Started = s.State.Running.StartedAt.Time
	}
	if s.LastTerminationState.Terminated != nil {
		out.LastRestart = s.LastTerminationState.Terminated.FinishedAt.Time
	}
}

func quantity(of corev1.ResourceList, name corev1.ResourceName) string {
	if q, ok := of[name]; ok {
		return q.String()
	}
	return ""
}
