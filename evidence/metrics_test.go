package evidence

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func counter(v float64, labels ...string) *Family {
	return &Family{Type: "counter", Series: []Series{{Labels: pairs(labels), Value: v}}}
}

func pairs(labels []string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		m[labels[i]] = labels[i+1]
	}
	return m
}

func TestDelta(t *testing.T) {
	at := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	scrape := func(after time.Duration, start float64, fams map[string]*Family) Scrape {
		return Scrape{At: at.Add(after), Start: start, Families: fams}
	}
	h1, h2 := hist(10, 1, 5), hist(12, 1, 6)
	first := scrape(0, 7, map[string]*Family{
		"c": counter(5, "a", "1"), "g": {Type: "gauge", Series: []Series{{Value: 9}}}, "h": {Type: "histogram", Series: []Series{{Histogram: &h1}}}, "gone": counter(1),
	})
	for _, tt := range []struct {
		name   string
		s      Scrapes
		want   map[string]*Family
		reason string
	}{
		{"one scrape", Scrapes{First: first}, nil, "there was one scrape only: no rate can be told"},
		{"one scrape, for a reason", Scrapes{First: first, NoSecond: "the second timed out"}, nil, "the second timed out"},
		{"restart", Scrapes{First: first, Second: new(scrape(time.Second, 8, nil))}, nil, "the process restarted between the two scrapes"},
		{"backwards", Scrapes{First: first, Second: new(scrape(time.Second, 7, map[string]*Family{"c": counter(4, "a", "1")}))}, nil, "c went backwards between the two scrapes"},
		{
			"a histogram backwards",
			Scrapes{First: first, Second: new(scrape(time.Second, 7, map[string]*Family{"h": {Type: "histogram", Series: []Series{{Histogram: new(hist(11, 1, 4))}}}}))},
			nil, "h went backwards between the two scrapes",
		},
		{"what changed", Scrapes{First: first, Second: new(scrape(10*time.Second, 7, map[string]*Family{
			"c":   {Type: "counter", Series: []Series{{Labels: pairs([]string{"a", "1"}), Value: 8}, {Labels: pairs([]string{"a", "2"}), Value: 2}}},
			"g":   {Type: "gauge", Series: []Series{{Value: 4}}},
			"h":   {Type: "histogram", Series: []Series{{Histogram: &h2}}},
			"new": counter(6),
		}))}, map[string]*Family{
			"c":   {Type: "counter", Series: []Series{{Labels: pairs([]string{"a", "1"}), Value: 3}, {Labels: pairs([]string{"a", "2"}), Value: 2}}},
			"g":   {Type: "gauge", Series: []Series{{Value: 4}}},
			"h":   {Type: "histogram", Series: []Series{{Histogram: new(hist(2, 1, 1))}}},
			"new": counter(6),
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, over, why := tt.s.Delta()
			if why != tt.reason {
				t.Fatalf("got reason %q, want %q", why, tt.reason)
			}
			if tt.want == nil {
				if d != nil {
					t.Errorf("got %+v, want none", d)
				}
				return
			}
			if diff := cmp.Diff(tt.want, d.Families); diff != "" || over != 10*time.Second {
				t.Errorf("over %v (-want +got)\n%s", over, diff)
			}
		})
	}
	if got := first.Families["h"].Series[0].Histogram.Count; got != 10 {
		t.Errorf("got %v in the first scrape, want it unchanged", got)
	}
}

func TestScrapeQuestions(t *testing.T) {
	s := &Scrape{At: time.Unix(100, 0), Start: 40, Families: map[string]*Family{
		"r": {Type: "counter", Series: []Series{
			{Labels: pairs([]string{"verb", "GET", "code", "200"}), Value: 3},
			{Labels: pairs([]string{"verb", "GET", "code", "429"}), Value: 1},
			{Labels: pairs([]string{"verb", "CONNECT"}), Value: 10},
		}},
		"h": {Type: "histogram", Series: []Series{
			{Labels: pairs([]string{"l", "a"}), Histogram: new(hist(1, 1, 1))}, {Labels: pairs([]string{"l", "a"}), Histogram: new(hist(2, 1, 0))},
		}},
	}}
	if got, ok := s.Sum("r", Not("verb", "CONNECT")); got != 4 || !ok {
		t.Errorf("Sum: got %v, %v, want 4", got, ok)
	}
	if got, ok := s.Sum("r", Is("code", "500")); got != 0 || !ok {
		t.Errorf("Sum of none: got %v, %v, want 0 of a family that is there", got, ok)
	}
	if _, ok := s.Sum("absent"); ok {
		t.Error("Sum: got a sum of an absent family")
	}
	if got, ok := s.Max("r"); got != 10 || !ok {
		t.Errorf("Max: got %v, %v, want 10", got, ok)
	}
	if _, ok := s.Max("r", Is("verb", "PUT")); ok {
		t.Error("Max: got one of no series")
	}
	if d := cmp.Diff(map[string]float64{"GET": 4, "CONNECT": 10}, s.By("r", "verb")); d != "" {
		t.Errorf("By (-want +got)\n%s", d)
	}
	if got := s.By("absent", "verb"); got != nil {
		t.Errorf("By: got %v of an absent family, want nil", got)
	}
	if got, ok := s.Hist("h"); !ok || got.Count != 3 {
		t.Errorf("Hist: got %+v, %v, want 3 observations", got, ok)
	}
	if got := s.HistBy("h", "l")["a"]; got.Count != 3 {
		t.Errorf("HistBy: got %+v, want 3 observations", got)
	}
	if _, ok := s.Hist("h", Is("l", "b")); ok {
		t.Error("Hist: got one of no series")
	}
	if got := s.Age(); got != time.Minute {
		t.Errorf("Age: got %v, want 1m", got)
	}
	if got := (&Scrape{At: time.Unix(1, 0)}).Age(); got != 0 {
		t.Errorf("Age without a start: got %v, want 0", got)
	}
	if got := (Scrapes{First: *s, Second: &Scrape{Start: 41}}).Latest().Start; got != 41 {
		t.Errorf("Latest: got %v, want the second", got)
	}
}
