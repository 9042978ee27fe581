package apiserver

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

//go:embed goaway.md
var goawayDoc string

var goaway = checks.New(checks.Spec{
	ID:        "apiserver-goaway-chance",
	Component: "kube-apiserver",
	Severity:  checks.Info,
	Needs:     []evidence.Kind{evidence.KindAPIServerFlags},
	Uses: []evidence.Kind{
		evidence.KindKubeadmConfig, evidence.KindAPIServerMetrics, evidence.KindControlPods, evidence.KindAPIServerLeases,
		evidence.KindLeaderLeases, evidence.KindAPIServerEndpoints,
	},
	Doc: goawayDoc,
}, goawayParams{Recommended: 0.001, Imbalance: 0.3}, runGoaway)

type goawayParams struct {
	Recommended float64 `json:"recommended" doc:"chance to recommend; 1 in 1000 is the starting point of the flag's own help text"`
	Imbalance   float64 `json:"imbalance" doc:"measured concentration of watches (0 even, 1 all on one instance) from which a missing chance is a warning; kaudit's own heuristic"`
}

func runGoaway(s *evidence.Snapshot, p goawayParams) []checks.Verdict {
	var vs []checks.Verdict
	// Flags may have been read of some instances only, from a file even of none that runs.
	c := takeCensus(s)
	c.n = max(c.n, endpointCount(c))
	if n := len(s.APIServerFlags); n > 1 {
		c.n = max(c.n, n)
	}
	usual := usualChance(flagSettings(s, "goaway-chance"), p)
	for o := range s.APIServerFlags.Seen() {
		vs = append(vs, goawayOf(s, o.Of, checks.On(o), *o.Value, c, usual, p))
	}
	return vs
}

// usualChance is the chance that most of the instances that have one have, and of two equally frequent ones the recommended.
func usualChance(sets []evidence.Setting, p goawayParams) string {
	times := map[string]int{}
	for _, set := range sets {
		if chance, err := strconv.ParseFloat(set.Value, 64); err == nil && chance > 0 && chance <= mostChance {
			times[set.Value]++
		}
	}
	want, usual := strconv.FormatFloat(p.Recommended, 'g', -1, 64), ""
	for _, v := range slices.Sorted(maps.Keys(times)) {
		if times[v] > times[usual] || times[v] == times[usual] && v == want {
			usual = v
		}
	}
	return usual
}

// mostChance is the most that kube-apiserver takes.
const mostChance = 0.02

func goawayOf(s *evidence.Snapshot, of string, subject checks.Subject, f evidence.Flags, c census, usual string, p goawayParams) checks.Verdict {
	set := f.Setting("goaway-chance")
	if !set.Known() {
		return subject.Untold(f, "does not tell its --goaway-chance", "goaway-chance")
	}
	subject = subject.With(set.Source, "--goaway-chance: %s", set)
	chance, err := strconv.ParseFloat(set.Value, 64)
	if err != nil {
		return subject.Skip("has a --goaway-chance that is no number: %q", set.Value)
	}
	if s.Cluster.Files && (chance > mostChance || chance < 0) {
		return subject.NotApplicable("does not start with --goaway-chance=%s: 0 to %g is taken (flag-value judges it)", set.Value, mostChance).Saw("%s", set)
	}
	switch on := chance > 0; {
	case on && f.Setting("disable-http2-serving").Value == "true":
		return subject.Find(checks.Info, "has --goaway-chance=%s, which does nothing: HTTP/2 serving is off", set.Value).
			Saw("%s, --disable-http2-serving=true", set).Want("HTTP/2 on, or no --goaway-chance")
	case on && c.n == 1 && c.complete:
		return subject.Find(checks.Info, "has --goaway-chance=%s though it is the only instance: a GOAWAY costs clients a TLS handshake and leads them back to it", set.Value).
			Saw("%s, 1 instance", set).Want("0 with a single instance").WithFix("remove --goaway-chance")
	case on && set.Value != usual:
		return subject.Find(checks.Info, "sends GOAWAY with chance %s, other instances with %s", set.Value, usual).
			Saw("%s", set).Want("%s on all", usual).WithFix("--goaway-chance="+usual+" on every kube-apiserver, one after the other").
			Setting(of, "goaway-chance", usual)
	case on:
		return subject.Pass("sends GOAWAY with chance %s", set.Value).Saw("%s", set)
	case f.Setting("disable-http2-serving").Value == "true":
		return subject.NotApplicable("serves no HTTP/2, and GOAWAY is a part of it").Saw("%s, --disable-http2-serving=true", set)
	case c.n < 2 && s.Cluster.Files:
		return subject.Skip("never sends GOAWAY, which matters with several instances only; how many run from this file it does not tell").
			Saw("%s", set).Unlocked("--goaway-chance in the file, if several instances run from it")
	case c.n < 2 && !c.complete:
		return subject.Skip("never sends GOAWAY, which matters with several instances only; how many there are is not known").Saw("%s", set)
	case c.n < 2:
		return subject.NotApplicable("is the only instance: GOAWAY could only lead clients back to it").Saw("%s", set)
	}
	return goawayOff(s, of, subject, set, c, usual, p)
}

