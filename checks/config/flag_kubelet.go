package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Read in pkg/kubelet/apis/config (validation/validation.go, v1beta1/defaults.go) and cmd/kubelet/app/server.go of 1.24.17,
// 1.27.16, 1.30.14, 1.36.4 and 1.37.2. A field of 0 has its default where its type is no pointer.
var kubeletFieldRules = map[string][]rule{
	"kubeAPIQPS":                       {notNegative, zeroQPSRule},
	"kubeAPIBurst":                     {notNegative, zeroRule("100 (10 up to 1.26)"), kubeletBurstRule("kubeAPIQPS")},
	"eventRecordQPS":                   {notNegative, zeroEventsRule},
	"eventBurst":                       {notNegative, zeroRule("100 (10 up to 1.26)"), kubeletBurstRule("eventRecordQPS")},
	"registryPullQPS":                  {notNegative},
	"registryBurst":                    {notNegative, zeroRule("10")},
	"maxPods":                          {notNegative, zeroRule("110")},
	"podsPerCore":                      {notNegative},
	"maxOpenFiles":                     {notNegative, zeroRule("1000000")},
	"nodeLeaseDurationSeconds":         {notNegative, zeroRule("40")},
	"containerLogMaxFiles":             {within(2, 1<<31-1, "2 or more")},
	"imageGCHighThresholdPercent":      {within(0, 100, "0 to 100"), imageGCRule},
	"imageGCLowThresholdPercent":       {within(0, 100, "0 to 100"), imageGCRule},
	"maxParallelImagePulls":            {within(1, 1<<31-1, "1 or more"), parallelPullsRule},
	"shutdownGracePeriod":              {shutdownSecondRule},
	"shutdownGracePeriodCriticalPods":  {shutdownSecondRule, shutdownCriticalRule},
	"evictionHard":                     {evictionRule},
	"topologyManagerPolicy":            {oneOf("none", "best-effort", "restricted", "single-numa-node", "")},
	"topologyManagerScope":             {oneOf("container", "pod", "")},
	"hairpinMode":                      {oneOf("promiscuous-bridge", "hairpin-veth", "none", "")},
	"oomScoreAdj":                      {within(-1000, 1000, "-1000 to 1000")},
	"iptablesDropBit":                  {within(0, 31, "0 to 31")},
	"iptablesMasqueradeBit":            {within(0, 31, "0 to 31")},
	"syncFrequency":                    {durationFieldRule},
	"fileCheckFrequency":               {durationFieldRule},
	"httpCheckFrequency":               {durationFieldRule},
	"nodeStatusUpdateFrequency":        {durationFieldRule},
	"nodeStatusReportFrequency":        {durationFieldRule},
	"imageMinimumGCAge":                {durationFieldRule, notNegative},
	"imageMaximumGCAge":                {durationFieldRule, notNegative},
	"runtimeRequestTimeout":            {durationFieldRule},
	"streamingConnectionIdleTimeout":   {durationFieldRule},
	"volumeStatsAggPeriod":             {durationFieldRule},
	"evictionPressureTransitionPeriod": {durationFieldRule},
}

// kubeletFlagRules are of the flags that do the same as a field. A flag of 0 is 0.
var kubeletFlagRules = map[string][]rule{
	"kube-api-qps":            {notNegative, zeroQPSRule},
	"kube-api-burst":          {notNegative},
	"event-qps":               {notNegative, zeroEventsRule},
	"event-burst":             {notNegative},
	"registry-qps":            {notNegative},
	"registry-burst":          {notNegative},
	"max-pods":                {notNegative},
	"container-log-max-files": {within(2, 1<<31-1, "2 or more")},
	"image-gc-high-threshold": {within(0, 100, "0 to 100")},
	"image-gc-low-threshold":  {within(0, 100, "0 to 100")},
	"oom-score-adj":           {within(-1000, 1000, "-1000 to 1000")},
	"topology-manager-policy": {oneOf("none", "best-effort", "restricted", "single-numa-node")},
	"topology-manager-scope":  {oneOf("container", "pod")},
	"node-status-max-images":  {within(-1, 1<<31-1, "-1 or more")},
}

func zeroQPSRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	if n, ok := number(v.Value); !ok || n != 0 {
		return fine, ok
	}
	return misread(checks.Warning, "the default, by leaving it out", "is no \"without limit\": client-go reads 0 as 5 requests per second").doing("remove " + s.label(name)), true
}

// zeroEventsRule: up to 1.36 client-go made 5 of it, from 1.37 on it is no limit.
func zeroEventsRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	n, ok := number(v.Value)
	switch minor := s.minor(); {
	case !ok || n != 0:
		return fine, ok
	case minor == 0:
		return misread(checks.Info, "the default, by leaving it out", "is 5 events per second up to 1.36, and no limit from 1.37 on").doing("remove " + s.label(name)), true
	case minor < 37:
		return misread(checks.Info, "the default, by leaving it out", "is no \"without limit\" before 1.37: the kubelet reads 0 as 5 events per second").doing("remove " + s.label(name)), true
	}
	return misread(checks.Warning, "the default, by leaving it out", "is no limit since 1.37: an incident on a node becomes a flood of events").doing("remove " + s.label(name)), true
}

