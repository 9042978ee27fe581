package configfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed is the root of the only document in a text.
func parsed(t *testing.T, text string) cursor {
	t.Helper()
	docs := split(newFile("x.yaml", "x.yaml", text))
	if len(docs) != 1 {
		t.Fatalf("got %d documents, want one", len(docs))
	}
	if err := docs[0].parse(); err != nil {
		t.Fatal(err)
	}
	return docs[0].root
}

func TestSplit(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []int // the line that each document begins at
	}{
		"one":                    {"a: 1\n", []int{1}},
		"two":                    {"a: 1\n---\nb: 2\n", []int{1, 2}},
		"a separator first":      {"---\na: 1\n--- # why\nb: 2\n", []int{1, 3}},
		"an end":                 {"a: 1\n...\n---\nb: 2\n", []int{1, 3}},
		"nothing between":        {"---\n---\na: 1\n---\n", []int{2}},
		"on the separator":       {"--- {a: 1}\n--- {b: 2}\n", []int{1, 2}},
		"dashes in a value":      {"a: |\n  ---\n  b\n", []int{1}},
		"dashes and more":        {"---a: 1\n", []int{1}},
		"nothing":                {"", nil},
		"nothing but white room": {" \n\t\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			for i, d := range split(newFile("x", "x", tt.text)) {
				got = append(got, d.line+1)
				if d.index != i {
					t.Errorf("got index %d, want %d", d.index, i)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestOneMalformedDocumentHidesNoOther(t *testing.T) {
	docs := split(newFile("x", "x", "a: 1\n---\nb: [1\n---\nc: 3\n"))
	if len(docs) != 3 {
		t.Fatalf("got %d documents, want 3", len(docs))
	}
	for i, want := range []string{"", "malformed YAML", ""} {
		err := docs[i].parse()
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("document %d: got %v, want %q", i, err, want)
		}
	}
	if got := docs[2].root.get("c").src(); got.Line != 5 || got.Column != 4 || got.From != "x" {
		t.Errorf("got %+v, want line 5, column 4", got)
	}
}

func TestCursor(t *testing.T) {
	c := parsed(t, `base: &base {a: 1, b: 2}
own:
  <<: *base
  b: 3
again: 1
list: [x, "y", {z: null}]
again: 2
alias: *base
several:
  <<: [{c: 4}, *base]
`)
	for path, want := range map[string]string{"own a": "1", "own b": "3", "again": "2", "alias b": "2", "several c": "4", "several a": "1", "no such": "", "list a": "", "base a b": ""} {
		if got := c.get(strings.Fields(path)...).text(); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	var keys []string
	for _, e := range c.get("own").entries() {
		keys = append(keys, e.key+"="+e.value.text())
	}
	if d := cmp.Diff([]string{"b=3", "a=1"}, keys); d != "" {
		t.Errorf("entries (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"x", "y", ""}, c.get("list").words()); d != "" {
		t.Errorf("words (-want +got)\n%s", d)
	}
	if _, ok := c.get("list").items()[2].get("z").str(); ok {
		t.Error("got text of null, want none")
	}
	if d := cmp.Diff([]string{"list", "2", "z"}, c.get("list").items()[2].get("z").path); d != "" {
		t.Errorf("path (-want +got)\n%s", d)
	}
}

func TestAliasesOfAliasesEnd(t *testing.T) {
	for name, text := range map[string]string{
		"around":   "a: &a\n  <<: *a\n  b: 1\n",
		"laughing": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
	} {
		docs := split(newFile("x", "x", text))
		if err := docs[0].parse(); err != nil {
			continue // refused is fine
		}
		docs[0].root.get("a").entries()
		if got := docs[0].root.get("a", "no such").text(); got != "" {
			t.Errorf("%s: got %q, want nothing", name, got)
		}
	}
}

func TestDocumentsWithinValues(t *testing.T) {
	c := parsed(t, "kind: ConfigMap\ndata:\n  literal: |\n    a: 1\n    ---\n    b: 2\n  quoted: '{\"a\": 1}'\n  broken: |\n    a: 1\n    b: [\n")
	for _, tt := range []struct {
		value  string
		index  int
		key    string
		line   int
		broken bool
	}{{"literal", 0, "a", 4, false}, {"literal", 1, "b", 6, false}, {"quoted", 0, "a", 7, false}, {"broken", 0, "", 10, true}} {
		inner := c.get("data", tt.value).documents()[tt.index]
		err := inner.parse()
		at, _ := err.(*placed) //nolint:errorlint // what the test is about
		switch {
		case tt.broken && (at == nil || at.line < tt.line || at.line > tt.line+1):
			t.Errorf("%s: got %+v, want an error at line %d", tt.value, err, tt.line)
		case !tt.broken && (err != nil || inner.root.get(tt.key).src().Line != tt.line):
			t.Errorf("%s: got %+v, %v, want line %d", tt.value, inner.root.get(tt.key).src(), err, tt.line)
		}
	}
}

func TestJSONWithTabs(t *testing.T) {
	if got := parsed(t, "{\n\t\"kind\": \"Pod\",\n\t\"a\": {\"b\": 1}\n}\n").get("a", "b").src(); got.Line != 3 {
		t.Errorf("got %+v, want line 3", got)
	}
}

func TestFindInAScript(t *testing.T) {
	c := parsed(t, "args:\n- |\n  exec etcd \\\n    --name=a \\\n    --quota-backend-bytes=1\n")
	if got := c.get("args").items()[0].find("--quota-backend-bytes"); got.Line != 5 || got.Column != 5 {
		t.Errorf("got %+v, want line 5, column 5", got)
	}
	if got := c.get("args").items()[0].find("--no-such"); got.Line != 2 {
		t.Errorf("got %+v, want where the script begins", got)
	}
}

func TestLinesOfErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"an open list":            {"a: 1\nb: 2\nc: [x\n", 3},
		"a wrong indent":          {"a:\n  b: 1\n c: 2\n", 3},
		"a tab":                   {"a: 1\nb:\n\tc: 2\n", 3},
		"two colons":              {"a: 1\nb: c: d\n", 2},
		"an unclosed quotation":   {"a: 1\nb: \"c\n", 2},
		"a list item that is out": {"a:\n  - b\n - c\n", 3},
	} {
		d := split(newFile("x", "x", tt.text))[0]
		err, _ := d.parse().(*placed) //nolint:errorlint // what the test is about
		if err == nil || err.line != tt.want {
			t.Errorf("%s: got %+v, want line %d", name, err, tt.want)
		}
	}
}
