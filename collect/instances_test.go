package collect

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

func podOfAPIServer(node, hostIP string, flags map[string]string) (evidence.ControlPod, evidence.Observed[evidence.Flags]) {
	pod := evidence.ControlPod{
		Component: "kube-apiserver", Subject: "kube-apiserver/" + node, Namespace: "kube-system", Name: "kube-apiserver-" + node, Node: node, HostIP: hostIP, Ready: true,
	}
	f := evidence.Flags{Component: "kube-apiserver", Values: map[string][]evidence.FlagValue{}, Read: []evidence.Source{{}}, From: []evidence.Provenance{evidence.FromCommandLine}}
	for k, v := range flags {
		f.Values[k] = []evidence.FlagValue{{Value: v, From: evidence.FromCommandLine}}
	}
	return pod, evidence.See(pod.Subject, f, evidence.Source{})
}

func TestWhereInstancesAre(t *testing.T) {
	type pod struct {
		node, hostIP string
		flags        map[string]string
	}
	for name, tc := range map[string]struct {
		pods      []pod
		endpoints []evidence.Endpoint
		want      []string
	}{
		"kubeadm": {
			[]pod{{"cp-1", "10.0.0.1", map[string]string{"advertise-address": "10.0.0.1", "secure-port": "6443"}}, {"cp-2", "10.0.0.2", nil}},
			[]evidence.Endpoint{{Address: "10.0.0.1", Port: 6443}, {Address: "10.0.0.2", Port: 6443}},
			[]string{"kube-apiserver/cp-1 [10.0.0.1:6443]", "kube-apiserver/cp-2 [10.0.0.2:6443]"},
		},
		"bound to one address": {
			[]pod{{"cp-1", "10.0.0.1", map[string]string{"bind-address": "192.168.0.1", "advertise-address": "10.0.0.1", "secure-port": "443"}}},
			nil,
			[]string{"kube-apiserver/cp-1 [192.168.0.1:443]"},
		},
		"bound to all": {
			[]pod{{"cp-1", "10.0.0.1", map[string]string{"bind-address": "0.0.0.0", "advertise-address": "10.0.0.9"}}, {"cp-2", "fd00::2", map[string]string{"bind-address": "::"}}},
			nil,
			[]string{"kube-apiserver/cp-1 [10.0.0.9:6443]", "kube-apiserver/cp-2 [[fd00::2]:6443]"},
		},
		"all advertise the balancer": {
			[]pod{
				{"cp-1", "10.0.0.1", map[string]string{"advertise-address": "10.0.0.100"}},
				{"cp-2", "10.0.0.2", map[string]string{"advertise-address": "10.0.0.100"}},
			},
			nil,
			[]string{"kube-apiserver/cp-1 [10.0.0.1:6443]", "kube-apiserver/cp-2 [10.0.0.2:6443]"},
		},
		"several on one host": {
			[]pod{
				{"cp-1", "127.0.0.1", map[string]string{"bind-address": "127.0.0.1", "secure-port": "6443"}},
				{"cp-2", "127.0.0.1", map[string]string{"bind-address": "127.0.0.1", "secure-port": "6444"}},
			},
			[]evidence.Endpoint{{Address: "127.0.0.1", Port: 6444}},
			[]string{"kube-apiserver/cp-1 [127.0.0.1:6443]", "kube-apiserver/cp-2 [127.0.0.1:6444]"},
		},
		"no pods": {
			nil,
			[]evidence.Endpoint{{Address: "10.0.0.1", Port: 443}, {Address: "10.0.0.2", Port: 443}},
			[]string{"kube-apiserver/10.0.0.1:443 [10.0.0.1:443]", "kube-apiserver/10.0.0.2:443 [10.0.0.2:443]"},
		},
		"nothing": {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var pods []evidence.ControlPod
			var flags evidence.Instances[evidence.Flags]
			for _, p := range tc.pods {
				cp, f := podOfAPIServer(p.node, p.hostIP, p.flags)
				pods, flags = append(pods, cp), append(flags, f)
			}
			var got []string
			for _, in := range instancesOf(pods, flags, tc.endpoints) {
				got = append(got, fmt.Sprint(in.subject, " ", in.addresses))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// serving is an instance that a pod shows at a server's address.
func serving(node string, f *fakeAPIServer) *instance {
	host, port, _ := net.SplitHostPort(f.address())
	pod, flags := podOfAPIServer(node, "", map[string]string{"bind-address": host, "secure-port": port})
	return instancesOf([]evidence.ControlPod{pod}, evidence.Instances[evidence.Flags]{flags}, nil)[0]
}

func summary(all []*instance) []string {
	var out []string
	for _, in := range all {
		line := in.subject
		switch {
		case !in.metrics.Seen():
			line += " " + string(in.metrics.Gap.Why)
		default:
			line += fmt.Sprint(" started ", in.metrics.Value.First.Start)
		}
		out = append(out, line)
	}
	return out
}

func TestInstancesAreReadByTheirOwnAddresses(t *testing.T) {
	ca := newAuthority(t)
	balancer, one, two := ca.serve(t, 9, "kubernetes"), ca.serve(t, 100.25, "kubernetes.default.svc"), ca.serve(t, 200.5, "kubernetes")
	c := clientOf(t, ca, balancer.URL, 0)
	dead := &instance{process: process{component: "kube-apiserver", subject: "kube-apiserver/cp-3"}, addresses: []string{"127.0.0.1:1"}}
	all := c.readInstances(t.Context(), []*instance{serving("cp-1", one), serving("cp-2", two), dead}, nil)
	want := []string{"kube-apiserver/cp-1 started 100.25", "kube-apiserver/cp-2 started 200.5", "kube-apiserver/cp-3 unreachable"}
	if d := cmp.Diff(want, summary(all)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := balancer.count(""); n != 0 {
		t.Errorf("got %d requests at the balancer, want none: it leads to one of them only", n)
	}
	gap := dead.metrics.Gap
	if !strings.Contains(gap.Note, "127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused") || gap.Unlock != "run kaudit where it can reach 127.0.0.1:1" {
		t.Errorf("got gap %+v, want what was tried and what would help", gap)
	}
	if got := c.cost.total().APIRequests; got != 7 {
		t.Errorf("got %d requests counted, want 7: flags, requests under way and metrics of two, one in vain", got)
	}
}

func TestABalancerInTheEndpointSliceIsTakenForNoInstance(t *testing.T) {
	ca := newAuthority(t)
	balancer := ca.serve(t, 9, "kubernetes")
	host, port, _ := net.SplitHostPort(balancer.address())
	number, _ := strconv.Atoi(port)
	var pods []evidence.ControlPod
	var flags evidence.Instances[evidence.Flags]
	for _, node := range []string{"cp-1", "cp-2"} {
		p, f := podOfAPIServer(node, "", map[string]string{"advertise-address": host, "secure-port": port})
		pods, flags = append(pods, p), append(flags, f)
	}
	all := instancesOf(pods, flags, []evidence.Endpoint{{Address: host, Port: number}})
	c := clientOf(t, ca, balancer.URL, 0)
	for _, in := range all {
		if ws := c.ways(in); in.pod != nil && (len(ws) != 1 || !strings.HasPrefix(ws[0].name, "port-forward")) {
			t.Errorf("%s: got %+v, want a port-forward only", in.subject, ws)
		} else if b, err := ws[0].open(); in.pod == nil && (err != nil || !b.shared) {
			t.Errorf("%s: got %+v, %v, want it taken for an address that several may stand behind", in.subject, b, err)
		}
	}
	if len(all) != 3 {
		t.Errorf("got %d, want the two pods and the address", len(all))
	}
}

func TestOneInstanceUnderTwoAddressesIsOne(t *testing.T) {
	ca := newAuthority(t)
	f := ca.serve(t, 100, "kubernetes")
	_, port, _ := net.SplitHostPort(f.address())
	p, _ := strconv.Atoi(port)
	c := clientOf(t, ca, "https://balancer.invalid", 0)
	// The pod shows one address, the EndpointSlice another one that leads to the same process.
	other := instancesOf(nil, nil, []evidence.Endpoint{{Address: "localhost", Port: p}})[0]
	for _, order := range [][]*instance{{serving("cp-1", f), other}, {other, serving("cp-1", f)}} {
		all := c.readInstances(t.Context(), order, nil)
		if d := cmp.Diff([]string{"kube-apiserver/cp-1 started 100"}, summary(all)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	all := c.readInstances(t.Context(), []*instance{serving("cp-1", f), serving("cp-2", f)}, nil)
	if d := cmp.Diff([]string{"kube-apiserver/cp-1 started 100", "kube-apiserver/cp-2 unreachable"}, summary(all)); d != "" {
		t.Errorf("two pods, one process (-want +got):\n%s", d)
	}
}

func TestAnInstanceThatCannotBeReachedIsAskedThroughTheBalancerIfItIsTheOnlyOne(t *testing.T) {
	ca := newAuthority(t)
	balancer := ca.serve(t, 9, "kubernetes")
	c := clientOf(t, ca, balancer.URL, 0)
	lost := func(node string) *instance {
		return &instance{process: process{component: "kube-apiserver", subject: "kube-apiserver/" + node}, addresses: []string{"127.0.0.1:1"}}
	}
	host := "kube-apiserver/" + balancer.address()
	for name, tc := range map[string]struct {
		all  []*instance
		want []string
	}{
		"one":  {[]*instance{lost("cp-1")}, []string{"kube-apiserver/cp-1 started 9"}},
		"two":  {[]*instance{lost("cp-1"), lost("cp-2")}, []string{"kube-apiserver/cp-1 unreachable", "kube-apiserver/cp-2 unreachable", host + " started 9"}},
		"none": {nil, []string{host + " started 9"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, summary(c.readInstances(t.Context(), tc.all, nil))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCredentialsGoOnlyWhereTheCertificateIsVerified(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	balancer := ca.serve(t, 9, "kubernetes")
	for name, f := range map[string]*fakeAPIServer{
		"another authority": other.serve(t, 1, "kubernetes.default.svc"),
		"another name":      ca.serve(t, 1, "kubelet-7"),
	} {
		t.Run(name, func(t *testing.T) {
			c := clientOf(t, ca, balancer.URL, 0)
			in := serving("cp-1", f)
			in.pod = nil // no port-forward
			c.readInstance(t.Context(), in, nil)
			if in.metrics.Seen() || f.count("") != 0 || !strings.Contains(in.metrics.Gap.Note, "x509: ") {
				t.Errorf("got %+v and %d requests, want a gap about the certificate and none", in.metrics, f.count(""))
			}
		})
	}
}

// Who verifies no certificate trusts one address. Others come from objects that a tenant may write.
func TestWithoutVerificationCredentialsGoToOneServerOnly(t *testing.T) {
	ca := newAuthority(t)
	home, other := ca.serve(t, 9, "kubernetes"), newAuthority(t).serve(t, 1, "kubernetes")
	c := clientOf(t, ca, home.URL, 0)
	c.config.CAData, c.config.Insecure = nil, true
	lost := serving("cp-1", other)
	all := c.readInstances(t.Context(), []*instance{serving("cp-2", home), lost}, nil)
	if d := cmp.Diff([]string{"kube-apiserver/cp-2 started 9", "kube-apiserver/cp-1 unreachable"}, summary(all)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if gap := lost.metrics.Gap; other.count("") != 0 || !strings.Contains(gap.Note, "insecure-skip-tls-verify") || !strings.HasPrefix(gap.Unlock, "certificate-authority ") {
		t.Errorf("got %+v and %d requests, want none, with the reason", gap, other.count(""))
	}
}

func TestAnInstanceThatRefusesTheCredentialsIsNotReached(t *testing.T) {
	ca := newAuthority(t)
	f := ca.serve(t, 1, "kubernetes")
	f.handler = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusUnauthorized); return true }
	c := clientOf(t, ca, "https://balancer.invalid", 0)
	in := serving("cp-1", f)
	in.pod = nil
	c.readInstance(t.Context(), in, nil)
	if in.metrics.Seen() || !strings.Contains(in.metrics.Gap.Note, "401") {
		t.Errorf("got %+v, want a gap: a gateway takes these credentials, the instance does not", in.metrics)
	}
}

func TestInstancesWithoutPodsAreNamedByTheirNodes(t *testing.T) {
	all := instancesOf(nil, nil, []evidence.Endpoint{{Address: "10.0.0.1", Port: 6443}, {Address: "10.0.0.9", Port: 443}})
	for _, in := range all {
		in.miss(evidence.Gap{Why: evidence.Unreachable}, evidence.Source{})
	}
	nameInstances(all, []evidence.Node{{Name: "cp-1", Addresses: []string{"10.0.0.1"}}, {Name: "n-1", Addresses: []string{"10.0.0.2"}}})
	var got []string
	for _, in := range all {
		got = append(got, in.subject, in.metrics.Of, in.flagz.Of)
	}
	want := slices.Concat(slices.Repeat([]string{"kube-apiserver/cp-1"}, 3), slices.Repeat([]string{"kube-apiserver/10.0.0.9:443"}, 3))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
