package evidence

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sampleSnapshot(t *testing.T) *Snapshot {
	t.Helper()
	at := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	src := Source{Via: "apiserver", From: "127.0.0.1:6443", Ask: "GET /metrics", At: at}
	scrape, err := ParseMetrics(bytes.NewReader(recorded(t, "metrics/kube-apiserver.pb.gz")), protobufType, Families("kube-apiserver"))
	if err != nil {
		t.Fatal(err)
	}
	scrape.At = at
	flags, err := ParseFlagz(bytes.NewReader(recorded(t, "flagz/kube-apiserver-1.37.2.json")), src)
	if err != nil {
		t.Fatal(err)
	}
	return &Snapshot{
		Schema: Schema, Kaudit: "v0.1.0", Taken: at, Took: time.Second, Cluster: Cluster{Name: "<prod> & co"},
		Version:          See("cluster", Version{Git: "v1.37.2", Major: 1, Minor: 37}, src),
		Nodes:            Miss[Nodes]("cluster", Gap{Why: Forbidden, Note: "403"}, src),
		APIServerFlags:   Instances[Flags]{See("kube-apiserver/cp1", flags, src)},
		APIServerMetrics: Instances[Scrapes]{See("kube-apiserver/cp1", Scrapes{First: scrape, NoSecond: "not wanted"}, src)},
		PriorityLevels:   See("cluster", []Level{{Name: "system", BorrowingPercent: new(int32(0))}}, src),
	}
}

func TestSaveAndLoad(t *testing.T) {
	s := sampleSnapshot(t)
	var plain bytes.Buffer
	if err := Save(&plain, s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plain.String(), `"name": "<prod> & co"`) {
		t.Error("got escaped text, want it as it is")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"plain": plain.Bytes(), "gzip": packed.Bytes()} {
		got, err := Load(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(s, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
	// A file that was cut off is told as one, wherever the cut.
	for _, at := range []int{plain.Len() / 3, plain.Len() - 3} {
		if _, err := Load(bytes.NewReader(plain.Bytes()[:at])); err == nil || !strings.HasPrefix(err.Error(), "ends in the middle, at byte ") {
			t.Errorf("cut at %d: got %v, want that it ends in the middle", at, err)
		}
	}
	if _, err := Load(bytes.NewReader(packed.Bytes()[:packed.Len()/2])); err == nil || !strings.HasPrefix(err.Error(), "ends in the middle, at byte ") {
		t.Errorf("cut gzip: got %v, want that it ends in the middle", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "is empty"},
		{"blank", " \n", "is empty"},
		{"newer", `{"schema":7,"kaudit":"v0.9.0","kube.version":[1]}`, "was written by kaudit v0.9.0 with schema 7; this kaudit reads up to schema 1: upgrade kaudit"},
		{"newer, of a writer with control characters", `{"schema":7,"kaudit":"\u001b[31m"}`, "was written by another kaudit with schema 7; this kaudit reads up to schema 1: upgrade kaudit"},
		{"YAML", "schema: 1\n", "is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one"},
		{"another JSON", `{"kind":"Pod"}`, "is JSON, but no kaudit snapshot: it has no schema number; kaudit collect -o FILE writes one"},
		{"a list", `[]`, "is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one"},
		{"schema that is no number", `{"schema":"x"}`, "is JSON, but no kaudit snapshot: it has no schema number; kaudit collect -o FILE writes one"},
		{"schema 0", `{"schema":0}`, "is JSON, but no kaudit snapshot: it has no schema number; kaudit collect -o FILE writes one"},
		{"cut off", `{"schema":1,"taken":"2026`, "ends in the middle, at byte 25: copy it again"},
		{"something behind", `{"schema":1}` + "\n{}", "has something after the end of the snapshot, at byte 12"},
		{"malformed", `{"schema":1,,}`, "is no kaudit snapshot: malformed JSON after byte 12"},
		{"a time that is none", `{"schema":1,"taken":"x"}`, `is a damaged kaudit snapshot: taken: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`},
		{"zeros behind", `{"schema":1}` + "\x00\x00", "has something after the end of the snapshot, at byte 12"},
		{"half a gzip header", "\x1f\x8b", "is no whole gzip file: unexpected EOF"},
		{"a field of another type", `{"schema":1,"kube.version":[]}`, "is a damaged kaudit snapshot: kube.version: json: cannot unmarshal array into Go value of type evidence.Observed[github.com/kaudit/kaudit/evidence.Version]"},
	} {
		if _, err := Load(strings.NewReader(tt.data)); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestLoadTolerates(t *testing.T) {
	const data = `{"schema":1,"future":{"a":1},"kube.version":{"of":"cluster","value":null,"gap":null},
"etcd.flags":[{"of":"etcd/a","value":null,"gap":null},{"of":"etcd/b","value":{"component":"etcd","values":null,"read":[{}],"from":["flagz","command line"]}},null],
"etcd.metrics":[{"of":"etcd/a","value":{"first":{"families":{"x":null,"y":{"type":"counter","series":null}}},"second":{"families":{"x":null}}}}]}`
	s, err := Load(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.EtcdFlags); got != 1 {
		t.Errorf("got %d instances, want those without value and gap left out", got)
	}
	for _, k := range Kinds() {
		s.Records(k)
	}
	if got := s.EtcdFlags[0].Value.Setting("name"); got.Known() {
		t.Errorf("got %v, want nothing: a whole flagz lacks it", got)
	}
	sc := s.EtcdMetrics[0].Value
	if sc.First.Has("x") || !sc.First.Has("y") {
		t.Errorf("got %v, want y only", sc.First.Families)
	}
	if _, _, why := sc.Delta(); why != "" {
		t.Errorf("got %q, want a delta of nothing", why)
	}
}

// endless is a file that has no end, and counts what was read of it.
type endless struct {
	start string
	fill  byte
	read  int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.fill
	}
	if e.read < len(e.start) {
		copy(p, e.start[e.read:])
	}
	e.read += len(p)
	return len(p), nil
}

func TestLoadStopsEarly(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 32<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := &endless{start: bomb.String()}
	for name, tc := range map[string]struct {
		file *endless
		most int
		want string
	}{
		"zeros":                {&endless{}, 64 << 10, "is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one"},
		"noise":                {&endless{start: "\xd1\x07{", fill: 0xd1}, 64 << 10, "is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one"},
		"a gzip bomb of zeros": {packed, 64 << 10, "is no kaudit snapshot: not a JSON object; kaudit collect -o FILE writes one"},
		"blanks":               {&endless{fill: ' '}, 1 << 20, "is no kaudit snapshot: it begins with white space and nothing else"},
		"zeros after a brace":  {&endless{start: "{"}, 1 << 20, "is no kaudit snapshot: malformed JSON after byte 1"},
		"a snapshot, and then": {&endless{start: `{"schema":1}`}, 1 << 20, "has something after the end of the snapshot, at byte 12"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Load(tc.file); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if tc.file.read > tc.most {
				t.Errorf("got %d bytes read, want at most %d", tc.file.read, tc.most)
			}
		})
	}
	// What goes on as a snapshot may ends at the limit, in memory that does not grow.
	if _, err := Load(&endless{start: "{", fill: ' '}); err == nil || err.Error() != "is larger than 256 MiB" {
		t.Errorf("got %v, want that it is larger than 256 MiB", err)
	}
}
