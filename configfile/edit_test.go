package configfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// Each case has a text, a place in it, and what the text is after --goaway-chance=0.001 (or what else the
// edit says).
func TestApply(t *testing.T) {
	words := Site{Form: Words, Path: []string{"args"}}
	extra := Site{Form: Map, Path: []string{"apiServer", "extraArgs"}}
	pairs := Site{Form: Pairs, Path: []string{"apiServer", "extraArgs"}}
	suite := Site{Form: Suite, Path: []string{"kube-apiserver-arg"}}
	lists := Site{Form: Lists, Path: []string{"args"}}
	fields := Site{Form: Fields, Typed: true}
	for _, tt := range []struct {
		name      string
		edit      Edit
		old, want string
	}{
		{"word replaced", Edit{Site: words}, "args:\n- --a=1\n- --goaway-chance=0 # why\n", "args:\n- --a=1\n- --goaway-chance=0.001 # why\n"},
		{"word in quotes", Edit{Site: words}, "args:\n- \"--goaway-chance=0\"\n- '--b=c'\n", "args:\n- \"--goaway-chance=0.001\"\n- '--b=c'\n"},
		{"word with underscores", Edit{Site: words}, "args: [--goaway_chance=0]\n", "args: [--goaway_chance=0.001]\n"},
		{"two words", Edit{Site: words}, "args:\n- --goaway-chance\n- '0'\n- --b\n", "args:\n- --goaway-chance\n- '0.001'\n- --b\n"},
		{"two words, plain text becomes a number", Edit{Site: words}, "args:\n- --goaway-chance\n- none\n", "args:\n- --goaway-chance\n- \"0.001\"\n"},
		{"word added at the end", Edit{Site: words}, "args:\n  - --z=1\n  - --a=1\nb: c\n", "args:\n  - --z=1\n  - --a=1\n  - --goaway-chance=0.001\nb: c\n"},
		{
			"word added in order, a comment stays with its flag",
			Edit{Site: words},
			"args:\n- kube-apiserver\n- --a=1\n- --b=1 # note\n# about z\n- --z=1\n", "args:\n- kube-apiserver\n- --a=1\n- --b=1 # note\n- --goaway-chance=0.001\n# about z\n- --z=1\n",
		},
		{"word added first in order", Edit{Site: words}, "args:\n# first\n- --x=1\n- --y=1\n- --z=1\n", "args:\n- --goaway-chance=0.001\n# first\n- --x=1\n- --y=1\n- --z=1\n"},
		{"words added apart, as the others", Edit{Site: words}, "args:\n- --a\n- x\n- --c\n- \"1\"\n", "args:\n- --a\n- x\n- --c\n- \"1\"\n- --goaway-chance\n- \"0.001\"\n"},
		{"word added to a quoted list", Edit{Site: words}, "args:\n- \"--a=1\"\n", "args:\n- \"--a=1\"\n- \"--goaway-chance=0.001\"\n"},
		{"word added behind a flag of several lines", Edit{Site: words}, "args:\n- >-\n  --a=1\n\nb: c\n", "args:\n- >-\n  --a=1\n- --goaway-chance=0.001\n\nb: c\n"},
		{"word added in brackets", Edit{Site: words}, "args: [\"a\", \"--b=c\"] # all\n", "args: [\"a\", \"--b=c\", \"--goaway-chance=0.001\"] # all\n"},
		{
			"word added in brackets of several lines",
			Edit{Site: words},
			"args: [\n  \"a\", # one\n  \"--b=c\" # two\n]\n", "args: [\n  \"a\", # one\n  \"--b=c\", # two\n  \"--goaway-chance=0.001\"\n]\n",
		},
		{"word added behind the last comma", Edit{Site: words}, "args: [\n  a,\n  --b=c,\n]\n", "args: [\n  a,\n  --b=c,\n  --goaway-chance=0.001,\n]\n"},
		{"list made", Edit{Site: words}, "a: b\nc:\n  - d\n", "a: b\nc:\n  - d\nargs:\n  - --goaway-chance=0.001\n"},
		{"list that is null", Edit{Site: words}, "args: # none\nb:\n- c\n", "args: # none\n- --goaway-chance=0.001\nb:\n- c\n"},
		{"list that is empty", Edit{Site: words}, "args: [] # none\nb: c\n", "args: # none\n  - --goaway-chance=0.001\nb: c\n"},
		{"word removed", Edit{Site: words, Remove: true}, "args:\n- --a=1\n# why\n- --goaway-chance=0\n- --b\n", "args:\n- --a=1\n# why\n- --b\n"},
		{"words removed", Edit{Site: words, Remove: true}, "args:\n- --a=1\n- --goaway-chance\n- \"0\"\n- --b\n", "args:\n- --a=1\n- --b\n"},
		{"only word removed", Edit{Site: words, Remove: true}, "args: # all\n# one\n- --goaway-chance=0\nb: c\n", "args: [] # all\n# one\nb: c\n"},
		{"word removed from brackets", Edit{Site: words, Remove: true}, "args: [--goaway-chance=0, --b]\n", "args: [--b]\n"},
		{"last word removed from brackets of several lines", Edit{Site: words, Remove: true}, "args: [\n  \"--a\", # one\n  # why\n  \"--goaway-chance=0\"\n]\n", "args: [\n  \"--a\" # one\n  # why\n]\n"},
		{"last word and its comma removed", Edit{Site: words, Remove: true}, "args: [\n  --a,\n  --goaway-chance=0,\n]\n", "args: [\n  --a,\n]\n"},
		{"last word removed before the bracket", Edit{Site: words, Remove: true}, "args: [--a,\n  --goaway-chance=0]\n", "args: [--a\n  ]\n"},
		{"last word removed from brackets", Edit{Site: words, Remove: true}, "args: [--b, --goaway-chance=0]\n", "args: [--b]\n"},
		{
			"windows", Edit{Site: words}, "\xEF\xBB\xBFargs:\r\n- --a=1\r\n- --b=1", "\xEF\xBB\xBFargs:\r\n- --a=1\r\n- --b=1\r\n- --goaway-chance=0.001",
		},
		{"characters of several bytes", Edit{Site: words}, "k: [ä, ö] \nargs: [é, --goaway-chance=0, ü]\n", "k: [ä, ö] \nargs: [é, --goaway-chance=0.001, ü]\n"},

		{"entry replaced", Edit{Site: extra}, "apiServer:\n  extraArgs:\n    goaway-chance: \"0\"  # why\n", "apiServer:\n  extraArgs:\n    goaway-chance: \"0.001\"  # why\n"},
		{"entry that is a number becomes text", Edit{Site: extra}, "apiServer:\n  extraArgs:\n    goaway-chance: 0\n", "apiServer:\n  extraArgs:\n    goaway-chance: \"0.001\"\n"},
		{"entry added", Edit{Site: extra}, "apiServer:\n    extraArgs:\n        b: 'x'\n    c: d\n", "apiServer:\n    extraArgs:\n        b: 'x'\n        goaway-chance: '0.001'\n    c: d\n"},
		{"text entry added among plain ones", Edit{Site: extra, Value: "abc"}, "apiServer:\n  extraArgs:\n    b: x\n", "apiServer:\n  extraArgs:\n    b: x\n    goaway-chance: abc\n"},
		{"maps made", Edit{Site: extra}, "kind: X\nnet:\n    a: b\n# end\n", "kind: X\nnet:\n    a: b\napiServer:\n    extraArgs:\n        goaway-chance: \"0.001\"\n# end\n"},
		{"a map made in one that is there", Edit{Site: extra}, "apiServer:\n  certSANs:\n  - a\n\nnet: x\n", "apiServer:\n  certSANs:\n  - a\n  extraArgs:\n    goaway-chance: \"0.001\"\n\nnet: x\n"},
		{"empty map", Edit{Site: extra}, "apiServer: {}\nnet: x\n", "apiServer:\n  extraArgs:\n    goaway-chance: \"0.001\"\nnet: x\n"},
		{"in braces", Edit{Site: extra}, "apiServer: {extraArgs: {a: b}}\n", "apiServer: {extraArgs: {a: b, goaway-chance: \"0.001\"}}\n"},
		{"entry removed", Edit{Site: extra, Remove: true}, "apiServer:\n  extraArgs:\n    a: b\n    goaway-chance: \"0\"\n", "apiServer:\n  extraArgs:\n    a: b\n"},
		{"only entry removed", Edit{Site: extra, Remove: true}, "apiServer:\n  extraArgs:\n    goaway-chance: \"0\"\n  b: c\n", "apiServer:\n  extraArgs: {}\n  b: c\n"},
		{
			"JSON",
			Edit{Site: extra},
			"{\n  \"apiServer\": {\n    \"extraArgs\": {\n      \"a\": \"b\"\n    }\n  }\n}\n",
			"{\n  \"apiServer\": {\n    \"extraArgs\": {\n      \"a\": \"b\",\n      \"goaway-chance\": \"0.001\"\n    }\n  }\n}\n",
		},
		{"JSON, maps made", Edit{Site: extra}, "{\n\t\"a\": [\n\t\t1\n\t]\n}", "{\n\t\"a\": [\n\t\t1\n\t],\n\t\"apiServer\": {\"extraArgs\": {\"goaway-chance\": \"0.001\"}}\n}"},
		{"second document", Edit{Site: Site{Form: Map, Doc: 1, Path: []string{"x"}}}, "x: {goaway-chance: a}\n---\nx: {goaway-chance: a}\n", "x: {goaway-chance: a}\n---\nx: {goaway-chance: \"0.001\"}\n"},

		{
			"pair replaced",
			Edit{Site: pairs},
			"apiServer:\n  extraArgs:\n  - name: goaway-chance\n    value: \"0\"\n  - name: b\n    value: c\n",
			"apiServer:\n  extraArgs:\n  - name: goaway-chance\n    value: \"0.001\"\n  - name: b\n    value: c\n",
		},
		{
			"pair added",
			Edit{Site: pairs},
			"apiServer:\n  extraArgs:\n  - name: a\n    value: \"0\"\nb: c\n",
			"apiServer:\n  extraArgs:\n  - name: a\n    value: \"0\"\n  - name: goaway-chance\n    value: \"0.001\"\nb: c\n",
		},
		{"pairs made", Edit{Site: pairs}, "b:\n  c: d\n", "b:\n  c: d\napiServer:\n  extraArgs:\n    - name: goaway-chance\n      value: \"0.001\"\n"},
		{"pair removed", Edit{Site: pairs, Remove: true}, "apiServer:\n  extraArgs:\n  - name: goaway-chance\n    value: x\n  - name: b\n    value: c\n", "apiServer:\n  extraArgs:\n  - name: b\n    value: c\n"},
		{
			"variable of a container",
			Edit{Site: Site{Form: Pairs, Path: []string{"env"}, Prefix: "ETCD_"}, Name: "quota-backend-bytes", Value: "8589934592"},
			"env:\n- name: ETCD_QUOTA_BACKEND_BYTES\n  value: \"1\"\n", "env:\n- name: ETCD_QUOTA_BACKEND_BYTES\n  value: \"8589934592\"\n",
		},

		{"argument of a suite", Edit{Site: suite}, "kube-apiserver-arg:\n  - a=b\n  - 'goaway-chance=0'\n", "kube-apiserver-arg:\n  - a=b\n  - 'goaway-chance=0.001'\n"},
		{"argument added", Edit{Site: suite}, "kube-apiserver-arg:\n  - \"a=b\"\n", "kube-apiserver-arg:\n  - \"a=b\"\n  - \"goaway-chance=0.001\"\n"},
		{"the only argument replaced", Edit{Site: suite}, "kube-apiserver-arg: goaway-chance=0 # x\n", "kube-apiserver-arg: goaway-chance=0.001 # x\n"},
		{"a second argument", Edit{Site: suite}, "kube-apiserver-arg: \"a=b\" # x\nc: d\n", "kube-apiserver-arg: # x\n  - \"a=b\"\n  - \"goaway-chance=0.001\"\nc: d\n"},
		{"the only argument removed", Edit{Site: suite, Remove: true}, "kube-apiserver-arg: goaway-chance=0\nc: d\n", "c: d\n"},
		{"arguments made", Edit{Site: suite}, "c: d\n", "c: d\nkube-apiserver-arg:\n  - goaway-chance=0.001\n"},

		{"field replaced", Edit{Site: fields, Name: "kubeAPIQPS", Value: "50"}, "kind: K\nkubeAPIQPS: 5 # low\n", "kind: K\nkubeAPIQPS: 50 # low\n"},
		{"field added", Edit{Site: fields, Name: "kubeAPIQPS", Value: "50"}, "kind: K\nz: y\n", "kind: K\nz: y\nkubeAPIQPS: 50\n"},
		{"duration stays text", Edit{Site: fields, Name: "x.y", Value: "10s"}, "x:\n  y: 5s\n", "x:\n  y: 10s\n"},
		{"field within a field", Edit{Site: fields, Name: "clientConnection.qps", Value: "100"}, "kind: K\nl:\n  m: n\n", "kind: K\nl:\n  m: n\nclientConnection:\n  qps: 100\n"},
		{
			"field of another name, that is text",
			Edit{Site: Site{Form: Fields, Typed: true, Path: []string{"spec", "kubeAPIServer"}, Fields: map[string]Field{"goaway-chance": {Key: "goawayChance", Text: true}}}},
			"spec:\n  a: b\n  kubeAPIServer:\n    x: 1\n", "spec:\n  a: b\n  kubeAPIServer:\n    x: 1\n    goawayChance: \"0.001\"\n",
		},

		{
			"document in a value",
			Edit{Site: Site{Form: Map, Path: []string{"apiServer"}, Inside: []string{"data", "ClusterConfiguration"}}},
			"data:\n  ClusterConfiguration: |\n    apiServer:\n      a: b\n\n    z: y\n  other: x\n", "data:\n  ClusterConfiguration: |\n    apiServer:\n      a: b\n      goaway-chance: \"0.001\"\n\n    z: y\n  other: x\n",
		},
		{
			"script replaced",
			Edit{Site: Site{Form: Script, Path: []string{"command"}}},
			"command:\n- sh\n- -c\n- |\n  # --goaway-chance=9\n  exec kube-apiserver \\\n    --goaway-chance=0 \\\n    --b=c\n",
			"command:\n- sh\n- -c\n- |\n  # --goaway-chance=9\n  exec kube-apiserver \\\n    --goaway-chance=0.001 \\\n    --b=c\n",
		},
		{
			"script added to",
			Edit{Site: Site{Form: Script, Path: []string{"command"}}},
			"command:\n- sh\n- -c\n- |\n  exec kube-apiserver \\\n    --a=${X} \\\n    --b=c\nz: y\n",
			"command:\n- sh\n- -c\n- |\n  exec kube-apiserver \\\n    --a=${X} \\\n    --b=c \\\n    --goaway-chance=0.001\nz: y\n",
		},
		{
			"script on one line",
			Edit{Site: Site{Form: Script, Path: []string{"command"}}},
			"command: [sh, -c, \"kube-apiserver --a=1 --b=c 2>&1 | tee log\"]\n",
			"command: [sh, -c, \"kube-apiserver --a=1 --b=c --goaway-chance=0.001 2>&1 | tee log\"]\n",
		},
		{
			"unit replaced",
			Edit{Site: unitAt(2)},
			"[Service]\nExecStart=/bin/kube-apiserver \\\n  --a=1 \\\n  --goaway-chance=0\nRestart=always\n",
			"[Service]\nExecStart=/bin/kube-apiserver \\\n  --a=1 \\\n  --goaway-chance=0.001\nRestart=always\n",
		},
		{
			"unit added to",
			Edit{Site: unitAt(2)},
			"[Service]\nExecStart=/bin/kube-apiserver \\\n  --a=1 \\\n  --b=2\nRestart=always\n",
			"[Service]\nExecStart=/bin/kube-apiserver \\\n  --a=1 \\\n  --b=2 \\\n  --goaway-chance=0.001\nRestart=always\n",
		},
		{"unit with a list of its own signs", Edit{Site: unitAt(1), Name: "s", Value: "/events#https://a:2"}, "ExecStart=/x --s=/events#https://a:1;https://b:1 --v=1\n", "ExecStart=/x --s=/events#https://a:2 --v=1\n"},
		{"a word quoted whole", Edit{Site: unitAt(1)}, "ExecStart=/x \"--goaway-chance=a\" --v=1\n", "ExecStart=/x \"--goaway-chance=0.001\" --v=1\n"},
		{"words in a variable", Edit{Site: unitAt(1)}, "ARGS=\"--a=1 --goaway-chance=1\"\n", "ARGS=\"--a=1 --goaway-chance=0.001\"\n"},
		{"unit of one line", Edit{Site: unitAt(1)}, "ExecStart=/bin/kube-apiserver --a=1\n", "ExecStart=/bin/kube-apiserver --a=1 --goaway-chance=0.001\n"},
		{"unit, last flag removed", Edit{Site: unitAt(1), Remove: true}, "ExecStart=/bin/x \\\n  --a=1 \\\n  --goaway-chance=1\n", "ExecStart=/bin/x \\\n  --a=1\n"},
		{"variable replaced", Edit{Site: envOf("ETCD_"), Name: "quota-backend-bytes", Value: "2"}, "# x\nETCD_NAME=\"a\"\nETCD_QUOTA_BACKEND_BYTES=\"1\"\n", "# x\nETCD_NAME=\"a\"\nETCD_QUOTA_BACKEND_BYTES=\"2\"\n"},
		{"unit, last flag without a value removed", Edit{Site: unitAt(1), Remove: true}, "ExecStart=/bin/x \\\r\n  --a=1 \\\r\n  --goaway-chance\r\nRestart=always\r\n", "ExecStart=/bin/x \\\r\n  --a=1\r\nRestart=always\r\n"},
		{"word renamed", Edit{Site: words, Was: "gohaway_chance"}, "args:\n- --gohaway_chance=0.5 # why\n", "args:\n- --goaway-chance=0.5 # why\n"},
		{"two words renamed", Edit{Site: words, Was: "gohaway-chance"}, "args: [\"-gohaway-chance\", x]\n", "args: [\"-goaway-chance\", x]\n"},
		{"entry renamed", Edit{Site: extra, Was: "x"}, "apiServer:\n  extraArgs:\n    \"x\": y # why\n", "apiServer:\n  extraArgs:\n    \"goaway-chance\": y # why\n"},
		{"pair renamed", Edit{Site: pairs, Was: "x"}, "apiServer:\n  extraArgs:\n  - name: 'x'\n    value: y\n", "apiServer:\n  extraArgs:\n  - name: 'goaway-chance'\n    value: y\n"},
		{"argument renamed", Edit{Site: suite, Was: "x"}, "kube-apiserver-arg: x=y\n", "kube-apiserver-arg: goaway-chance=y\n"},
		{"flag of a unit renamed", Edit{Site: unitAt(1), Was: "x"}, "ExecStart=/bin/k --x=y --x2=x\n", "ExecStart=/bin/k --goaway-chance=y --x2=x\n"},
		{"variable renamed", Edit{Site: envOf("ETCD_"), Was: "x"}, "export ETCD_X='1' # a\n", "export ETCD_GOAWAY_CHANCE='1' # a\n"},
		{"list of one value", Edit{Site: lists}, "args:\n  goaway-chance:\n  - \"0\"\n", "args:\n  goaway-chance:\n  - \"0.001\"\n"},
		{"list of one value added", Edit{Site: lists}, "args:\n  a:\n  - b\n", "args:\n  a:\n  - b\n  goaway-chance:\n  - \"0.001\"\n"},
		{"list of one value in JSON", Edit{Site: lists}, "{\"args\": {\"a\": [\"b\"]}}\n", "{\"args\": {\"a\": [\"b\"], \"goaway-chance\": [\"0.001\"]}}\n"},
		{"time in nanoseconds", Edit{Site: Site{Form: Map, Typed: true, Nanoseconds: []string{"t"}}, Name: "t", Value: "10s"}, "a: b\nt: 5000000000\n", "a: b\nt: 10000000000\n"},
		{"variable added", Edit{Site: envOf("ETCD_"), Name: "quota-backend-bytes", Value: "2"}, "ETCD_NAME=\"a\"\nX=1", "ETCD_NAME=\"a\"\nETCD_QUOTA_BACKEND_BYTES=\"2\"\nX=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := usual(tt.edit)
			got, errs := Apply([]byte(tt.old), []Edit{e})
			if errs[0] != nil {
				t.Fatalf("got %v, want an edit", errs[0])
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Fatalf("(-want +got)\n%s", d)
			}
			again, errs := Apply(got, []Edit{e})
			if string(again) != string(got) || errs[0] != nil && !e.Remove && e.Was == "" {
				t.Errorf("a second time: got %q, %v, want nothing to do", again, errs[0])
			}
		})
	}
}

