package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Read in k8s.io/apiserver pkg/server/options (server_run_options.go, feature.go, etcd.go, audit.go) and in
// cmd/kube-apiserver/app/options/validation.go of 1.24.17 and 1.37.2.
var apiserverRules = map[string][]rule{
	"goaway-chance":                           {goawayRule, within(0, 0.02, goawayWant)},
	"max-requests-inflight":                   {notNegative, inflightRule},
	"max-mutating-requests-inflight":          {notNegative},
	"request-timeout":                         {notNegative, requestTimeoutRule},
	"min-request-timeout":                     {notNegative},
	"livez-grace-period":                      {notNegative},
	"shutdown-delay-duration":                 {notNegative},
	"shutdown-watch-termination-grace-period": {notNegative},
	"storage-initialization-timeout":          {notNegative},
	"audit-log-maxage":                        {notNegative},
	"audit-log-maxbackup":                     {notNegative},
	"audit-log-maxsize":                       {notNegative},
	"apiserver-count":                         {within(1, 1<<31-1, "1 or more")},
	"storage-backend":                         {oneOf("", "etcd3")},
	"event-ttl":                               {eventTTLRule},
	"etcd-servers-overrides":                  {overridesRule},
	"watch-cache-sizes":                       {cacheSizesRule},
}

const goawayWant = "a chance from 0 to 0.02"

// goawayRule tells what a percentage was probably meant to be. A chance that is too great becomes the one that
// apiserver-goaway-chance recommends.
func goawayRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	if n, ok := number(v.Value); ok && n > 0.02 {
		return refused(goawayWant, "keeps kube-apiserver from starting: it takes %s", goawayWant).becoming("0.001"), true
	}
	percent, ok := strings.CutSuffix(v.Value, "%")
	n, err := strconv.ParseFloat(percent, 64)
	if !ok || err != nil || n < 0 || n > 2 {
		return fine, true
	}
	return refused(goawayWant, "keeps kube-apiserver from starting: it is a chance, not a percentage").
		becoming(strconv.FormatFloat(n/100, 'f', -1, 64)), true
}

// inflightRule: priority and fairness shares out the sum of both limits, and refuses to share nothing.
func inflightRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	other, ok := s.get("max-mutating-requests-inflight")
	if v.Value != "0" || !ok || other != "0" {
		return fine, true
	}
	if on, known := s.orDefault("enable-priority-and-fairness"); !known || on != "true" {
		return fine, false
	}
	return refused("more than 0 together", "keeps kube-apiserver from starting: --%s and --max-mutating-requests-inflight are both 0, and priority and fairness needs something to share out", name), true
}

// requestTimeoutRule: 0 is no "no limit": it is the deadline of every request that asks for none (filters/request_deadline.go).
func requestTimeoutRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	if d, err := time.ParseDuration(v.Value); err != nil || d != 0 {
		return fine, err == nil
	}
	return misread(checks.Critical, "1m0s, the default", "is no \"without limit\": every request that is no watch has its deadline at once, and fails").becoming("1m0s"), true
}

// eventTTLRule: an event is stored with a lease only if its time to live is at least a second (storage/etcd3/store.go).
func eventTTLRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	d, err := time.ParseDuration(v.Value)
	if err != nil || d < 0 || d >= time.Second {
		return fine, err == nil && d >= 0
	}
	return misread(checks.Warning, "1h0m0s, the default", "keeps events for ever: under a second they get no lease, and etcd fills up with them").becoming("1h0m0s"), true
}

// overridesRule: etcd-events-separation has the fix as a setting.
func overridesRule(_ settings, name string, v evidence.FlagValue) (fault, bool) {
	items, err := evidence.OverrideItems(evidence.Setting{Name: name, Value: v.Value, All: v.All})
	if err == nil {
		_, err = evidence.ParseOverrides(items)
	}
	if err == nil {
		return fine, true
	}
	const form = "group/resource#server;server, overrides separated by commas"
	f := refused(form, "keeps kube-apiserver from starting; it says: %s", err)
	if meant := evidence.CorrectedOverrides(items); meant != "" {
		f = f.doing("--etcd-servers-overrides=" + meant + "\nIn a shell or a systemd unit, quote it: a semicolon ends a command there")
	}
	return f, true
}

// cacheSizesRule: ParseWatchCacheSizes takes resource[.group]#size.
func cacheSizesRule(_ settings, name string, v evidence.FlagValue) (fault, bool) {
	for _, item := range (evidence.Setting{Name: name, Value: v.Value, All: v.All}).List() {
		_, size, ok := strings.Cut(item, "#")
		if n, err := strconv.Atoi(size); !ok || err != nil || n < 0 {
			return refused("resource[.group]#size, separated by commas", "keeps kube-apiserver from starting: %s is not of the form resource[.group]#size", quoted(item)), true
		}
	}
	return fine, true
}
