package clients

import (
	"fmt"
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

const schedulerFix = "clientConnection: {qps: 100, burst: 200}   # in the KubeSchedulerConfiguration that --config names"

// schedulerQPS judges the rate in force: /configz tells it; flags do only where there is no --config.
func schedulerQPS(s *evidence.Snapshot, of string, p qpsParams) checks.Verdict {
	flags, config := s.SchedulerFlags.Of(of), s.SchedulerConfig.Of(of)
	subject := checks.About(of, config.Source)
	r, ok := rate{}, false
	if config.Seen() && config.Value.QPS != nil && config.Value.Burst != nil {
		r, ok = rate{qps: *config.Value.QPS, burst: *config.Value.Burst}, true
		r.how = fmt.Sprintf("QPS %g, burst %d (in force, by /configz)", r.qps, r.burst)
	}
	var rs []remark
	if flags.Seen() {
		subject = subject.With(flags.Source, "--config: %s", flags.Value.Setting("config"))
		file := flags.Value.Setting("config")
		if file.Known() && file.Value != "" {
			rs = ignoredFlags(*flags.Value, file, r, ok)
		} else if !ok && file.Known() {
			r, _, ok = flagRate(*flags.Value)
		}
	}
	if !ok {
		if len(rs) > 0 {
			return decide(subject, "rate in force not known", "", rs)
		}
		return subject.Skip("does not tell its rate: where --config is set only /configz does").Unlocked("access to /configz of kube-scheduler")
	}
	r.fix = schedulerFix
	rs = append(rs, judgeRate(s, r, p.SchedulerQPS, s.SchedulerMetrics, p)...)
	return decide(subject, r.how, fineRate(s, r, p.SchedulerQPS), rs)
}

// ignoredFlags finds flags of the rate beside a --config, which makes the scheduler ignore them
// even where the file says nothing. /flagz lists every flag, so one that only it shows counts as
// set only if it has not its default.
func ignoredFlags(f evidence.Flags, file evidence.Setting, inForce rate, known bool) []remark {
	var set []string
	for _, name := range []string{"kube-api-qps", "kube-api-burst"} {
		v := f.Setting(name)
		byDefault, ok := evidence.Default("kube-scheduler", name, f.Version)
		if f.Has(name) || v.Known() && !v.Assumed() && ok && v.Value != byDefault {
			set = append(set, fmt.Sprintf("--%s=%s", name, v.Value))
		}
	}
	if len(set) == 0 {
		return nil
	}
	rest, sev := "", checks.Warning
	if known {
		rest = "; in force are " + inForce.how
		if own, _, ok := flagRate(f); ok && own.qps == inForce.qps && own.burst == inForce.burst {
			sev = checks.Info // it does nothing, but nobody is misled
		}
	}
	return []remark{{
		sev, fmt.Sprintf("is given %s, which it ignores because of --config=%s%s", strings.Join(set, " "), file.Value, rest),
		"qps and burst in the configuration file", schedulerFix,
	}}
}
