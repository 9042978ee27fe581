package evidence

import (
	"fmt"
	"math"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// A folder sums the series of the families that are kept over the labels that are not.
type folder struct {
	keep  Keep
	out   map[string]*folded
	start float64
	any   bool
}

type folded struct {
	name   string
	keep   KeepFamily
	kept   bool // false: only looked at, for the start of the process
	typ    string
	id     []byte
	any    bool // a metric of it was there
	series map[string]*Series
	order  []*Series
	bad    bool // series of different buckets: their sum would be a lie
}

func (f *folder) wants(name string) bool {
	_, ok := f.keep[name]
	return ok || name == startFamily
}

// family is where the metrics of a family go; nil if they are not kept.
func (f *folder) family(name string, t dto.MetricType) *folded {
	k, ok := f.keep[name]
	typ, known := typeNames[t]
	if !known || (!ok && name != startFamily) {
		return nil
	}
	to := f.out[name]
	if to == nil {
		to = &folded{name: name, keep: k, kept: ok, typ: typ, series: map[string]*Series{}}
		f.out[name] = to
	}
	return to
}

// add adds one series to a family.
func (f *folder) add(to *folded, m *dto.Metric) error {
	if to == nil {
		return nil
	}
	to.any = true
	if to.name == startFamily {
		if v := m.GetGauge().GetValue(); finite(v) {
			f.start = v
		}
	}
	k := to.keep
	if !to.kept || !k.admits(m.GetLabel()) {
		return nil
	}
	to.id = to.id[:0]
	for _, l := range k.Labels {
		to.id = append(append(to.id, k.value(m.GetLabel(), l)...), 0)
	}
	s := to.series[string(to.id)]
	if s == nil {
		if len(to.order) == maxSeries {
			return fmt.Errorf("more than %d series", maxSeries)
		}
		s = &Series{Labels: k.labels(m.GetLabel())}
		to.series[string(to.id)] = s
		to.order = append(to.order, s)
	}
	to.plus(s, m)
	return nil
}

// Summaries carry quantiles that cannot be summed or subtracted, untyped samples do not say what they
// are, gauge histograms are not cumulative: no check reads any of them.
var typeNames = map[dto.MetricType]string{dto.MetricType_COUNTER: "counter", dto.MetricType_GAUGE: "gauge", dto.MetricType_HISTOGRAM: "histogram"}

func (to *folded) plus(s *Series, m *dto.Metric) {
	switch to.typ {
	case "counter":
		s.Value += m.GetCounter().GetValue()
	case "gauge":
		s.Value += m.GetGauge().GetValue()
	default:
		h := histogramOf(m.GetHistogram())
		if s.Histogram == nil {
			s.Histogram = &h
			return
		}
		sum, ok := s.Histogram.combine(h, 1)
		if !ok {
			to.bad = true
			return
		}
		s.Histogram = &sum
	}
}

func histogramOf(d *dto.Histogram) Histogram {
	h := Histogram{Count: float64(d.GetSampleCount()), Sum: d.GetSampleSum()}
	h.Buckets = make([]Bucket, 0, len(d.GetBucket()))
	for _, b := range d.GetBucket() {
		if finite(b.GetUpperBound()) {
			h.Buckets = append(h.Buckets, Bucket{b.GetUpperBound(), float64(b.GetCumulativeCount())})
		}
	}
	slices.SortStableFunc(h.Buckets, func(a, b Bucket) int {
		if a.LE < b.LE {
			return -1
		}
		if a.LE > b.LE {
			return 1
		}
		return 0
	})
	return h
}

// families drops what is no number: JSON has none for it, and no comparison with it means anything.
func (f *folder) families() map[string]*Family {
	out := map[string]*Family{}
	for name, to := range f.out {
		if to.bad || !to.kept || !to.any {
			continue
		}
		fam := &Family{Type: to.typ, Series: []Series{}}
		for _, s := range to.order {
			if finite(s.Value) && (s.Histogram == nil || finite(s.Histogram.Sum)) {
				fam.Series = append(fam.Series, *s)
			}
		}
		if len(fam.Series) > 0 || len(to.order) == 0 {
			out[name] = fam
		}
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
