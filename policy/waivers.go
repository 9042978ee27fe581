package policy

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A Waiver accepts findings. Its patterns must all match; one that is "" matches everything.
type Waiver struct {
	Check, Cluster, Subject, File string
	Reason                        string
	Until                         time.Time // the last moment it holds; zero: for good
	Source                        evidence.Source
}

var waiverKeys = []string{"check", "cluster", "subject", "file", "reason", "until"}

func (r *reader) waivers(n *yaml.Node, name string, known []checks.Check) []Waiver {
	var ws []Waiver
	at := map[string]int{}
	r.items(n, "waivers", func(item *yaml.Node) {
		w, ok := r.waiver(item, name, known)
		if !ok {
			return
		}
		key := strings.Join([]string{w.Check, w.Cluster, w.Subject, w.File}, "\x00")
		if line, twice := at[key]; twice {
			r.wrong(item, "this waiver accepts the same as the one of line %d", line)
		}
		at[key] = item.Line
		ws = append(ws, w)
	})
	return ws
}

func (r *reader) waiver(n *yaml.Node, name string, known []checks.Check) (Waiver, bool) {
	w := Waiver{Source: evidence.Source{Via: evidence.ViaFile, From: name, Line: n.Line, Column: n.Column}}
	has := map[string]bool{}
	r.fields(n, "a waiver", waiverKeys, func(key string, _, v *yaml.Node) {
		has[key] = true
		if key == "until" {
			w.Until = r.until(v)
			return
		}
		text := r.text(v, key)
		switch key {
		case "check":
			if w.Check = text; text != "" {
				r.knows(v, text, known)
			}
		case "cluster":
			w.Cluster = text
		case "subject":
			w.Subject = text
		case "file":
			if w.File = strings.TrimPrefix(text, "./"); strings.HasPrefix(text, "/") || strings.Contains("/"+text+"/", "/../") {
				r.wrong(v, "file is %s; it is a pattern of paths below the folder of this file", quote(text))
			}
		case "reason":
			w.Reason = strings.Join(strings.Fields(text), " ")
		}
	})
	if n.Kind != yaml.MappingNode {
		return w, false
	}
	if !has["check"] {
		r.wrong(n, "a waiver names no check")
	}
	if !has["reason"] {
		r.wrong(n, "a waiver gives no reason")
	}
	if strings.Trim(w.Check, "*") == "" && w.Check+w.Subject+w.File != "" && w.Cluster+w.Subject+w.File == "" {
		r.wrong(n, "a waiver of every check needs a cluster, a subject or a file")
	}
	return w, true
}

func (r *reader) until(v *yaml.Node) time.Time {
	if v.Kind != yaml.ScalarNode || v.Tag != "!!str" && v.Tag != "!!timestamp" {
		r.wrong(v, "until is %s, where a date is wanted: 2027-01-31", kind(v))
		return time.Time{}
	}
	at, err := evidence.ParseUntil(v.Value)
	if err != nil {
		r.wrong(v, "until is %s, which is no date; write it as 2027-01-31", quote(v.Value))
	}
	return at
}

// place is where a waiver stands: "kaudit.yaml:14".
func place(s evidence.Source) string {
	if s.Line == 0 {
		return s.From
	}
	return fmt.Sprintf("%s:%d", s.From, s.Line)
}
