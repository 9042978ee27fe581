package evidence

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"
)

const small = `# HELP process_start_time_seconds Start time.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79544327522e+09
# HELP requests_total With a help text that says requests_total{code="500"} 7.
# TYPE requests_total counter
requests_total{code="200",resource="pods",verb="GET"} 3
requests_total{code="200",resource="nodes",verb="GET"} 4
requests_total{code="200",resource="",verb="GET"} 5
requests_total{code="429",resource="events",verb="POST"} 1
requests_total{code="200",resource="pods",verb="CONNECT"} 100
# TYPE wait_seconds histogram
wait_seconds_bucket{level="a",flow="x",le="0.1"} 1
wait_seconds_bucket{level="a",flow="x",le="1"} 2
wait_seconds_bucket{level="a",flow="x",le="+Inf"} 3
wait_seconds_sum{level="a",flow="x"} 5.5
wait_seconds_count{level="a",flow="x"} 3
wait_seconds_bucket{level="a",flow="y",le="0.1"} 10
wait_seconds_bucket{level="a",flow="y",le="1"} 10
wait_seconds_bucket{level="a",flow="y",le="+Inf"} 10
wait_seconds_sum{level="a",flow="y"} 0.5
wait_seconds_count{level="a",flow="y"} 10
# TYPE wait_seconds_other gauge
wait_seconds_other 1
# TYPE odd gauge
odd{a="1"} NaN
odd{a="2"} +Inf
odd{a="3"} 0
# TYPE all_odd gauge
all_odd NaN
# TYPE quantiles summary
quantiles{quantile="0.5"} 1
quantiles_sum 2
quantiles_count 3
# TYPE dropped counter
dropped{secret="x"} 1
`

var smallKeep = Keep{
	"requests_total": {
		Labels: []string{"code", "resource"},
		Except: map[string][]string{"verb": {"CONNECT"}},
		Fold:   map[string][]string{"resource": {"events"}},
	},
	"wait_seconds": {Labels: []string{"level"}},
	"odd":          {Labels: []string{"a"}},
	"all_odd":      {},
	"quantiles":    {},
	"absent":       {},
}

