package collect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// distinct drops what turned out to be an instance that is there already, under another address.
// Processes are told apart by their start time; of two that started in the same hundredth of a
// second, by their flags.
func distinct(all []*instance) []*instance {
	var out []*instance
	for _, in := range all {
		at := slices.IndexFunc(out, func(o *instance) bool { return o.same(in) })
		switch {
		case at < 0:
			out = append(out, in)
		case in.pod == nil:
			out[at].addresses = append(out[at].addresses, in.addresses...)
		case out[at].pod == nil:
			in.addresses = append(in.addresses, out[at].addresses...)
			out[at] = in
		default: // two pods, and one process answers for both
			in.base = nil
			in.miss(evidence.Gap{
				Why:    evidence.Unreachable,
				Note:   fmt.Sprintf("its address %s leads to %s", strings.Join(in.addresses, ", "), out[at].subject),
				Unlock: unreached(in).Unlock,
			}, in.metrics.Source)
			out = append(out, in)
		}
	}
	return out
}

func (in *instance) same(o *instance) bool {
	if !in.metrics.Seen() || !o.metrics.Seen() || in.metrics.Value.First.Start == 0 || in.metrics.Value.First.Start != o.metrics.Value.First.Start {
		return false
	}
	if !in.flagz.Seen() || !o.flagz.Seen() {
		return true
	}
	for _, own := range []string{"advertise-address", "bind-address", "secure-port"} {
		if in.flagz.Value.Setting(own).Value != o.flagz.Value.Setting(own).Value {
			return false
		}
	}
	return true
}

// nameInstances gives the instances that no pod names the name of their node.
func nameInstances(all []*instance, nodes []evidence.Node) {
	for _, in := range all {
		if in.pod != nil {
			continue
		}
		for _, n := range nodes {
			if slices.ContainsFunc(n.Addresses, in.has) {
				in.of(subjectOf(in.component, n.Name))
				break
			}
		}
	}
}
