package evidence

import (
	"maps"
	"slices"
	"time"
)

// Scrapes are one or two scrapes of one process, reduced to the families that checks read.
type Scrapes struct {
	First  Scrape  `json:"first"`
	Second *Scrape `json:"second,omitempty"`
	// NoSecond says why there is no second scrape, where one was wanted.
	NoSecond string `json:"noSecond,omitempty"`
}

// Scrape is one reading of a process's /metrics.
type Scrape struct {
	At       time.Time          `json:"at"`
	Start    float64            `json:"start"` // process_start_time_seconds; 0: not told. Tells instances apart
	Families map[string]*Family `json:"families"`
}

// Family is one metric family. Series are summed over the labels that no check reads.
type Family struct {
	Type   string   `json:"type"` // counter, gauge, histogram
	Series []Series `json:"series"`
}

// Series is one time series of a family.
type Series struct {
	Labels    map[string]string `json:"labels,omitempty"`
	Value     float64           `json:"value,omitempty"`     // counter, gauge
	Histogram *Histogram        `json:"histogram,omitempty"` // histogram
}

// Latest is the newest scrape.
func (s Scrapes) Latest() *Scrape {
	if s.Second != nil {
		return s.Second
	}
	return &s.First
}

// Delta returns what changed between the two scrapes: counters and histograms subtracted, gauges
// as in the second. Its At is the second's. A reason is given instead where there is no delta:
// no second scrape, or the process restarted in between.
func (s Scrapes) Delta() (d *Scrape, over time.Duration, why string) {
	if s.Second == nil {
		if s.NoSecond != "" {
			return nil, 0, s.NoSecond
		}
		return nil, 0, "there was one scrape only: no rate can be told"
	}
	if s.First.Start != s.Second.Start {
		return nil, 0, "the process restarted between the two scrapes"
	}
	d = &Scrape{At: s.Second.At, Start: s.Second.Start, Families: map[string]*Family{}}
	for name, f2 := range s.Second.Families {
		f, ok := minus(f2, s.First.Families[name])
		if !ok {
			return nil, 0, name + " went backwards between the two scrapes"
		}
		d.Families[name] = f
	}
	return d, s.Second.At.Sub(s.First.At), ""
}

func minus(f2, f1 *Family) (*Family, bool) {
	if f2.Type == "gauge" || f1 == nil {
		return f2, true
	}
	before := map[string]Series{}
	for _, s := range f1.Series {
		before[key(s.Labels)] = s
	}
	out := &Family{Type: f2.Type}
	for _, s := range f2.Series {
		p, ok := before[key(s.Labels)]
		if ok {
			if s.Histogram != nil && p.Histogram != nil {
				h, ok := s.Histogram.Minus(*p.Histogram)
				if !ok {
					return nil, false
				}
				s.Histogram = &h
			} else if s.Value -= p.Value; s.Value < 0 {
				return nil, false
			}
		}
		out.Series = append(out.Series, s)
	}
	return out, true
}

// key identifies a label set.
func key(labels map[string]string) string {
	var b []byte
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b = append(append(append(append(b, k...), 0), labels[k]...), 1)
	}
	return string(b)
}

// A Match selects series by their labels.
type Match func(labels map[string]string) bool

// Is matches series whose label has one of the values.
func Is(label string, values ...string) Match {
	return func(l map[string]string) bool { return slices.Contains(values, l[label]) }
}

// Not matches series whose label has none of the values.
func Not(label string, values ...string) Match {
	return func(l map[string]string) bool { return !slices.Contains(values, l[label]) }
}

// Has reports whether the scrape has the family. A family that a server never filled is absent
// too, as is a hidden or renamed one: absence is unknown, never zero, unless a sibling of the
// same vintage is there.
func (s *Scrape) Has(family string) bool { return s.Families[family] != nil }

func (s *Scrape) each(family string, match []Match, do func(Series)) bool {
	f := s.Families[family]
	if f == nil {
		return false
	}
next:
	for _, se := range f.Series {
		for _, m := range match {
			if !m(se.Labels) {
				continue next
			}
		}
		do(se)
	}
	return true
}

// Sum adds up the matching series of a counter or gauge; false if the family is absent.
func (s *Scrape) Sum(family string, match ...Match) (float64, bool) {
	var sum float64
	ok := s.each(family, match, func(se Series) { sum += se.Value })
	return sum, ok
}

// Max is the largest matching series; false if no series matches.
func (s *Scrape) Max(family string, match ...Match) (v float64, ok bool) {
	s.each(family, match, func(se Series) {
		if !ok || se.Value > v {
			v, ok = se.Value, true
		}
	})
	return v, ok
}

// By adds up the matching series by the value of a label; nil if the family is absent.
func (s *Scrape) By(family, label string, match ...Match) map[string]float64 {
	m := map[string]float64{}
	if !s.each(family, match, func(se Series) { m[se.Labels[label]] += se.Value }) {
		return nil
	}
	return m
}

// Hist merges the matching series of a histogram; false if the family is absent or none matches.
func (s *Scrape) Hist(family string, match ...Match) (Histogram, bool) {
	var h Histogram
	found := false
	s.each(family, match, func(se Series) {
		if se.Histogram != nil {
			h, found = h.Plus(*se.Histogram), true
		}
	})
	return h, found
}

// HistBy merges histograms by the value of a label.
func (s *Scrape) HistBy(family, label string, match ...Match) map[string]Histogram {
	m := map[string]Histogram{}
	s.each(family, match, func(se Series) {
		if se.Histogram != nil {
			m[se.Labels[label]] = m[se.Labels[label]].Plus(*se.Histogram)
		}
	})
	return m
}

// Age is how long the process had run at the scrape; 0 if it does not tell its start.
func (s *Scrape) Age() time.Duration {
	if s.Start == 0 {
		return 0
	}
	return s.At.Sub(time.Unix(0, int64(s.Start*1e9)))
}
