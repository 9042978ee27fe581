package collect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/kaudit/kaudit/evidence"
)

func TestEtcdGuardLetsOnlyReadsPass(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		req    any
		sent   bool
	}{
		"status":       {"/etcdserverpb.Maintenance/Status", &etcdserverpb.StatusRequest{}, true},
		"members":      {"/etcdserverpb.Cluster/MemberList", &etcdserverpb.MemberListRequest{}, true},
		"alarms":       {"/etcdserverpb.Maintenance/Alarm", &etcdserverpb.AlarmRequest{}, true},
		"disarm":       {"/etcdserverpb.Maintenance/Alarm", &etcdserverpb.AlarmRequest{Action: etcdserverpb.AlarmRequest_DEACTIVATE}, false},
		"put":          {"/etcdserverpb.KV/Put", &etcdserverpb.PutRequest{}, false},
		"range":        {"/etcdserverpb.KV/Range", &etcdserverpb.RangeRequest{}, false}, // Secrets are in there
		"defragment":   {"/etcdserverpb.Maintenance/Defragment", &etcdserverpb.DefragmentRequest{}, false},
		"authenticate": {"/etcdserverpb.Auth/Authenticate", &etcdserverpb.AuthenticateRequest{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			reached := 0
			invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
				reached++
				return nil
			}
			err := etcdReadOnly(&sent)(t.Context(), tc.method, tc.req, nil, nil, invoke)
			var no *refusalError
			if tc.sent && (err != nil || reached != 1 || sent.Load() != 1) {
				t.Errorf("got %v, want it sent and counted", err)
			}
			if !tc.sent && (!errors.As(err, &no) || reached != 0 || sent.Load() != 0) {
				t.Errorf("got %v, want it refused and not counted", err)
			}
		})
	}
}

func TestEtcdOptionsThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		opts Options
		want string
	}{
		"nothing at all":       {Options{}, "nothing to collect from"},
		"no such file":         {Options{EtcdEndpoints: []string{"a:1"}, EtcdCA: filepath.Join(dir, "none")}, "--etcd-cacert: open "},
		"no certificate in it": {Options{EtcdEndpoints: []string{"a:1"}, EtcdCA: empty}, "no certificate in it"},
		"a key alone":          {Options{EtcdEndpoints: []string{"a:1"}, EtcdKey: empty}, "belong together"},
		"a broken pair":        {Options{EtcdEndpoints: []string{"a:1"}, EtcdCert: empty, EtcdKey: empty}, "--etcd-cert "},
		"no URL":               {Options{EtcdEndpoints: []string{"ftp://user:hunter2@a"}}, "no URL of an etcd member"},
		"a port that is none":  {Options{EtcdEndpoints: []string{"https://a:99999"}}, "--etcd-endpoints: https://a:99999 has no port from 1 to 65535"},
		"port 0":               {Options{EtcdEndpoints: []string{"a:0"}}, "has no port from 1 to 65535"},
		"a broken pair, named": {Options{EtcdEndpoints: []string{"a:1"}, EtcdCert: empty, EtcdKey: empty}, empty + " with --etcd-key " + empty + ": "},
		"nonsense":             {Options{EtcdEndpoints: []string{"https://user:hunter2@[::1"}}, "no URL of an etcd member"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(t.Context(), tc.opts)
			var bad *OptionsError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an options error with %q and no password", err, tc.want)
			}
		})
	}
}

func TestEtcdURL(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1:2379":                   "https://10.0.0.1:2379",
		"https://10.0.0.1":                "https://10.0.0.1:2379",
		"https://u:p@10.0.0.1:2379/x?y=z": "https://10.0.0.1:2379",
		"http://[::1]:2379":               "http://[::1]:2379",
	} {
		if got, err := etcdURL(in, true); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestMetricsOfSomethingElseAreNotEtcds(t *testing.T) {
	with := func(family string) evidence.Observed[evidence.Scrapes] {
		return evidence.See("", evidence.Scrapes{First: evidence.Scrape{Families: map[string]*evidence.Family{family: {Type: "gauge"}}}}, evidence.Source{Ask: "GET /metrics"})
	}
	if o := ofEtcd(with("etcd_server_has_leader")); !o.Seen() {
		t.Errorf("got the gap %v, want the metrics of an etcd", o.Gap)
	}
	o := ofEtcd(with("etcd_requests_total")) // of a kube-apiserver, about its etcd
	if o.Seen() || o.Gap.Why != evidence.Malformed || o.Gap.Note != "GET /metrics: what answers is no etcd: its metrics lack etcd_server_has_leader" {
		t.Errorf("got %+v, want a gap: what answers is no etcd", o)
	}
	silent := evidence.Miss[evidence.Scrapes]("", evidence.Gap{Why: evidence.Unreachable, Note: "no answer"}, evidence.Source{})
	if got := ofEtcd(silent); got.Gap.Note != "no answer" {
		t.Errorf("got %v, want the gap that was there", got.Gap)
	}
}
