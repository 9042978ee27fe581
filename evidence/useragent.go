package evidence

import "strings"

// A UserAgent is what a client calls itself, taken apart. client-go's grammar is
// "product/version (os/arch) kubernetes/commit/component"; of others the first two are told.
type UserAgent struct {
	Product   string `json:"product"`
	Version   string `json:"version,omitempty"`
	OS        string `json:"os,omitempty"`
	Arch      string `json:"arch,omitempty"`
	Commit    string `json:"commit,omitempty"`
	Component string `json:"component,omitempty"` // "leader-election", "system:serviceaccount:kube-system:node-controller"
}

// ParseUserAgent takes a user agent apart. What is no product/version is a product as a whole.
func ParseUserAgent(s string) UserAgent {
	s = strings.TrimSuffix(strings.TrimSpace(s), "...TRUNCATED")
	head, rest, _ := strings.Cut(s, " ")
	product, version, ok := strings.Cut(head, "/")
	if !ok || product == "" {
		return UserAgent{Product: s}
	}
	u := UserAgent{Product: product}
	u.Version, u.Component, _ = strings.Cut(version, "/") // "kubelet/v1.30.1/leader-election" has no middle
	if platform, after, ok := strings.Cut(strings.TrimPrefix(rest, "("), ")"); ok && strings.HasPrefix(rest, "(") {
		if system, arch, ok := strings.Cut(platform, "/"); ok && !strings.ContainsAny(platform, " ;") {
			u.OS, u.Arch, rest = system, arch, after
		}
	}
	rest = strings.TrimPrefix(rest, " ")
	if after, ok := strings.CutPrefix(rest, "kubernetes/"); ok {
		end := strings.IndexAny(after, "/ ")
		if end < 0 {
			end = len(after)
		}
		u.Commit, rest = after[:end], after[end:]
	}
	if after, ok := strings.CutPrefix(rest, "/"); ok {
		u.Component = after
	}
	return u
}

// K3s is what every component of Kubernetes calls itself in k3s, where all of them are one program.
const K3s = "k3s"
