package node

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed pod_sources.md
var podSourcesDoc string

var podSources = checks.New(checks.Spec{
	ID:        "kubelet-pod-sources",
	Component: "kubelet",
	Severity:  checks.Warning,
	AnyOf:     []evidence.Kind{evidence.KindKubeletConfigs, evidence.KindKubeletIntent, evidence.KindControlPods},
	Uses:      []evidence.Kind{evidence.KindNodes, evidence.KindKubeletMetrics, evidence.KindKubeletFlags, evidence.KindDocuments},
	InFiles:   []evidence.Kind{evidence.KindKubeletConfigs, evidence.KindKubeletFlags, evidence.KindKubeletMetrics},
	Doc:       podSourcesDoc,
}, podSourcesParams{Slowest: time.Minute, Fastest: 5 * time.Second, Restarts: 5, Recent: time.Hour}, runPodSources)

type podSourcesParams struct {
	Slowest  time.Duration `json:"slowest" doc:"fileCheckFrequency over which it is mentioned; the default is 20 s"`
	Fastest  time.Duration `json:"fastest" doc:"fileCheckFrequency under which it is mentioned"`
	Restarts int           `json:"restarts" doc:"restarts of a static pod from which, if the last is recent, it is a finding; kaudit's own heuristic"`
	Recent   time.Duration `json:"recent" doc:"how long ago a restart is recent"`
}

func runPodSources(s *evidence.Snapshot, p podSourcesParams) []checks.Verdict {
	var vs []checks.Verdict
	if o := s.KubeletIntent; o.Seen() {
		for _, v := range []checks.Verdict{fromURL(checks.On(o), *o.Value), fileCheck(checks.On(o).Aspect("file-check"), *o.Value, p)} {
			v.Message = "by ConfigMap kubelet-config, what is meant: " + v.Message // what runs is told of each kubelet
			vs = append(vs, v)
		}
	}
	if s.Cluster.Files {
		vs = append(vs, podSourcesInFiles(s, p)...)
	}
	for o := range s.KubeletConfigs.Seen() {
		if s.Cluster.Files {
			break
		}
		vs = append(vs, fromURL(checks.On(o), *o.Value), fileCheck(checks.On(o).Aspect("file-check"), *o.Value, p))
	}
	for o := range s.KubeletMetrics.Seen() {
		vs = append(vs, unstarted(o))
	}
	gone := unsampled(s)
	if gone == nil {
		gone = append(checks.Missing(s.KubeletMetrics, "static-pods"), checks.Missing(s.KubeletConfigs, "config")...)
	}
	if s.ControlPods.Seen() {
		vs = append(vs, restarting(s, p)...)
		vs = append(vs, absent(s)...)
	}
	vs = append(vs, gone...)
	vs = append(vs, checks.Lost(s.KubeletIntent, "kubelet-config")...)
	return append(vs, checks.Lost(s.ControlPods, "static pods of the control plane")...)
}

// fromURL judges pods fetched from a URL: whoever answers there runs what he likes as root.
func fromURL(subject checks.Subject, c evidence.KubeletConfig) checks.Verdict {
	if c.StaticPodURL == nil || *c.StaticPodURL == "" {
		path := "no path"
		if c.StaticPodPath != nil && *c.StaticPodPath != "" {
			path = *c.StaticPodPath
		}
		return subject.Pass("takes pods from the API server and %s, from no URL", path)
	}
	sev, how := checks.Warning, "over TLS, without a client certificate"
	if strings.HasPrefix(*c.StaticPodURL, "http://") {
		sev, how = checks.Critical, "unencrypted"
	}
	leak := ""
	if c.HasURLHeader {
		leak = "; the secret in staticPodURLHeader stands in its log"
	}
	return subject.Find(sev, "runs, as root, whatever pods %s answers with, %s%s", *c.StaticPodURL, how, leak).
		Saw("staticPodURL: %s", *c.StaticPodURL).Want("no staticPodURL").
		WithFix("staticPodPath: /etc/kubernetes/manifests   # KubeletConfiguration: put the pods there; remove staticPodURL and staticPodURLHeader")
}

func fileCheck(subject checks.Subject, c evidence.KubeletConfig, p podSourcesParams) checks.Verdict {
	if c.FileCheckFrequency == nil || *c.FileCheckFrequency == 0 {
		return subject.Pass("reads its static pods again every 20 s, the default")
	}
	d := *c.FileCheckFrequency
	v := subject.Pass("reads its static pods again every %s", evidence.Ago(d))
	switch {
	case d > p.Slowest:
		v = subject.Find(checks.Info, "reads its static pods again every %s only (over %s): a change that inotify misses waits that long", evidence.Ago(d), evidence.Ago(p.Slowest))
	case d < p.Fastest:
		v = subject.Find(checks.Info, "reads its static pods again every %s (under %s): inotify already tells of changes at once", evidence.Seconds(d.Seconds()), evidence.Ago(p.Fastest))
	}
	return v.Saw("fileCheckFrequency: %s", d).Want("20s, the default").WithFix("fileCheckFrequency: 20s   # KubeletConfiguration")
}

