package configfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/evidence"
)

// objects are those of the API that kube-apiserver takes settings from.
type objects struct {
	schemas  []evidence.FlowSchema
	levels   []evidence.Level
	services []evidence.APIService
	// vague are the names of levels that are there and not known whole; "" for one whose name is not known either.
	vague []string
}

const (
	flowGroup  = "flowcontrol.apiserver.k8s.io/"
	autoUpdate = "apf.kubernetes.io/autoupdate-spec"
)

func flowSchemaReader() reader {
	return reader{name: "FlowSchema", kinds: []string{"FlowSchema"}, group: flowGroup, read: readFlowSchema}
}

func priorityLevelReader() reader {
	return reader{name: "PriorityLevelConfiguration", kinds: []string{"PriorityLevelConfiguration"}, group: flowGroup, read: readLevel}
}

func apiServiceReader() reader {
	return reader{name: "APIService", kinds: []string{"APIService"}, group: "apiregistration.k8s.io/", read: readAPIService}
}

// object reads an object of the API. It is judged whole or not at all: a field that a template fills in is not
// zero, and one that a patch leaves out has no default.
type object struct {
	cursor
	s   *sink
	bad string // why it is not judged
}

func newObject(c cursor, s *sink) *object {
	o := &object{cursor: c, s: s}
	spec := c.get("spec")
	from := spec.src().Line
	switch {
	case o.name() == "":
		o.bad = "a template fills in its name, or it has none"
	case !spec.ok():
		o.bad = "it has no spec"
	case c.isLoose():
		o.bad = "a template decides whether it is there"
	case templated(spec), templated(c.get("metadata", "annotations", autoUpdate)):
		o.bad = "a template fills in some of it"
	}
	if _, open := c.doc.file.opensIn(span{from, max(c.doc.lines().last, c.lines().last)}); open && o.bad == "" {
		o.bad = "a template adds to it"
	}
	return o
}

// templated reports whether a template fills in something below a place, or decides on it.
func templated(c cursor) bool {
	var below func(n *yaml.Node, aliases int) bool
	below = func(n *yaml.Node, aliases int) bool {
		if n.Kind == yaml.AliasNode {
			return aliases == 0 || below(n.Alias, aliases-1)
		}
		return isHole(n.Value) || c.doc.file.isLoose(c.doc.at(n).Line) || slices.ContainsFunc(n.Content, func(n *yaml.Node) bool { return below(n, aliases) })
	}
	return c.ok() && below(c.node, maxAliases)
}

func (o *object) name() string { return o.get("metadata", "name").known() }

// passed reports whether the object is not to be judged, and notes why.
func (o *object) passed() bool {
	if o.bad == "" {
		return false
	}
	o.s.problems = append(o.s.problems, Problem{
		File: o.s.file.path, Line: o.src().Line, Why: fmt.Sprintf("%s: not judged: %s", o.kind(), o.bad), Quiet: true,
	})
	return true
}

func (o *object) kind() string {
	kind, _ := kindOf(o.doc)
	return strings.TrimSpace(kind + " " + o.name())
}

func (o *object) apiVersion() string {
	_, group := kindOf(o.doc)
	return group
}

// must is a text that the API wants; an object without it is a patch of one, or is refused.
func (o *object) must(c cursor, field string) string {
	if c.text() == "" && o.bad == "" {
		o.bad = "it has no " + field + " (a patch of another file's?)"
	}
	return c.text()
}

// number is a field's, or what the API server makes of none.
func (o *object) number(c cursor, none int32) int32 {
	text, ok := c.str()
	if !ok {
		return none
	}
	n, err := strconv.ParseInt(text, 0, 32)
	if err != nil && o.bad == "" {
		o.bad = "a field is no whole number"
		o.s.warn(c.src(), fmt.Sprintf("%q is no whole number: kube-apiserver refuses the object", text))
	}
	return int32(n)
}

// percent is number where none means something of its own.
func (o *object) percent(c cursor) *int32 {
	if _, ok := c.str(); !ok {
		return nil
	}
	n := o.number(c, 0)
	return &n
}

