package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/tw"

	"github.com/kaudit/kaudit/requests"
)

// A figure is a column of numbers in the table of clients.
type figure struct {
	head string
	from int // columns of a terminal from which on there is room for it
	cell func(c requests.Judged) string
}

// figures are those of the clients that are shown, within the width of the terminal.
func (t requestsWriter) figures(shown []requests.Judged) []figure {
	known := slices.ContainsFunc(shown, func(c requests.Judged) bool { return c.Cost.Known })
	all := []figure{
		{"A MINUTE", 0, func(c requests.Judged) string { return rate(c.PerMinute) }},
		{"SHARE", 0, func(c requests.Judged) string { return share(int64(c.Share*1e9), 1e9) }},
		{"P99", wide, func(c requests.Judged) string {
			if c.Latency.Count() == 0 {
				return ""
			}
			return lasting(c.Latency.Quantile(0.99))
		}},
	}
	if known {
		all = slices.Insert(all, 2, figure{"ETCD OBJ/S", 0, func(c requests.Judged) string { return etcdReads(c.Cost) }})
	}
	return slices.DeleteFunc(all, func(f figure) bool { return t.Width < f.from || known && f.head == "SHARE" && t.Width < wide })
}

// wide are the columns from which on who serves has a column of its own.
const wide = 120

// clients writes a row for each client.
func (t requestsWriter) clients(shown []requests.Judged) error {
	fmt.Fprintln(t)
	figures := t.figures(shown)
	used := width(fmt.Sprint(len(shown))) + gap
	for _, f := range figures {
		used += t.widestCell(f, shown) + gap
	}
	served := 0
	if t.Width >= wide {
		served = len("SERVED BY")
		for _, c := range shown {
			served = max(served, min(width(c.ServedBy), 18))
		}
		used += served + gap
	}
	client, asks := t.divide(shown, t.Width-used-gap)
	head := []string{"#", "CLIENT", "ASKS FOR"}
	aligned := []tw.Align{tw.AlignRight, tw.AlignLeft, tw.AlignLeft}
	for _, f := range figures {
		head, aligned = append(head, f.head), append(aligned, tw.AlignRight)
	}
	if served > 0 {
		head, aligned = append(head, "SERVED BY"), append(aligned, tw.AlignLeft)
	}
	rows := [][]string{head}
	for i, c := range shown {
		what := asksFor(c) + "\n" + c.Asks
		if served == 0 {
			what += "\nserved by " + c.ServedBy
		}
		row := []string{fmt.Sprint(i + 1), t.clientCell(c, client), wrapped(what, asks)}
		for _, f := range figures {
			row = append(row, f.cell(c))
		}
		if served > 0 {
			row = append(row, wrapped(c.ServedBy, served))
		}
		rows = append(rows, row)
	}
	return t.grid(rows, aligned...)
}

// divide gives both what they need, if that is no more than there is.
func (t requestsWriter) divide(shown []requests.Judged, left int) (client, asks int) {
	for _, c := range shown {
		client = max(client, width(program(c.Agent)), width(whoAndWhere(c)))
		asks = max(asks, width(asksFor(c)), width(c.Asks))
	}
	if client+asks > left {
		client = min(client, max(left/2, left-asks))
		asks = left - client
	}
	return client, asks
}

func (t requestsWriter) clientCell(c requests.Judged, limit int) string {
	name := program(c.Agent)
	if width(name) > limit {
		name = strings.Replace(name, "/", "/\n", 1) // between product and version, if anywhere
	}
	lines := wrap(name, limit)
	for i := range lines {
		lines[i] = t.paint(t.style(c), lines[i])
	}
	return strings.Join(lines, "\n") + "\n" + wrapped(whoAndWhere(c), limit)
}

func (t requestsWriter) widestCell(f figure, shown []requests.Judged) int {
	w := width(f.head)
	for _, c := range shown {
		w = max(w, width(f.cell(c)))
	}
	return w
}

// etcdReads is how many objects a second etcd reads for a client.
func etcdReads(c requests.Cost) string {
	switch {
	case !c.Known:
		return "?"
	case c.EtcdObjects == 0:
		return "0"
	case c.AtMost && c.EtcdPerSecond >= 1:
		return "≤" + short(c.EtcdPerSecond)
	}
	return short(c.EtcdPerSecond)
}
