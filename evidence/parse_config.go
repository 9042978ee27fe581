package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// maxConfigBytes bounds a configuration document; a ConfigMap cannot hold more than 1 MiB.
const maxConfigBytes = 4 << 20

// ParseKubeadmConfig reads the ClusterConfiguration of the ConfigMap kubeadm-config, v1beta2 and later:
// extraArgs are a map up to v1beta3 and a list from v1beta4.
func ParseKubeadmConfig(data []byte) (KubeadmConfig, error) {
	type component struct {
		ExtraArgs extraArgs `json:"extraArgs"`
	}
	var doc struct {
		Kind                 string    `json:"kind"`
		APIVersion           string    `json:"apiVersion"`
		KubernetesVersion    string    `json:"kubernetesVersion"`
		ClusterName          string    `json:"clusterName"`
		ControlPlaneEndpoint string    `json:"controlPlaneEndpoint"`
		APIServer            component `json:"apiServer"`
		ControllerManager    component `json:"controllerManager"`
		Scheduler            component `json:"scheduler"`
		Etcd                 struct {
			Local    *component `json:"local"`
			External *struct {
				Endpoints []string `json:"endpoints"`
			} `json:"external"`
		} `json:"etcd"`
	}
	if err := unmarshalYAML(data, &doc); err != nil {
		return KubeadmConfig{}, fmt.Errorf("kubeadm configuration: %w", err)
	}
	if doc.Kind != "ClusterConfiguration" || !strings.HasPrefix(doc.APIVersion, "kubeadm.k8s.io/") {
		return KubeadmConfig{}, fmt.Errorf("kubeadm configuration: a document of kind %q, version %q", doc.Kind, doc.APIVersion)
	}
	k := KubeadmConfig{
		APIVersion: doc.APIVersion, KubernetesVersion: doc.KubernetesVersion, ClusterName: doc.ClusterName,
		ControlPlaneEndpoint: doc.ControlPlaneEndpoint, ExtraArgs: map[string]map[string][]string{},
	}
	add := func(name string, args extraArgs) {
		if len(args) > 0 {
			k.ExtraArgs[name] = args
		}
	}
	add("kube-apiserver", doc.APIServer.ExtraArgs)
	add("kube-controller-manager", doc.ControllerManager.ExtraArgs)
	add("kube-scheduler", doc.Scheduler.ExtraArgs)
	if doc.Etcd.Local != nil {
		add("etcd", doc.Etcd.Local.ExtraArgs)
	}
	if doc.Etcd.External != nil {
		for _, ep := range doc.Etcd.External.Endpoints {
			k.ExternalEtcdEndpoints = append(k.ExternalEtcdEndpoints, withoutUserinfo(ep))
		}
	}
	return k, nil
}

// extraArgs takes both forms, and drops secrets.
type extraArgs map[string][]string

