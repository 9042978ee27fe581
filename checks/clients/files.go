package clients

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// The rate that Kubernetes' own scale tests give kube-controller-manager and kube-scheduler.
const goodQPS, goodBurst = "100", "200"

// flagMends are the settings that put a rate of flags right: the default where somebody went below it, a burst
// that fits, and more of both where many workers share it.
func flagMends(of string, f evidence.Flags, r rate, byDefault float64, workers bool) []checks.Change {
	const qps, burst = "kube-api-qps", "kube-api-burst"
	low := r.qps > 0 && r.qps < byDefault
	small := r.burst > 0 && float64(r.burst) < r.qps
	switch {
	case workers:
		return []checks.Change{{Subject: of, Name: qps, Value: goodQPS}, {Subject: of, Name: burst, Value: goodBurst}}
	case low && f.Has(burst) && float64(r.burst) < byDefault:
		return []checks.Change{{Subject: of, Name: qps, Remove: true}, {Subject: of, Name: burst, Remove: true}}
	case low:
		return []checks.Change{{Subject: of, Name: qps, Remove: true}}
	case small:
		return []checks.Change{{Subject: of, Name: burst, Value: twice(r.qps)}}
	}
	return nil
}

func twice(qps float64) string { return strconv.FormatInt(int64(2*qps+0.5), 10) }

// change makes settings the fix of a finding.
func change(v checks.Verdict, cs []checks.Change) checks.Verdict {
	var fix []string
	for _, c := range cs {
		line := c.Name + ": " + c.Value
		switch field := strings.ContainsAny(c.Name, ".ABCDEFGHIJKLMNOPQRSTUVWXYZ"); {
		case c.Remove && field:
			line = "remove " + c.Name
		case c.Remove:
			line = "remove --" + c.Name
		case !field:
			line = "--" + c.Name + "=" + c.Value
		}
		fix = append(fix, line)
		if c.Remove {
			v = v.Unsetting(c.Subject, c.Name)
		} else {
			v = v.Setting(c.Subject, c.Name, c.Value)
		}
	}
	if len(fix) > 0 {
		v = v.WithFix(strings.Join(fix, "\n"))
	}
	return v
}

// kubeletsInFiles has a verdict for each configuration of kubelets: pools of nodes may differ on purpose, and how many
// kubelets run from a file it does not tell.
func kubeletsInFiles(s *evidence.Snapshot, p qpsParams) []checks.Verdict {
	var vs []checks.Verdict
	for o := range s.KubeletConfigs.Seen() {
		d := s.DocumentOf("kubelet", o.Of, o.Source)
		k := sampled{of: o.Of, config: *o.Value, source: o.Source}
		if v, ok := evidence.ParseSemver(d.Version); ok {
			k.minor = v.Minor
		} else if s.Version.Seen() {
			k.minor = s.Version.Value.Minor
		}
		k.shape = k.describe()
		if d.Part == "" {
			k.config = k.filled(d)
			k.shape = strings.ReplaceAll(k.describe(), "unknown", "default") // what is not set
		}
		var at []string
		k.remarks, at = k.judgeFile(s, d, p)
		subject := checks.About(o.Of, o.Source)
		if v, ok := untoldRate(subject, d); ok && len(k.remarks) == 0 {
			vs = append(vs, v)
			continue
		}
		if src := d.At(evidence.Source{}, at...); src != (evidence.Source{}) {
			subject = subject.With(src, "%s", k.shape)
		}
		vs = append(vs, change(decide(subject, k.shape, "has a sound rate: "+k.shape, k.remarks), k.mends(d, len(k.remarks) > 0)))
	}
	return vs
}

// untoldRate is about the first field of the rates that the file does not tell.
func untoldRate(subject checks.Subject, d evidence.Document) (checks.Verdict, bool) {
	for _, name := range []string{"kubeAPIQPS", "kubeAPIBurst", "eventRecordQPS", "eventBurst"} {
		if v, ok := subject.UntoldField(d, name); ok {
			return v, true
		}
	}
	return checks.Verdict{}, false
}

// filled puts the version's own defaults where the file says nothing.
func (k sampled) filled(d evidence.Document) evidence.KubeletConfig {
	c := k.config
	if k.minor == 0 {
		return c
	}
	rate, burst := int64(50), int64(100)
	if k.minor < kubeletFaster {
		rate, burst = 5, 10
	}
	for _, f := range []struct {
		to        **int64
		name      string
		byDefault int64
	}{
		{&c.KubeAPIQPS, "kubeAPIQPS", rate},
		{&c.KubeAPIBurst, "kubeAPIBurst", burst},
		{&c.EventRecordQPS, "eventRecordQPS", rate},
		{&c.EventBurst, "eventBurst", burst},
	} {
		if *f.to == nil && !d.Fills(f.name) {
			*f.to = &f.byDefault
		}
	}
	return c
}

// judgeFile is judge without what nobody wrote down: the default of an old version is no choice of the file's. It
// names the fields that are at fault.
func (k sampled) judgeFile(s *evidence.Snapshot, d evidence.Document, p qpsParams) (rs []remark, at []string) {
	if q := k.config.KubeAPIQPS; q != nil && d.Has("kubeAPIQPS") {
		if r, ok := k.slow(s, *q, p); ok {
			rs, at = append(rs, r), append(at, "kubeAPIQPS")
		}
	}
	if q, b := k.config.KubeAPIQPS, k.config.KubeAPIBurst; q != nil && b != nil && *b > 0 && *b < *q {
		rs = append(rs, remark{checks.Info, fmt.Sprintf("kubeAPIBurst %d is below kubeAPIQPS %d", *b, *q), "burst 1 to 2 times the QPS", kubeletFix})
		at = append(at, "kubeAPIBurst", "kubeAPIQPS")
	}
	if more := k.events(0, p); len(more) > 0 {
		rs, at = append(rs, more...), append(at, "eventRecordQPS", "eventBurst")
	}
	return rs, at
}

// mends are the fields that put the rates of a kubelet right.
func (k sampled) mends(d evidence.Document, bad bool) []checks.Change {
	if !bad {
		return nil
	}
	cs := pair(k.of, d, "kubeAPIQPS", k.config.KubeAPIQPS, k.minor == 0 || k.minor >= kubeletFaster, "kubeAPIBurst", k.config.KubeAPIBurst)
	return append(cs, pair(k.of, d, "eventRecordQPS", k.config.EventRecordQPS, false, "eventBurst", k.config.EventBurst)...)
}

// pair mends a rate and its burst: 50 and 100, the defaults since 1.27, where the rate is none or, if that is a fault, below
// the default; else a burst of twice the rate where it is below it.
func pair(of string, d evidence.Document, rate string, q *int64, lowIsBad bool, burst string, b *int64) []checks.Change {
	if q == nil {
		return nil
	}
	small := b != nil && *b > 0 && *b < *q
	switch {
	case d.Has(rate) && (*q == 0 || lowIsBad && *q > 0 && *q < 50):
		cs := []checks.Change{{Subject: of, Name: rate, Value: "50"}}
		if b != nil && *b < 50 {
			cs = append(cs, checks.Change{Subject: of, Name: burst, Value: "100"})
		}
		return cs
	case small:
		return []checks.Change{{Subject: of, Name: burst, Value: twice(float64(*q))}}
	}
	return nil
}
