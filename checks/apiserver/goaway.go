package apiserver

import (
	_ "embed"
	"fmt"
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
	Uses:      []evidence.Kind{evidence.KindVersion, evidence.KindKubeadmConfig, evidence.KindAPIServerMetrics},
	Doc:       goawayDoc,
}, goawayParams{Recommended: 0.001, Imbalance: 0.3}, runGoaway)

type goawayParams struct {
	Recommended float64 `json:"recommended" doc:"chance to recommend; 1 in 1000 is the starting point of the flag's own help text"`
	Imbalance   float64 `json:"imbalance" doc:"measured concentration of watches (0 even, 1 all on one instance) from which a missing chance is a warning; kaudit's own heuristic"`
}

func runGoaway(s *evidence.Snapshot, p goawayParams) []checks.Verdict {
	var vs []checks.Verdict
	n := len(s.APIServerFlags)
	for o := range s.APIServerFlags.Seen() {
		vs = append(vs, goawayOf(s, checks.On(o), *o.Value, n, p))
	}
	return vs
}

func goawayOf(s *evidence.Snapshot, subject checks.Subject, f evidence.Flags, n int, p goawayParams) checks.Verdict {
	set := f.Setting("goaway-chance")
	if !set.Known() {
		return subject.Skip("does not tell its --goaway-chance")
	}
	subject = subject.With(set.Source, "--goaway-chance: %s", set)
	chance, err := strconv.ParseFloat(set.Value, 64)
	if err != nil {
		return subject.Skip("has a --goaway-chance that is no number: %q", set.Value)
	}
	switch on := chance > 0; {
	case on && f.Setting("disable-http2-serving").Value == "true":
		return subject.Find(checks.Info, "has --goaway-chance=%s, which does nothing: HTTP/2 serving is off", set.Value).
			Saw("%s, --disable-http2-serving=true", set).Want("HTTP/2 on, or no --goaway-chance")
	case on && n == 1:
		return subject.Find(checks.Info, "has --goaway-chance=%s though it is the only instance: a GOAWAY costs clients a TLS handshake and leads them back to it", set.Value).
			Saw("%s, 1 instance", set).Want("0 with a single instance").WithFix("remove --goaway-chance")
	case on:
		return subject.Pass("sends GOAWAY with chance %s", set.Value).Saw("%s", set)
	case n == 1:
		return subject.NotApplicable("is the only instance: GOAWAY could only lead clients back to it").Saw("%s", set)
	}
	return goawayOff(s, subject, set, n, p)
}

// goawayOff judges a chance of 0 on one of several instances: advice, or a warning where the
// harm was measured.
func goawayOff(s *evidence.Snapshot, subject checks.Subject, set evidence.Setting, n int, p goawayParams) checks.Verdict {
	if k := s.KubeadmConfig; k.Seen() && k.Value.ControlPlaneEndpoint == "" {
		return subject.NotApplicable("is one of %d instances, but clients have no common address for them (controlPlaneEndpoint is empty): GOAWAY could not move anybody", n).Saw("%s", set)
	}
	sev, measured := checks.Info, "how evenly watches are spread was not measured"
	if i, ok := concentration(watches(s)); ok {
		measured = fmt.Sprintf("measured concentration of watches is %.2f, of at most 1", i)
		if i >= p.Imbalance {
			sev = checks.Warning
		}
	}
	return subject.Find(sev, "never sends GOAWAY, so clients stay on the instance they first met, even after the %d instances were restarted in turn (%s)", n, measured).
		Saw("%s", set).Want("%g", p.Recommended).
		WithFix(fmt.Sprintf("--goaway-chance=%g on every kube-apiserver, one after the other", p.Recommended))
}

// watches are the open watches of each instance; nil unless every instance was seen.
func watches(s *evidence.Snapshot) []float64 {
	var ws []float64
	for _, o := range s.APIServerMetrics {
		if !o.Seen() {
			return nil
		}
		w, ok := o.Value.Latest().Sum("apiserver_longrunning_requests", evidence.Is("verb", "WATCH"))
		if !ok {
			return nil
		}
		ws = append(ws, w)
	}
	return ws
}

// concentration is 0 for equal values and 1 if one has all; false of fewer than two, or of nothing.
func concentration(xs []float64) (float64, bool) {
	var sum float64
	for _, x := range xs {
		sum += x
	}
	if len(xs) < 2 || sum == 0 {
		return 0, false
	}
	n := float64(len(xs))
	return (n*slices.Max(xs)/sum - 1) / (n - 1), true
}