// usual fills in what most cases have.
func usual(e Edit) Edit {
	if e.Name == "" {
		e.Name = "goaway-chance"
	}
	if e.Value == "" && !e.Remove {
		e.Value = "0.001"
	}
	e.Add = !e.Remove && e.Was == ""
	return e
}

func unitAt(line int) Site { return Site{Form: Unit, Source: evidence.Source{Line: line}} }

func envOf(prefix string) Site { return Site{Form: Env, Prefix: prefix} }

func TestApplyRefuses(t *testing.T) {
	words := Site{Form: Words, Path: []string{"args"}}
	extra := Site{Form: Map, Path: []string{"args"}}
	for _, tt := range []struct {
		name string
		edit Edit
		text string
		why  string
	}{
		{"a list that is shared", Edit{Site: words}, "x: &x\n- --a=1\nargs: *x\n", "it is an alias"},
		{"a list that others share", Edit{Site: words}, "args: &x\n- --a=1\ny: *x\n", "within the anchor &x"},
		{"a value that is shared", Edit{Site: extra}, "x: &x \"0\"\nargs:\n  goaway-chance: *x\n", "it is an alias"},
		{"a map with keys from elsewhere", Edit{Site: extra}, "x: &x {goaway-chance: \"0\"}\nargs:\n  <<: *x\n  a: b\n", "takes keys from an anchor"},
		{"a value from a template", Edit{Site: extra}, "args:\n  goaway-chance: \"{{ .Chance }}\"\n", "filled in by a template"},
		{"a variable", Edit{Site: words}, "args:\n- --goaway-chance=$(CHANCE)\n", "comes from a variable"},
		{"a condition", Edit{Site: extra}, "{{ if .X }}\nargs:\n  goaway-chance: \"0\"\n{{ end }}\n", "a template decides"},
		{"a template that adds lines", Edit{Site: words}, "args:\n- --a=1\n{{ toYaml .Args }}\n", "a template adds lines"},
		{"a condition within the list", Edit{Site: words}, "args:\n- --a=1\n{{ if .X }}\n- --b=1\n{{ end }}\n", "a template decides on what is there, at line 3"},
		{"a condition within a script", Edit{Site: Site{Form: Script, Path: []string{"c"}}}, "c:\n- |\n  x --a=1 \\\n{{ if .X }}\n    --b=1 \\\n{{ end }}\n    --c=1\n", "a template decides on what is there, at line 4"},
		{"a generated file", Edit{Site: words}, "# Code generated by x. DO NOT EDIT.\nargs:\n- --a=1\n", "is generated"},
		{"a password", Edit{Site: extra}, "args:\n  goaway-chance: https://me:secret@x\n", "holds a password"},
		{"a flag given twice", Edit{Site: words}, "args:\n- --goaway-chance=0\n- --goaway-chance=1\n", "given more than once"},
		{"a key that is there twice", Edit{Site: extra}, "args:\n  goaway-chance: \"0\"\n  goaway-chance: \"1\"\n", "given more than once"},
		{"a list within a list", Edit{Site: words}, "args:\n- [--a]\n", "more than words"},
		{"a value of several lines", Edit{Site: extra}, "args:\n  goaway-chance: >-\n    0\n", "not written on one line"},
		{"a map where a list should be", Edit{Site: words}, "args: {a: b}\n", "no list"},
		{"a value that no file tells", Edit{Site: Site{Form: Pairs, Path: []string{"env"}, Prefix: "ETCD_"}}, "env:\n- name: ETCD_GOAWAY_CHANCE\n  valueFrom: {x: y}\n", "comes from elsewhere"},
		{"a name that is taken", Edit{Site: words, Was: "x"}, "args:\n- --x=1\n- --goaway-chance=1\n", "cannot tell"},
		{"a flag with several values", Edit{Site: Site{Form: Lists, Path: []string{"args"}}}, "args: {goaway-chance: [a, b]}\n", "several values"},
		{"absent", Edit{Site: words, Remove: true}, "args: [--a]\n", "not set there"},
		{"UTF-16", Edit{Site: words}, "\xFF\xFEa\x00", "not UTF-8"},
		{"old Macs", Edit{Site: words}, "args:\r- --a\r", "old Macs"},
		{"a broken document", Edit{Site: words}, "args: [\n", "does not parse"},
		{"a control character", Edit{Site: words, Value: "a\nb"}, "args: [--a]\n", "no configuration should have"},
		{"a document that is folded", Edit{Site: Site{Form: Map, Inside: []string{"d"}}}, "d: >\n  a: b\n", "not a literal block"},
		{"a script with a variable", Edit{Site: Site{Form: Script, Path: []string{"c"}}}, "c:\n- |\n  x --goaway-chance=$X --b\n", "comes from a variable"},
		{"a word of a unit that goes on", Edit{Site: unitAt(1)}, "ExecStart=/x --goaway-chance=1\\x20 --b=1\n", "not certain"},
		{"a value that is quoted in part", Edit{Site: unitAt(1)}, "ExecStart=/x --goaway-chance=1\"2\" --b=1\n", "not certain"},
		{"a word behind a quoted one", Edit{Site: unitAt(1)}, "ExecStart=/x '--goaway-chance 1' --b=1\n", "not certain"},
		{"a quoted word with a blank", Edit{Site: unitAt(1)}, "ExecStart=/x \"--goaway-chance=a b\" --v=1\n", "cannot tell"},
		{"a script that redirects", Edit{Site: Site{Form: Script, Path: []string{"c"}}}, "c:\n- |\n  x --goaway-chance 2>&1\n", "cannot tell"},
		{"a unit that needs quotes", Edit{Site: unitAt(1), Value: "a;b c"}, "ExecStart=/x --a=1\n", "have to be quoted"},
		{"a secret", Edit{Site: words, Name: "token"}, "args: [--a]\n", "is a secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := Apply([]byte(tt.text), []Edit{usual(tt.edit)})
			if errs[0] == nil || !strings.Contains(errs[0].Error(), tt.why) {
				t.Errorf("got %v, want %q", errs[0], tt.why)
			}
			if string(got) != tt.text {
				t.Errorf("got %q, want the text as it was", got)
			}
		})
	}
}
