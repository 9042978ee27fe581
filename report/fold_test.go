package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/checks"
)

func TestSkippedNamesWhatIsMissingOnce(t *testing.T) {
	skip := func(subject, message, unlock string) checks.Verdict {
		return checks.About(subject).Skip("%s", message).Unlocked(unlock)
	}
	const grantIt = "; grant it: kaudit rbac | kubectl apply -f -"
	a := Audit{Results: []checks.Result{
		{Check: testCheck("apiserver-apf", "kube-apiserver", checks.Warning), Verdicts: []checks.Verdict{
			skip("kube-apiserver", "x", "permission to get /flagz"+grantIt+"; permission to get /metrics"+grantIt),
		}},
		{Check: testCheck("etcd-space", "etcd", checks.Warning), Verdicts: []checks.Verdict{
			skip("etcd", "x", "--etcd-endpoints https://HOST:2379; permission to get /metrics; grant it with deploy/rbac.yaml"),
			skip("kubelet/n-1", "GET /nodes/n-1: 400", ""), skip("kubelet/n-2", "GET /nodes/n-2: 400", ""),
			skip("prioritylevelconfiguration/exempt traffic", "how much traffic is exempt was not measured", ""),
		}},
	}}
	var got []string
	unlockable, others := locks(a)
	for _, l := range unlockable {
		got = append(got, l.reason+": "+strings.Join(l.checks, ", "))
	}
	for _, l := range others {
		got = append(got, l.because())
	}
	want := []string{
		"permission to get /metrics: apiserver-apf, etcd-space",
		"permission to get /flagz: apiserver-apf",
		"--etcd-endpoints https://HOST:2379: etcd-space",
		"kubelet/n-1, n-2: GET /nodes/…: 400",
		"prioritylevelconfiguration/exempt: how much traffic is exempt was not measured",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

func TestAnAuditThatJudgedNothingIsNoGoodNews(t *testing.T) {
	for name, tc := range map[string]struct {
		s    Summary
		want string
	}{
		"nothing judged":    {Summary{Skipped: 3}, "nothing could be judged"},
		"passed":            {Summary{Skipped: 3, Pass: 1}, "no findings"},
		"does not apply":    {Summary{NotApplicable: 1}, "no findings"},
		"found, not passed": {Summary{Info: 1, Skipped: 3}, "1 info"},
	} {
		if got, _ := tally(tc.s); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestCutKeepsMembersOfAListWhole(t *testing.T) {
	for word, want := range map[string]string{
		"https://10.0.0.1:2379,https://10.0.0.2:2379,https://10.0.0.3:2379": "https://10.0.0.1:2379,https://10.0.0.2:2379,",
		"apiservice/v1beta1.metrics.example.org/and/so/on/and/so/on/and":    "apiservice/v1beta1.metrics.example.org/and/so/on/",
		"v1beta1.anaggregatedapi.example.or.averylongdomainname":            "v1beta1.anaggregatedapi.example.or.",
	} {
		if got, _ := cut(word, 50); got != want {
			t.Errorf("got %q of %q, want %q", got, word, want)
		}
	}
}
