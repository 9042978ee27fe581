package collect

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kaudit/kaudit/evidence"
)

func runAgainst(t *testing.T, a *authority, f *fakeAPIServer, o Options) (*evidence.Snapshot, error) {
	t.Helper()
	o.Config = &rest.Config{Host: f.URL, BearerToken: "hunter2", TLSClientConfig: rest.TLSClientConfig{CAData: a.pem, ServerName: "kubernetes"}}
	o.Kaudit = "v0.0.0-test"
	o.Timeout = 10 * time.Second
	return Run(t.Context(), o)
}

// A cluster that shows next to nothing must not come out as one that has nothing.
func TestWhatCannotBeReadIsAGapWithAReason(t *testing.T) {
	for name, refuse := range map[string]int{"forbidden": 403, "overloaded": 429, "broken": 500, "not there": 404} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t)
			f := ca.serve(t, 50, "kubernetes")
			f.handler = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/version" {
					return false
				}
				w.WriteHeader(refuse)
				return true
			}
			s, err := runAgainst(t, ca, f, Options{NodeSample: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range evidence.Kinds() {
				records := s.Records(k)
				if len(records) == 0 && k != evidence.KindRequests { // of logs, which scan --audit-log reads
					t.Errorf("%s: got nothing, want a gap", k)
				}
				for _, r := range records {
					absence := r.Seen && k != evidence.KindVersion && refuse != 404
					if absence || (!r.Seen && (r.Gap.Note == "" || r.Gap.Why == "" || r.Of == "")) {
						t.Errorf("%s: got %+v with gap %+v, want a gap that says of what and why", k, r, r.Gap)
					}
				}
			}
			if s.Cost.APIRequests != f.count("GET ") || f.count("") != f.count("GET ") || s.Cost.APIRequests > 40 {
				t.Errorf("got cost %+v, the server saw %d GETs and %d requests in all", s.Cost, f.count("GET "), f.count(""))
			}
		})
	}
}

func TestNothingAtAllIsAnErrorThatSaysWhatToDo(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, tc := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request) bool
		trusted *authority
		want    string
	}{
		"credentials": {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(401); return true }, ca, "does not accept the credentials (401)"},
		"another authority": {
			func(http.ResponseWriter, *http.Request) bool { return false }, other,
			"; check certificate-authority and server of the kubeconfig",
		},
		"something else listens": {
			func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, "<html>"); return true }, ca,
			"answers like no kube-apiserver: GET /version: ",
		},
		"a balancer with nothing behind it": {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }, ca, "503 Service Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ca.serve(t, 1, "kubernetes")
			f.handler = tc.handler
			s, err := runAgainst(t, tc.trusted, f, Options{})
			if s != nil || err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), f.address()) {
				t.Errorf("got %v, want it to name %s and say %q", err, f.address(), tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got the token in %v", err)
			}
			if n := f.count(""); n > 1 {
				t.Errorf("got %d requests, want no more than one", n)
			}
		})
	}
}

// What gives the credentials are the kubeconfig's users: a program, or the OIDC that kubectl knows too.
func TestCredentialsThatCannotBeHad(t *testing.T) {
	ca := newAuthority(t)
	f := ca.serve(t, 1, "kubernetes")
	for name, tc := range map[string]struct {
		user rest.Config
		want string
	}{
		"no such program": {rest.Config{ExecProvider: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: "no-such-program-of-kaudit", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		}}, "getting credentials: exec: executable no-such-program-of-kaudit not found"},
		"a session of OIDC that is over": {rest.Config{AuthProvider: &clientcmdapi.AuthProviderConfig{Name: "oidc", Config: map[string]string{
			"idp-issuer-url": "https://127.0.0.1:1", "client-id": "kaudit-test",
		}}}, "No valid id-token, and cannot refresh without refresh-token"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.user.Host, tc.user.TLSClientConfig = f.URL, rest.TLSClientConfig{CAData: ca.pem, ServerName: "kubernetes"}
			_, err := Run(t.Context(), Options{Config: &tc.user, Timeout: 10 * time.Second})
			if err == nil || !strings.Contains(err.Error(), tc.want) || f.count("") != 0 {
				t.Errorf("got %v and %d requests, want it to say %q", err, f.count(""), tc.want)
			}
		})
	}
}

