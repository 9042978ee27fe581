package vet

import "fmt"

// subject is a LIST in words.
func (s site) subject() string {
	what := "LIST of " + s.What
	if s.Raw {
		what = "raw LIST of " + s.What
	}
	switch s.Scope {
	case allNamespaces:
		what += " in all namespaces"
		if s.Any {
			what = "LIST of all objects of a kind"
		}
	case oneNamespace:
		what += " in one namespace"
	case clusterScoped, someNamespace:
	}
	if s.Reader.Kind == uncached {
		what += " through " + s.Reader.How + ","
	}
	if s.Where != "" {
		what += fmt.Sprintf(" (sent at %s)", s.Where)
	}
	return what
}

// all is what an answer has in it: of a LIST with a selector, what matches. The selector may be for the run to tell.
func (s site) all() string {
	if s.Options.Fields[labelSelector].Kind == Zero && s.Options.Fields[fieldSelector].Kind == Zero {
		return "all of them"
	}
	return "all that match"
}

// cost is what one such LIST does to the server.
func (s site) cost() string {
	if s.Events {
		return fmt.Sprintf("events have no watch cache, so in every version etcd reads all of them for an answer with %s", s.all())
	}
	return fmt.Sprintf("up to Kubernetes 1.30 a quorum read of all of them from etcd; from 1.31 on the watch cache answers, after asking etcd for its revision, still with %s in one response", s.all())
}

// instead is what to do.
func (s site) instead() string {
	if s.Reader.Kind == uncached {
		return "read through the manager's GetClient, or page with client.Limit and client.Continue"
	}
	return "read from an informer's lister, or page with Limit and Continue (pager.New)"
}

func (s site) unbounded() string {
	return fmt.Sprintf("%s with neither resourceVersion nor limit: %s; %s", s.subject(), s.cost(), s.instead())
}

func (s site) poll(r repeat, zero bool) string {
	cost := "each time " + s.cost()
	if zero && !s.Events {
		cost = fmt.Sprintf("each time the watch cache sends %s in one response", s.all())
	}
	return fmt.Sprintf("%s, repeated by %s: %s; an informer or a watch is told of what changes", s.subject(), r.how, cost)
}

func (s site) inLoop() string {
	return fmt.Sprintf("%s for each item of a loop, with neither resourceVersion nor limit: for each, %s; one LIST before the loop or an informer's lister answers all", s.subject(), s.cost())
}

func (s site) perNode() string {
	return fmt.Sprintf("%s by spec.nodeName with no resourceVersion: up to Kubernetes 1.30 etcd reads the pods of all nodes for each, which a client on every node makes a flood; "+
		"from 1.31 on an index of the watch cache answers, after asking etcd for its revision; use an informer with this selector", s.subject())
}

func (s site) rv0Limit() string {
	return fmt.Sprintf("%s with resourceVersion=0 and a limit: the watch cache ignores the limit in every version and sends %s in one response; "+
		"remove the limit, or page with resourceVersion unset", s.subject(), s.all())
}
