package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// Read in server/embed (config.go: Validate, checkBindURLs; etcd.go: parseCompactionRetention), server/etcdserver,
// server/storage/quota.go and client/pkg/types/urls.go of etcd 3.5.35 and 3.7.3.
var etcdRules = map[string][]rule{
	"heartbeat-interval":          {timersRule},
	"election-timeout":            {timersRule},
	"quota-backend-bytes":         {quotaRule},
	"auto-compaction-mode":        {oneOf("periodic", "revision")},
	"auto-compaction-retention":   {retentionRule},
	"snapshot-count":              {snapshotRule},
	"max-request-bytes":           {requestBytesRule},
	"initial-cluster-state":       {oneOf("new", "existing")},
	"listen-client-urls":          {urlsRule(true)},
	"listen-client-http-urls":     {urlsRule(true)},
	"listen-peer-urls":            {urlsRule(true)},
	"listen-metrics-urls":         {urlsRule(true)},
	"advertise-client-urls":       {urlsRule(false)},
	"initial-advertise-peer-urls": {urlsRule(false), memberRule},
}

// timersRule speaks of the two timers together: of the election timeout if that is set.
func timersRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	if _, both := s.get("election-timeout"); both && name == "heartbeat-interval" && v.Value != "0" {
		return fine, true
	}
	heartbeat, ok := s.number("heartbeat-interval")
	election, ok2 := s.number("election-timeout")
	const want = "an election timeout of 10 times the heartbeat, both in milliseconds (defaults: 1000 and 100)"
	switch {
	case v.Value == "0":
		return refused(want, "keeps etcd from starting: it must be over 0"), true
	case !ok || !ok2:
		return fine, false
	case election > 50000:
		return refused("at most 50000 ms", "keeps etcd from starting: an election timeout of %.0f ms is over 50000 ms", election), true
	case election < 5*heartbeat:
		f := refused(want, "keeps etcd from starting: the election timeout of %.0f ms is under 5 times the heartbeat interval of %.0f ms", election, heartbeat)
		if name == "election-timeout" && 10*heartbeat <= 50000 {
			f = f.becoming(strconv.FormatFloat(10*heartbeat, 'f', 0, 64))
		}
		return f, true
	}
	return fine, true
}

const mib = 1 << 20

// quotaRule: whether a quota suits the cluster is etcd-quota's.
func quotaRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	n, err := strconv.ParseInt(v.Value, 0, 64)
	switch {
	case err != nil:
		return fine, false
	case n < 0:
		return misread(checks.Warning, "8589934592, which is 8 GiB", "is read as no quota at all: the database grows until the disk is full").doing("--quota-backend-bytes=8589934592"), true
	case n > 0 && n < 16*mib:
		return misread(checks.Critical, "8589934592, which is 8 GiB", "is read as %s, as the unit is bytes: etcd refuses writes as soon as it is started", checks.Bytes(n)).doing("--quota-backend-bytes=8589934592"), true
	case n > 8<<30:
		return misread(checks.Info, "at most 8589934592, which is 8 GiB", "is over the 8 GiB that etcd suggests as the most: it warns at each start, and obeys"), true
	}
	return fine, true
}

// retentionRule: a bare number is hours in periodic mode; in revision mode a duration is a number too, of nanoseconds.
func retentionRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	mode, ok := s.orDefault("auto-compaction-mode")
	if n, err := strconv.Atoi(v.Value); err == nil && n >= 0 {
		if ok && mode == "periodic" && n > 24 {
			return misread(checks.Info, "a duration with its unit, such as "+v.Value+"m", "is read as %d hours: without a unit it is no number of minutes", n), true
		}
		return fine, true
	}
	d, err := time.ParseDuration(v.Value)
	switch {
	case err != nil:
		return refused("a number, or a duration such as 30m", "keeps etcd from starting: %s is neither a number nor a duration", quoted(v.Value)), true
	case ok && mode == "revision":
		return misread(checks.Warning, "a number of revisions, such as 10000", "is read as %d revisions, the nanoseconds in it: with --auto-compaction-mode=revision etcd then never compacts", int64(d)), true
	}
	return fine, true
}

func snapshotRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	if n, ok := number(v.Value); !ok || n != 0 {
		return fine, ok
	}
	f, ok := s.flag("snapshot-count")
	if !ok || f.Default == "" {
		return misread(checks.Info, "a number, or the default", "is not read as \"never\": etcd takes the default"), true
	}
	// What runs already: a patch must not change it on the way.
	return misread(checks.Info, f.Default+", the default", "is not read as \"never\": etcd takes the default of %s", f.Default).becoming(f.Default), true
}

func requestBytesRule(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
	if n, ok := number(v.Value); !ok || n <= 10*mib {
		return fine, ok
	}
	return misread(checks.Warning, "1572864, the default", "is over the 10 MiB that etcd recommends as the most, and kube-apiserver sends no more than 2 MiB: it only lets other clients hurt etcd").becoming("1572864"), true
}

// urlsRule: what etcd listens on must be an address, and what it announces must name a host.
func urlsRule(listen bool) rule {
	return func(_ settings, _ string, v evidence.FlagValue) (fault, bool) {
		const want = "scheme://ADDRESS:PORT, without a path, separated by commas"
		if v.Value == "" || strings.ContainsAny(v.Value, "$<{") {
			return fine, false
		}
		for raw := range strings.SplitSeq(v.Value, ",") {
			raw = strings.TrimSpace(raw)
			u, err := url.Parse(raw)
			switch {
			case err != nil:
				return refused(want, "keeps etcd from starting: %s is no URL", quoted(raw)), true
			case u.Scheme == "unix" || u.Scheme == "unixs":
				continue
			case u.Scheme != "http" && u.Scheme != "https":
				return refused(want, "keeps etcd from starting: %s does not begin with http:// or https://", quoted(raw)), true
			case u.Path != "":
				return refused(want, "keeps etcd from starting: %s has a path, if only a slash", quoted(raw)), true
			}
			host, port := u.Hostname(), u.Port()
			_, noIP := netip.ParseAddr(host)
			switch {
			case port == "":
				return refused(want, "keeps etcd from starting: %s has no port", quoted(raw)), true
			case host == "":
				return refused(want, "keeps etcd from starting: %s has no host", quoted(raw)), true
			case listen && host != "localhost" && noIP != nil:
				return refused(want, "keeps etcd from starting: it listens on addresses only, and %s is a name", quoted(host)), true
			}
		}
		return fine, true
	}
}

// memberRule: a member that has no data yet must find itself in --initial-cluster (server/config: VerifyBootstrap). Names
// are resolved there, so only addresses are compared.
func memberRule(s settings, _ string, v evidence.FlagValue) (fault, bool) {
	cluster, ok := s.get("initial-cluster")
	name, ok2 := s.orDefault("name")
	if !ok || !ok2 || s.opaque != "" || strings.ContainsAny(cluster+name+v.Value, "$<{") {
		return fine, false
	}
	var own []string
	for part := range strings.SplitSeq(cluster, ",") {
		if n, u, has := strings.Cut(strings.TrimSpace(part), "="); has && n == name {
			own = append(own, u)
		}
	}
	announced := strings.Split(v.Value, ",")
	want := "the URL that --initial-cluster has for " + name
	if len(own) == 0 {
		return misread(checks.Warning, want, "is of a member that --initial-cluster does not have: %s is not in it, and with an empty data directory etcd does not start", quoted(name)), true
	}
	if !addressed(own) || !addressed(announced) {
		return fine, false
	}
	slices.Sort(own)
	slices.Sort(announced)
	if slices.Equal(own, announced) {
		return fine, true
	}
	return misread(checks.Warning, want, "is not what --initial-cluster says of %s (%s): with an empty data directory etcd does not start", name, strings.Join(own, ",")), true
}

// addressed reports whether all URLs have an address as their host.
func addressed(urls []string) bool {
	for _, raw := range urls {
		u, err := url.Parse(strings.TrimSpace(raw))
		if err != nil {
			return false
		}
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			return false
		}
	}
	return true
}
