package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// maxRequestReports bounds what ReadRequests reads: 4,096 clients of a log have about 20 MB.
const maxRequestReports = 512 << 20

// A RequestPart is what a RequestReport that was written as json tells: all but the judgement, which is made anew.
type RequestPart struct {
	Kaudit   string
	Filters  RequestFilters
	CutTo    int // it was cut to so many clients; 0: it is whole
	Server   requests.Server
	Objects  map[string]float64
	Requests evidence.Requests
}

// ReadRequests reads the reports of a stream, one after the other, as kubectl logs prints those of several
// pods. Its errors are a line for the person who named the file, and begin after its name.
func ReadRequests(r io.Reader) ([]RequestPart, error) {
	limited := &io.LimitedReader{R: r, N: maxRequestReports + 1}
	dec := json.NewDecoder(limited)
	var parts []RequestPart
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		which := ""
		if len(parts) > 0 {
			which = fmt.Sprintf("after report %d: ", len(parts))
		}
		switch {
		case errors.Is(err, io.EOF) && len(parts) > 0:
			return parts, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("is empty")
		case limited.N <= 0:
			return nil, fmt.Errorf("is larger than %s", checks.Bytes(maxRequestReports))
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%sends in the middle: write or copy it again", which)
		case err != nil:
			return nil, fmt.Errorf("%sis no report of kaudit requests; requests -o json=FILE writes one", which)
		}
		part, err := requestPart(raw)
		if err != nil {
			return nil, fmt.Errorf("%s%w", which, err)
		}
		parts = append(parts, part)
	}
}

func requestPart(raw []byte) (RequestPart, error) {
	if err := isRequestReport(raw); err != nil {
		return RequestPart{}, err
	}
	var d struct {
		Kaudit  kauditJSON         `json:"kaudit"`
		Filters RequestFilters     `json:"filters"`
		CutTo   int                `json:"cutTo"`
		Server  requests.Server    `json:"server"`
		Objects map[string]float64 `json:"objects"`
		evidence.Requests
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return RequestPart{}, fmt.Errorf("is a damaged report: %w", plainJSON(err))
	}
	p := RequestPart{d.Kaudit.Version, d.Filters, d.CutTo, d.Server, d.Objects, d.Requests}
	slices.SortFunc(p.Requests.Clients, func(a, b evidence.Client) int { return a.Compare(&b) })
	if err := sound(&p.Requests); err != nil {
		return p, fmt.Errorf("is a damaged report: %w", err)
	}
	return p, nil
}

// isRequestReport tells one from the other files that are lying about.
func isRequestReport(raw []byte) error {
	var d struct {
		APIVersion any `json:"apiVersion"`
		Kind       any `json:"kind"`
		Lists      any `json:"lists"`
		Clients    any `json:"clients"`
		AuditID    any `json:"auditID"`
		Schema     any `json:"schema"` // of a snapshot
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return errors.New("is no report of kaudit requests; requests -o json=FILE writes one")
	}
	switch {
	case d.Kind == requestKind && d.APIVersion == apiVersion && (d.Lists == nil || d.Clients == nil):
		return errors.New("is a report without lists or clients: write or copy it again")
	case d.Kind == requestKind && d.APIVersion == apiVersion:
		return nil
	case d.Kind == requestKind:
		return fmt.Errorf("is a report of version %.40q; this kaudit reads %s: upgrade kaudit", fmt.Sprint(d.APIVersion), apiVersion)
	case d.Kind == "Report" && d.APIVersion == apiVersion:
		return errors.New("is a report of scan, not of requests; requests -o json=FILE writes one")
	case d.AuditID != nil, d.Kind == "EventList":
		return errors.New("is an audit log, not a report of it; requests reads logs, and its -o json=FILE writes reports")
	case d.Schema != nil:
		return errors.New("is a snapshot, no report; requests --snapshot reads it beside a log")
	}
	return errors.New("is no report of kaudit requests; requests -o json=FILE writes one")
}

// sound refuses what no reduction of a log says, and what merging could not bear.
func sound(r *evidence.Requests) error {
	if r.Events < 0 || r.Malformed < 0 {
		return errors.New("it counts fewer than no events")
	}
	for i := range r.Clients {
		c := &r.Clients[i]
		if err := cmp.Or(soundTimeline(c.Timeline), soundCounts(c)); err != nil {
			return fmt.Errorf("client %.60q of user %.60q: %w", c.UserAgent, c.User, err)
		}
		if i > 0 && c.Compare(&r.Clients[i-1]) == 0 {
			return fmt.Errorf("client %.60q of user %.60q stands in it twice", c.UserAgent, c.User)
		}
	}
	return nil
}

// The seconds of the years 0 to 9999: a timeline reaches no further.
const firstSecond, lastSecond = -62167219200, 253402300799

func soundTimeline(t evidence.Timeline) error {
	width, n := int64(t.Width/time.Second), int64(len(t.Counts))
	switch {
	case n == 0:
		return nil
	case n > evidence.TimelineBuckets, width <= 0, t.Width%time.Second != 0, bits.OnesCount64(uint64(width)) != 1, //nolint:gosec // over 0
		t.First < firstSecond/width-1, t.First+n-1 > lastSecond/width:
		return errors.New("its timeline is none")
	}
	return least(t.Counts, 0)
}

func soundCounts(c *evidence.Client) error {
	if c.Verb != "list" && c.Verb != "watch" {
		return fmt.Errorf("verb %.20q is neither list nor watch", c.Verb)
	}
	if len(c.Latency.Counts) > evidence.LatencyBuckets {
		return errors.New("its latency is none")
	}
	for _, d := range []evidence.Distinct{c.Nodes, c.Pods, c.Addresses, c.Namespaces} {
		if len(d.Hashes) > evidence.DistinctExact || !slices.IsSorted(d.Hashes) {
			return errors.New("its hashes are not in order")
		}
	}
	counts := []int64{c.Count, c.Throttled, c.ServerErrors, c.Expired, c.ClientErrors, c.Missed, c.Answers, c.Bytes, c.Objects}
	sum := int64(0)
	for _, s := range c.Shapes {
		counts = append(counts, s.Count, s.Started, s.Ended, s.Refused, s.Slow)
		sum += s.Count
	}
	if sum != c.Count {
		return fmt.Errorf("its shapes count %d requests, and it %d", sum, c.Count)
	}
	return cmp.Or(least(counts, 0), least(c.Latency.Counts, 0))
}

func least(counts []int64, bound int64) error {
	if len(counts) > 0 && slices.Min(counts) < bound {
		return errors.New("it has a count below zero")
	}
	return nil
}
