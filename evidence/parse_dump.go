package evidence

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of one dump: of the flows that are kept, of the bytes of a name and of a row.
const (
	dumpFlows = 256
	dumpName  = 256
	dumpRow   = 64 << 10
	dumpSeats = 1 << 20 // of one request: no server has as many
)

// DumpPath is where a kube-apiserver lists what it has under way.
const DumpPath = "/debug/api_priority_and_fairness/dump_requests"

// ParseDump reads what kube-apiserver lists of its requests under way, with details. Columns are found by
// their names, as they became more in 1.28. Values stand between commas and are never quoted, so a
// path or a user name with a comma or a line break in it makes a row that is counted and not read, or at
// worst one that a client made up: the dump is a lead and no proof.
func ParseDump(r io.Reader) (Dump, error) {
	in := bufio.NewReaderSize(r, dumpRow)
	head, err := dumpLine(in)
	if err != nil && (!errors.Is(err, io.EOF) || len(head) == 0) {
		return Dump{}, fmt.Errorf("list of requests: %w", err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[name] = i
	}
	for _, name := range []string{"PriorityLevelName", "FlowSchemaName", "ArriveTime", "InitialSeats", "UserName", "Verb", "Resource"} {
		if _, ok := at[name]; !ok {
			return Dump{}, fmt.Errorf("no list of requests: it has no column %s", name)
		}
	}
	_, started := at["StartTime"]
	d := dumpReader{columns: at, width: len(head), flows: map[Flow]*Flow{}}
	d.WaitingOnly = !started
	for err == nil {
		var cells []string
		cells, err = dumpLine(in)
		switch {
		case errors.Is(err, errLongRow):
			d.Unread, err = d.Unread+1, nil
		case err != nil && !errors.Is(err, io.EOF):
			return Dump{}, fmt.Errorf("list of requests: %w", err)
		case len(cells) > 0:
			d.row(cells)
		}
	}
	d.close()
	return d.Dump, nil
}

var errLongRow = errors.New("a row is too long")

// dumpLine reads one row. It has no cells if the line is blank.
func dumpLine(in *bufio.Reader) ([]string, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = errLongRow
		}
		return nil, err
	}
	text := strings.TrimRight(string(line), "\r\n")
	if strings.TrimSpace(text) == "" {
		return nil, err
	}
	cells := strings.Split(text, ",")
	for i, c := range cells {
		cells[i] = strings.ToValidUTF8(strings.TrimSpace(c), "�")
	}
	return cells, err
}

type dumpReader struct {
	Dump
	columns map[string]int
	width   int
	flows   map[Flow]*Flow // by themselves without figures
}

func (d *dumpReader) cell(cells []string, column string) string {
	i, ok := d.columns[column]
	if !ok {
		return ""
	}
	return cut(cells[i])
}

func cut(name string) string {
	if len(name) <= dumpName {
		return name
	}
	return strings.ToValidUTF8(name[:dumpName], "") + "…"
}

// row adds one request.
func (d *dumpReader) row(cells []string) {
	if len(cells) != d.width {
		d.Unread++
		return
	}
	arrived := d.cell(cells, "ArriveTime")
	if arrived == "<none>" {
		return // a level without queues, as servers before 1.25 show it
	}
	since, err := time.Parse(time.RFC3339Nano, arrived)
	seats, wrong := strconv.Atoi(d.cell(cells, "InitialSeats"))
	start := time.Time{}
	if !d.WaitingOnly && err == nil {
		start, err = time.Parse(time.RFC3339Nano, d.cell(cells, "StartTime"))
	}
	if err != nil || wrong != nil || seats < 0 || seats > dumpSeats {
		d.Unread++
		return
	}
	f := Flow{
		Level: d.cell(cells, "PriorityLevelName"), Schema: d.cell(cells, "FlowSchemaName"), User: d.cell(cells, "UserName"),
		Verb: d.cell(cells, "Verb"), Waiting: start.IsZero(),
	}
	path := d.cell(cells, "APIPath")
	if f.Resource = d.cell(cells, "Resource"); f.Resource != "" {
		d.object(&f, cells)
	} else {
		f.Path = firstPart(path)
	}
	for _, t := range []time.Time{since, start} {
		if t.After(d.At) {
			d.At = t
		}
	}
	if path == DumpPath {
		d.Asker = f.User
		return // kaudit's own question
	}
	if f.Waiting {
		d.Waiting++
	} else {
		d.Executing++
	}
	d.add(f, seats, since)
}

// object says what a request for objects is about.
func (d *dumpReader) object(f *Flow, cells []string) {
	if sub := d.cell(cells, "SubResource"); sub != "" {
		f.Resource += "/" + sub
	}
	if group, _, ok := strings.Cut(d.cell(cells, "APIVersion"), "/"); ok { // "v1" has no group
		f.APIGroup = group
	}
	switch {
	case d.cell(cells, "Name") != "":
		f.Scope = "resource"
	case d.cell(cells, "Namespace") != "":
		f.Scope = "namespace"
	default:
		f.Scope = "cluster"
	}
}

func (d *dumpReader) add(f Flow, seats int, since time.Time) {
	have := d.flows[f]
	if have == nil {
		made := f
		have = &made
		have.Since = since
		d.flows[f] = have
	}
	have.Count++
	have.Seats += seats
	have.MostSeats = max(have.MostSeats, seats)
	if since.Before(have.Since) {
		have.Since = since
	}
}

// servedPaths are those of a kube-apiserver that are no objects. What else clients ask for may hold anything.
var servedPaths = []string{
	"api", "apis", "openapi", "metrics", "healthz", "livez", "readyz", "version", "debug", "logs", "flagz", "statusz", "configz", ".well-known", "openid",
}

func firstPart(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if first == "" || slices.Contains(servedPaths, first) {
		return "/" + first
	}
	return "/…"
}

// close puts the flows in order, those with the most seats first, and leaves out the smallest of too many.
func (d *dumpReader) close() {
	for _, f := range d.flows {
		d.Flows = append(d.Flows, *f)
	}
	slices.SortFunc(d.Flows, func(a, b Flow) int {
		return cmp.Or(-cmp.Compare(a.Seats, b.Seats), -cmp.Compare(a.Count, b.Count), a.Since.Compare(b.Since), cmp.Compare(a.User, b.User),
			cmp.Compare(a.Level, b.Level), cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.APIGroup, b.APIGroup),
			cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Path, b.Path), -compareBool(a.Waiting, b.Waiting))
	})
	if len(d.Flows) <= dumpFlows {
		return
	}
	for _, f := range d.Flows[dumpFlows:] {
		d.Left += f.Count
	}
	d.Flows = slices.Clip(d.Flows[:dumpFlows])
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
