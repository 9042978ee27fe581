package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// extent is how much log this is, and of what time.
func (r RequestReport) extent() string {
	in := r.Requests
	var size int64
	for _, l := range in.Logs {
		size += l.Bytes
	}
	text := fmt.Sprintf("%s, %s · %s events", checks.Count(len(in.Logs), "log"), checks.Bytes(size), thousands(in.Events))
	if in.Events == 1 {
		text = strings.TrimSuffix(text, "s")
	}
	if in.Malformed > 0 {
		text += fmt.Sprintf(" and %s", checks.Count(int(in.Malformed), "malformed line"))
	}
	if in.Start().IsZero() {
		return text
	}
	return text + fmt.Sprintf(" · %s, %s", lasting(in.To.Sub(in.Start())), window(in.Start(), in.To))
}

// lists says how many LISTs there were and who served them.
func (r RequestReport) lists() string {
	total := r.Requests.Lists.Total
	if total == 0 {
		return "no LISTs"
	}
	var parts []string
	for _, s := range r.servedLists() {
		part := share(s.count, total)
		if s.count == total {
			part = "all"
		}
		parts = append(parts, part+" "+servedWords[s.by])
	}
	text := fmt.Sprintf("%s LISTs: %s", thousands(total), strings.Join(parts, ", "))
	if total == 1 {
		text = strings.Replace(text, "LISTs", "LIST", 1)
	}
	if r.Cost.EtcdObjects > 0 {
		about := "about"
		if r.Cost.AtMost {
			about = "at most"
		}
		text += fmt.Sprintf("; etcd read %s %s objects a second for them%s", about, short(r.Cost.EtcdPerSecond), r.asFarAs())
	}
	return text
}

func (r RequestReport) watches() string {
	switch n := r.Requests.Watches; n {
	case 0:
		return ""
	case 1:
		return " · 1 WATCH"
	default:
		return fmt.Sprintf(" · %s WATCHes", thousands(n))
	}
}

// listsOverTime is the timeline of the LISTs of all clients; false if it shows nothing.
func (r RequestReport) listsOverTime() (evidence.Timeline, bool) {
	var line evidence.Timeline
	for _, c := range r.Clients {
		if c.Verb == "list" {
			line.Merge(c.Timeline)
		}
	}
	return line, line.Count() > 1 && r.Requests.To.After(r.Requests.Start())
}

// change says when a rate rose, and from what to what.
func (r RequestReport) change(line evidence.Timeline) string {
	up, ok := riseOf(line, r.Requests.Start(), r.Requests.To)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s a minute until about %s, %s since", rate(up.before), clock(up.at, r.Requests.Start(), r.Requests.To), rate(up.after))
}

// title is a client and what it does, in a line.
func title(c requests.Judged) string {
	return fmt.Sprintf("%s (%s): %s", program(c.Agent), who(c.User), asksFor(c))
}

// facts are what is known of a client, a line each.
func (r RequestReport) facts(c requests.Judged) []string {
	var out []string
	add := func(name string, parts ...string) {
		if text := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; "); text != "" {
			out = append(out, name+": "+text)
		}
	}
	count := fmt.Sprintf("%s times, %s a minute", thousands(c.Count), rate(c.PerMinute))
	if c.Missed > 0 {
		count += fmt.Sprintf(" and perhaps %s more", thousands(c.Missed))
	}
	every := ""
	if c.Interval > 0 {
		every = "every " + lasting(c.Interval)
		if c.FanOut > 1 {
			every = "each " + every
		}
	}
	add("asked", count, c.Asks, fannedOut(c), every)
	add("served by", c.ServedBy, r.cost(c.Cost))
	add("not certain", unsure(c))
	add("took", took(c), failures(c), answers(c))
	if via := c.Via; via != "" {
		add("through", who(via)+", which impersonates the user")
	}
	add("since", r.since(c))
	return out
}

// since is when a client began, or began to ask more.
func (r RequestReport) since(c requests.Judged) string {
	if !c.Began.IsZero() {
		return "began at " + clock(c.Began, r.Requests.Start(), r.Requests.To)
	}
	return r.change(c.Timeline)
}

// cost is what a client makes etcd read.
func (r RequestReport) cost(c requests.Cost) string {
	switch {
	case !c.Known:
		return ""
	case c.EtcdObjects == 0 && c.CacheObjects == 0:
		return "reads next to nothing"
	case c.EtcdObjects == 0:
		return "etcd reads no object for it"
	}
	about := "about"
	if c.AtMost {
		about = "at most"
	}
	text := fmt.Sprintf("etcd reads %s %s objects a second for it", about, short(c.EtcdPerSecond))
	if all := r.Cost.EtcdObjects; c.EtcdObjects < all {
		of := "all that it reads for LISTs"
		if r.asFarAs() != "" {
			of = "what is counted"
		}
		text += fmt.Sprintf(", %s of %s", share(int64(1e6*c.EtcdObjects/all), 1e6), of)
	}
	return text
}

// asFarAs says that a sum of objects is one of a part, where it is.
func (r RequestReport) asFarAs() string {
	if slices.ContainsFunc(r.Clients, func(c requests.Judged) bool {
		return !c.Cost.Known && slices.ContainsFunc(c.Served, func(s requests.ServedCount) bool { return s.By == requests.Etcd && s.Count > 0 })
	}) {
		return ", as far as they are counted"
	}
	return ""
}

// unsure is why it is not known who serves a request. What was taken for granted stands among the notes.
func unsure(c requests.Judged) string {
	for _, s := range c.Served {
		if s.Unsure != "" {
			return s.Unsure
		}
	}
	return ""
}

// answers says how large answers were, where the log records them.
func answers(c requests.Judged) string {
	if c.Answers == 0 {
		return ""
	}
	return fmt.Sprintf("an answer has %s and %s objects", checks.Bytes(c.Bytes/c.Answers), thousands(c.Objects/c.Answers))
}
