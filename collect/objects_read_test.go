package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kaudit/kaudit/evidence"
)

// noon is when everything in these tests is asked.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// fakeServer answers requests by their path, or by path and query where it has that.
type fakeServer struct {
	answers map[string]answer
	mu      sync.Mutex
	asked   []request
}

type answer struct {
	contentType string
	body        []byte
	err         error
}

func (f *fakeServer) get(_ context.Context, r request) (io.ReadCloser, http.Header, error) {
	f.mu.Lock()
	f.asked = append(f.asked, r)
	f.mu.Unlock()
	a, ok := f.answers[r.Path+"?"+r.Query.Encode()]
	if !ok {
		a, ok = f.answers[r.Path]
	}
	if !ok {
		return nil, nil, &statusError{code: http.StatusNotFound, message: "not found"}
	}
	if a.err != nil {
		return nil, nil, a.err
	}
	return io.NopCloser(bytes.NewReader(a.body)), http.Header{"Content-Type": {a.contentType}}, nil
}

func (f *fakeServer) source(r request) evidence.Source {
	ask := "GET " + r.Path
	if len(r.Query) > 0 {
		ask += "?" + r.Query.Encode()
	}
	return evidence.Source{Via: "apiserver", From: "10.0.0.1:6443", Ask: ask, At: noon}
}

// paths lists what was asked, in order.
func (f *fakeServer) paths() []string {
	var out []string
	for _, r := range f.asked {
		out = append(out, strings.TrimPrefix(f.source(r).Ask, "GET "))
	}
	return out
}

var (
	forbidden = answer{err: &statusError{code: http.StatusForbidden, message: "no"}}
	noAnswer  = answer{err: &cutError{&timeoutError{time.Second}}}
)

// encoded is an answer as an API server gives it.
func encoded(tb testing.TB, apiVersion, kind string, message interface{ Marshal() ([]byte, error) }) answer {
	tb.Helper()
	return answer{contentType: asProtobuf, body: envelope(tb, apiVersion, kind, message)}
}

func at(minutes int) metav1.Time {
	return metav1.NewTime(noon.Add(time.Duration(minutes) * time.Minute).Local())
}

// same compares, with times by the instant they mean.
func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// wantGap checks why something was not seen.
func wantGap[T any](t *testing.T, o evidence.Observed[T], why evidence.Why, note string) {
	t.Helper()
	if o.Seen() || o.Gap == nil {
		t.Fatalf("got %+v, want a gap", o)
	}
	if o.Gap.Why != why || !strings.Contains(o.Gap.Note, note) {
		t.Errorf("got gap %s: %s, want %s: …%s…", o.Gap.Why, o.Gap.Note, why, note)
	}
}

// An object comes as protobuf or, from what stands in between, as JSON; anything else is an error.
func TestFetch(t *testing.T) {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Data: map[string]string{"a": "b"}}
	whole := encoded(t, "v1", "ConfigMap", cm)
	asJSON, err := json.Marshal(cm)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		a    answer
		want string
	}{
		"protobuf":     {whole, ""},
		"JSON":         {answer{contentType: "application/json", body: asJSON}, ""},
		"cut off":      {answer{contentType: asProtobuf, body: whole.body[:20]}, "an object: unexpected EOF"},
		"cut off JSON": {answer{contentType: "application/json", body: asJSON[:20]}, "unexpected end of JSON input"},
		"garbled":      {answer{contentType: asProtobuf, body: []byte("<html>")}, "does not begin as Kubernetes protobuf"},
		"refused":      {forbidden, "403 Forbidden: no"},
	} {
		got, err := fetch[corev1.ConfigMap](t.Context(), &fakeServer{answers: map[string]answer{"/x": c.a}}, request{Path: "/x"})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got error %v, want %s", name, err, c.want)
			}
			continue
		}
		if err != nil || got.Data["a"] != "b" {
			t.Errorf("%s: got %v, %v, want the ConfigMap", name, got, err)
		}
	}
}

// An item that cannot be decoded is the server's fault, not the connection's.
func TestEachItemGarbled(t *testing.T) {
	var list bytes.Buffer
	list.WriteString(protoMagic)
	list.Write([]byte{10, 10, 10, 0, 18, 6})
	list.WriteString("XxList")
	list.Write([]byte{18, 5, 18, 3, 10, 9, 1}) // an item whose first field is longer than the item
	f := &fakeServer{answers: map[string]answer{"/x": {contentType: asProtobuf, body: list.Bytes()}}}
	_, err := eachItem(t.Context(), f, request{Path: "/x"}, func(*corev1.Node) error { return nil })
	if gap := gapOf(err, request{Path: "/x"}); gap.Why != evidence.Malformed {
		t.Errorf("got %+v of error %v, want malformed", gap, err)
	}
}
