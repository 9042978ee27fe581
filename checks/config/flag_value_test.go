package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// inFile is a process of a manifest: "goaway-chance=0.5" on its command line, "ENV name=x" in its environment.
func inFile(component, version string, args ...string) evidence.Observed[evidence.Flags] {
	src := evidence.Source{Via: evidence.ViaFile, From: component + ".yaml", Line: 7}
	f := evidence.Flags{
		Component: component, Version: version, Values: map[string][]evidence.FlagValue{},
		Read: []evidence.Source{src}, From: []evidence.Provenance{evidence.FromCommandLine},
	}
	for i, arg := range args {
		from := evidence.FromCommandLine
		if rest, ok := strings.CutPrefix(arg, "ENV "); ok {
			arg, from = rest, evidence.FromEnvironment
		}
		name, v, _ := strings.Cut(arg, "=")
		at := src
		at.Line += i + 1
		f.Values[name] = append(f.Values[name], evidence.FlagValue{Value: v, From: from, Source: at})
	}
	return evidence.See(component+"/cp-1", f, src)
}

// document is a configuration file with fields: "kubeAPIQPS: 0".
func document(component, version string, fields ...string) evidence.Observed[evidence.Document] {
	src := evidence.Source{Via: evidence.ViaFile, From: "config.yaml", Line: 1}
	d := evidence.Document{Component: component, Version: version, Fields: map[string]evidence.FlagValue{}}
	for i, line := range fields {
		name, v, _ := strings.Cut(line, ": ")
		at := src
		at.Line += i + 1
		d.Fields[name] = evidence.FlagValue{Value: v, From: evidence.FromConfigFile, Source: at}
	}
	return evidence.See(component+"/config.yaml", d, src)
}

func snapshotOf(of any) *evidence.Snapshot {
	s := &evidence.Snapshot{Cluster: evidence.Cluster{Files: true}}
	switch o := of.(type) {
	case evidence.Observed[evidence.Document]:
		s.Documents = evidence.Instances[evidence.Document]{o}
	case evidence.Observed[evidence.Flags]:
		switch in := (evidence.Instances[evidence.Flags]{o}); o.Value.Component {
		case "kube-apiserver":
			s.APIServerFlags = in
		case "kube-controller-manager":
			s.ControllerManagerFlags = in
		case "kube-scheduler":
			s.SchedulerFlags = in
		case "kubelet":
			s.KubeletFlags = in
		default:
			s.EtcdFlags = in
		}
	}
	return s
}

// told are verdicts in short: severity, aspect, and what mends it.
func told(vs []checks.Verdict) []string {
	var out []string
	for _, v := range vs {
		word := v.Outcome.String()
		if v.Outcome == checks.Finding {
			word = v.Severity.String()
		}
		_, aspect, _ := strings.Cut(v.Subject, " ")
		line := strings.TrimSpace(word + " " + aspect)
		for _, c := range v.Changes {
			if c.Remove {
				line += " -" + c.Name
			} else {
				line += " -> " + c.Value
			}
		}
		out = append(out, line)
	}
	return out
}