// That no kubelet was asked is told, whoever wanted it so: a check must not pass for want of them.
func TestNoKubeletIsAsked(t *testing.T) {
	ca := newAuthority(t)
	f := ca.serve(t, 1, "kubernetes")
	for name, tc := range map[string]struct {
		nodes string
		want  evidence.Gap
	}{
		"none wanted": {`{"metadata":{"name":"n-1"}}`, evidence.Gap{Why: evidence.NotAsked, Note: "no node was sampled", Unlock: "--node-sample 20"}},
		"none there":  {"", evidence.Gap{Why: evidence.Absent, Note: "the cluster has no node"}},
	} {
		t.Run(name, func(t *testing.T) {
			f.handler = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/api/v1/nodes" {
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, `{"kind":"NodeList","items":[`+tc.nodes+`]}`)
				}
				return r.URL.Path == "/api/v1/nodes"
			}
			s, err := runAgainst(t, ca, f, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []evidence.Kind{evidence.KindKubeletConfigs, evidence.KindKubeletMetrics} {
				if r := s.Records(k); len(r) != 1 || r[0].Gap == nil || *r[0].Gap != tc.want {
					t.Errorf("%s: got %+v, want %+v", k, r, tc.want)
				}
			}
		})
	}
}

func TestTheOnlyInstanceIsReadThroughTheKubeconfigsServer(t *testing.T) {
	ca := newAuthority(t)
	f := ca.serve(t, 50, "kubernetes")
	var stages []string
	s, err := runAgainst(t, ca, f, Options{Window: time.Millisecond, ClusterName: "prod", Progress: func(stage string, done, total int) {
		stages = append(stages, fmt.Sprint(stage, " ", done, "/", total))
	}})
	if err != nil {
		t.Fatal(err)
	}
	subject := "kube-apiserver/" + f.address()
	m := s.APIServerMetrics.Of(subject)
	if !m.Seen() || m.Value.First.Start != 50 || m.Value.Second == nil {
		t.Errorf("got %+v, want both scrapes of %s", s.APIServerMetrics, subject)
	}
	if flags := s.APIServerFlags.Of(subject); !flags.Seen() || flags.Value.Setting("goaway-chance").From != evidence.FromFlagz {
		t.Errorf("got %+v, want the flags in force of %s", s.APIServerFlags, subject)
	}
	want := evidence.Cluster{Name: "prod", Server: f.address(), Distribution: "unknown"}
	if d := cmp.Diff(want, s.Cluster); d != "" {
		t.Errorf("cluster (-want +got):\n%s", d)
	}
	last := stages[len(stages)-1]
	if n := len(stages) / 2; !strings.HasSuffix(last, fmt.Sprintf(" %d/%d", n, n)) {
		t.Errorf("got last progress %q of %d, want all done", last, n)
	}
	var saved strings.Builder
	if err := evidence.Save(&saved, s); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(saved.String(), "hunter2") {
		t.Error("got the token in the snapshot")
	}
}

// Ages are judged by the server's clock: a laptop whose own is wrong must not condemn every Lease.
func TestTheServersClockCounts(t *testing.T) {
	ca := newAuthority(t)
	server := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct{ own, want time.Time }{
		"an hour behind":          {server.Add(-time.Hour), server},
		"an hour ahead":           {server.Add(time.Hour), server},
		"as exact as can be told": {server.Add(1500 * time.Millisecond), server.Add(1500 * time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			f := ca.serve(t, 1, "kubernetes")
			f.handler = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Date", server.Format(http.TimeFormat))
				return false
			}
			s, err := runAgainst(t, ca, f, Options{Now: func() time.Time { return tc.own }})
			if err != nil {
				t.Fatal(err)
			}
			if !s.Taken.Equal(tc.want) || !s.Nodes.Source.At.Equal(tc.want) {
				t.Errorf("got taken %s and nodes at %s, want %s", s.Taken, s.Nodes.Source.At, tc.want)
			}
		})
	}
}

func TestInAPodThereIsNoKubeconfig(t *testing.T) {
	for want, cfg := range map[string]*rest.Config{
		"the pod's service account": {BearerTokenFile: podToken},
		"the kubeconfig":            {BearerToken: "x"},
	} {
		if got := whoseConfig(cfg); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCredentialsInABrokenFileNameIt(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]rest.TLSClientConfig{
		"authority": {CAFile: bad}, "certificate that is not there": {CertFile: bad + "x", KeyFile: bad},
	} {
		_, err := Run(t.Context(), Options{Config: &rest.Config{Host: "https://127.0.0.1:1", TLSClientConfig: files}})
		var options *OptionsError
		if !errors.As(err, &options) || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: got %v, want an error of the options that names %s", name, err, bad)
		}
	}
}
