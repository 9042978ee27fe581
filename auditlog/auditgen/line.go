package auditgen

import (
	"fmt"
	"strings"
)

// Stages of a request, as the server names them.
const (
	received = "RequestReceived"
	started  = "ResponseStarted"
	complete = "ResponseComplete"
	panicky  = "Panic"
)

// panicked is a failure that is no status: the server's handler gave up.
const panicked = -500

// lineKey is what decides on the form of a line.
type lineKey struct {
	stage string
	code  int
}

// line gives the pattern of a request's line, which it makes at the first need.
func (h *habit) line(o *Options, stage string, code int) pattern {
	k := lineKey{stage, code}
	p, ok := h.lines[k]
	if !ok {
		p = compile(h.text(o, stage, code))
		h.lines[k] = p
	}
	return p
}

// text is a line with holes, its keys in the server's order.
func (h *habit) text(o *Options, stage string, code int) string {
	var b strings.Builder
	level := h.level(o)
	switch o.Format {
	case "v1":
		b.WriteString(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"` + level + `"`)
	case "v1beta1":
		b.WriteString(`{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","metadata":{"creationTimestamp":"«second»"},"level":"` + level + `","timestamp":"«second»"`)
	default: // an item of a list names no kind
		b.WriteString(`{"level":"` + level + `"`)
	}
	fmt.Fprintf(&b, `,"auditID":"«id»","stage":"%s","requestURI":%s,"verb":"%s",%s`, stage, quoted(h.uri), h.verb, h.persona.userText())
	if as := h.persona.as; as != "" && stage != received {
		b.WriteString(`,"impersonatedUser":{"username":` + quoted(as) + `,"groups":["developers","system:authenticated"]}`)
		if o.Version != "1.30" {
			b.WriteString(`,"authenticationMetadata":{"impersonationConstraint":"impersonate:user-info"}`)
		}
	}
	fmt.Fprintf(&b, `,"sourceIPs":["«ip»"],"userAgent":%s%s`, quoted(h.persona.agent), h.refText(stage))
	if stage != received {
		status := h.status(code)
		b.WriteString(`,"responseStatus":{"metadata":{},` + status + `}`)
		b.WriteString(h.objects(level, stage, code, status))
	}
	b.WriteString(`,"requestReceivedTimestamp":"«received»","stageTimestamp":"«at»"`)
	b.WriteString(h.annotations(stage, code))
	return b.String() + "}"
}

func (p *persona) userText() string {
	if p.noUser {
		return `"user":{}`
	}
	t := `"user":{"username":` + quoted(p.user)
	if strings.HasPrefix(p.user, "system:serviceaccount:") || p.user == "system:apiserver" {
		t += `,"uid":"` + p.uid() + `"`
	}
	groups := make([]string, len(p.groups))
	for i, g := range p.groups {
		groups[i] = quoted(g)
	}
	t += `,"groups":[` + strings.Join(groups, ",") + `]`
	if p.extra != "" {
		t += `,"extra":{` + p.extra + `}`
	}
	return t + "}"
}

// uid is one of the account, which all its pods share.
func (p *persona) uid() string {
	if p.many == ofClients {
		return "«member-uid»"
	}
	return string(appendUUID(nil, mix(uint64(p.id)+7), mix(uint64(p.id)+7<<32)))
}

// refText is the objectRef. A write names the object's own version, too.
func (h *habit) refText(stage string) string {
	r := h.at
	if r.resource == "" {
		return ""
	}
	t := `,"objectRef":{"resource":"` + r.resource + `"`
	if r.namespace != "" {
		t += `,"namespace":` + quoted(r.namespace)
	}
	if r.name == "" && h.verb == "create" && stage != received && r.group != "authorization.k8s.io" {
		r.name = "«pod»" // known from what was sent
	}
	if r.name != "" {
		t += `,"name":` + quoted(r.name)
	}
	known := h.verb == "update" && stage != received
	if known {
		t += `,"uid":"«uid»"`
	}
	if r.group != "" {
		t += `,"apiGroup":"` + r.group + `"`
	}
	t += `,"apiVersion":"` + r.version + `"`
	if known {
		t += `,"resourceVersion":"«rv»"`
	}
	if r.subresource != "" {
		t += `,"subresource":"` + r.subresource + `"`
	}
	return t + "}"
}

// status is the inside of a responseStatus, after its metadata.
func (h *habit) status(code int) string {
	kind := h.at.resource
	group := ""
	if h.at.group != "" {
		group = `"group":"` + h.at.group + `",`
	}
	details := `"details":{"name":` + quoted(h.at.name) + `,` + group + `"kind":"` + kind + `"}`
	failure := func(message, reason, details string) string {
		return `"status":"Failure","message":` + quoted(message) + `,"reason":"` + reason + `",` + details + fmt.Sprintf(`"code":%d`, code)
	}
	switch code {
	case 401:
		return failure("Unauthorized", "Unauthorized", "")
	case 403:
		in := "at the cluster scope"
		if h.at.namespace != "" {
			in = `in the namespace "` + h.at.namespace + `"`
		}
		return failure(fmt.Sprintf(`%s is forbidden: User "%s" cannot %s resource "%s" in API group "%s" %s`, kind, h.persona.user, h.verb, kind, h.at.group, in),
			"Forbidden", `"details":{`+group+`"kind":"`+kind+`"},`)
	case 404:
		return failure(kind+` "`+h.at.name+`" not found`, "NotFound", details+",")
	case 409:
		return failure(`Operation cannot be fulfilled on `+kind+` "`+h.at.name+`": the object has been modified; please apply your changes to the latest version and try again`,
			"Conflict", details+",")
	case 410:
		return failure("The resourceVersion for the provided list is too old.", "Expired", "")
	case 504:
		return failure("Timeout: request did not complete within the allotted timeout", "Timeout", `"details":{},`)
	case panicked:
		return `"status":"Failure","message":"APIServer panic'd: runtime error: invalid memory address or nil pointer dereference","reason":"InternalError","code":500`
	}
	if h.at.subresource == "binding" {
		return fmt.Sprintf(`"status":"Success","code":%d`, code)
	}
	return fmt.Sprintf(`"code":%d`, code)
}

// annotations are what authorization decided. Who is turned away before it has none.
func (h *habit) annotations(stage string, code int) string {
	if stage == received || code == 401 || code == 429 {
		return ""
	}
	slow := "«slow»"
	if stage == started {
		slow = ""
	}
	decision, reason := "allow", ""
	if _, account, ok := strings.Cut(h.persona.user, "system:serviceaccount:"); ok {
		namespace, name, _ := strings.Cut(account, ":")
		reason = fmt.Sprintf(`RBAC: allowed by ClusterRoleBinding "%s" of ClusterRole "%s" to ServiceAccount "%s/%s"`, name, name, name, namespace)
	}
	if code == 403 {
		decision, reason = "forbid", ""
	}
	return `,"annotations":{` + slow + `"authorization.k8s.io/decision":"` + decision + `","authorization.k8s.io/reason":` + quoted(reason) + `}`
}
