package config

import (
	"slices"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Read in pkg/scheduler/apis/config (validation/validation.go, v1/defaults.go) and component-base/config/validation of 1.24.17
// and 1.37.2.
var schedulerFieldRules = map[string][]rule{
	"parallelism":                         {within(1, 1<<31-1, "1 or more")},
	"percentageOfNodesToScore":            {within(0, 100, "0 to 100")},
	"profiles[].percentageOfNodesToScore": {within(0, 100, "0 to 100")},
	"podInitialBackoffSeconds":            {within(1, 1<<62, "1 or more")},
	"podMaxBackoffSeconds":                {backoffRule},
	"clientConnection.qps":                {zeroFieldRule("50")},
	"clientConnection.burst":              {notNegative, zeroFieldRule("100"), schedulerBurstRule},
	"leaderElection.resourceLock":         {oneOf("leases")},
	"leaderElection.leaseDuration":        {durationFieldRule, electionFieldRule},
	"leaderElection.renewDeadline":        {durationFieldRule, electionFieldRule},
	"leaderElection.retryPeriod":          {durationFieldRule, electionFieldRule},
	"profiles[].schedulerName":            {profileRule},
}

func backoffRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	longest, ok := number(v.Value)
	first, ok2 := s.numberOr("podInitialBackoffSeconds", 1)
	if !ok || !ok2 || longest >= first {
		return fine, ok && ok2
	}
	return refused("podInitialBackoffSeconds or more", "keeps kube-scheduler from starting: it is under podInitialBackoffSeconds, which is %g", first), true
}

func zeroFieldRule(byDefault string) rule {
	return func(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
		if n, ok := number(v.Value); !ok || n != 0 {
			return fine, ok
		}
		return misread(checks.Info, "the value that is meant", "is not read as 0: kube-scheduler takes the default of %s", byDefault), true
	}
}

func schedulerBurstRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	b, ok := number(v.Value)
	q, ok2 := s.numberOr("clientConnection.qps", 50)
	if !ok || !ok2 || b <= 0 || b >= q {
		return fine, ok && ok2
	}
	return misread(checks.Info, "1 to 2 times the QPS", "is below the QPS of %g: work that comes in bursts does not get that rate", q), true
}

// electionFieldRule speaks once of all three times: of the first of them that is set.
func electionFieldRule(s settings, name string, _ evidence.FlagValue) (fault, bool) {
	times := []struct {
		name  string
		value time.Duration
	}{{"leaderElection.leaseDuration", 15 * time.Second}, {"leaderElection.renewDeadline", 10 * time.Second}, {"leaderElection.retryPeriod", 2 * time.Second}}
	first := ""
	for i, t := range times {
		if slices.Contains(s.unknown, t.name) {
			return fine, false
		}
		text, set := s.get(t.name)
		if !set {
			continue
		}
		if first == "" {
			first = t.name
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return fine, false
		}
		if d != 0 { // which has the default
			times[i].value = d
		}
	}
	if elect, set := s.get("leaderElection.leaderElect"); first != name || set && elect != "true" || slices.Contains(s.unknown, "leaderElection.leaderElect") {
		return fine, true
	}
	return election("kube-scheduler", times[0].value, times[1].value, times[2].value), true
}

// profileRule: no two profiles have one name.
func profileRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	for other, vs := range s.values {
		if other < name && unindexed(other) == "profiles[].schedulerName" && vs[0].Value == v.Value {
			return refused("a name for each profile", "keeps kube-scheduler from starting: another profile is called %s as well", quoted(v.Value)), true
		}
	}
	return fine, true
}
