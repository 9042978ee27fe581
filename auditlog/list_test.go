package auditlog

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An itemSeen is what was yielded of one item.
type itemSeen struct {
	Kind docKind
	Verb string
	Err  bool
}

func seenItemsOf(s *scanner, doc string) (all []itemSeen) {
	s.items([]byte(doc), func(e *event, err error) bool {
		if err != nil {
			all = append(all, itemSeen{Err: true})
		} else {
			all = append(all, itemSeen{e.kind, string(e.verb), false})
		}
		return true
	})
	return all
}

func TestItems(t *testing.T) {
	const event = `"auditID":"1","verb":"list","stage":"ResponseComplete"`
	list := itemSeen{kindEvent, "list", false}
	for _, tc := range []struct {
		name, doc string
		want      []itemSeen
	}{
		{"as servers send them", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[{` + event + `},{` + event + `}]}`, []itemSeen{list, list}},
		{"none", `{"kind":"EventList","items":[]}`, nil},
		{"no items", `{"kind":"EventList"}`, nil},
		{"null", `{"kind":"EventList","items":null}`, nil},
		{"printed for people", "{\n  \"apiVersion\": \"v1\",\n  \"items\": [\n    {\n      \"kind\": \"Event\",\n      \"apiVersion\": \"audit.k8s.io/v1beta1\",\n      \"verb\": \"list\"\n    }\n  ],\n  \"kind\": \"List\"\n}\n", []itemSeen{list}},
		{"twice: the last ones hold", `{"items":[{"verb":"get"}],"items":[{` + event + `}]}`, []itemSeen{list}},
		{"other case", `{"Items":[{` + event + `}]}`, []itemSeen{list}},
		{"of other kinds", `{"items":[{"kind":"Pod","apiVersion":"v1"},{},{"kind":"Event","apiVersion":"v1"},null,{"kind":"Event","auditID":"1","verb":"list"}]}`, []itemSeen{{}, {}, {}, {}, list}},
		{"one malformed", `{"items":[{` + event + `},1,{"verb":2},{` + event + `}]}`, []itemSeen{list, {Err: true}, {Err: true}, list}},
		{"list malformed", `{"items":[{` + event + `},]}`, []itemSeen{{Err: true}}},
		{"no list", `{"items":{}}`, []itemSeen{{Err: true}}},
		{"cut off", `{"items":[{` + event + `},{"verb":`, []itemSeen{{Err: true}}},
		{"nothing", ``, []itemSeen{{Err: true}}},
	} {
		for _, below := range kernels {
			if d := cmp.Diff(tc.want, seenItemsOf(&scanner{below: below}, tc.doc)); d != "" {
				t.Errorf("%s, without %d kernels: (-want +got):\n%s", tc.name, below, d)
			}
		}
	}
}

func TestItemsStopsWhenTold(t *testing.T) {
	for _, doc := range []string{`{"items":[{},{},{}]}`, `{"ITEMS":[{},{},{}]}`} {
		n := 0
		(&scanner{}).items([]byte(doc), func(*event, error) bool { n++; return n < 2 })
		if n != 2 {
			t.Errorf("%s: got %d items after a stop at the second, want 2", doc, n)
		}
	}
}

// FuzzItems wants of any document the items that encoding/json finds in it.
func FuzzItems(f *testing.F) {
	for _, tc := range hostile {
		f.Add([]byte(tc.line))
		f.Add([]byte(`{"kind":"EventList","items":[` + tc.line + `,{}]}`))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var want []string
		var list struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := json.Unmarshal(doc, &list); err != nil {
			want = []string{err.Error()}
		}
		for i, item := range list.Items {
			if want != nil && i == 0 {
				break // the list itself is malformed
			}
			var e event
			if err := reference(item, &e); err != nil {
				want = append(want, fmt.Sprintf("item %d: %v", i, err))
				continue
			}
			want = append(want, string(e.verb)+" "+string(e.username))
		}
		var got []string
		(&scanner{}).items(doc, func(e *event, err error) bool {
			if err != nil {
				got = append(got, err.Error())
			} else {
				got = append(got, string(e.verb)+" "+string(e.username))
			}
			return true
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", doc, got, want)
		}
	})
}
