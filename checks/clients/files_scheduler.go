package clients

import (
	"fmt"
	"path"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// The fields of a KubeSchedulerConfiguration that say the rate, and what stands for none.
const (
	fieldQPS, fieldBurst   = "clientConnection.qps", "clientConnection.burst"
	schedulerBurst         = 100
	schedulerQPSFlag       = "kube-api-qps"
	schedulerBurstFlag     = "kube-api-burst"
	schedulerConfigUnknown = "the file that --config names"
)

// schedulerInFiles judges a scheduler by its configuration file, which decides alone, else by its flags.
func schedulerInFiles(s *evidence.Snapshot, of string, p qpsParams) checks.Verdict {
	flags, config := s.SchedulerFlags.Of(of), s.SchedulerConfig.Of(of)
	var file evidence.Setting
	if flags.Seen() {
		file = flags.Value.Setting("config")
	}
	if config.Seen() {
		return configRate(s, config, flags, file, p)
	}
	switch {
	case !file.Known():
		return checks.On(flags).Untold(*flags.Value, "does not tell its rate", "config")
	case file.Value != "":
		return elsewhereRate(s, flags, file)
	}
	subject := checks.On(flags)
	r, src, ok := flagRate(*flags.Value)
	if !ok {
		return subject.Untold(*flags.Value, "does not tell its rate", schedulerQPSFlag, schedulerBurstFlag)
	}
	r.fix = fmt.Sprintf("--kube-api-burst=%s, or clientConnection in a KubeSchedulerConfiguration", twice(r.qps))
	v := decide(subject.With(src, "%s", r.how), r.how, fineRate(s, r, p.SchedulerQPS), judgeRate(s, r, p.SchedulerQPS, s.SchedulerMetrics, p))
	return change(v, flagMends(of, *flags.Value, r, p.SchedulerQPS, false))
}

// elsewhereRate is about a process whose rate stands in a file: one that was read under another name, or
// was not.
func elsewhereRate(s *evidence.Snapshot, flags evidence.Observed[evidence.Flags], file evidence.Setting) checks.Verdict {
	subject := checks.On(flags).With(file.Source, "--config: %s", file)
	if rs := ignoredFlags(*flags.Value, file, rate{}, false); len(rs) > 0 {
		mends := ignoredMends(flags)
		if len(mends) > 0 {
			set := flags.Value.Setting(mends[0].Name)
			subject = checks.On(flags).With(set.Source, "%s", set)
		}
		return change(decide(subject, file.String(), "", rs), mends)
	}
	for o := range s.SchedulerConfig.Seen() {
		if path.Base(o.Source.From) == path.Base(file.Value) {
			return subject.NotApplicable("takes its rate from --config=%s, which is judged as %s", file.Value, o.Of)
		}
	}
	return subject.Skip("takes its rate from --config=%s, which is not among the files", file.Value).Unlocked(schedulerConfigUnknown)
}

// ignoredMends remove the flags that --config makes useless.
func ignoredMends(flags evidence.Observed[evidence.Flags]) []checks.Change {
	var cs []checks.Change
	for _, name := range []string{schedulerQPSFlag, schedulerBurstFlag} {
		if flags.Seen() && flags.Value.Has(name) {
			cs = append(cs, checks.Change{Subject: flags.Of, Name: name, Remove: true})
		}
	}
	return cs
}

// configRate judges the rate of a KubeSchedulerConfiguration. What it leaves out, or sets to 0, has its default.
func configRate(s *evidence.Snapshot, config evidence.Observed[evidence.SchedulerConfig], flags evidence.Observed[evidence.Flags], file evidence.Setting, p qpsParams) checks.Verdict {
	d := s.DocumentOf("kube-scheduler", config.Of, config.Source)
	subject := checks.On(config)
	for _, name := range []string{fieldQPS, fieldBurst} {
		if v, ok := subject.UntoldField(d, name); ok {
			return v
		}
	}
	r := rate{qps: p.SchedulerQPS, burst: schedulerBurst, fix: schedulerFix}
	if q := config.Value.QPS; q != nil && *q != 0 {
		r.qps = *q
	}
	if b := config.Value.Burst; b != nil && *b != 0 {
		r.burst = *b
	}
	r.how = fmt.Sprintf("QPS %g, burst %d (clientConnection)", r.qps, r.burst)
	rs := judgeRate(s, r, p.SchedulerQPS, s.SchedulerMetrics, p)
	if src := d.At(evidence.Source{}, fieldQPS, fieldBurst); len(rs) > 0 && src != (evidence.Source{}) {
		subject = subject.With(src, "%s", r.how)
	}
	var mends []checks.Change
	if file.Known() && file.Value != "" && flags.Seen() {
		if more := ignoredFlags(*flags.Value, file, r, true); len(more) > 0 {
			rs, mends = append(more, rs...), ignoredMends(flags)
			subject = subject.With(flags.Value.Setting(schedulerQPSFlag).Source, "%s", flags.Value.Setting(schedulerQPSFlag))
		}
	}
	return change(decide(subject, r.how, fineRate(s, r, p.SchedulerQPS), rs), append(mends, configMends(config.Of, d, r, p)...))
}

// configMends are the fields that put the rate right: the default where somebody went below it, else a burst that fits.
func configMends(of string, d evidence.Document, r rate, p qpsParams) []checks.Change {
	low := r.qps > 0 && r.qps < p.SchedulerQPS
	switch {
	case low && d.Has(fieldBurst) && float64(r.burst) < p.SchedulerQPS:
		return []checks.Change{{Subject: of, Name: fieldQPS, Remove: true}, {Subject: of, Name: fieldBurst, Remove: true}}
	case low:
		return []checks.Change{{Subject: of, Name: fieldQPS, Remove: true}}
	case r.burst > 0 && float64(r.burst) < r.qps:
		return []checks.Change{{Subject: of, Name: fieldBurst, Value: twice(r.qps)}}
	}
	return nil
}
