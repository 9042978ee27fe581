package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// fixed are verdicts with the settings that mend them: "-name" goes, "name=value" comes.
func fixed(vs []checks.Verdict) []string {
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
				line += " " + c.Name + "=" + c.Value
			}
		}
		out = append(out, line)
	}
	return out
}

func TestFlagUnknown(t *testing.T) {
	api := func(args ...string) any { return inFile("kube-apiserver", "1.37.2", args...) }
	etcd := func(version string, args ...string) any { return inFile("etcd", version, args...) }
	kubelet := func(fields ...string) any {
		o := document("kubelet", "1.37.2", fields...)
		o.Value.APIVersion, o.Value.Kind = "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"
		return o
	}
	conf := func(fields ...string) any {
		o := document("kube-scheduler", "1.37.2", fields...)
		o.Value.APIVersion, o.Value.Kind = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration"
		return o
	}
	pass := []string{"pass"}
	for name, tc := range map[string]struct {
		of   any
		want []string
	}{
		"known":                        {api("goaway-chance=0.001", "v=2", "etcd-servers=https://a:2379"), pass},
		"nothing set":                  {api(), []string{"not-applicable"}},
		"misspelled":                   {api("goaway-chanse=0.001"), []string{"critical --goaway-chanse -goaway-chanse goaway-chance=0.001"}},
		"letters that changed places":  {api("max-reqeusts-inflight=800"), []string{"critical --max-reqeusts-inflight -max-reqeusts-inflight max-requests-inflight=800"}},
		"of long ago":                  {api("insecure-port=0"), []string{"critical --insecure-port -insecure-port"}},
		"nobody's":                     {api("frobnicate=1"), []string{"critical --frobnicate -frobnicate"}},
		"comes in the next minor":      {inFile("kube-apiserver", "1.30.4", "disable-http2-serving=true"), []string{"critical --disable-http2-serving -disable-http2-serving"}},
		"a minor that is not known":    {inFile("kube-apiserver", "1.99.0", "frobnicate=1"), []string{"skipped"}},
		"a gate that is on its way":    {inFile("kube-apiserver", "1.36.1", "feature-gates=APIServerTracing=true"), pass},
		"no version, in some":          {inFile("kube-apiserver", "", "service-account-api-audiences=x", "goaway-chance=0"), pass},
		"no version, in none":          {inFile("kube-apiserver", "", "frobnicate=1"), []string{"critical --frobnicate -frobnicate"}},
		"a version that is not known":  {inFile("kube-apiserver", "1.99.0", "frobnicate=1"), []string{"skipped"}},
		"deprecated":                   {api("kubelet-port=10250"), []string{"info --kubelet-port"}},
		"deprecated for a file":        {inFile("kube-scheduler", "1.37.2", "kubeconfig=/x", "profiling=false"), pass},
		"the kubelet's, for a file":    {inFile("kubelet", "1.37.2", "max-pods=110"), pass},
		"an unknown gate":              {api("feature-gates=Frobnicate=true,AllAlpha=false"), []string{"critical gate Frobnicate feature-gates=AllAlpha=false"}},
		"an unknown gate alone":        {api("feature-gates=kube:Frobnicate=true"), []string{"critical gate Frobnicate -feature-gates"}},
		"another component's gate":     {api("feature-gates=wardle:Frobnicate=true"), pass},
		"a gate that went":             {api("feature-gates=APIPriorityAndFairness=false"), []string{"critical gate APIPriorityAndFairness -feature-gates"}},
		"a gate, version not known":    {inFile("kube-apiserver", "", "feature-gates=APIPriorityAndFairness=true"), pass},
		"went from etcd":               {etcd("3.6.16", "enable-v2=true"), []string{"critical --enable-v2 -enable-v2"}},
		"comes to etcd":                {etcd("3.5.35", "compact-hash-check-time=1m"), []string{"critical --compact-hash-check-time -compact-hash-check-time"}},
		"etcd 3.5, experimental":       {etcd("3.5.35", "experimental-initial-corrupt-check=true"), pass},
		"etcd 3.6, experimental":       {etcd("3.6.16", "experimental-watch-progress-notify-interval=5s"), []string{"warning --experimental-watch-progress-notify-interval -experimental-watch-progress-notify-interval watch-progress-notify-interval=5s"}},
		"etcd 3.6, now a gate":         {etcd("3.6.16", "experimental-initial-corrupt-check=true"), []string{"warning --experimental-initial-corrupt-check"}},
		"etcd 3.7, experimental":       {etcd("3.7.3", "experimental-corrupt-check-time=4h"), []string{"critical --experimental-corrupt-check-time -experimental-corrupt-check-time corrupt-check-time=4h"}},
		"etcd 3.7, now a gate":         {etcd("3.7.3", "experimental-initial-corrupt-check=true"), []string{"critical --experimental-initial-corrupt-check"}},
		"etcd 3.7, on its way out":     {etcd("3.7.3", "max-snapshots=5"), []string{"info --max-snapshots"}},
		"a variable nearly right":      {etcd("3.7.3", "ENV quota-backend-byte=1"), []string{"warning --quota-backend-byte"}},
		"a variable of the image's":    {etcd("3.7.3", "ENV unsupported-arch=arm64"), pass},
		"a variable that went":         {etcd("3.7.3", "ENV enable-v2=true"), []string{"warning --enable-v2 -enable-v2"}},
		"a gate of etcd":               {etcd("3.7.3", "feature-gates=InitialCorruptCheck=true"), pass},
		"no gate of etcd":              {etcd("3.7.3", "feature-gates=InitialCoruptCheck=true"), []string{"critical gate InitialCoruptCheck -feature-gates"}},
		"kubelet fields":               {kubelet("kubeAPIQPS: 50", "authentication.anonymous.enabled: false", "evictionHard.memory.available: 1Gi", "apiVersion: x", "registerWithTaints[0].key: a"), pass},
		"a kubelet field, misspelled":  {kubelet("kubeApiQPS: 50"), []string{"warning kubeApiQPS"}},
		"a kubelet struct, misspelled": {kubelet("authentification.anonymous.enabled: false", "authentification.webhook.enabled: true"), []string{"warning authentification"}},
		"a kubelet gate":               {kubelet("featureGates.Frobnicate: true", "featureGates.AllAlpha: false"), []string{"critical gate Frobnicate -featureGates.Frobnicate"}},
		"scheduler fields":             {conf("parallelism: 16", "profiles[0].schedulerName: a", "profiles[0].plugins.score.disabled[0].name: X", "profiles[0].pluginConfig[0].args.any: 1"), pass},
		"a scheduler field":            {conf("profiles[0].plugins.scores.disabled[0].name: X"), []string{"critical profiles.plugins.scores"}},
		"etcd's file":                  {document("etcd", "3.7.3", "name: a", "client-transport-security.trusted-ca-file: /x"), pass},
		"etcd's file, misspelled":      {document("etcd", "3.7.3", "quota-backend-byte: 1"), []string{"warning quota-backend-byte"}},
		"etcd's file, went":            {document("etcd", "3.7.3", "enable-v2: true"), []string{"warning enable-v2"}},
		"etcd's file, no version":      {document("etcd", "", "enable-v2: true"), pass},
		"another's file":               {document("kube-proxy", "1.37.2", "mode: ipvs"), []string{"skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			vs := checks.Run(snapshotOf(tc.of), []checks.Check{flagUnknown})[0].Verdicts
			if d := cmp.Diff(tc.want, fixed(vs)); d != "" {
				t.Errorf("(-want +got)\n%s%v", d, sentences(vs))
			}
			for _, v := range vs {
				if _, ok := v.Place(); !ok || v.Outcome == checks.Finding && (v.Fix == "" || v.Recommended == "" || v.Observed == "") {
					t.Errorf("got %+v, want a place, and of a finding what to do", v)
				}
			}
		})
	}
}