func (e *extraArgs) UnmarshalJSON(b []byte) error {
	*e = extraArgs{}
	var byName map[string]scalar
	if err := json.Unmarshal(b, &byName); err == nil {
		for name, v := range byName {
			e.add(name, string(v))
		}
		return nil
	}
	var list []struct {
		Name  string `json:"name"`
		Value scalar `json:"value"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("extraArgs: %w", err)
	}
	for _, a := range list {
		e.add(a.Name, string(a.Value))
	}
	return nil
}

func (e extraArgs) add(name, value string) {
	name = strings.TrimLeft(name, "-")
	if name != "" && !secretFlag(name) {
		e[name] = append(e[name], withoutUserinfo(value))
	}
}

// scalar is a string, or a number or bool that somebody wrote without quotes.
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err == nil {
		*s = scalar(text)
		return nil
	}
	if strings.ContainsAny(string(b), "{[") {
		return errors.New("a value that is no scalar")
	}
	*s = scalar(b)
	return nil
}

// kubeletFields are those of KubeletConfiguration v1beta1 that checks read.
type kubeletFields struct {
	KubeAPIQPS          *int64          `json:"kubeAPIQPS"`
	KubeAPIBurst        *int64          `json:"kubeAPIBurst"`
	EventRecordQPS      *int64          `json:"eventRecordQPS"`
	EventBurst          *int64          `json:"eventBurst"`
	StaticPodPath       *string         `json:"staticPodPath"`
	StaticPodURL        *string         `json:"staticPodURL"`
	StaticPodURLHeader  map[string]any  `json:"staticPodURLHeader"`
	FileCheckFrequency  *duration       `json:"fileCheckFrequency"`
	HTTPCheckFrequency  *duration       `json:"httpCheckFrequency"`
	MaxPods             *int64          `json:"maxPods"`
	ShutdownGracePeriod *duration       `json:"shutdownGracePeriod"`
	FeatureGates        map[string]bool `json:"featureGates"`
}

func (k kubeletFields) config() KubeletConfig {
	c := KubeletConfig{
		KubeAPIQPS: k.KubeAPIQPS, KubeAPIBurst: k.KubeAPIBurst, EventRecordQPS: k.EventRecordQPS, EventBurst: k.EventBurst,
		StaticPodPath: k.StaticPodPath, HasURLHeader: len(k.StaticPodURLHeader) > 0, MaxPods: k.MaxPods,
		FileCheckFrequency: (*time.Duration)(k.FileCheckFrequency), HTTPCheckFrequency: (*time.Duration)(k.HTTPCheckFrequency),
		ShutdownGrace: (*time.Duration)(k.ShutdownGracePeriod), FeatureGates: k.FeatureGates,
	}
	if k.StaticPodURL != nil {
		u := bareURL(*k.StaticPodURL)
		c.StaticPodURL = &u
	}
	return c
}

// bareURL keeps scheme, host and path: user, password and query may hold secrets.
func bareURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || s != "" && u.Host == "" {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// ParseKubeletConfigz reads the /configz of a kubelet: the configuration in force.
func ParseKubeletConfigz(data []byte) (KubeletConfig, error) {
	var doc struct {
		Config *kubeletFields `json:"kubeletconfig"`
	}
	if err := unmarshalJSON(data, &doc); err != nil {
		return KubeletConfig{}, fmt.Errorf("kubelet configz: %w", err)
	}
	if doc.Config == nil {
		return KubeletConfig{}, errors.New("kubelet configz: no kubeletconfig in it")
	}
	return doc.Config.config(), nil
}

// ParseKubeletConfiguration reads the YAML of the ConfigMap kubelet-config: the intention. A check frequency
// of 0 stands for the default there, and is left out.
func ParseKubeletConfiguration(data []byte) (KubeletConfig, error) {
	var doc struct {
		Kind string `json:"kind"`
		kubeletFields
	}
	if err := unmarshalYAML(data, &doc); err != nil {
		return KubeletConfig{}, fmt.Errorf("kubelet configuration: %w", err)
	}
	if doc.Kind != "KubeletConfiguration" {
		return KubeletConfig{}, fmt.Errorf("kubelet configuration: a document of kind %q", doc.Kind)
	}
	c := doc.config()
	for _, d := range []**time.Duration{&c.FileCheckFrequency, &c.HTTPCheckFrequency} {
		if *d != nil && **d == 0 {
			*d = nil
		}
	}
	return c, nil
}

// ParseSchedulerConfigz reads the /configz of a kube-scheduler. Up to 1.35 it has the names of Go fields, from
// 1.36 those of kubescheduler.config.k8s.io/v1; but for their case they are the same.
func ParseSchedulerConfigz(data []byte) (SchedulerConfig, error) {
	var doc struct {
		Config *struct {
			ClientConnection struct {
				QPS   *float64 `json:"qps"`
				Burst *int64   `json:"burst"`
			} `json:"clientConnection"`
			Parallelism              *int64 `json:"parallelism"`
			PercentageOfNodesToScore *int64 `json:"percentageOfNodesToScore"`
			PodInitialBackoffSeconds *int64 `json:"podInitialBackoffSeconds"`
			PodMaxBackoffSeconds     *int64 `json:"podMaxBackoffSeconds"`
			Profiles                 []struct {
				SchedulerName string `json:"schedulerName"`
			} `json:"profiles"`
		} `json:"componentconfig"`
	}
	if err := unmarshalJSON(data, &doc); err != nil {
		return SchedulerConfig{}, fmt.Errorf("scheduler configz: %w", err)
	}
	if doc.Config == nil {
		return SchedulerConfig{}, errors.New("scheduler configz: no componentconfig in it")
	}
	c := doc.Config
	out := SchedulerConfig{
		QPS: c.ClientConnection.QPS, Burst: c.ClientConnection.Burst, Parallelism: c.Parallelism, PercentageOfNodes: c.PercentageOfNodesToScore,
		PodInitialBackoff: seconds(c.PodInitialBackoffSeconds), PodMaxBackoff: seconds(c.PodMaxBackoffSeconds),
	}
	for _, p := range c.Profiles {
		out.Profiles = append(out.Profiles, p.SchedulerName)
	}
	return out, nil
}

func seconds(n *int64) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}

// duration is a string ("20s"), nanoseconds, or an object around nanoseconds ({"Duration": 20000000000}).
type duration time.Duration

func (d *duration) UnmarshalJSON(b []byte) error {
	var wrapped struct{ Duration time.Duration }
	var text string
	var ns int64
	switch {
	case json.Unmarshal(b, &text) == nil:
		v, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("duration %q: %w", clip([]byte(text)), err)
		}
		*d = duration(v)
	case json.Unmarshal(b, &ns) == nil:
		*d = duration(ns)
	case json.Unmarshal(b, &wrapped) == nil:
		*d = duration(wrapped.Duration)
	default:
		return fmt.Errorf("duration %s", clip(b))
	}
	return nil
}

func unmarshalJSON(data []byte, into any) error {
	if len(data) > maxConfigBytes {
		return fmt.Errorf("more than %d bytes", maxConfigBytes)
	}
	return json.Unmarshal(data, into)
}

func unmarshalYAML(data []byte, into any) error {
	if len(data) > maxConfigBytes {
		return fmt.Errorf("more than %d bytes", maxConfigBytes)
	}
	return yaml.Unmarshal(data, into)
}
