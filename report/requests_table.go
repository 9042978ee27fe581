package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

const (
	usualClients = 10
	faultsShown  = 5
	sparkColumns = 32
)

// requestsTable is read by somebody who was woken up: who it is and since when stand on top.
func requestsTable(w io.Writer, r RequestReport, o Options) error {
	if o.Width <= 0 {
		o.Width = plainWidth
	}
	o.Width = min(max(o.Width, 40), 200)
	if o.Command == "" {
		o.Command = "kaudit"
	}
	t := requestsWriter{tableWriter{bufio.NewWriter(w), o}, cleanRequests(r)}
	shown := t.r.worstClients(usualClients)
	t.header()
	if len(shown) > 0 {
		if len(shown[0].Advice) > 0 {
			t.first(shown[0])
		}
		if err := t.clients(shown); err != nil {
			return err
		}
		t.others(len(shown))
		t.details(shown)
	}
	if t.r.Requests.Lists.Total+t.r.Requests.Watches > 0 {
		t.notes()
	}
	t.logs()
	t.footer(shown)
	return t.Flush()
}

type requestsWriter struct {
	tableWriter
	r RequestReport
}

func (t requestsWriter) header() {
	r := t.r.Requests
	t.paragraph(t.paint(bold, "Audit logs of kube-apiserver")+" · "+t.r.extent(), "")
	t.paragraph(t.r.circumstances(), "")
	if left := t.r.Filters.leftOut(); left != "" {
		t.paragraph(t.paint(yellow, left), "")
	}
	fmt.Fprintln(t)
	t.paragraph(t.paint(t.worst(), t.r.lists())+t.r.watches(), "")
	if line, ok := t.r.listsOverTime(); ok {
		t.paragraph(t.over(line, "LISTs"), "")
	}
	if r.Lists.Total == 0 && r.Watches == 0 {
		t.notes()
	}
}

// notes are what the report cannot tell, or takes for granted.
func (t requestsWriter) notes() {
	if len(t.r.Notes) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(bold, "Not certain"))
	for _, note := range t.r.Notes {
		t.paragraph(note, "  ")
	}
}

// worst is the colour of the LISTs: etcd's share decides.
func (t requestsWriter) worst() string {
	if t.r.Requests.Lists.Total == 0 {
		return bold
	}
	for _, s := range t.r.servedLists() {
		if s.by == requests.Etcd && 2*s.count >= t.r.Requests.Lists.Total {
			return red
		} else if s.by == requests.Etcd && 20*s.count >= t.r.Requests.Lists.Total {
			return yellow
		}
	}
	return bold
}

// over draws a timeline, with what it changed by.
func (t requestsWriter) over(line evidence.Timeline, what string) string {
	from, to := t.r.Requests.Start(), t.r.Requests.To
	counts := spread(line, from, to, min(sparkColumns, t.Width/2))
	text := fmt.Sprintf("%s over time: %s %s %s", what, clock(from, from, to), spark(counts), clock(to, from, to))
	if change := t.r.change(line); change != "" {
		text += ", " + change
	}
	return text
}

// first is the one thing to do now.
func (t requestsWriter) first(c requests.Judged) {
	fmt.Fprintln(t)
	t.paragraph(t.paint(bold, "First:")+" "+t.paint(t.style(c), title(c)), "")
	t.detail(c)
}

// style is the colour of a client, by who serves most of its LISTs.
func (t requestsWriter) style(c requests.Judged) string {
	switch {
	case c.Normal != "" || c.Verb != "list" || len(c.Served) == 0:
		return bold
	case c.Served[0].By == requests.Etcd:
		return red
	case len(c.Advice) > 0:
		return yellow
	}
	return bold
}

// An advised group of clients is given advice of the same kinds.
type advised struct {
	ranks   []int
	clients []requests.Judged
}

// advisedAlike puts clients together, so that nobody reads the same advice twice.
func advisedAlike(shown []requests.Judged) []advised {
	var out []advised
	for i, c := range shown {
		if i == 0 || len(c.Advice) == 0 { // the first one's stands on top
			continue
		}
		at := slices.IndexFunc(out, func(a advised) bool {
			return slices.EqualFunc(a.clients[0].Advice, c.Advice, func(x, y requests.Advice) bool { return x.ID == y.ID })
		})
		if at < 0 {
			at, out = len(out), append(out, advised{})
		}
		out[at].ranks, out[at].clients = append(out[at].ranks, i+1), append(out[at].clients, c)
	}
	return out
}

// common is the advice that all of them are given in the same words.
func (a advised) common() []requests.Advice {
	return slices.DeleteFunc(slices.Clone(a.clients[0].Advice), func(one requests.Advice) bool {
		return slices.ContainsFunc(a.clients, func(c requests.Judged) bool { return !slices.Contains(c.Advice, one) })
	})
}

