package apiserver

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// shares says in what part a resource's LISTs were served by etcd, and how much they read for what they return:
// "40% of LISTs and 97% of objects from etcd, 1 read for each returned".
func (f flow) shares() string {
	return cmp.Or(f.split(), "no share known") + f.perReturned()
}

func (f flow) split() string {
	lists, objects := f.listShare(), f.share()
	switch {
	case math.IsNaN(objects):
		return ""
	case math.IsNaN(lists):
		return fmt.Sprintf("%s of objects from etcd", percent(objects))
	}
	return fmt.Sprintf("%s of LISTs and %s of objects from etcd", percent(lists), percent(objects))
}

// perReturned is what was read for each object that was returned, by etcd if it served any of them, else by the
// cache. For clients it is at least so much where kube-apiserver's own reads, which return all, are in it.
func (f flow) perReturned() string {
	read, returned := f.read, f.returned
	if f.fetched == 0 {
		read, returned = f.cRead, f.cReturn
	}
	switch {
	case !(read > 0) || math.IsNaN(returned):
		return ""
	case returned <= 0:
		return ", none of what is read returned"
	case f.own > 0:
		return fmt.Sprintf(", at least %.3g read for each returned", read/returned)
	}
	return fmt.Sprintf(", %.3g read for each returned", read/returned)
}

// percent prints a share, and never makes all or nothing of what is nearly that.
func percent(share float64) string {
	switch {
	case share > 0 && share < 0.01:
		return "under 1%"
	case share < 1 && share >= 0.995:
		return "over 99%"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// worst are the resources that LISTs read anything of, those first of which etcd serves the most objects.
func (b book) worst() []string {
	var names []string
	for name, f := range b.flows {
		if f.fetched > 0 || f.cFetched > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(x, y string) int {
		f, g := b.flows[x], b.flows[y]
		return cmp.Or(cmp.Compare(g.fetched, f.fetched), cmp.Compare(g.cFetched, f.cFetched), strings.Compare(x, y))
	})
	return names
}

// Rows of a table of shares: in a message, and in what a verdict rests on.
const (
	tableShort = 3
	tableLong  = 10
)

// table is the worst resources with their shares.
func (b book) table(rows int) []string {
	var out []string
	for i, name := range b.worst() {
		if i == rows {
			break
		}
		f := b.flows[name]
		out = append(out, fmt.Sprintf("%s %s (%s)", name, perSecond(f.fetched), f.shares()))
	}
	return out
}

// tabled adds the long table to what a subject rests on.
func (b book) tabled(subject checks.Subject, src evidence.Source) checks.Subject {
	for _, row := range b.table(tableLong) {
		subject = subject.With(src, "LISTs served by etcd %s: %s", b.during, row)
	}
	return subject
}

// certain says how sure the figures of a flow are, by what its counters told.
func (f flow) certain() string {
	said := "etcd's own counters"
	switch {
	case f.labeled:
		said = "counted apart for etcd and the watch cache"
	case f.probes > 0:
		said = "objects are counted exactly, LISTs are those left after one probe of etcd for each consistent read"
	}
	if math.IsNaN(f.cFetched) {
		said += ", what the cache served is not told"
	}
	if f.own > 0 {
		said += fmt.Sprintf(", up to %s taken off as kube-apiserver's own", perSecond(f.own))
	}
	return said
}
