package auditlog

import (
	"encoding/base64"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	selectors "k8s.io/apimachinery/pkg/fields"

	"github.com/kaudit/kaudit/evidence"
)

// get is what net/url makes of a URI.
func get(t *testing.T, uri string) map[string][]string {
	t.Helper()
	_, raw, _ := strings.Cut(uri, "?")
	values, err := url.ParseQuery(raw)
	if err != nil && values == nil {
		t.Fatal(err)
	}
	return values
}

func checkQuery(t *testing.T, uri string) {
	t.Helper()
	want := get(t, uri)
	var p params
	query([]byte(uri), &p, nil)
	for _, f := range []struct {
		key string
		got []byte
		has bool
	}{
		{"resourceVersion", p.rv, p.hasRV},
		{"resourceVersionMatch", p.match, p.hasMatch},
		{"limit", p.limit, p.hasLimit},
		{"continue", p.cont, p.hasCont},
		{"fieldSelector", p.field, p.hasField},
		{"labelSelector", p.label, p.hasLabel},
		{"watch", p.watch, p.hasWatch},
		{"sendInitialEvents", p.initial, p.hasInitial},
	} {
		values, has := want[f.key]
		if has != f.has || has && values[0] != string(f.got) {
			t.Errorf("%q: got %s=%q (%v), want %q", uri, f.key, f.got, f.has, values)
		}
	}
}

var uris = []string{
	"", "?", "/api/v1/pods", "/api/v1/pods?", "/api/v1/pods?limit=500&resourceVersion=0", "/x?limit=500;resourceVersion=0", "/x?limit=1&limit=2",
	"/x?limit=%31%30&resource%56ersion=0", "/x?limit=1%", "/x?limit=1%4", "/x?limit=%zz&limit=5", "/x?%zz=1&limit=5", "/x?limit", "/x?limit=", "/x?=5&limit=3",
	"/x?fieldSelector=metadata.name%3Da%2Cspec.nodeName%3Db&labelSelector=a+in+(b%2Cc)", "/x?&&limit=1&", "/x?a=?&limit=1", "/x?limit=1#continue=x", "/x?watch=1&watch=0",
	"/x?sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "/x?limit==5", "/x?limit=5=6", "/x?LIMIT=5", "/x?continue=" + strings.Repeat("A", 3000), "/x?a%3b=1&limit%3b=2",
}

func TestQueryIsThatOfNetURL(t *testing.T) {
	for _, uri := range uris {
		checkQuery(t, uri)
	}
	r := rand.New(rand.NewPCG(1, 1))
	words := []string{"limit", "resourceVersion", "continue", "watch", "fieldSelector", "=", "&", ";", "%", "+", "%3D", "%26", "%zz", "%3", "0", "5", "?", "#", "ä", "\x00"}
	for range 20_000 {
		uri := "/x?"
		for range r.IntN(12) {
			uri += words[r.IntN(len(words))]
		}
		checkQuery(t, uri)
	}
}

func FuzzQuery(f *testing.F) {
	for _, uri := range uris {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if strings.Count(uri, "&") < 1000 { // servers of some Go versions refuse more
			checkQuery(t, uri)
		}
	})
}

// want is what the server's own parser makes of a field selector.
func wantTerms(selector string) fieldTerms {
	s, err := selectors.ParseSelector(selector)
	if err != nil {
		return fieldTerms{other: true}
	}
	var out fieldTerms
	for _, r := range s.Requirements() {
		named := r.Operator == "=" && r.Value != "" && r.Value != "." && r.Value != ".." && !strings.ContainsAny(r.Value, "/%")
		switch {
		case r.Field == "metadata.name" && named:
			out.name = true
		case r.Field == "metadata.namespace" && named:
			out.namespace = true
		case r.Field == "spec.nodeName" && r.Operator == "=":
			out.node = true
		default:
			out.other = true
		}
	}
	return out
}

