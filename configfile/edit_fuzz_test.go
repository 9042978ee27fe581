package configfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Whatever the text: an edit gives a text that has the value and nothing else changed, or changes nothing.
func FuzzApply(f *testing.F) {
	for _, text := range []string{
		"args:\n- kube-apiserver\n- --a=1\n- --goaway-chance=0 # c\n", "args: [\"--a\", \"b\",\n  --c=d]\nx: &a y\nz: *a\n",
		"args:\n  a: b\n  goaway-chance: '0'\n---\nb: |\n  c\n", "args: {}\n", "args:\n- name: a\n  value: \"b\"\n- {name: c, value: d}\n",
		"\xEF\xBB\xBFargs:\r\n  a: >-\r\n    b\r\n\r\n  c: d", "{\"args\": {\"a\": \"b\"}}", "args:\n- |\n  exec x --a=b \\\n    --c\n", "{{ if x }}\nargs:\n{{ end }}\n- a\n",
		"ExecStart=/x --a=b \\\n # c\n --d=\"e f\"\nX=1\n", "ETCD_A='b'\nexport ETCD_GOAWAY_CHANCE=1 # x\n", "args: |\n  b:\n  - --a=1\n", "args: |\n  b:\n    a: \"1\"\n\n  c: d\n---\n# x\nb: c\n", "? args\n: - --a\n- b", "args:\n-\n  - --x\n", "- - --a\n  - b\n",
	} {
		for form := range byte(36) {
			f.Add(text, form, form%2 == 0, "0.001")
		}
	}
	f.Fuzz(func(t *testing.T, text string, form byte, remove bool, value string) {
		if len(text) > 4096 {
			return
		}
		forms := []Form{Words, Script, Map, Pairs, Suite, Lists, Fields, Unit, Env}
		e := Edit{Site: Site{Form: forms[int(form)%len(forms)], Path: []string{"args"}}, Name: "goaway-chance", Value: value, Remove: remove, Add: !remove}
		switch e.Site.Form {
		case Fields:
			e.Site.Typed = true
		case Unit:
			e.Site.Path, e.Site.Source.Line = nil, 1
		case Env:
			e.Site.Path, e.Site.Prefix = nil, "ETCD_"
		default:
		}
		if form/9%2 == 1 && !remove {
			e.Was, e.Add = "a", false
		}
		if form/18%2 == 1 && e.Site.Path != nil {
			e.Site.Inside, e.Site.Path, e.Site.Source.Line = e.Site.Path, []string{"b"}, 3
		}
		got, errs := Apply([]byte(text), []Edit{e})
		if errs[0] != nil {
			if string(got) != text {
				t.Fatalf("got %q with %v, want the text as it was", got, errs[0])
			}
			return
		}
		again, errs := Apply(got, []Edit{e})
		if !bytes.Equal(again, got) || errs[0] != nil && !remove && e.Was == "" {
			t.Fatalf("a second time: got %q, %v, want %q", again, errs[0], got)
		}
		if n := changedLines(text, string(got)); n > 4 && !remove {
			t.Errorf("got %d changed lines of %q: %q", n, text, got)
		}
		if e.Site.Form != Unit && e.Site.Form != Env {
			compareElsewhere(t, text, string(got))
		}
	})
}

// changedLines counts the lines that one text lacks of another.
func changedLines(old, now string) int {
	was := strings.Split(old, "\n")
	n := 0
	for line := range strings.SplitSeq(now, "\n") {
		if i := slices.Index(was, line); i >= 0 {
			was = slices.Delete(was, i, i+1)
		} else {
			n++
		}
	}
	return n
}

// compareElsewhere wants all documents the same but for what stands below "args" of the first.
func compareElsewhere(t *testing.T, old, now string) {
	t.Helper()
	a, b := decodeAll(old), decodeAll(now)
	if len(a) != len(b) {
		t.Fatalf("got %d documents, want %d", len(b), len(a))
	}
	for i := range a {
		var left, right []string
		leaves(a[i], "", i == 0, &left)
		leaves(b[i], "", i == 0, &right)
		if !slices.Equal(left, right) {
			t.Errorf("got %q, want %q", right, left)
		}
	}
}

func decodeAll(text string) []*yaml.Node {
	var out []*yaml.Node
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\xEF\xBB\xBF")
	for _, d := range split(newFile("", "", text)) {
		if d.parse() == nil {
			out = append(out, d.root.node)
		}
	}
	return out
}

func leaves(n *yaml.Node, at string, first bool, out *[]string) {
	if n.Kind == yaml.ScalarNode {
		*out = append(*out, at+n.ShortTag()+" "+n.Value)
	}
	for i, c := range n.Content {
		if first && n.Kind == yaml.MappingNode && at == "" && n.Content[i-i%2].Value == "args" {
			continue
		}
		leaves(c, at+"/", first, out)
	}
}
