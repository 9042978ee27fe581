package auditgen

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// event is an audit event as encoding/json reads it.
type event struct {
	Level, Stage, RequestURI, Verb, UserAgent string
	User                                      struct{ Username string }
	ImpersonatedUser                          *struct{ Username string }
	ObjectRef                                 struct{ Resource, Namespace, Name, APIGroup string }
	ResponseStatus                            struct{ Code int }
	RequestReceivedTimestamp, StageTimestamp  time.Time
}

func generate(t *testing.T, o Options, size int64) (*Generator, []byte) {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, g, size); err != nil {
		t.Fatal(err)
	}
	return g, b.Bytes()
}

func TestTruthIsWhatStandsInTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Options)
	}{
		{"mixed", func(*Options) {}},
		{"metadata, all stages", func(o *Options) { o.Level, o.Stages = "metadata", "all" }},
		{"request, 1.30", func(o *Options) { o.Level, o.Version = "request", "1.30" }},
		{"requestresponse", func(o *Options) { o.Level = "requestresponse" }},
		{"v1beta1", func(o *Options) { o.Format = "v1beta1" }},
		{"eventlist", func(o *Options) { o.Format = "eventlist" }},
		{"many clients", func(o *Options) { o.Level, o.Clients, o.Nodes = "metadata", 100_000, 5000 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := Defaults()
			o.Rate = 50 // so that watches end and what comes later is there
			c.change(&o)
			g, log := generate(t, o, 20<<20)
			got, want := g.Truth(), read(t, log)
			if d := gocmp.Diff(want, got, cmpopts.SortSlices(func(a, b Client) bool { return compareClients(a, b) < 0 })); d != "" {
				t.Errorf("got another truth than the log, want the same (-log +truth):\n%s", d)
			}
			if got.Lists.Zero == 0 || got.Lists.Exact == 0 || got.Lists.Continued == 0 || got.Watches == 0 || got.Stages[panicky] == 0 && c.name != "requestresponse" {
				t.Errorf("got %+v and stages %v, want some of each", got.Lists, got.Stages)
			}
		})
	}
}

func compareClients(a, b Client) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.UserAgent, b.UserAgent), cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.APIGroup, b.APIGroup),
		cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Scope, b.Scope))
}

// read counts what is in a log, the slow way.
func read(t *testing.T, log []byte) Truth {
	t.Helper()
	truth := Truth{Levels: map[string]int64{}, Stages: map[string]int64{}}
	rows := map[Client]*Client{}
	var last time.Time
	for dec := json.NewDecoder(bytes.NewReader(log)); ; {
		var doc struct {
			event

			Kind  string
			Items []event
		}
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		events := doc.Items
		if doc.Kind == "Event" {
			events = []event{doc.event}
		}
		for _, e := range events {
			if e.StageTimestamp.Before(last) {
				t.Fatalf("got a stage at %v after one at %v, want them in order", e.StageTimestamp, last)
			}
			last = e.StageTimestamp
			truth.add(rows, e)
		}
	}
	truth.To = last
	for _, c := range rows {
		truth.Clients = append(truth.Clients, *c)
		if c.Verb == "list" {
			truth.Lists.add(c)
		} else {
			truth.Watches += c.Count
		}
	}
	return truth
}

func (truth *Truth) add(rows map[Client]*Client, e event) {
	truth.Events++
	truth.Levels[e.Level]++
	truth.Stages[e.Stage]++
	if truth.From.IsZero() || e.RequestReceivedTimestamp.Before(truth.From) {
		truth.From = e.RequestReceivedTimestamp
	}
	list := e.Verb == "list" && (e.Stage == complete || e.Stage == panicky)
	if watch := e.Verb == "watch" && e.Stage == started; !list && !watch {
		return
	}
	k := Client{User: e.User.Username, UserAgent: e.UserAgent, Verb: e.Verb, APIGroup: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Scope: "cluster"}
	if e.ImpersonatedUser != nil {
		k.User = e.ImpersonatedUser.Username
	}
	if strings.HasPrefix(k.User, "system:node:") {
		k.User = "system:node:*"
	}
	if e.ObjectRef.Name != "" {
		k.Scope = "resource"
	} else if e.ObjectRef.Namespace != "" {
		k.Scope = "namespace"
	}
	if rows[k] == nil {
		c := k
		rows[k] = &c
	}
	_, query, _ := strings.Cut(e.RequestURI, "?")
	q, _ := url.ParseQuery(query)
	one := Client{Count: 1}
	switch code := e.ResponseStatus.Code; {
	case code == 429:
		one.Throttled = 1
	case code == 410:
		one.Expired = 1
	case code >= 500:
		one.ServerErrors = 1
	case code >= 400:
		one.ClientErrors = 1
	}
	l := listing{paged: q.Get("limit") != "", continued: q.Get("continue") != ""}
	switch q.Get("resourceVersion") {
	case "":
	case "0":
		l.rv = zero
	default:
		l.rv = exact
	}
	rows[k].add(&one, l)
}

func TestSameSeedSameLog(t *testing.T) {
	t.Parallel()
	o := Defaults()
	_, a := generate(t, o, 1<<20)
	_, b := generate(t, o, 1<<20)
	if !bytes.Equal(a, b) {
		t.Error("got another log for the same seed, want the same")
	}
	o.Seed++
	if _, b = generate(t, o, 1<<20); bytes.Equal(a, b) {
		t.Error("got the same log for another seed, want another")
	}
}

// TestKeysAreAsTheServerWritesThem holds the order of keys to that of kube-apiserver 1.37, and its escapes.
func TestKeysAreAsTheServerWritesThem(t *testing.T) {
	t.Parallel()
	server := []string{
		"kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "user", "impersonatedUser", "authenticationMetadata", "sourceIPs", "userAgent",
		"objectRef", "responseStatus", "requestObject", "responseObject", "requestReceivedTimestamp", "stageTimestamp", "annotations",
	}
	o := Defaults()
	o.Stages = "all"
	_, log := generate(t, o, 40<<20)
	seen := map[string]bool{}
	for line := range bytes.Lines(log) {
		keys := topKeys(t, line)
		at := -1
		for _, k := range keys {
			i := slices.Index(server, k)
			if i <= at {
				t.Fatalf("got keys %q, want the server's order", keys)
			}
			at, seen[k] = i, true
		}
	}
	if len(seen) != len(server) {
		t.Errorf("got only the keys %v, want all of %q", seen, server)
	}
	for _, want := range []string{`\u0026`, `"apiserver.latency.k8s.io/total":"`, `"spec":{"resourceAttributes":{"namespace":"team-`, `\u003cb\u003e`, "...TRUNCATED", `"code":410`, `"code":429`} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("got no %s in the log, want some", want)
		}
	}
	if bytes.ContainsAny(log, "&<>") {
		t.Error("got a bare &, < or > in the log, want them escaped as the server does")
	}
}

func topKeys(t *testing.T, line []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(line))
	var keys []string
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k.(string))
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{Level: "loud"}); err == nil || !strings.Contains(err.Error(), `level is "loud"`) {
		t.Errorf("got %v, want an error that names the level", err)
	}
}

func BenchmarkAppendLine(b *testing.B) {
	o := Defaults()
	o.Level = "metadata"
	g, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 1<<20)
	for b.Loop() {
		buf = g.AppendLine(buf[:0])
		b.SetBytes(int64(len(buf)))
	}
}
