package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A node that somebody took over answers the scrape of its kubelet as it likes. What it can make kaudit
// hold has to stay near what it sends.
func TestAnExpositionCostsNotMuchMoreThanItsBytes(t *testing.T) {
	const size = 8 << 20
	fam := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "apiserver_request_total")
	fam = append(fam, bytes.Repeat([]byte{familyMetric<<3 | 2, 0}, size/2)...) // metrics of no bytes
	delimited := append(binary.AppendUvarint(nil, uint64(len(fam))), fam...)

	var text bytes.Buffer
	text.WriteString("# TYPE apiserver_request_total counter\n")
	for text.Len() < size {
		text.WriteString("apiserver_request_total 1\n")
	}
	for name, tc := range map[string]struct {
		contentType string
		body        []byte
	}{
		"protobuf": {protobufType, delimited},
		"text":     {"text/plain", text.Bytes()},
	} {
		t.Run(name, func(t *testing.T) {
			var most uint64
			runtime.GC()
			before := inUse()
			watched := &watcher{r: bytes.NewReader(tc.body), read: func() { most = max(most, inUse()) }}
			s, err := ParseMetrics(watched, tc.contentType, Families("kube-apiserver"))
			most = max(most, inUse())
			if err != nil || len(s.Families["apiserver_request_total"].Series) != 1 {
				t.Fatalf("got %+v, %v, want one series", s, err)
			}
			if grown := int64(most) - int64(before); grown > 12*size { //nolint:gosec // far from the bounds
				t.Errorf("got %d MiB held for %d MiB of metrics, want less than 12 times as much", grown>>20, size>>20)
			}
		})
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type watcher struct {
	r    *bytes.Reader
	read func()
	n    int
}

func (w *watcher) Read(p []byte) (int, error) {
	if w.n++; w.n%16 == 0 {
		w.read()
	}
	return w.r.Read(p)
}

func TestAHugeMetricIsRefused(t *testing.T) {
	fam := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "apiserver_request_total")
	fam = protowire.AppendBytes(protowire.AppendTag(fam, familyMetric, protowire.BytesType), bytes.Repeat([]byte{0x0a, 0}, maxLineBytes))
	body := append(binary.AppendUvarint(nil, uint64(len(fam))), fam...)
	_, err := ParseMetrics(bytes.NewReader(body), protobufType, Families("kube-apiserver"))
	if err == nil || !strings.Contains(err.Error(), "family apiserver_request_total: a metric of 2097152 bytes, more than 1048576") {
		t.Errorf("got %v, want it refused for its size", err)
	}
}

// A family that is read in parts must come out as if it had been read at once.
func TestALargeFamilyOfTextIsReadInParts(t *testing.T) {
	const series = 4000
	var text strings.Builder
	text.WriteString("# TYPE etcd_request_duration_seconds histogram\n")
	for i := range series {
		labels := fmt.Sprintf(`operation="get",type="/registry/%s/%d"`, strings.Repeat("x", 200), i)
		_, _ = fmt.Fprintf(&text, "etcd_request_duration_seconds_bucket{%s,le=\"0.1\"} 1\netcd_request_duration_seconds_bucket{%s,le=\"+Inf\"} 2\n", labels, labels)
		_, _ = fmt.Fprintf(&text, "etcd_request_duration_seconds_sum{%s} 3\netcd_request_duration_seconds_count{%s} 2\n", labels, labels)
	}
	text.WriteString("# TYPE etcd_requests_total counter\n")
	for range 2 * series {
		_, _ = fmt.Fprintf(&text, "etcd_requests_total{operation=\"get\",type=%q} 1\n", strings.Repeat("y", 300))
	}
	if text.Len() < 3*maxLineBytes {
		t.Fatalf("got %d bytes, want several parts", text.Len())
	}
	s, err := ParseMetrics(strings.NewReader(text.String()), "text/plain", Families("kube-apiserver"))
	if err != nil {
		t.Fatal(err)
	}
	h, ok := s.Hist("etcd_request_duration_seconds", Is("operation", "get"))
	if !ok || h.Count != 2*series || h.Sum != 3*series || len(h.Buckets) != 1 || h.Buckets[0].Count != series {
		t.Errorf("got %+v, want %d observations of %d series", h, 2*series, series)
	}
	if n, _ := s.Sum("etcd_requests_total"); n != 2*series {
		t.Errorf("got %v requests, want %d", n, 2*series)
	}
}
