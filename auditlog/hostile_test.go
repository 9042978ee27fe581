package auditlog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/kaudit/kaudit/evidence"
)

// naive reads a log of lines as simply as can be.
func naive(log string) *evidence.Requests {
	c := newReducer(filter{})
	var faults []evidence.LogFault
	all := &evidence.Requests{}
	log = strings.TrimPrefix(log, "\xef\xbb\xbf")
	for i, line := range strings.Split(log, "\n") {
		if strings.Trim(line, " \t\r") == "" {
			continue
		}
		bad := func() {
			all.Malformed++
			faults = append(faults, evidence.LogFault{Log: "-", Line: int64(i) + 1})
		}
		values, err := valuesOf(line)
		if err != nil {
			bad()
			continue
		}
		for _, v := range values {
			var e event
			err := reference(v, &e)
			switch {
			case err != nil, e.kind == kindOther:
				bad()
			case e.kind == kindEvent:
				c.add(&e)
			default:
				var list struct{ Items []json.RawMessage }
				_ = json.Unmarshal(v, &list)
				for _, item := range list.Items {
					if err := reference(item, &e); err != nil {
						bad()
						continue
					}
					c.add(&e)
				}
			}
		}
	}
	all.Faults = faults[:min(len(faults), evidence.FaultsKept)]
	got := c.requests()
	got.Merge(all)
	return got
}

// valuesOf are the JSON values of a line, and of an array in it.
func valuesOf(line string) (values []json.RawMessage, err error) {
	dec := json.NewDecoder(strings.NewReader(line))
	for {
		var v json.RawMessage
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			return values, nil
		} else if err != nil {
			return nil, err
		}
		if v[0] != '[' {
			values = append(values, v)
			continue
		}
		var in []json.RawMessage
		if err := json.Unmarshal(v, &in); err != nil {
			return nil, err
		}
		values = append(values, in...)
	}
}

// eventOf is an event with a user of its own, so that one cannot pass for another.
func eventOf(user string) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete",`+
		`"requestURI":"/api/v1/pods?limit=500\u0026x=1","verb":"list","user":{"username":%q},"objectRef":{"resource":"pods"},`+
		`"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-03-01T10:00:00.000000Z","stageTimestamp":"2026-03-01T10:00:00.100000Z"}`, user)
}

// hostileLines are what may stand in a log.
func hostileLines() []string {
	e := eventOf
	return []string{
		e("plain"), e("return") + "\r", "", " ", "\r", "  " + e("spaces") + " \t",
		e("twice-1") + e("twice-2"), e("twice-3") + " " + e("twice-4"),
		e("garbage") + "xyz", "xyz", "}", "{", "{}", "[]", "[1]", "null", `"a"`, "1",
		e("cut")[:40], e("cut")[:len(e("cut"))-1], e("tail")[30:],
		strings.Repeat("\x00", 100), "\x00" + e("nul"), e("nul") + "\x00\x00",
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + e("list-1") + `,` + e("list-2") + `]}`,
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}`, `{"kind":"EventList","apiVersion":"audit.k8s.io/v1"}`,
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + e("odd-1") + `],"items":[` + e("odd-2") + `,` + e("odd-3") + `]}`,
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","Items":[` + e("odd-4") + `,` + e("odd-5") + `]}`,
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + e("list-3") + `,{"verb":5}]}`,
		`{"kind":"PodList","apiVersion":"v1","items":[{"kind":"Pod"}]}`,
		`[` + e("array-1") + `,` + e("array-2") + `]`,
		`{"kind":"Event","apiVersion":"v1","metadata":{"name":"core"}}`,
		`{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":7}`,
		strings.Replace(e("body"), `"level":`, `"requestObject":{"verb":"watch","x":"\"}{"},"level":`, 1),
		strings.Replace(e("long"), `"level":`, `"requestObject":"`+strings.Repeat("x", 3000)+`","level":`, 1),
		strings.Repeat("y", 2000),
	}
}

// readAs reads a log as if it were a file, or the standard input.
func readAs(t *testing.T, log []byte, file bool, workers int, size sizes) *evidence.Requests {
	t.Helper()
	path, stdin := "-", io.Reader(bytes.NewReader(log))
	if file {
		path = write(t, "audit.log", string(log))
	}
	got, err := read(t.Context(), []string{path}, Options{Stdin: stdin, Workers: workers}, size)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// bare is what does not depend on how a log was read.
func bare(r *evidence.Requests) *evidence.Requests {
	r.Logs = nil
	for i := range r.Faults {
		r.Faults[i].Log, r.Faults[i].Why = "-", ""
	}
	return r
}

func TestReadDoesNotDependOnPieces(t *testing.T) {
	lines := hostileLines()
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		if seed%3 == 0 {
			b.WriteString("\xef\xbb\xbf")
		}
		b.WriteString(eventOf("first") + "\n")
		for range 30 + rnd.IntN(30) {
			b.WriteString(lines[rnd.IntN(len(lines))] + "\n")
		}
		if seed%2 == 0 {
			b.WriteString(lines[rnd.IntN(len(lines))])
		}
		log := b.String()
		want := naive(log)
		for _, chunk := range []int{1, 2, 3, 5, 7, 16, 63, 64, 200, 1000, 1 << 20} {
			size := sizes{chunk: chunk, ahead: rnd.IntN(40), room: rnd.IntN(40), block: 1 + rnd.IntN(70), line: 4000}
			if !strings.Contains(log, "odd") && rnd.IntN(2) == 0 {
				size.line = 500 // lists in an odd form must be held whole
			}
			workers := 1 + rnd.IntN(4)
			for _, file := range []bool{true, false} {
				got := bare(readAs(t, []byte(log), file, workers, size))
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("seed %d, file %v, %d workers, %+v (-want +got):\n%s", seed, file, workers, size, d)
				}
			}
		}
	}
}

func TestReadCompressed(t *testing.T) {
	log := strings.Join(hostileLines(), "\n")
	want := naive(eventOf("first") + "\n" + log)
	log = eventOf("first") + "\n" + log
	for name, pack := range map[string]func(string) []byte{"gzip": gzipOf, "gzip of two parts": func(s string) []byte {
		return append(gzipOf(s[:len(s)/2]), gzipOf(s[len(s)/2:])...)
	}, "zstd": zstdOf} {
		for _, file := range []bool{true, false} {
			got := readAs(t, pack(log), file, 2, usual)
			if got.Logs[0].Cut != "" {
				t.Errorf("%s: got cut %q, want the whole of it", name, got.Logs[0].Cut)
			}
			if d := cmp.Diff(want, bare(got)); d != "" {
				t.Errorf("%s, file %v (-want +got):\n%s", name, file, d)
			}
		}
	}
}

func gzipOf(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func zstdOf(s string) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll([]byte(s), nil)
}
