package policy

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/checks"
)

// Policy is what a kaudit.yaml says. The zero value accepts and changes nothing.
type Policy struct {
	Name              string // of the file, as it is told
	FailOn            string // as --fail-on; "": not said
	KubernetesVersion string // of files that do not tell it; "": not said
	Waivers           []Waiver
	settings          []setting
	known             []checks.Check
}

// failOns are the values of failOn.
var failOns = []string{"critical", "warning", "info", "never"}

var (
	topKeys     = []string{"apiVersion", "failOn", "kubernetesVersion", "checks", "waivers"}
	kubeVersion = regexp.MustCompile(`^v?1\.\d{1,3}(\.\d{1,3})?$`)
)

const apiVersion = "kaudit.dev/v1"

// Parse reads a kaudit.yaml. Its error is a *MistakesError with all that is wrong. Known are the checks there are.
func Parse(name string, data []byte, known []checks.Check) (Policy, error) {
	p := Policy{Name: name, known: known}
	r := &reader{}
	if doc := r.document(data); doc != nil {
		r.fields(doc, "the file", topKeys, func(key string, _, v *yaml.Node) {
			switch key {
			case "apiVersion":
				if got := r.text(v, key); got != "" && got != apiVersion {
					r.wrong(v, "apiVersion is %s; this kaudit reads %s", quote(got), apiVersion)
				}
			case "failOn":
				if p.FailOn = r.text(v, key); p.FailOn != "" && !slices.Contains(failOns, p.FailOn) {
					r.wrong(v, "failOn is %s%sit takes critical, warning, info or never", quote(p.FailOn), meant(p.FailOn, failOns))
				}
			case "kubernetesVersion":
				if p.KubernetesVersion = r.text(v, key, "!!float"); p.KubernetesVersion != "" && !kubeVersion.MatchString(p.KubernetesVersion) {
					r.wrong(v, "kubernetesVersion is %s, which is none; write it as \"1.31\" or \"1.31.4\"", quote(p.KubernetesVersion))
				}
			case "checks":
				r.fields(v, key, nil, func(id string, k, v *yaml.Node) { p.settings = append(p.settings, r.setting(known, id, k, v)) })
			case "waivers":
				p.Waivers = r.waivers(v, name, known)
			}
		})
	}
	if len(r.mistakes) > 0 {
		return Policy{}, &MistakesError{name, sorted(r.mistakes)}
	}
	return p, nil
}

// document is the one that the file holds; nil if there is nothing in it, or nothing that can be read.
func (r *reader) document(data []byte) *yaml.Node {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := d.Decode(&first); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		r.malformed(err)
		return nil
	}
	if err := d.Decode(&second); err == nil {
		r.wrong(&second, "a second document begins here; a kaudit.yaml has one")
	} else if !errors.Is(err, io.EOF) {
		r.malformed(err)
	}
	if len(first.Content) == 0 || first.Content[0].Tag == "!!null" {
		return nil // comments only
	}
	return first.Content[0]
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?((?s).*)$`)

func (r *reader) malformed(err error) {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1]) // none: the top
	r.wrong(&yaml.Node{Line: line}, "cannot be read as YAML: %s", strings.Join(strings.Fields(m[2]), " "))
}

// knows says whether a name or pattern stands for a check, and says so if it does not.
func (r *reader) knows(n *yaml.Node, name string, known []checks.Check) bool {
	var ids []string
	g := globOf(name)
	for _, c := range known {
		if g.match(c.ID) {
			return true
		}
		ids = append(ids, c.ID)
	}
	if isPattern(name) {
		r.wrong(n, "no check matches %s; kaudit checks lists them all", quote(name))
	} else {
		r.wrong(n, "no check %s%skaudit checks lists them all", quote(name), orComponent(name, ids))
	}
	return false
}

// orComponent is meant for ids, and tells a component how its checks are named.
func orComponent(name string, ids []string) string {
	for _, id := range ids {
		if name != "" && strings.HasPrefix(id, name+"-") {
			return "; did you mean " + strconv.Quote(name+"-*") + "? "
		}
	}
	return meant(name, ids)
}
