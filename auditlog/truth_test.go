package auditlog

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/auditlog/auditgen"
	"github.com/kaudit/kaudit/evidence"
)

var truthSize = flag.Int64("truth-size", 8<<20, "bytes of each log that TestReadFindsTheTruth makes")

// TestReadFindsTheTruth holds reading and reducing to what the generator knows of its logs.
func TestReadFindsTheTruth(t *testing.T) {
	for name, change := range map[string]func(*auditgen.Options){
		"mixed":                func(*auditgen.Options) {},
		"metadata, all stages": func(o *auditgen.Options) { o.Level, o.Stages = "metadata", "all" },
		"requestresponse":      func(o *auditgen.Options) { o.Level = "requestresponse" },
		"1.30":                 func(o *auditgen.Options) { o.Version = "1.30" },
		"v1beta1":              func(o *auditgen.Options) { o.Format = "v1beta1" },
		"eventlist":            func(o *auditgen.Options) { o.Format = "eventlist" },
		"5,000 nodes":          func(o *auditgen.Options) { o.Level, o.Nodes = "metadata", 5000 },
	} {
		t.Run(name, func(t *testing.T) {
			o := auditgen.Defaults()
			o.Rate, o.Clients = 50, 150
			change(&o)
			want, got := readGenerated(t, o, *truthSize)
			if d := cmp.Diff(want, truthOf(got), cmp.Transformer("byName", byName)); d != "" {
				t.Errorf("got another answer than the truth (-truth +got):\n%s", d)
			}
			if got.Malformed > 0 {
				t.Errorf("got %d malformed lines, the first %+v, want none", got.Malformed, got.Faults[0])
			}
		})
	}
}

// TestManyClientsAreWithinTheirBounds holds what is said of clients beyond the bound: none is counted too often, none
// lacks more than is told, and the sums are exact.
func TestManyClientsAreWithinTheirBounds(t *testing.T) {
	o := auditgen.Defaults()
	o.Level, o.Clients, o.Skew = "metadata", 200_000, 1.02
	want, got := readGenerated(t, o, 100<<20)
	if len(want.Clients) < 2*evidence.ClientsKept || len(got.Clients) > evidence.ClientsKept {
		t.Fatalf("got %d of %d clients, want at most %d of many more", len(got.Clients), len(want.Clients), evidence.ClientsKept)
	}
	if l := auditgen.Lists(got.Lists); l != want.Lists || got.Watches != want.Watches {
		t.Errorf("got %+v and %d watches, want %+v and %d", l, got.Watches, want.Lists, want.Watches)
	}
	if most := (want.Lists.Total + want.Watches) / evidence.ClientsKept; got.Others.AtMost > 2*most {
		t.Errorf("got clients of up to %d requests left out, want at most %d", got.Others.AtMost, 2*most)
	}
	missed := map[[6]string]int64{}
	for _, c := range got.Clients {
		missed[[6]string{c.User, c.UserAgent, c.Verb, c.APIGroup, c.Resource, c.Scope}] = c.Missed
	}
	kept := byName(truthOf(got).Clients)
	for name, c := range byName(want.Clients) {
		have, ok := kept[name]
		switch {
		case !ok && c.Count > got.Others.AtMost:
			t.Errorf("%v: made %d requests and is not kept, want none of over %d left out", name, c.Count, got.Others.AtMost)
		case ok && (have.Count > c.Count || have.Count+missed[name] < c.Count):
			t.Errorf("%v: got %d requests and at most %d missed, want that to hold %d", name, have.Count, missed[name], c.Count)
		}
	}
}

// readGenerated makes a log and reads it.
func readGenerated(t *testing.T, o auditgen.Options, size int64) (auditgen.Truth, *evidence.Requests) {
	t.Helper()
	g, err := auditgen.New(o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(auditgen.Write(f, g, size), f.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), []string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g.Truth(), got
}

// truthOf is a reduction in the words of the generator.
func truthOf(r *evidence.Requests) auditgen.Truth {
	t := auditgen.Truth{
		Events: r.Events, From: r.From, To: r.To, Levels: r.Levels, Stages: r.Stages, Watches: r.Watches,
		Lists: auditgen.Lists(r.Lists),
	}
	for _, c := range r.Clients {
		t.Clients = append(t.Clients, auditgen.Client{
			User: c.User, UserAgent: c.UserAgent, Verb: c.Verb, APIGroup: c.APIGroup, Resource: c.Resource, Scope: c.Scope,
			Count: c.Count, Unset: c.Unset, Zero: c.Zero, Exact: c.Exact, Paged: c.Paged, Continued: c.Continued,
			Throttled: c.Throttled, ServerErrors: c.ServerErrors, Expired: c.Expired, ClientErrors: c.ClientErrors,
		})
	}
	return t
}

// byName makes the order of clients not matter.
func byName(cs []auditgen.Client) map[[6]string]auditgen.Client {
	m := map[[6]string]auditgen.Client{}
	for _, c := range cs {
		m[[6]string{c.User, c.UserAgent, c.Verb, c.APIGroup, c.Resource, c.Scope}] = c
	}
	return m
}