func TestFlagUnknownLeavesVendorsAlone(t *testing.T) {
	with := func(distribution, opaque string, args ...string) *evidence.Snapshot {
		o := inFile("kube-apiserver", "1.37.2", args...)
		o.Value.Opaque = opaque
		s := snapshotOf(o)
		s.Cluster.Distribution = distribution
		return s
	}
	filled := inFile("kube-apiserver", "1.37.2", "v=2")
	filled.Value.Unknown = []string{"goaway-chanse"}
	filled.Value.UnknownAt = map[string]evidence.Source{"goaway-chanse": {Via: evidence.ViaFile, From: "a.yaml", Line: 3}}
	flagz := inFile("kube-apiserver", "1.37.2", "a-vendors-own=1")
	flagz.Value.Values["a-vendors-own"][0].From = evidence.FromFlagz
	for name, tc := range map[string]struct {
		s    *evidence.Snapshot
		want []string
	}{
		"openshift":           {with("openshift", "", "frobnicate=1"), []string{"not-applicable"}},
		"its configuration":   {with("", "", "openshift-config=/c", "frobnicate=1"), []string{"not-applicable"}},
		"a wrapper":           {with("", "is started by /wrap, which may add flags of its own", "frobnicate=1"), []string{"not-applicable"}},
		"k3s, nobody's":       {with("k3s", "", "frobnicate=1"), []string{"pass"}},
		"k3s, misspelled":     {with("k3s", "", "goaway-chanse=1"), []string{"critical --goaway-chanse -goaway-chanse goaway-chance=1"}},
		"filled in, unknown":  {snapshotOf(filled), []string{"critical --goaway-chanse"}},
		"the process reports": {snapshotOf(flagz), []string{"not-applicable"}},
	} {
		if d := cmp.Diff(tc.want, fixed(checks.Run(tc.s, []checks.Check{flagUnknown})[0].Verdicts)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

// What went in the first minor of the catalogue, or came before it, is not told: only what it has seen.
func TestWhenAFlagCameOrWent(t *testing.T) {
	for name, want := range map[string]string{
		"disable-http2-serving":   "comes in 1.31",
		"etcd-readycheck-timeout": "comes in 1.25",
	} {
		span, _ := components.FlagHistory("kube-apiserver", name)
		if got := comes("kube-apiserver", span); got != want {
			t.Errorf("--%s: got %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"logtostderr":      "went in 1.26",
		"APIServerTracing": "went in 1.37",
	} {
		span, ok := components.FlagHistory("kube-apiserver", name)
		if !ok {
			span, _ = components.GateHistory("kube-apiserver", name)
		}
		if got := went(span); got != want {
			t.Errorf("--%s: got %q, want %q", name, got, want)
		}
	}
	if got, want := covered("kube-apiserver"), "1.24 to 1.37"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