func TestFlagValue(t *testing.T) {
	api := func(args ...string) any { return inFile("kube-apiserver", "1.37.2", args...) }
	kcm := func(args ...string) any { return inFile("kube-controller-manager", "1.37.2", args...) }
	sched := func(args ...string) any { return inFile("kube-scheduler", "1.37.2", args...) }
	etcd := func(args ...string) any { return inFile("etcd", "3.7.3", args...) }
	kubelet := func(fields ...string) any { return document("kubelet", "1.37.2", fields...) }
	conf := func(fields ...string) any { return document("kube-scheduler", "1.37.2", fields...) }
	pass := []string{"pass"}
	for name, tc := range map[string]struct {
		of   any
		want []string
	}{
		"nothing set":                {api(), []string{"not-applicable"}},
		"what no rule knows":         {api("etcd-prefix=/registry"), []string{"not-applicable"}},
		"goaway at most":             {api("goaway-chance=0.02"), pass},
		"goaway over":                {api("goaway-chance=0.021"), []string{"critical --goaway-chance -> 0.001"}},
		"goaway under":               {api("goaway-chance=-0.001"), []string{"critical --goaway-chance"}},
		"goaway in percent":          {api("goaway-chance=0.1%"), []string{"critical --goaway-chance"}},
		"a bool":                     {api("profiling=false"), pass},
		"no bool":                    {api("profiling=no"), []string{"critical --profiling -> false"}},
		"a bool in quotes":           {api(`profiling="false"`), []string{"critical --profiling -> false"}},
		"a duration without a unit":  {api("event-ttl=3600"), []string{"critical --event-ttl"}},
		"an event ttl":               {api("event-ttl=2h"), pass},
		"events for ever":            {api("event-ttl=0s"), []string{"warning --event-ttl -> 1h0m0s"}},
		"a request timeout of none":  {api("request-timeout=0s"), []string{"critical --request-timeout -> 1m0s"}},
		"a negative request timeout": {api("request-timeout=-1s"), []string{"critical --request-timeout"}},
		"negative inflight":          {api("max-requests-inflight=-1"), []string{"critical --max-requests-inflight"}},
		"one inflight limit 0":       {api("max-requests-inflight=640", "max-mutating-requests-inflight=0"), pass},
		"both inflight limits 0":     {api("max-requests-inflight=0", "max-mutating-requests-inflight=0"), []string{"critical --max-requests-inflight"}},
		"both 0 without fairness":    {api("max-requests-inflight=0", "max-mutating-requests-inflight=0", "enable-priority-and-fairness=false"), pass},
		"overrides":                  {api("etcd-servers-overrides=/events#https://a:2379;https://b:2379"), pass},
		"overrides with commas":      {api("etcd-servers-overrides=/events#https://a:2379,https://b:2379"), []string{"critical --etcd-servers-overrides"}},
		"overrides without a slash":  {api("etcd-servers-overrides=events#https://a:2379"), []string{"critical --etcd-servers-overrides"}},
		"cache sizes":                {api("watch-cache-sizes=pods#1000,deployments.apps#500"), pass},
		"a cache size that is none":  {api("watch-cache-sizes=pods=1000"), []string{"critical --watch-cache-sizes"}},
		"a locked gate as it is":     {api("feature-gates=APIServerIdentity=true"), pass},
		"a gate that is no bool":     {api("feature-gates=AllAlpha=on"), []string{"critical --feature-gates"}},
		"a gate without a value":     {api("feature-gates=AllAlpha"), []string{"critical --feature-gates"}},
		"a gate with a prefix":       {api("feature-gates=kube:AllAlpha=false"), pass},
		"two mistakes":               {api("goaway-chance=1", "profiling=no", "v=2"), []string{"critical --goaway-chance -> 0.001", "critical --profiling -> false"}},

		"a lease":                     {kcm("leader-elect-lease-duration=60s", "leader-elect-renew-deadline=40s"), pass},
		"a lease under the default":   {kcm("leader-elect-lease-duration=10s"), []string{"critical --leader-elect-lease-duration"}},
		"a renew deadline too short":  {kcm("leader-elect-renew-deadline=2400ms"), []string{"critical --leader-elect-renew-deadline"}},
		"a renew deadline just over":  {kcm("leader-elect-renew-deadline=2401ms"), pass},
		"a lease, no election":        {kcm("leader-elect-lease-duration=10s", "leader-elect=false"), pass},
		"rates":                       {kcm("kube-api-qps=100", "kube-api-burst=100"), pass},
		"a burst below":               {kcm("kube-api-qps=100", "kube-api-burst=99"), []string{"info --kube-api-burst"}},
		"a burst below by default":    {kcm("kube-api-qps=100"), []string{"info --kube-api-qps"}},
		"no burst":                    {kcm("kube-api-burst=0"), []string{"critical --kube-api-burst -> 40"}},
		"no qps":                      {kcm("kube-api-qps=0"), []string{"warning --kube-api-qps"}},
		"no limit":                    {kcm("kube-api-qps=-1"), pass},
		"no collection of pods":       {kcm("terminated-pod-gc-threshold=0"), []string{"info --terminated-pod-gc-threshold"}},
		"scheduler flags alone":       {sched("kube-api-qps=100", "kube-api-burst=200"), pass},
		"scheduler flags beside file": {sched("config=/etc/s.yaml", "kube-api-qps=100", "kube-api-burst=50", "kubeconfig=/x"), []string{"warning --kube-api-burst", "warning --kube-api-qps"}},
		"profiling beside a file":     {sched("config=/etc/s.yaml", "profiling=false"), []string{"info --profiling"}},
		"the default beside a file":   {sched("config=/etc/s.yaml", "profiling=true"), pass},
		"a lease beside a file":       {sched("config=/etc/s.yaml", "leader-elect-lease-duration=1s"), pass},

		"timers":                      {etcd("heartbeat-interval=200", "election-timeout=1000"), pass},
		"an election too short":       {etcd("heartbeat-interval=200", "election-timeout=999"), []string{"critical --election-timeout -> 2000"}},
		"a heartbeat too long":        {etcd("heartbeat-interval=300"), []string{"critical --heartbeat-interval"}},
		"an election too long":        {etcd("election-timeout=50001"), []string{"critical --election-timeout"}},
		"timers in a unit":            {etcd("election-timeout=1s"), []string{"critical --election-timeout"}},
		"a quota":                     {etcd("quota-backend-bytes=8589934592"), pass},
		"a quota over":                {etcd("quota-backend-bytes=8589934593"), []string{"info --quota-backend-bytes"}},
		"a negative quota":            {etcd("quota-backend-bytes=-1"), []string{"warning --quota-backend-bytes"}},
		"a quota of 8":                {etcd("quota-backend-bytes=8"), []string{"critical --quota-backend-bytes"}},
		"a quota with a unit":         {etcd("quota-backend-bytes=8Gi"), []string{"critical --quota-backend-bytes -> 8589934592"}},
		"hours":                       {etcd("auto-compaction-retention=8"), pass},
		"many hours":                  {etcd("auto-compaction-retention=30"), []string{"info --auto-compaction-retention"}},
		"revisions":                   {etcd("auto-compaction-mode=revision", "auto-compaction-retention=1000"), pass},
		"revisions in a unit of time": {etcd("auto-compaction-mode=revision", "auto-compaction-retention=1h"), []string{"warning --auto-compaction-retention"}},
		"a retention that is none":    {etcd("auto-compaction-retention=1d"), []string{"critical --auto-compaction-retention"}},
		"a mode that is none":         {etcd("auto-compaction-mode=hourly"), []string{"critical --auto-compaction-mode"}},
		"no snapshots":                {etcd("snapshot-count=0"), []string{"info --snapshot-count -> 10000"}},
		"requests of 10 MiB":          {etcd("max-request-bytes=10485760"), pass},
		"requests of more":            {etcd("max-request-bytes=10485761"), []string{"warning --max-request-bytes -> 1572864"}},
		"listens":                     {etcd("listen-client-urls=https://127.0.0.1:2379,https://[::1]:2379,http://localhost:4001,unix://x"), pass},
		"listens on a name":           {etcd("listen-client-urls=https://etcd-0.example:2379"), []string{"critical --listen-client-urls"}},
		"announces a name":            {etcd("advertise-client-urls=https://etcd-0.example:2379"), pass},
		"a slash at the end":          {etcd("advertise-client-urls=https://10.0.0.1:2379/"), []string{"critical --advertise-client-urls"}},
		"no port":                     {etcd("listen-peer-urls=https://10.0.0.1"), []string{"critical --listen-peer-urls"}},
		"a member":                    {etcd("name=a", "initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.2:2380", "initial-advertise-peer-urls=https://10.0.0.1:2380"), pass},
		"another member's address":    {etcd("name=a", "initial-cluster=a=https://10.0.0.1:2380,b=https://10.0.0.2:2380", "initial-advertise-peer-urls=https://10.0.0.2:2380"), []string{"warning --initial-advertise-peer-urls"}},
		"a name that may be it":       {etcd("name=a", "initial-cluster=a=https://a.example:2380", "initial-advertise-peer-urls=https://10.0.0.2:2380"), pass},
		"no member":                   {etcd("name=c", "initial-cluster=a=https://10.0.0.1:2380", "initial-advertise-peer-urls=https://10.0.0.1:2380"), []string{"warning --initial-advertise-peer-urls"}},
		"a flag and a variable":       {etcd("name=a", "ENV name=a"), []string{"critical --name"}},
		"a variable":                  {etcd("ENV quota-backend-bytes=8GB"), []string{"critical --quota-backend-bytes -> 8000000000"}},
		"an empty variable":           {etcd("ENV quota-backend-bytes="), []string{"not-applicable"}},
		"a duration in etcd's file":   {document("etcd", "3.7.3", "corrupt-check-time: 4h", "election-timeout: 1000"), []string{"critical corrupt-check-time"}},
		"nanoseconds in etcd's file":  {document("etcd", "3.7.3", "corrupt-check-time: 14400000000000"), pass},

		"kubelet, sound":              {kubelet("kubeAPIQPS: 50", "kubeAPIBurst: 100", "syncFrequency: 0s", "maxPods: 110"), pass},
		"kubelet, no qps":             {kubelet("kubeAPIQPS: 0"), []string{"warning kubeAPIQPS"}},
		"kubelet, negative qps":       {kubelet("kubeAPIQPS: -1"), []string{"critical kubeAPIQPS"}},
		"kubelet, burst below":        {kubelet("kubeAPIQPS: 50", "kubeAPIBurst: 49"), []string{"info kubeAPIBurst"}},
		"kubelet, events, 1.37":       {kubelet("eventRecordQPS: 0"), []string{"warning eventRecordQPS"}},
		"kubelet, events, 1.36":       {document("kubelet", "1.36.4", "eventRecordQPS: 0"), []string{"info eventRecordQPS"}},
		"kubelet, parallel pulls":     {kubelet("maxParallelImagePulls: 4"), pass},
		"kubelet, serial and several": {kubelet("maxParallelImagePulls: 4", "serializeImagePulls: true"), []string{"critical maxParallelImagePulls"}},
		"kubelet, serial and one":     {kubelet("maxParallelImagePulls: 1", "serializeImagePulls: true"), pass},
		"kubelet, one log file":       {kubelet("containerLogMaxFiles: 1"), []string{"critical containerLogMaxFiles"}},
		"kubelet, shutdown":           {kubelet("shutdownGracePeriod: 30s", "shutdownGracePeriodCriticalPods: 30s"), pass},
		"kubelet, critical longer":    {kubelet("shutdownGracePeriod: 30s", "shutdownGracePeriodCriticalPods: 31s"), []string{"critical shutdownGracePeriodCriticalPods"}},
		"kubelet, critical alone":     {kubelet("shutdownGracePeriodCriticalPods: 10s"), []string{"critical shutdownGracePeriodCriticalPods"}},
		"kubelet, half a second":      {kubelet("shutdownGracePeriod: 500ms"), []string{"critical shutdownGracePeriod"}},
		"kubelet, a lease of 0":       {kubelet("nodeLeaseDurationSeconds: 0"), []string{"info nodeLeaseDurationSeconds"}},
		"kubelet, a negative lease":   {kubelet("nodeLeaseDurationSeconds: -1"), []string{"critical nodeLeaseDurationSeconds"}},
		"kubelet, image collection":   {kubelet("imageGCHighThresholdPercent: 70", "imageGCLowThresholdPercent: 60"), pass},
		"kubelet, high alone":         {kubelet("imageGCHighThresholdPercent: 80"), []string{"critical imageGCHighThresholdPercent"}},
		"kubelet, low is high":        {kubelet("imageGCHighThresholdPercent: 80", "imageGCLowThresholdPercent: 80"), []string{"critical imageGCLowThresholdPercent"}},
		"kubelet, some evictions":     {kubelet("evictionHard.memory.available: 500Mi"), []string{"info evictionHard.memory.available"}},
		"kubelet, merged evictions":   {kubelet("evictionHard.memory.available: 500Mi", "mergeDefaultEvictionSettings: true"), pass},
		"kubelet, all evictions":      {kubelet("evictionHard.memory.available: 1Gi", "evictionHard.nodefs.available: 5%", "evictionHard.nodefs.inodesFree: 5%", "evictionHard.imagefs.available: 5%"), pass},
		"kubelet, no unit":            {kubelet("syncFrequency: 60"), []string{"critical syncFrequency"}},
		"kubelet, null":               {kubelet("syncFrequency: null"), []string{"not-applicable"}},
		"kubelet flags":               {inFile("kubelet", "1.37.2", "max-pods=many"), []string{"critical --max-pods"}},

		"scheduler file":              {conf("parallelism: 16", "profiles[0].schedulerName: a", "profiles[1].schedulerName: b", "clientConnection.burst: 200"), pass},
		"scheduler file, twice":       {conf("profiles[0].schedulerName: a", "profiles[1].schedulerName: a"), []string{"critical profiles[1].schedulerName"}},
		"scheduler file, parallelism": {conf("parallelism: 0"), []string{"critical parallelism"}},
		"scheduler file, score":       {conf("percentageOfNodesToScore: 101"), []string{"critical percentageOfNodesToScore"}},
		"scheduler file, backoff":     {conf("podInitialBackoffSeconds: 11", "podMaxBackoffSeconds: 10"), []string{"critical podMaxBackoffSeconds"}},
		"scheduler file, burst":       {conf("clientConnection.burst: 49"), []string{"info clientConnection.burst"}},
		"scheduler file, election":    {conf("leaderElection.renewDeadline: 15s", "leaderElection.leaseDuration: 15s"), []string{"critical leaderElection.leaseDuration"}},
		"scheduler file, no election": {conf("leaderElection.renewDeadline: 15s", "leaderElection.leaderElect: false"), pass},
		"another's file":              {document("kube-proxy", "1.37.2", "mode: ipvs"), []string{"not-applicable"}},
	} {
		t.Run(name, func(t *testing.T) {
			vs := checks.Run(snapshotOf(tc.of), []checks.Check{flagValue})[0].Verdicts
			if d := cmp.Diff(tc.want, told(vs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			for _, v := range vs {
				if _, ok := v.Place(); !ok || v.Outcome == checks.Finding && (v.Fix == "" || v.Recommended == "" || v.Observed == "") {
					t.Errorf("got %+v, want a place, and of a finding what to do", v)
				}
			}
		})
	}
}

func TestFlagValueLeavesTheUnknownAlone(t *testing.T) {
	opaque := inFile("etcd", "", "name=a", "ENV name=a", "heartbeat-interval=300")
	opaque.Value.Opaque = "is started by etcd-manager"
	unknown := inFile("kube-controller-manager", "1.37.2", "leader-elect-lease-duration=5s")
	unknown.Value.Unknown = []string{"leader-elect-renew-deadline"}
	later := inFile("kube-apiserver", "1.99.0", "profiling=no", "goaway-chance=0.5")
	noVersion := inFile("kube-apiserver", "", "profiling=no")
	flagz := inFile("kube-apiserver", "1.37.2", "goaway-chance=0.5", "request-timeout=0s")
	for _, vs := range flagz.Value.Values {
		vs[0].From = evidence.FromFlagz
	}
	template := document("kubelet", "1.37.2", "shutdownGracePeriodCriticalPods: 10s", "kubeAPIBurst: 10")
	template.Value.Unknown = []string{"shutdownGracePeriod", "kubeAPIQPS"}
	for name, tc := range map[string]struct {
		of   any
		want []string
	}{
		"a wrapper":                     {opaque, []string{"pass"}},
		"a template's deadline":         {unknown, []string{"pass"}},
		"a version after the catalogue": {later, []string{"critical --goaway-chance -> 0.001"}},
		"no version":                    {noVersion, []string{"critical --profiling -> false"}},
		"what a process reports":        {flagz, []string{"critical --request-timeout -> 1m0s"}},
		"a template in a file":          {template, []string{"pass"}},
	} {
		if d := cmp.Diff(tc.want, told(checks.Run(snapshotOf(tc.of), []checks.Check{flagValue})[0].Verdicts)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

func TestFlagValueLockedGate(t *testing.T) {
	gate := ""
	for _, g := range lockedOn("1.37.2") {
		gate = g
		break
	}
	for args, want := range map[string]string{
		"feature-gates=" + gate + "=true":  "pass",
		"feature-gates=" + gate + "=false": "critical --feature-gates",
	} {
		if got := told(checks.Run(snapshotOf(inFile("kube-apiserver", "1.37.2", args)), []checks.Check{flagValue})[0].Verdicts); got[0] != want {
			t.Errorf("%s: got %v, want %s", args, got, want)
		}
	}
	emulated := inFile("kube-apiserver", "1.37.2", "feature-gates="+gate+"=false", "emulated-version=1.30")
	if got := told(checks.Run(snapshotOf(emulated), []checks.Check{flagValue})[0].Verdicts); got[0] != "pass" {
		t.Errorf("an emulated version: got %v, want pass", got)
	}
	itself := inFile("kube-apiserver", "1.37.2", "feature-gates="+gate+"=false", "emulated-version=1.37")
	if got := told(checks.Run(snapshotOf(itself), []checks.Check{flagValue})[0].Verdicts); got[0] == "pass" {
		t.Errorf("its own version emulated: got %v, want the gate to be locked", got)
	}
	field := document("kubelet", "1.37.2", "featureGates."+gate+": false")
	if got := told(checks.Run(snapshotOf(field), []checks.Check{flagValue})[0].Verdicts); got[0] != "critical featureGates."+gate {
		t.Errorf("a kubelet's file: got %v, want critical", got)
	}
}

// lockedOn are the gates that all of Kubernetes' components lock on in a version.
func lockedOn(version string) []string {
	var out []string
	for _, name := range components.GateNames("kubelet", version) {
		if g, _ := components.LookupGate("kubelet", version, name); g.Locked && g.Default && len(g.Components) >= 4 {
			out = append(out, name)
		}
	}
	return out
}
