package configfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	for name, tt := range map[string]struct{ in, want, err string }{
		"plain":           {in: "a: 1\n", want: "a: 1\n"},
		"a mark":          {in: "\xEF\xBB\xBFa: 1\n", want: "a: 1\n"},
		"Windows":         {in: "a: 1\r\nb: 2\r\n", want: "a: 1\nb: 2\n"},
		"UTF-16, little":  {in: "\xFF\xFEa\x00:\x00\r\x00\n\x00", want: "a:\n"},
		"UTF-16, big":     {in: "\xFE\xFF\x00a\x00:\x00\n", want: "a:\n"},
		"UTF-16, cut off": {in: "\xFF\xFEa\x00:", want: "a"},
		"a binary":        {in: "\x7fELF\x00", err: "is no text"},
		"Latin-1":         {in: "a: 1\nb: \xE4\n", err: "line 2: is not UTF-8; save it as UTF-8"},
		"nothing":         {in: "", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte(tt.in))
			if err != nil && err.Error() != tt.err || err == nil && tt.err != "" {
				t.Errorf("got the error %v, want %q", err, tt.err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTemplatesAreMasked(t *testing.T) {
	const text = `{{- if .Values.etcd }}
command:
- etcd
- --name={{ .Values.name }}
{{- range .Values.args }}
- {{ . }}
{{- end }}
  {{- toYaml .Values.more | nindent 2 }}
{{- end }}
{# a word of Jinja #}
quota: {{ quota | default("8G") }} # kept
`
	f := newFile("x", "x", text)
	if got := strings.ContainsAny(f.text, "{}"); got {
		t.Errorf("got directives in %q, want none", f.text)
	}
	if want := len([]rune(text)); len([]rune(f.text)) != want {
		t.Errorf("got %d characters, want %d: places must not move", len([]rune(f.text)), want)
	}
	if d := cmp.Diff([]span{{5, 7}, {1, 9}}, f.loose, cmp.AllowUnexported(span{})); d != "" {
		t.Errorf("lines under a condition (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]int{8}, f.open); d != "" {
		t.Errorf("lines that add text (-want +got)\n%s", d)
	}
	if !strings.Contains(f.text, " # kept") || !strings.Contains(f.text, "- --name="+string(hole)) {
		t.Errorf("got %q, want what is around the directives", f.text)
	}
}

func TestAConditionThatNeverEndsHoldsForTheRest(t *testing.T) {
	f := newFile("x", "x", "a: 1\n{% if b %}\nc: 2\n")
	if f.isLoose(1) || !f.isLoose(3) {
		t.Errorf("got %v, want all lines from the second", f.loose)
	}
}

func TestHoles(t *testing.T) {
	for v, want := range map[string]bool{
		"8589934592": false, "https://10.0.0.1:2379": false, "": false, "a=b,c=d": false, "$": false, "/events#https://a;https://b": false,
		"5 < 6": false, "${QUOTA}": true, "${QUOTA:=8}": true, "$(POD_IP)": true, "https://<ip>:2379": true, "<advertise address>": true,
		"__NODE_IP__": true, "@NODE_IP@": true, "$NODE_IP": true, string(hole): true, "a-" + string(hole) + "-b": true,
	} {
		if got := isHole(v); got != want {
			t.Errorf("%q: got %t, want %t", v, got, want)
		}
	}
}
