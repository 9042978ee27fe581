package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseComment(t *testing.T) {
	until := time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC)
	form := "is not written as " + RemarkForm
	for text, want := range map[string][]Remark{
		"# kaudit:ignore=etcd-quota -- grown next quarter": {{Check: "etcd-quota", Reason: "grown next quarter"}},
		"kaudit:ignore=etcd-quota -- no sign":              {{Check: "etcd-quota", Reason: "no sign"}},
		"#kaudit:ignore=etcd-* until=2027-01-31 -- why":    {{Check: "etcd-*", Reason: "why", Until: until}},
		"// kaudit:ignore=a-b,c-d\tuntil=2027-01-31\t--\twhy -- and more": {
			{Check: "a-b", Reason: "why -- and more", Until: until}, {Check: "c-d", Reason: "why -- and more", Until: until},
		},
		"/* kaudit:ignore=a-b -- why */":                           {{Check: "a-b", Reason: "why"}},
		"; kaudit:ignore=flag-value -- --quota-backend-bytes of 0": {{Check: "flag-value", Reason: "--quota-backend-bytes of 0"}},
		"# kaudit:ignore=a-b until=2027-01-31T12:00:00+02:00 -- x": {{Check: "a-b", Reason: "x", Until: time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)}},

		"# kaudit:ignore=a-b":                          {{Check: "a-b", Mistake: "gives no reason; add -- and why"}},
		"# kaudit:ignore=a-b -- ":                      {{Check: "a-b", Mistake: "gives no reason; add -- and why"}},
		"# kaudit:ignore=a-b because":                  {{Check: "a-b", Mistake: `has "because" where until=YYYY-MM-DD or -- and the reason is wanted`}},
		"# kaudit:ignore=a-b, c-d -- x":                {{Check: "a-b", Reason: "x", Mistake: `has "c-d" where until=YYYY-MM-DD or -- and the reason is wanted`}, {Reason: "x", Mistake: "names no check, or has a comma too many; write " + RemarkForm}},
		"# kaudit:ignore=a-b until=31.1.2027 -- x":     {{Check: "a-b", Reason: "x", Mistake: `has until "31.1.2027", which is no date; write it as 2027-01-31`}},
		"# kaudit:ignore=a-b until=2027-02-30 -- x":    {{Check: "a-b", Reason: "x", Mistake: `has until "2027-02-30", which is no date; write it as 2027-01-31`}},
		"# kaudit:ignore= -- x":                        {{Reason: "x", Mistake: "names no check, or has a comma too many; write " + RemarkForm}},
		"# kaudit:ignore etcd-quota -- x":              {{Mistake: form}},
		"# kaudit:ignore":                              {{Mistake: form}},
		"# kaudit: ignore=etcd-quota -- x":             {{Mistake: form}},
		"# kaudit-ignore=etcd-quota -- x":              {{Mistake: form}},
		"# KAUDIT:IGNORE=etcd-quota -- x":              {{Mistake: form}},
		"# kaudit:disable=etcd-quota -- x":             {{Mistake: form}},
		"# see the docs of kaudit:ignore=etcd-quota":   nil,
		"# kaudit checks this file":                    nil,
		"# kaudit:ignorance=is -- bliss":               nil,
		"":                                             nil,
		"# quota-backend-bytes is set by the operator": nil,
	} {
		if d := cmp.Diff(want, ParseComment(text)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

func TestParseAnnotation(t *testing.T) {
	got := ParseAnnotation("etcd-quota until=2027-01-31 -- one\r\n\nkaudit:ignore=config-drift -- two\nflag-value\n")
	want := []Remark{
		{Check: "etcd-quota", Reason: "one", Until: time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC)},
		{Check: "config-drift", Reason: "two"},
		{Check: "flag-value", Mistake: "gives no reason; add -- and why"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := ParseAnnotation(" \n"); got != nil {
		t.Errorf("got %v of an empty annotation, want none", got)
	}
}

func TestRemarkCovers(t *testing.T) {
	r := Remark{Source: Source{Via: ViaFile, From: "a.yaml", Line: 3}, FirstLine: 4, LastLine: 6}
	for src, want := range map[Source]bool{
		{Via: ViaFile, From: "a.yaml", Line: 4}:     true,
		{Via: ViaFile, From: "a.yaml", Line: 6}:     true,
		{Via: ViaFile, From: "a.yaml", Line: 3}:     false,
		{Via: ViaFile, From: "a.yaml", Line: 7}:     false,
		{Via: ViaFile, From: "a.yaml"}:              false,
		{Via: ViaFile, From: "b.yaml", Line: 5}:     false,
		{Via: "apiserver", From: "a.yaml", Line: 5}: false,
	} {
		if got := r.Covers(src); got != want {
			t.Errorf("%v: got %v, want %v", src, got, want)
		}
	}
}

func FuzzParseRemark(f *testing.F) {
	for _, seed := range []string{
		"# kaudit:ignore=etcd-quota,config-drift until=2027-01-31 -- reason", "kaudit:ignore=", "a until=x --", "--", "kaudit:ignore=*/--",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range append(ParseComment(text), ParseAnnotation(text)...) {
			if r.Mistake == "" && (r.Check == "" || strings.TrimSpace(r.Reason) == "") {
				t.Errorf("got %+v of %q, want a check and a reason, or a mistake", r, text)
			}
			if len(r.Mistake) > 600 {
				t.Errorf("got a mistake of %d bytes, want one that can be read", len(r.Mistake))
			}
		}
	})
}
