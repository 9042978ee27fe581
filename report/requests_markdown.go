package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kaudit/kaudit/requests"
)

// requestsMarkdown is for the issue that somebody files, or the notes of an incident.
func requestsMarkdown(w io.Writer, r RequestReport, _ Options) error {
	r = cleanRequests(r)
	p := &page{room: mdLimit}
	shown := r.worstClients(usualClients)
	fmt.Fprintf(p, "# Who sends the expensive LISTs\n\n%s  \n%s\n\n", mdText(r.extent()), mdText(r.circumstances()))
	fmt.Fprintf(p, "**%s**%s.\n", mdText(r.lists()), mdText(r.watches()))
	if line, ok := r.listsOverTime(); ok {
		text := mdWhen(r, spread(line, r.Requests.Start(), r.Requests.To, sparkColumns))
		if change := r.change(line); change != "" {
			text += ", " + change
		}
		fmt.Fprintf(p, "\nLISTs over time: %s\n", text)
	}
	notes := r.Notes
	if left := r.Filters.leftOut(); left != "" {
		notes = append([]string{left}, notes...)
	}
	p.list("", len(notes), "notes", func(i int) string { return "- " + mdText(notes[i]) + "\n" })
	p.list("| # | Client | Asks for | A minute | Share | Served by | Etcd objects/s | p99 |\n| --: | --- | --- | --: | --: | --- | --: | --: |\n",
		len(shown), "clients", func(i int) string { return mdClientRow(i, shown[i]) })
	if more := len(r.Clients) - len(shown); more > 0 {
		fmt.Fprintf(p, "\nAnd %d more; `--top 0` shows all.\n", more)
	}
	p.list("", len(shown), "clients", func(i int) string { return mdClient(r, i, shown[i]) })
	var unread []string
	for _, l := range r.Requests.Logs {
		if l.Cut != "" {
			unread = append(unread, logName(l.Name)+": "+l.Cut)
		}
	}
	if r.Requests.Malformed > 0 {
		unread = append(unread, malformed(r.Requests)...)
	}
	p.list("## Not read\n\n", len(unread), "lines", func(i int) string { return "- " + mdText(unread[i]) + "\n" })
	fmt.Fprintf(p, "\n---\n\nkaudit %s.\n", mdText(r.Kaudit))
	_, err := w.Write(p.Bytes())
	return err
}

func mdClientRow(i int, c requests.Judged) string {
	p99 := ""
	if c.Latency.Count() > 0 {
		p99 = lasting(c.Latency.Quantile(0.99))
	}
	return fmt.Sprintf("| %d | %s<br>%s | %s<br>%s | %s | %s | %s | %s | %s |\n", i+1, mdText(program(c.Agent)), mdText(whoAndWhere(c)),
		mdText(asksFor(c)), mdText(c.Asks), mdText(rate(c.PerMinute)), mdText(share(int64(c.Share*1e9), 1e9)), mdText(c.ServedBy), mdText(etcdReads(c.Cost)), mdText(p99))
}

// mdClient has what an advice rests on; of a client that needs none there is nothing to say.
func mdClient(r RequestReport, i int, c requests.Judged) string {
	if len(c.Advice) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %d. %s\n\n- user: %s\n- user agent: %s\n", i+1, mdText(title(c)), mdText(c.User), mdText(c.UserAgent))
	for _, fact := range r.facts(c) {
		fmt.Fprintf(&b, "- %s\n", mdText(fact))
	}
	if c.Timeline.Count() > 1 {
		fmt.Fprintf(&b, "- when: %s\n", mdWhen(r, spread(c.Timeline, r.Requests.Start(), r.Requests.To, sparkColumns)))
	}
	for _, a := range c.Advice {
		fmt.Fprintf(&b, "\n%s\n", mdText(a.Text))
	}
	return b.String()
}

func mdWhen(r RequestReport, counts []float64) string {
	from, to := r.Requests.Start(), r.Requests.To
	return fmt.Sprintf("%s %s %s", clock(from, from, to), spark(counts), clock(to, from, to))
}
