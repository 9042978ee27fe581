package configfile

import (
	"reflect"
	"slices"

	"github.com/kaudit/kaudit/evidence"
)

// addObjects puts the API's objects of a cluster into its snapshot. Of several that are called alike and differ
// nobody can tell which one is applied, and a FlowSchema whose level stands elsewhere among the files, or is known
// in part only, is left out: to judge it the level must be known. It reports whether any object is left.
func (g *group) addObjects(s *evidence.Snapshot, all []*piece) bool {
	var schemas []evidence.FlowSchema
	var levels []evidence.Level
	var services []evidence.APIService
	for _, p := range g.pieces {
		if o := p.objects; o != nil {
			schemas, levels, services = append(schemas, o.schemas...), append(levels, o.levels...), append(services, o.services...)
		}
	}
	inDoubt := map[string]bool{} // names of levels
	for _, p := range all {
		if o := p.objects; o != nil {
			for _, l := range o.levels {
				inDoubt[l.Name] = true
			}
			for _, name := range o.vague {
				inDoubt[name] = true
			}
		}
	}
	levels = unlike(levels, func(l evidence.Level) (string, evidence.Level) { l.At = evidence.Source{}; return l.Name, l })
	for _, l := range levels {
		delete(inDoubt, l.Name)
	}
	schemas = unlike(schemas, func(f evidence.FlowSchema) (string, evidence.FlowSchema) { f.At = evidence.Source{}; return f.Name, f })
	schemas = slices.DeleteFunc(schemas, func(f evidence.FlowSchema) bool {
		own := slices.ContainsFunc(levels, func(l evidence.Level) bool { return l.Name == f.Level })
		return inDoubt[f.Level] || inDoubt[""] && !own
	})
	services = unlike(services, func(a evidence.APIService) (string, evidence.APIService) { a.At = evidence.Source{}; return a.Name, a })
	const of = "kube-apiserver"
	if len(schemas) > 0 {
		s.FlowSchemas = evidence.See(of, schemas, schemas[0].At)
	}
	if len(levels) > 0 {
		s.PriorityLevels = evidence.See(of, levels, levels[0].At)
	}
	if len(services) > 0 {
		s.APIServices = evidence.See(of, services, services[0].At)
	}
	return len(schemas)+len(levels)+len(services) > 0
}

// unlike are the items without those that differ from another one of their name; of equal ones the first is left.
func unlike[T any](items []T, named func(T) (name string, bare T)) []T {
	first, differ := map[string]T{}, map[string]bool{}
	for _, item := range items {
		name, bare := named(item)
		if other, again := first[name]; again && !reflect.DeepEqual(other, bare) {
			differ[name] = true
		} else if !again {
			first[name] = bare
		}
	}
	var out []T
	taken := map[string]bool{}
	for _, item := range items {
		if name, _ := named(item); !differ[name] && !taken[name] {
			taken[name] = true
			out = append(out, item)
		}
	}
	return out
}