// zeroRule tells the default that a field of 0 has.
func zeroRule(byDefault string) rule {
	return func(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
		if n, ok := number(v.Value); !ok || n != 0 {
			return fine, ok
		}
		return misread(checks.Info, "the value that is meant", "is not read as 0: the kubelet takes the default of %s", byDefault), true
	}
}

func kubeletBurstRule(qps string) rule {
	return func(s settings, name string, v evidence.FlagValue) (fault, bool) {
		b, ok := number(v.Value)
		value, set := s.get(qps)
		q, ok2 := number(value)
		if !ok || !set || !ok2 || b <= 0 || b >= q {
			return fine, ok
		}
		return misread(checks.Info, "1 to 2 times "+qps, "is below %s of %g: work that comes in bursts does not get that rate", qps, q).doing(fmt.Sprintf("%s: %.0f", name, 2*q)), true
	}
}

// imageGCRule speaks once of both thresholds: of the low one if that is set.
func imageGCRule(s settings, name string, _ evidence.FlagValue) (fault, bool) {
	if _, both := s.get("imageGCLowThresholdPercent"); both && name == "imageGCHighThresholdPercent" {
		return fine, true
	}
	high, ok := s.numberOr("imageGCHighThresholdPercent", 85)
	low, ok2 := s.numberOr("imageGCLowThresholdPercent", 80)
	if !ok || !ok2 || low < high {
		return fine, ok && ok2
	}
	return refused("a low threshold under the high one (defaults: 80 and 85)", "keeps the kubelet from starting: the low threshold of image collection, %g%%, is not under the high one, %g%%", low, high), true
}

// parallelPullsRule: pulls one after the other, and several at once (refused since the field came in 1.27).
func parallelPullsRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	n, ok := number(v.Value)
	if serial, set := s.get("serializeImagePulls"); !ok || n < 2 || !set || serial != "true" {
		return fine, ok
	}
	return refused("serializeImagePulls: false beside it", "keeps the kubelet from starting: serializeImagePulls is true, and %g pulls at once are asked for", n).doing("serializeImagePulls: false"), true
}

func shutdownSecondRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	d, err := time.ParseDuration(v.Value)
	if err != nil {
		return durationFieldRule(settings{component: "kubelet"}, "", v)
	}
	if d < 0 || d > 0 && d < time.Second {
		return refused("0s, or 1s and more", "keeps the kubelet from starting: it is 0, or a second at least"), true
	}
	return fine, true
}

func shutdownCriticalRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	critical, err := time.ParseDuration(v.Value)
	if err != nil || slices.Contains(s.unknown, "shutdownGracePeriod") {
		return fine, false
	}
	total, set := time.Duration(0), "which is not set"
	if text, ok := s.get("shutdownGracePeriod"); ok {
		if total, err = time.ParseDuration(text); err != nil {
			return fine, false
		}
		set = "which is " + text
	}
	if critical <= total {
		return fine, true
	}
	return refused("at most shutdownGracePeriod", "keeps the kubelet from starting: it is a part of shutdownGracePeriod, %s", set), true
}

// evictionRule: a map that names one signal replaces all defaults. It speaks once, of the first signal that is set.
func evictionRule(s settings, name string, _ evidence.FlagValue) (fault, bool) {
	var set []string
	for _, n := range slices.Sorted(maps.Keys(s.values)) {
		if signal, ok := strings.CutPrefix(n, "evictionHard."); ok {
			set = append(set, signal)
		}
	}
	if len(set) == 0 || name != "evictionHard."+set[0] {
		return fine, true
	}
	if merge, ok := s.get("mergeDefaultEvictionSettings"); ok && merge == "true" || slices.Contains(s.unknown, "mergeDefaultEvictionSettings") {
		return fine, true
	}
	var lost []string
	for _, signal := range []string{"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"} {
		if !slices.Contains(set, signal) && !slices.Contains(s.unknown, "evictionHard."+signal) {
			lost = append(lost, signal)
		}
	}
	if len(lost) == 0 {
		return fine, true
	}
	return misread(checks.Info, "all signals that are meant to count", "replaces the kubelet's own thresholds, so that nothing is evicted for %s", strings.Join(lost, ", ")).
		doing("add the other signals (defaults: memory.available 100Mi, nodefs.available 10%, nodefs.inodesFree 5%, imagefs.available 15%), or from 1.33 on mergeDefaultEvictionSettings: true"), true
}

// durationFieldRule: metav1.Duration takes what time.ParseDuration takes.
func durationFieldRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	if _, err := time.ParseDuration(v.Value); err == nil || v.Value == "" {
		return fine, err == nil
	}
	return refused("a duration with its unit, such as 30s or 5m", "keeps %s from starting: %s is no duration with a unit", s.program(), quoted(v.Value)), true
}