func TestParseMetrics(t *testing.T) {
	want := Scrape{Start: 1.79544327522e+09, Families: map[string]*Family{
		"requests_total": {Type: "counter", Series: []Series{
			{Labels: map[string]string{"code": "200", "resource": "other"}, Value: 7},
			{Labels: map[string]string{"code": "200"}, Value: 5},
			{Labels: map[string]string{"code": "429", "resource": "events"}, Value: 1},
		}},
		"wait_seconds": {Type: "histogram", Series: []Series{{
			Labels:    map[string]string{"level": "a"},
			Histogram: &Histogram{Buckets: []Bucket{{0.1, 11}, {1, 12}}, Count: 13, Sum: 6},
		}}},
		"odd": {Type: "gauge", Series: []Series{{Labels: map[string]string{"a": "3"}}}},
	}}
	for _, tt := range []struct {
		name, contentType string
		body              []byte
	}{
		{"text", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", []byte(small)},
		{"no content type", "", []byte(small)},
		{"protobuf", protobufType, toProtobuf(t, []byte(small))},
		{"windows lines", "text/plain", []byte(strings.ReplaceAll(small, "\n", "\n\n"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseMetrics(bytes.NewReader(tt.body), tt.contentType, smallKeep)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range got.Families {
				sortSeries(f)
			}
			for _, f := range want.Families {
				sortSeries(f)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func sortSeries(f *Family) {
	slices.SortFunc(f.Series, func(a, b Series) int { return strings.Compare(key(a.Labels), key(b.Labels)) })
}

// toProtobuf turns an exposition in text into delimited protobuf.
func toProtobuf(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	dec := expfmt.NewDecoder(bytes.NewReader(text), expfmt.NewFormat(expfmt.TypeTextPlain))
	for {
		var fam dto.MetricFamily
		err := dec.Decode(&fam)
		if errors.Is(err, io.EOF) {
			return out.Bytes()
		}
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := protodelim.MarshalTo(&out, &fam); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestParseMetricsRefuses(t *testing.T) {
	pb := toProtobuf(t, []byte(small))
	for _, tt := range []struct {
		name, contentType string
		body              []byte
		want              string
	}{
		{"empty text", "text/plain", nil, "no metrics in it"},
		{"empty protobuf", protobufType, nil, "no metrics in it"},
		{"comments only", "text/plain", []byte("# nothing here\n\n"), "no metrics in it"},
		{"an HTML page", "text/plain", []byte("<html><body>login</body></html>\n"), `line 1: "<html><body>login</body></html>" is no metric`},
		{"a status text", "text/plain", []byte("404 page not found\n"), `line 1: "404 page not found" is no metric`},
		{"a word", "text/plain", []byte("Unauthorized\n"), "is no metric"},
		{"a sentence", "text/plain", []byte("no healthy upstream\n"), "ends in no number"},
		{"JSON", "application/json", []byte(`{"kind":"Status"}`), "application/json is no exposition"},
		{"a content type that is none", "text/", []byte(small), "content type"},
		{"protobuf of another encoding", "application/vnd.google.protobuf; encoding=text", pb, `encoding "text"`},
		{"cut in a line", "text/plain", []byte(small[:len(small)-5]), "cut off in the middle of line"},
		{"cut in a line that is not kept", "text/plain", []byte("# TYPE a counter\na 1\nb"), "cut off in the middle of line 3"},
		{"cut in a family", protobufType, pb[:len(pb)-5], "cut off in the middle of a family"},
		{"cut in a length", protobufType, append(slices.Clone(pb), 0xff), "cut off in the middle of a family"},
		{"a length that lies", protobufType, []byte{0xff, 0xff, 0xff, 0x0f, 1}, "cut off in the middle of a family"},
		{"a length beyond all bounds", protobufType, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1}, "more than"},
		{"text that claims to be protobuf", protobufType, []byte(small), "malformed family"},
		{"a family without a name", protobufType, []byte{2, 0x18, 1}, "a family without a name"},
		{"a broken value", "text/plain", []byte("# TYPE odd gauge\nodd{a=\"1\" 1\n"), "text format parsing error"},
		{"a line without end", "text/plain", append([]byte("a "), bytes.Repeat([]byte("1"), maxLineBytes)...), "longer than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseMetrics(bytes.NewReader(tt.body), tt.contentType, smallKeep)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if got.Families != nil || got.Start != 0 {
				t.Errorf("got %+v beside the error, want nothing", got)
			}
		})
	}
}

// A sum over series of different buckets would be a lie: unknown is the truth.
func TestParseMetricsUnequalBuckets(t *testing.T) {
	const body = `# TYPE h histogram
h_bucket{a="1",le="1"} 1
h_bucket{a="1",le="+Inf"} 1
h_sum{a="1"} 1
h_count{a="1"} 1
h_bucket{a="2",le="2"} 1
h_bucket{a="2",le="+Inf"} 1
h_sum{a="2"} 1
h_count{a="2"} 1
`
	s, err := ParseMetrics(strings.NewReader(body), "", Keep{"h": {}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Has("h") {
		t.Errorf("got %+v, want no family", s.Families["h"])
	}
}

// The two formats of the same exposition say the same, and what is kept of it stays small.
func TestParseMetricsRecorded(t *testing.T) {
	for _, tt := range []struct {
		component string
		maxSeries int
	}{
		{"kube-apiserver", 1600}, {"kube-controller-manager", 60}, {"kube-scheduler", 80}, {"kubelet", 60}, {"etcd", 80},
	} {
		t.Run(tt.component, func(t *testing.T) {
			pb := recorded(t, "metrics/"+tt.component+".pb.gz")
			fromPB, err := ParseMetrics(bytes.NewReader(pb), protobufType, Families(tt.component))
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			for _, fam := range familiesOf(t, pb) {
				if _, err := expfmt.MetricFamilyToText(&text, fam); err != nil {
					t.Fatal(err)
				}
			}
			fromText, err := ParseMetrics(&text, "text/plain", Families(tt.component))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, s := range []Scrape{fromPB, fromText} {
				for _, f := range s.Families {
					sortSeries(f)
					n += len(f.Series)
				}
			}
			equal := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*math.Abs(a) }) // sums in another order
			if d := cmp.Diff(fromPB, fromText, equal); d != "" {
				t.Errorf("protobuf and text differ (-protobuf +text)\n%s", d)
			}
			if n /= 2; n > tt.maxSeries {
				t.Errorf("got %d series, want at most %d", n, tt.maxSeries)
			}
			if fromPB.Start < 1.7e9 {
				t.Errorf("got start %v, want the time the process started", fromPB.Start)
			}
		})
	}
}

func BenchmarkParseMetrics(b *testing.B) {
	for _, bb := range []struct{ name, file, contentType string }{
		{"protobuf", "metrics/kube-apiserver.pb.gz", protobufType},
		{"text", "metrics/kube-apiserver.txt.gz", "text/plain"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			data, keep := recorded(b, bb.file), Families("kube-apiserver")
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMetrics(bytes.NewReader(data), bb.contentType, keep); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
