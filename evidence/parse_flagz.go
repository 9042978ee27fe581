package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// FlagzAccept asks for /flagz in the only form that is made to be read by programs (1.35+).
const FlagzAccept = "application/json;as=Flagz;g=config.k8s.io;v=v1beta1,application/json;as=Flagz;g=config.k8s.io;v=v1alpha1"

const maxFlagzBytes = 4 << 20

// ParseFlagz reads the structured JSON of /flagz: every flag of the process with its effective value,
// defaults included. Values that the process withholds are listed as unknown.
func ParseFlagz(r io.Reader, src Source) (Flags, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFlagzBytes+1))
	switch {
	case err != nil:
		return Flags{}, fmt.Errorf("flagz: %w", err)
	case len(data) > maxFlagzBytes:
		return Flags{}, fmt.Errorf("flagz: more than %d bytes", maxFlagzBytes)
	case !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return Flags{}, errors.New("flagz: not JSON; the text form has a separator that changes from process to process, by design")
	}
	var doc struct {
		Kind       string                `json:"kind"`
		APIVersion string                `json:"apiVersion"`
		Metadata   struct{ Name string } `json:"metadata"`
		Flags      map[string]scalar     `json:"flags"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return Flags{}, fmt.Errorf("flagz: %w", err)
	}
	if doc.Kind != "Flagz" || len(doc.Flags) == 0 {
		return Flags{}, fmt.Errorf("flagz: a document of kind %q with %d flags", doc.Kind, len(doc.Flags))
	}
	f := Flags{Component: doc.Metadata.Name, Values: map[string][]FlagValue{}, Read: []Source{src}, From: []Provenance{FromFlagz}}
	if f.Component == "apiserver" {
		f.Component = "kube-apiserver"
	}
	for name, v := range doc.Flags {
		if v == "CLASSIFIED" || secretFlag(name) {
			f.Unknown = append(f.Unknown, name)
			continue
		}
		value := withoutUserinfo(string(v))
		if name == "feature-gates" { // ":A=true,kube:B=false", by component; here as on a command line
			value = strings.Join(canonical(value), ",")
		}
		f.Values[name] = []FlagValue{{Value: value, From: FromFlagz, Source: src}}
	}
	slices.Sort(f.Unknown)
	return f, nil
}

// KubeadmFlags are the flags of a component that kubeadm-config names: the intention. It is not listed
// among the sources read whole, since kubeadm sets flags of its own beside them.
func KubeadmFlags(k KubeadmConfig, component string, src Source) Flags {
	f := Flags{Component: component, Values: map[string][]FlagValue{}}
	for name, all := range k.ExtraArgs[component] {
		if len(all) > 0 {
			f.Values[name] = []FlagValue{flagValue(all, FromKubeadm, src)}
		}
	}
	return f
}
