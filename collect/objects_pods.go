package collect

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

const (
	// allPodsLimit is up to how many pods their metadata are read all at once: some 3 KB each,
	// before compression.
	allPodsLimit      = 5000
	allPodsBytesLimit = 64 << 20

	asMetadata = asProtobuf + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// readPods reads pods as far as is polite. podCount is how many there are, by the API server's own
// count, where that is known. If they are few, the metadata of all are read, which is enough to tell
// which of them are stuck terminating. The pods of the sampled nodes are read whole, a node at a time,
// which the watch cache serves from its index.
func readPods(ctx context.Context, g getter, nodes evidence.Nodes, sample []string, podCount float64, known bool) evidence.Observed[evidence.Pods] {
	const of = "cluster"
	r := request{Path: "/api/v1/pods", Query: cached(), Accept: asMetadata, Limit: allPodsBytesLimit, Permission: "list pods"}
	src := g.source(r)
	c := &podCounter{out: evidence.Pods{NodesTotal: len(nodes.Items)}, workloads: map[string]*workload{}, terminating: map[string]evidence.TerminatingPod{}}
	var failed error
	if known && podCount <= allPodsLimit {
		_, failed = eachItem(ctx, g, r, func(p *metav1.PartialObjectMetadata) error {
			c.out.Counted++
			c.metadata(&p.ObjectMeta, "")
			return nil
		})
		c.out.AllMetadata = failed == nil
	}
	if err := readNodePods(ctx, g, sample, c); err != nil {
		failed = err
	}
	if !c.out.AllMetadata && c.out.NodesRead == 0 {
		if failed != nil {
			return missed[evidence.Pods](of, g, r, failed)
		}
		gap := evidence.Gap{
			Why:    evidence.NotAsked,
			Note:   "no node was sampled, and the pods are too many, or of unknown number, to read them all",
			Unlock: "--node-sample",
		}
		return evidence.Miss[evidence.Pods](of, gap, src)
	}
	return evidence.See(of, c.done(), src)
}

// readNodePods reads the pods of each sampled node. Its error is that of the last node that could not
// be read; the others are in c all the same.
func readNodePods(ctx context.Context, g getter, sample []string, c *podCounter) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	var failed error
	for _, node := range sample {
		group.Go(func() error {
			own := c.empty()
			r := request{
				Path:       "/api/v1/pods",
				Query:      cached("fieldSelector", "spec.nodeName="+node),
				Permission: "list pods",
				Kubelet:    true,
			}
			_, err := eachItem(ctx, g, r, func(p *corev1.Pod) error {
				own.out.PodsRead++
				own.pod(p)
				return nil
			})
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				failed = err // half a node is none: what was read of it is dropped
				return nil
			}
			c.add(own)
			return nil
		})
	}
	_ = group.Wait() // no goroutine returns an error
	return failed
}

// podCounter reduces pods while they are read.
type podCounter struct {
	mu          sync.Mutex
	out         evidence.Pods
	workloads   map[string]*workload
	terminating map[string]evidence.TerminatingPod
}

// workload is a Workload and the age of the pod whose shape it has: the newest is what its owner wants now.
type workload struct {
	evidence.Workload
	created time.Time
}

func (c *podCounter) empty() *podCounter {
	return &podCounter{workloads: map[string]*workload{}, terminating: map[string]evidence.TerminatingPod{}}
}

// metadata keeps a pod that is being deleted. What is already known of its node stays.
func (c *podCounter) metadata(m *metav1.ObjectMeta, node string) {
	if m.DeletionTimestamp == nil {
		return
	}
	t := evidence.TerminatingPod{
		Namespace:  m.Namespace,
		Name:       m.Name,
		Node:       node,
		Owner:      ownerOf(m),
		Deadline:   m.DeletionTimestamp.Time,
		Finalizers: m.Finalizers,
	}
	if m.DeletionGracePeriodSeconds != nil {
		t.Grace = *m.DeletionGracePeriodSeconds
	}
	c.terminating[m.Namespace+"/"+m.Name] = t
}

// pod counts a pod that was read whole. Finished pods need no shutdown any more, and static pods get
// none from the API.
func (c *podCounter) pod(p *corev1.Pod) {
	c.metadata(&p.ObjectMeta, p.Spec.NodeName)
	_, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]
	if mirror || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	w := &workload{created: p.CreationTimestamp.Time}
	w.Namespace, w.Owner, w.Pods, w.Grace, w.PreStop = p.Namespace, ownerOf(&p.ObjectMeta), 1, 30, preStop(&p.Spec)
	if p.Spec.TerminationGracePeriodSeconds != nil {
		w.Grace = *p.Spec.TerminationGracePeriodSeconds
	}
	c.workload(w)
}

func (c *podCounter) workload(w *workload) {
	key := w.Namespace + "/" + w.Owner
	old := c.workloads[key]
	if old == nil {
		c.workloads[key] = w
		return
	}
	pods := old.Pods + w.Pods
	if w.created.After(old.created) {
		*old = *w
	}
	old.Pods = pods
}

// add merges the pods of one node.
func (c *podCounter) add(o *podCounter) {
	c.out.NodesRead++
	c.out.PodsRead += o.out.PodsRead
	for _, w := range o.workloads {
		c.workload(w)
	}
	maps.Copy(c.terminating, o.terminating)
}

func (c *podCounter) done() evidence.Pods {
	if !c.out.AllMetadata {
		c.out.Counted = c.out.PodsRead
	}
	for _, t := range c.terminating {
		c.out.Terminating = append(c.out.Terminating, t)
	}
	slices.SortFunc(c.out.Terminating, func(a, b evidence.TerminatingPod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, w := range c.workloads {
		c.out.Workloads = append(c.out.Workloads, w.Workload)
	}
	slices.SortFunc(c.out.Workloads, func(a, b evidence.Workload) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Owner, b.Owner))
	})
	return c.out
}

// ownerOf names what a person would edit to change the pod: the Deployment behind the ReplicaSet, the
// CronJob behind the Job, both told by how their controllers name what they create.
func ownerOf(m *metav1.ObjectMeta) string {
	o := metav1.GetControllerOfNoCopy(m)
	if o == nil {
		return "Pod/" + m.Name
	}
	switch o.Kind {
	case "ReplicaSet":
		if name, ok := cutHash(o.Name, m.Labels["pod-template-hash"]); ok {
			return "Deployment/" + name
		}
		if name, ok := cutHash(o.Name, m.Labels["rollouts-pod-template-hash"]); ok {
			return "Rollout/" + name // of Argo
		}
	case "Job":
		if name, ok := cutSchedule(o.Name, m.CreationTimestamp.Time); ok {
			return "CronJob/" + name
		}
	}
	return o.Kind + "/" + o.Name
}

func cutHash(name, hash string) (string, bool) {
	if hash == "" {
		return "", false
	}
	return strings.CutSuffix(name, "-"+hash)
}

// cutSchedule takes off the time, in minutes, that a CronJob puts after its name. It has to be close
// to when the pod was created: any number might end the name of a Job.
func cutSchedule(name string, created time.Time) (string, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 1 {
		return "", false
	}
	minutes, err := strconv.ParseInt(name[i+1:], 10, 64)
	if err != nil || minutes <= 0 {
		return "", false
	}
	late := created.Unix()/60 - minutes
	return name[:i], late >= -1 && late <= 24*60
}