func TestSelectedIsThatOfTheServer(t *testing.T) {
	for _, s := range []string{
		"", "metadata.name=a", "metadata.name==a", "metadata.name!=a", "spec.nodeName=n,status.phase!=Failed", `metadata.name=a\,b`, `metadata.name=a\`, `metadata.name=a\x`,
		"metadata.name", "metadata.name=", "spec.nodeName=", ",,metadata.name=a,", "a=b=c", "metadata.namespace=x,metadata.name=y", "metadata.name=a/b", "metadata.name=..", "a!b=c", "=", "!=", "a=!=b",
	} {
		if diff := cmp.Diff(wantTerms(s), selected([]byte(s)), cmp.AllowUnexported(fieldTerms{})); diff != "" {
			t.Errorf("%q: want-, got+:\n%s", s, diff)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	words := []string{"metadata.name", "metadata.namespace", "spec.nodeName", "=", "==", "!=", "!", ",", `\`, "a", ".", "/", "ä"}
	for range 50_000 {
		s := ""
		for range r.IntN(10) {
			s += words[r.IntN(len(words))]
		}
		if diff := cmp.Diff(wantTerms(s), selected([]byte(s)), cmp.AllowUnexported(fieldTerms{})); diff != "" {
			t.Fatalf("%q: want-, got+:\n%s", s, diff)
		}
	}
}

func token(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestShapes(t *testing.T) {
	const pods = "/api/v1/pods"
	tests := []struct {
		uri        string
		verb       byte
		e          event
		want       evidence.Shape
		namespaced bool
	}{
		{uri: pods, want: evidence.Shape{RV: "unset"}},
		{uri: pods + "?resourceVersion=", want: evidence.Shape{RV: "unset"}},
		{uri: pods + "?resourceVersion=0&limit=500", want: evidence.Shape{RV: "zero", Limit: true}},
		{uri: pods + "?resourceVersion=12&resourceVersionMatch=Exact", want: evidence.Shape{RV: "exact", Match: "Exact"}},
		{uri: pods + "?resourceVersion=12&resourceVersionMatch=NotOlderThan&limit=0", want: evidence.Shape{RV: "exact", Match: "NotOlderThan"}},
		{uri: pods + "?resourceVersion=-1&resourceVersionMatch=x&limit=-5", want: evidence.Shape{RV: "invalid", Match: "invalid"}},
		{uri: pods + "?resourceVersion=18446744073709551615", want: evidence.Shape{RV: "exact"}},
		{uri: pods + "?resourceVersion=18446744073709551616", want: evidence.Shape{RV: "invalid"}},
		{uri: pods + "?limit=500&continue=" + token(`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/p\u0000"}`), want: evidence.Shape{RV: "unset", Limit: true, Continue: "at"}},
		{uri: pods + "?continue=" + token(`{"v":"meta.k8s.io/v1","rv":-1,"start":"ns/p\u0000"}`), want: evidence.Shape{RV: "unset", Continue: "latest"}},
		{uri: pods + "?continue=" + token(`{"v":"meta.k8s.io/v1","rv":0,"start":"ns/p\u0000"}`), want: evidence.Shape{RV: "unset", Continue: "unknown"}},
		{uri: pods + "?continue=" + token(`{"v":"meta.k8s.io/v1","rv":5,"start":"../secrets"}`), want: evidence.Shape{RV: "unset", Continue: "unknown"}},
		{uri: pods + "?continue=" + token(`{"v":"meta.k8s.io/v2","rv":5,"start":"a"}`), want: evidence.Shape{RV: "unset", Continue: "unknown"}},
		{uri: pods + "?continue=x%20y", want: evidence.Shape{RV: "unset", Continue: "unknown"}},
		{uri: pods + "?continue=", want: evidence.Shape{RV: "unset"}},
		{uri: pods + "?fieldSelector=spec.nodeName%3Dn1", e: event{resource: []byte("pods")}, want: evidence.Shape{RV: "unset", Selector: "node"}},
		{uri: pods + "?fieldSelector=spec.nodeName%3Dn1", e: event{resource: []byte("pods"), apiGroup: []byte("metrics.k8s.io")}, want: evidence.Shape{RV: "unset", Selector: "field"}},
		{uri: pods + "?fieldSelector=spec.nodeName!%3Dn1", e: event{resource: []byte("pods")}, want: evidence.Shape{RV: "unset", Selector: "field"}},
		{uri: pods + "?fieldSelector=metadata.name%3Da", want: evidence.Shape{RV: "unset", Selector: "name-anywhere"}},
		{uri: pods + "?fieldSelector=metadata.name%3Da", e: event{namespace: []byte("x")}, want: evidence.Shape{RV: "unset", Selector: "name"}, namespaced: true},
		{uri: pods + "?fieldSelector=metadata.name%3Da,metadata.namespace%3Dx", want: evidence.Shape{RV: "unset", Selector: "name"}, namespaced: true},
		{uri: pods + "?fieldSelector=metadata.namespace%3Dx", want: evidence.Shape{RV: "unset"}, namespaced: true},
		{uri: pods + "?labelSelector=a%3Db&fieldSelector=status.phase%3DRunning", want: evidence.Shape{RV: "unset", Selector: "field"}},
		{uri: pods + "?labelSelector=a%3Db", want: evidence.Shape{RV: "unset", Selector: "label"}},
		{uri: pods + "?labelSelector=", want: evidence.Shape{RV: "unset"}},
		{uri: "/api/v1/namespaces?fieldSelector=metadata.name%3Da", e: event{resource: []byte("namespaces")}, want: evidence.Shape{RV: "unset", Selector: "name"}},
		{uri: pods + "?watch=1&resourceVersion=5&limit=5", verb: verbWatch, want: evidence.Shape{RV: "exact"}},
		{uri: pods + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", verb: verbWatch, want: evidence.Shape{RV: "unset", Match: "NotOlderThan", Initial: true}},
		{uri: pods + "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", verb: verbWatch, want: evidence.Shape{RV: "unset"}},
		{uri: "/api/v1/watch/namespaces/x/pods/a", verb: verbWatch, e: event{namespace: []byte("x"), name: []byte("a")}, want: evidence.Shape{RV: "unset", Selector: "name"}, namespaced: true},
	}
	for _, tt := range tests {
		var p params
		scratch := query([]byte(tt.uri), &p, nil)
		got, namespaced := shapeOf(tt.verb, &p, &tt.e, scratch)
		if diff := cmp.Diff(tt.want, got); diff != "" || namespaced != tt.namespaced {
			t.Errorf("%s: namespaced %v; want-, got+:\n%s", tt.uri, namespaced, diff)
		}
	}
}

func TestUsualTokensAreRead(t *testing.T) {
	for text, want := range map[string]bool{
		`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/p\u0000"}`:            true,
		`{"v":"meta.k8s.io/v1","rv":-1,"start":"ns/p.x\u0000"}`:         true,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/"}`:                   false,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"/ns/p\u0000"}`:           true,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"//ns/p"}`:                false,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"/"}`:                     false,
		`{"v":"meta.k8s.io/v1","rv":05,"start":"ns/p"}`:                 false,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/../p"}`:               false,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/p","start":"../p"}`:   false,
		`{"v":"meta.k8s.io/v1","rv":5,"start":"\u0000"}`:                false,
		`{"v":"meta.k8s.io/v1","rv":999999999999999999999,"start":"a"}`: false,
		`{"rv":5,"v":"meta.k8s.io/v1","start":"a"}`:                     false,
	} {
		if _, got := usualToken([]byte(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// What the short way reads, the long way reads the same.
func FuzzToken(f *testing.F) {
	f.Add(`{"v":"meta.k8s.io/v1","rv":5,"start":"ns/p\u0000"}`)
	f.Add(`{"v":"meta.k8s.io/v1","rv":-1,"start":"a..b/.c"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if rv, ok := usualToken([]byte(text)); ok {
			if want, fine := anyToken([]byte(text)); !fine || want != rv {
				t.Errorf("%s: got %d, want %d (%v)", text, rv, want, fine)
			}
		}
	})
}
