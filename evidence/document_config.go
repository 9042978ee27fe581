package evidence

import (
	"strconv"
	"strings"
	"time"
)

// KubeletConfig is what checks read of a KubeletConfiguration. What the document leaves out, or a template fills
// in, is nil.
func (d Document) KubeletConfig() KubeletConfig {
	c := KubeletConfig{
		KubeAPIQPS: d.number("kubeAPIQPS"), KubeAPIBurst: d.number("kubeAPIBurst"), EventRecordQPS: d.number("eventRecordQPS"), EventBurst: d.number("eventBurst"),
		StaticPodPath: d.text("staticPodPath"), MaxPods: d.number("maxPods"), FileCheckFrequency: d.duration("fileCheckFrequency"),
		HTTPCheckFrequency: d.duration("httpCheckFrequency"), ShutdownGrace: d.duration("shutdownGracePeriod"),
	}
	if url := d.text("staticPodURL"); url != nil && *url != "" {
		bare := bareURL(*url)
		c.StaticPodURL = &bare
	}
	for name, v := range d.Fields {
		if strings.HasPrefix(name, "staticPodURLHeader") && v.Value != "{}" {
			c.HasURLHeader = true
		}
		gate, ok := strings.CutPrefix(name, "featureGates.")
		on, err := strconv.ParseBool(v.Value)
		if !ok || err != nil {
			continue
		}
		if c.FeatureGates == nil {
			c.FeatureGates = map[string]bool{}
		}
		c.FeatureGates[gate] = on
	}
	for _, d := range []**time.Duration{&c.FileCheckFrequency, &c.HTTPCheckFrequency} {
		if *d != nil && **d == 0 { // stands for the default
			*d = nil
		}
	}
	return c
}

// SchedulerConfig is what checks read of a KubeSchedulerConfiguration.
func (d Document) SchedulerConfig() SchedulerConfig {
	c := SchedulerConfig{
		Burst: d.number("clientConnection.burst"), Parallelism: d.number("parallelism"), PercentageOfNodes: d.number("percentageOfNodesToScore"),
		PodInitialBackoff: seconds(d.number("podInitialBackoffSeconds")), PodMaxBackoff: seconds(d.number("podMaxBackoffSeconds")),
	}
	if q, err := strconv.ParseFloat(d.Fields["clientConnection.qps"].Value, 64); err == nil {
		c.QPS = &q
	}
	for i := 0; ; i++ {
		at := "profiles[" + strconv.Itoa(i) + "]"
		if name := d.text(at + ".schedulerName"); name != nil {
			c.Profiles = append(c.Profiles, *name)
		} else if !d.begins(at + ".") {
			return c
		}
	}
}

func (d Document) begins(path string) bool {
	for name := range d.Fields {
		if strings.HasPrefix(name, path) {
			return true
		}
	}
	return false
}

func (d Document) text(path string) *string {
	v, ok := d.Fields[path]
	if !ok {
		return nil
	}
	return &v.Value
}

func (d Document) number(path string) *int64 {
	n, err := strconv.ParseInt(d.Fields[path].Value, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func (d Document) duration(path string) *time.Duration {
	v, err := time.ParseDuration(d.Fields[path].Value)
	if err != nil {
		return nil
	}
	return &v
}

// ReadDocuments puts what checks read of configuration files where it was not read otherwise.
func (s *Snapshot) ReadDocuments() {
	for o := range s.Documents.Seen() {
		switch kind := o.Value.Kind; {
		case kind == "KubeletConfiguration" && !s.KubeletConfigs.Of(o.Of).Seen():
			s.KubeletConfigs = append(s.KubeletConfigs, See(o.Of, o.Value.KubeletConfig(), o.Source))
		case kind == "KubeSchedulerConfiguration" && !s.SchedulerConfig.Of(o.Of).Seen():
			s.SchedulerConfig = append(s.SchedulerConfig, See(o.Of, o.Value.SchedulerConfig(), o.Source))
		}
	}
}