// details say of the clients with an advice what they do and what they could do.
func (t requestsWriter) details(shown []requests.Judged) {
	for _, group := range advisedAlike(shown) {
		fmt.Fprintln(t)
		common := group.common()
		for i, c := range group.clients {
			t.paragraph(fmt.Sprintf("%s %s", t.paint(bold, fmt.Sprintf("%d.", group.ranks[i])), t.paint(t.style(c), title(c))), "")
			t.brief(c)
			t.advice(slices.DeleteFunc(slices.Clone(c.Advice), func(one requests.Advice) bool { return slices.Contains(common, one) }))
		}
		if len(group.clients) > 1 && len(common) > 0 {
			fmt.Fprintln(t, "  each of these:")
		}
		t.advice(common)
	}
}

// brief is what of a client does not stand in the table.
func (t requestsWriter) brief(c requests.Judged) {
	var parts []string
	for _, text := range []string{took(c), failures(c), t.r.since(c), unsure(c)} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if c.Timeline.Count() > 1 {
		parts = append(parts, spark(spread(c.Timeline, t.r.Requests.Start(), t.r.Requests.To, min(sparkColumns, t.Width/3))))
	}
	if len(parts) > 0 {
		t.paragraph(strings.Join(parts, "; "), "   ")
	}
}

func (t requestsWriter) detail(c requests.Judged) {
	for _, fact := range t.r.facts(c) {
		t.paragraph(fact, "  ")
	}
	if counts := spread(c.Timeline, t.r.Requests.Start(), t.r.Requests.To, min(sparkColumns, t.Width/2)); c.Timeline.Count() > 1 {
		from, to := t.r.Requests.Start(), t.r.Requests.To
		t.paragraph(fmt.Sprintf("when: %s %s %s", clock(from, from, to), spark(counts), clock(to, from, to)), "  ")
	}
	t.advice(c.Advice)
}

func (t requestsWriter) advice(all []requests.Advice) {
	for _, a := range all {
		for i, line := range wrap(a.Text, t.Width-4) {
			if i == 0 {
				fmt.Fprintf(t, "  %s %s\n", t.paint(green, "→"), line)
			} else {
				fmt.Fprintln(t, "    "+line)
			}
		}
	}
}

// others says that there are more clients than are shown.
func (t requestsWriter) others(shown int) {
	more := len(t.r.Clients) - shown
	if more <= 0 {
		return
	}
	var lists, watches int64
	for _, c := range t.r.Clients[shown:] {
		if c.Verb == "watch" {
			watches += c.Count
		} else {
			lists += c.Count
		}
	}
	t.paragraph(fmt.Sprintf("and %s with %s LISTs and %s WATCHes; --top 0 shows all", checks.Count(more, "more client"), thousands(lists), thousands(watches)), "    ")
}

// logs says which logs were not read whole, and which lines are no events.
func (t requestsWriter) logs() {
	r := t.r.Requests
	var lines []string
	for _, l := range r.Logs {
		if l.Cut != "" {
			lines = append(lines, logName(l.Name)+": "+l.Cut)
		}
	}
	if r.Malformed > 0 {
		lines = append(lines, malformed(r)...)
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(bold, "Not read"))
	for _, line := range lines {
		t.paragraph(line, "  ")
	}
}

// malformed are the lines that are no events, the first few by number.
func malformed(r *evidence.Requests) []string {
	var lines []string
	for i, f := range r.Faults {
		if i == faultsShown {
			break
		}
		lines = append(lines, fmt.Sprintf("%s, line %s: %s", logName(f.Log), thousands(f.Line), f.Why))
	}
	if more := r.Malformed - int64(len(lines)); more > 0 && len(lines) > 0 {
		lines = append(lines, fmt.Sprintf("and %s", checks.Count(int(more), "more line")))
	} else if more > 0 {
		lines = append(lines, checks.Count(int(more), "line")+" that hold no audit event")
	}
	return lines
}

func logName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

func (t requestsWriter) footer(shown []requests.Judged) {
	next := ""
	switch {
	case len(shown) == 0:
	case len(t.r.Server.Minors) == 0:
		next = "pass --server-version 1.N, the version of kube-apiserver: it decides who serves a LIST"
	case !t.r.Cost.Known:
		next = "pass --snapshot FILE (" + t.Command + " collect -o FILE writes it) to see how many objects each LIST reads"
	}
	if next != "" {
		fmt.Fprintln(t)
		t.paragraph(t.paint(bold, "Next:")+" "+next, "")
	}
}
