package auditlog

import (
	"bytes"
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
			g, err := auditgen.New(o)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "audit.log")
			var log bytes.Buffer
			if err := auditgen.Write(&log, g, *truthSize); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, log.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Read(t.Context(), []string{path}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(g.Truth(), truthOf(got), cmp.Transformer("byName", byName)); d != "" {
				t.Errorf("got another answer than the truth (-truth +got):\n%s", d)
			}
			if got.Malformed > 0 {
				t.Errorf("got %d malformed lines, the first %+v, want none", got.Malformed, got.Faults[0])
			}
		})
	}
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