// unstarted compares the static pods a kubelet should run with those it does. While one is replaced it
// is missing for seconds, so it has to be missing in both scrapes.
func unstarted(o evidence.Observed[evidence.Scrapes]) checks.Verdict {
	subject := checks.On(o).Aspect("static-pods")
	static := evidence.Is("static", "true")
	lacking := func(m *evidence.Scrape) (desired, active float64, ok bool) {
		desired, ok = m.Sum("kubelet_desired_pods", static)
		active, ok2 := m.Sum("kubelet_active_pods", static)
		return desired, active, ok && ok2
	}
	desired, active, ok := lacking(o.Value.Latest())
	if !ok {
		return subject.Skip("does not show kubelet_desired_pods and kubelet_active_pods, which are there from 1.28 on")
	}
	before, ran, told := lacking(&o.Value.First)
	if active < desired && told && ran >= before {
		return subject.Skip("runs %.0f of the %.0f static pods it should, and ran all of them a moment before: one may be about to be replaced", active, desired).Unlocked("run again in a minute")
	}
	return subject.FindingIf(active < desired, "runs %.0f of the %.0f static pods it should", active, desired).
		Saw("%.0f of %.0f", active, desired).Want("all").
		WithFix("journalctl -u kubelet | grep -i 'static\\|manifest'   # on that node: a manifest that does not parse, or a pod that is not admitted")
}

// restarting judges the static pods of the control plane that the API shows.
func restarting(s *evidence.Snapshot, p podSourcesParams) []checks.Verdict {
	o := s.ControlPods
	var vs []checks.Verdict
	for _, pod := range *o.Value {
		if !pod.Static {
			continue
		}
		subject := checks.About(pod.Subject+" static-pod", o.Source).With(o.Source, "pod %s/%s: %s, ready %t", pod.Namespace, pod.Name, checks.Count(pod.Restarts, "restart"), pod.Ready)
		recent := s.Taken.Sub(pod.LastRestart) <= p.Recent && !pod.LastRestart.IsZero()
		logs := fmt.Sprintf("kubectl -n %s logs %s --previous", pod.Namespace, pod.Name)
		switch {
		case pod.Waiting == "CrashLoopBackOff":
			vs = append(vs, subject.Find(checks.Critical, "crashes as often as it is started (%s)", checks.Count(pod.Restarts, "restart")).
				Saw("CrashLoopBackOff").Want("running").WithFix(logs))
		case pod.Restarts >= p.Restarts && recent:
			vs = append(vs, subject.Find(checks.Warning, "was restarted %s, the last time %s ago (%d are too many with one in the last %s)", checks.Count(pod.Restarts, "time"), evidence.Ago(s.Taken.Sub(pod.LastRestart)), p.Restarts, evidence.Ago(p.Recent)).
				Saw("%s", checks.Count(pod.Restarts, "restart")).Want("none").WithFix(logs))
		case strings.Contains(pod.Waiting, "BackOff") || strings.Contains(pod.Waiting, "Err") || strings.HasPrefix(pod.Waiting, "Invalid"):
			vs = append(vs, subject.Find(checks.Warning, "does not run: %s", pod.Waiting).Saw("%s", pod.Waiting).Want("running").
				WithFix(fmt.Sprintf("kubectl -n %s describe pod %s", pod.Namespace, pod.Name)))
		case pod.Waiting != "" || pod.Phase != "" && pod.Phase != "Running":
			vs = append(vs, subject.Skip("is about to start or to end (%s), so whether it runs cannot be told", strings.TrimSpace(pod.Phase+" "+pod.Waiting)).Unlocked("run again in a minute"))
		default:
			vs = append(vs, subject.Pass("runs as a static pod, %s", checks.Count(pod.Restarts, "restart")))
		}
	}
	return vs
}

// settling is how long a node that joins may take to show all its static pods.
const settling = 10 * time.Minute

// absent looks for control-plane nodes without one of the static pods that the others have.
func absent(s *evidence.Snapshot) []checks.Verdict {
	if !s.Nodes.Seen() {
		return checks.Lost(s.Nodes, "control-plane nodes")
	}
	has := map[string][]string{}
	for _, pod := range *s.ControlPods.Value {
		if pod.Static {
			has[pod.Component] = append(has[pod.Component], pod.Node)
		}
	}
	var vs []checks.Verdict
	for _, n := range s.Nodes.Value.Items {
		if !n.ControlPlane || !n.Created.IsZero() && s.Taken.Sub(n.Created) < settling {
			continue
		}
		var without []string
		for _, c := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
			if len(has[c]) > 0 && !slices.Contains(has[c], n.Name) {
				without = append(without, c)
			}
		}
		if len(without) > 0 {
			vs = append(vs, checks.About("node/"+n.Name, s.ControlPods.Source, s.Nodes.Source).
				Find(checks.Warning, "is labelled a control-plane node but shows no static pod of %s, which other control-plane nodes have", strings.Join(without, ", ")).
				Want("the same static pods on each control-plane node").
				WithFix("ls /etc/kubernetes/manifests   # on "+n.Name+"; if that is no control-plane node: kubectl label node "+n.Name+" node-role.kubernetes.io/control-plane-"))
		}
	}
	return vs
}