// goawayOff judges a chance of 0 on one of several instances: advice, or a warning where the
// harm was measured.
func goawayOff(s *evidence.Snapshot, of string, subject checks.Subject, set evidence.Setting, c census, usual string, p goawayParams) checks.Verdict {
	if why, unlock := addressUnknown(s); why != "" {
		return subject.Skip("never sends GOAWAY; whether clients have a common address for the %d instances, without which it could not move anybody, is not known: %s", c.n, why).
			Saw("%s", set).Unlocked(unlock)
	}
	if why := noCommonAddress(s); why != "" {
		return subject.NotApplicable("is one of %d instances, but clients have no common address for them (%s): GOAWAY could not move anybody", c.n, why).Saw("%s", set)
	}
	sev, measured := checks.Info, "how evenly watches are spread was not measured"
	if s.Cluster.Files {
		measured = "files do not tell how evenly watches are spread"
	}
	bounds := usualBalance()
	bounds.Uneven = p.Imbalance
	if _, stop := unfit(s, subject, c, bounds); !stop {
		if w, ok := watches(s); ok {
			i, _ := concentration(w.xs)
			measured = w.say("watches are", p.Imbalance)
			if i >= p.Imbalance && judgeWatches(s, subject, w, bounds).Outcome == checks.Finding {
				sev = checks.Warning
			}
		}
	}
	want := strconv.FormatFloat(p.Recommended, 'f', -1, 64)
	if s.Cluster.Files && usual != "" {
		want = usual
	}
	return subject.Find(sev, "never sends GOAWAY, so clients stay on the instance they first met, even after all %d were restarted in turn (%s)", c.n, measured).
		Saw("%s", set).Want("%s", want).
		WithFix("--goaway-chance="+want+" on every kube-apiserver, one after the other").
		Setting(of, "goaway-chance", want)
}

// noCommonAddress says why a new connection leads where the old one did; "" if kubeadm does not say so.
func noCommonAddress(s *evidence.Snapshot) string {
	k := s.KubeadmConfig
	if !k.Seen() {
		return ""
	}
	ep := k.Value.ControlPlaneEndpoint
	if ep == "" {
		return "controlPlaneEndpoint is empty"
	}
	if placeOf(s, ep) == anInstance {
		return "controlPlaneEndpoint " + ep + " is the address of one of them"
	}
	return ""
}

// addressUnknown says why kubeadm's word on the common address could not be had, where there may be one.
func addressUnknown(s *evidence.Snapshot) (why, unlock string) {
	k := s.KubeadmConfig
	switch {
	case k.Gap != nil && k.Gap.Why == evidence.NotLive:
		return "no file tells, as controlPlaneEndpoint of a kubeadm ClusterConfiguration would", "the cluster's kubeadm ClusterConfiguration beside the manifests, or --goaway-chance in them"
	case k.Gap != nil && k.Gap.Why != evidence.Absent:
		return k.Gap.Note, k.Gap.Unlock
	case k.Seen() && placeOf(s, k.Value.ControlPlaneEndpoint) == unknownPlace && k.Value.ControlPlaneEndpoint != "":
		return "where instances listen was not seen", ""
	}
	return "", ""
}
