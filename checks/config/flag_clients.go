package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Read in cmd/kube-controller-manager/app, cmd/kube-scheduler/app/options and client-go (kubernetes/clientset.go,
// tools/leaderelection/leaderelection.go) of 1.24.17 and 1.37.2.
var managerRules = map[string][]rule{
	"kube-api-qps":                {rateRule("kube-api-qps", "kube-api-burst")},
	"kube-api-burst":              {burstRule("kube-api-qps", "kube-api-burst")},
	"leader-elect-lease-duration": {electionRule},
	"leader-elect-renew-deadline": {electionRule},
	"leader-elect-retry-period":   {electionRule},
	"terminated-pod-gc-threshold": {podGCRule},
}

var schedulerRules = map[string][]rule{
	"kube-api-qps":                {besideConfigRule, aloneRule(rateRule("kube-api-qps", "kube-api-burst"))},
	"kube-api-burst":              {besideConfigRule, aloneRule(burstRule("kube-api-qps", "kube-api-burst"))},
	"kube-api-content-type":       {besideConfigRule},
	"profiling":                   {besideConfigRule},
	"contention-profiling":        {besideConfigRule},
	"leader-elect-lease-duration": {electionRule},
	"leader-elect-renew-deadline": {electionRule},
	"leader-elect-retry-period":   {electionRule},
}

// besideConfigRule: with --config kube-scheduler reads no deprecated flag but one (options.go, ApplyTo). kubeadm itself writes
// --kubeconfig beside --config: that one is left alone.
func besideConfigRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	file, ok := s.get("config")
	if !ok || file == "" {
		return fine, false
	}
	if f, known := s.flag(name); v.From == evidence.FromFlagz || known && same(name, v, evidence.FlagValue{Value: f.Default}) {
		return fine, known
	}
	sev := checks.Info
	if name == "kube-api-qps" || name == "kube-api-burst" {
		if !v.Source.InFile() {
			return fine, true // client-qps compares them with what is in force
		}
		sev = checks.Warning
	}
	return misread(sev, "the same in the file that --config names", "is ignored: with --config kube-scheduler takes this from the file, even where the file says nothing").
		doing("remove --" + name + ", and set " + schedulerField[name] + " in " + file), true
}

var schedulerField = map[string]string{
	"kube-api-qps": "clientConnection.qps", "kube-api-burst": "clientConnection.burst", "kube-api-content-type": "clientConnection.contentType",
	"profiling": "enableProfiling", "contention-profiling": "enableContentionProfiling",
}

// aloneRule is a rule of flags that --config makes void.
func aloneRule(r rule) rule {
	return func(s settings, name string, v evidence.FlagValue) (fault, bool) {
		if file, ok := s.get("config"); ok && file != "" || slices.Contains(s.unknown, "config") {
			return fine, false
		}
		return r(s, name, v)
	}
}

// rateRule: client-go makes 5 requests per second of a QPS of 0. What burst a QPS needs is said of the QPS only where
// the burst is not set, and of what runs client-qps says it.
func rateRule(qps, burst string) rule {
	return func(s settings, _ string, v evidence.FlagValue) (fault, bool) {
		n, ok := number(v.Value)
		if ok && n == 0 {
			return misread(checks.Warning, "the default, by leaving it out", "is no \"without limit\": client-go reads 0 as 5 requests per second").doing("remove " + s.label(qps)), true
		}
		if _, set := s.get(burst); set || !ok || n < 0 || !v.Source.InFile() {
			return fine, ok
		}
		if b, known := s.number(burst); known && b > 0 && b < n {
			return misread(checks.Info, "a burst of 1 to 2 times the QPS", "is over the burst, which is %g unless it is set: work that comes in bursts does not get this rate", b).
				doing(s.write(burst, fmt.Sprintf("%.0f", 2*n))), true
		}
		return fine, true
	}
}

// burstRule: client-go makes no client with a QPS and no burst.
func burstRule(qps, _ string) rule {
	return func(s settings, name string, v evidence.FlagValue) (fault, bool) {
		b, ok := number(v.Value)
		q, known := s.number(qps)
		switch {
		case !ok || !known || q <= 0:
			return fine, ok
		case b <= 0:
			return refused("1 to 2 times the QPS", "keeps %s from starting: with a QPS of %g client-go wants a burst over 0", s.component, q).becoming(fmt.Sprintf("%.0f", 2*q)), true
		case b < q && v.Source.InFile():
			return misread(checks.Info, "1 to 2 times the QPS", "is below the QPS of %g: work that comes in bursts does not get that rate", q).
				doing(s.write(name, fmt.Sprintf("%.0f", 2*q))), true
		}
		return fine, true
	}
}

// electionRule: client-go wants lease > renew deadline > 1.2 × retry period, each over 0 (NewLeaderElector). It speaks once
// of all three: of the first of them that is set.
func electionRule(s settings, name string, _ evidence.FlagValue) (fault, bool) {
	names := []string{"leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period"}
	for _, n := range names {
		if _, set := s.get(n); set {
			if n != name {
				return fine, true
			}
			break
		}
	}
	if on, ok := s.orDefault("leader-elect"); !ok || on != "true" {
		return fine, ok
	}
	if file, set := s.get("config"); set && file != "" || slices.Contains(s.unknown, "config") { // the file may set the others
		for _, n := range names {
			if _, set := s.get(n); !set {
				return fine, false
			}
		}
	}
	var d [3]time.Duration
	for i, n := range names {
		var ok bool
		if d[i], ok = s.duration(n); !ok {
			return fine, false
		}
	}
	return election(s.component, d[0], d[1], d[2]), true
}

func election(component string, lease, renew, retry time.Duration) fault {
	const want = "a lease longer than the renew deadline, and that longer than 1.2 times the retry period (defaults: 15s, 10s, 2s)"
	switch {
	case lease <= 0 || renew <= 0 || retry <= 0:
		return refused(want, "keeps %s from starting: the times of leader election are %s, %s and %s, and each must be over 0", component, lease, renew, retry)
	case lease <= renew:
		return refused(want, "keeps %s from starting: the lease of %s is not longer than the renew deadline of %s", component, lease, renew)
	case float64(renew) <= 1.2*float64(retry):
		return refused(want, "keeps %s from starting: the renew deadline of %s is not longer than 1.2 times the retry period of %s", component, renew, retry)
	}
	return fine
}

// podGCRule: at 0 and below nothing is collected (pkg/controller/podgc).
func podGCRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	n, ok := number(v.Value)
	if !ok || n > 0 {
		return fine, ok
	}
	return misread(checks.Info, "12500, the default, or fewer", "switches the collection of terminated pods off: 0 and less are no threshold"), true
}