func readFlowSchema(c cursor, s *sink) {
	o, spec := newObject(c, s), c.get("spec")
	out := evidence.FlowSchema{
		Name:          o.name(),
		AutoUpdate:    c.get("metadata", "annotations", autoUpdate).text(),
		Level:         o.must(spec.get("priorityLevelConfiguration", "name"), "spec.priorityLevelConfiguration.name"),
		Precedence:    o.number(spec.get("matchingPrecedence"), 1000),
		Distinguisher: spec.get("distinguisherMethod", "type").text(),
		At:            c.src(),
		APIVersion:    o.apiVersion(),
	}
	for _, r := range spec.get("rules").items() {
		out.Rules = append(out.Rules, flowRule(r))
	}
	if len(out.Rules) == 0 && o.bad == "" {
		o.bad = "it has no rules (a patch of another file's?)"
	}
	if !o.passed() {
		s.piece("FlowSchema").objects = &objects{schemas: []evidence.FlowSchema{out}}
	}
}

func flowRule(c cursor) evidence.FlowRule {
	var out evidence.FlowRule
	for _, s := range c.get("subjects").items() {
		switch account := s.get("serviceAccount"); {
		case s.get("user").ok():
			out.Users = append(out.Users, s.get("user", "name").text())
		case s.get("group").ok():
			out.Groups = append(out.Groups, s.get("group", "name").text())
		case account.ok():
			out.ServiceAccounts = append(out.ServiceAccounts, account.get("namespace").text()+"/"+account.get("name").text())
		}
	}
	for _, x := range c.get("resourceRules").items() {
		out.Resources = append(out.Resources, evidence.ResourceRule{
			Verbs: x.get("verbs").words(), APIGroups: x.get("apiGroups").words(), Resources: x.get("resources").words(),
			ClusterScope: x.get("clusterScope").text() == "true", Namespaces: x.get("namespaces").words(),
		})
	}
	for _, x := range c.get("nonResourceRules").items() {
		out.NonResources = append(out.NonResources, evidence.URLRule{Verbs: x.get("verbs").words(), URLs: x.get("nonResourceURLs").words()})
	}
	return out
}

func readLevel(c cursor, s *sink) {
	o, spec := newObject(c, s), c.get("spec")
	out := evidence.Level{
		Name:       o.name(),
		AutoUpdate: c.get("metadata", "annotations", autoUpdate).text(),
		Type:       o.must(spec.get("type"), "spec.type"),
		At:         c.src(),
		APIVersion: o.apiVersion(),
	}
	shares := "nominalConcurrencyShares"
	switch strings.TrimPrefix(out.APIVersion, flowGroup) {
	case "v1alpha1", "v1beta1", "v1beta2":
		shares = "assuredConcurrencyShares"
	}
	switch out.Type {
	case "Exempt":
		exempt := spec.get("exempt")
		out.Shares, out.LendablePercent = o.number(exempt.get(shares), 0), o.percent(exempt.get("lendablePercent"))
	case "Limited":
		limited := spec.get("limited")
		out.Shares = o.number(limited.get(shares), 30)
		out.LendablePercent, out.BorrowingPercent = o.percent(limited.get("lendablePercent")), o.percent(limited.get("borrowingLimitPercent"))
		out.Response = o.must(limited.get("limitResponse", "type"), "spec.limited.limitResponse.type")
		if q := limited.get("limitResponse", "queuing"); q.ok() {
			out.Queues, out.HandSize, out.QueueLength = o.number(q.get("queues"), 64), o.number(q.get("handSize"), 8), o.number(q.get("queueLengthLimit"), 50)
		}
	}
	found := &objects{levels: []evidence.Level{out}}
	if o.passed() { // a FlowSchema may name it all the same
		found = &objects{vague: []string{o.name()}}
	}
	p := s.piece("PriorityLevelConfiguration")
	p.objects, p.inert = found, len(found.levels) == 0
}

// readAPIService reads one that a Service serves; the others are kube-apiserver's own.
func readAPIService(c cursor, s *sink) {
	service := c.get("spec", "service")
	if len(service.entries()) == 0 && !templated(c.get("spec")) {
		return
	}
	o := newObject(c, s)
	out := evidence.APIService{
		Name:                  o.name(),
		Service:               o.must(service.get("namespace"), "spec.service.namespace") + "/" + o.must(service.get("name"), "spec.service.name"),
		InsecureSkipTLSVerify: c.get("spec", "insecureSkipTLSVerify").text() == "true",
		GroupPriority:         o.number(c.get("spec", "groupPriorityMinimum"), 0),
		At:                    c.src(),
	}
	if !o.passed() {
		s.piece("APIService").objects = &objects{services: []evidence.APIService{out}}
	}
}
