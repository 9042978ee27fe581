package etcd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

const threeMain = "https://10.0.0.1:2379,https://10.0.0.2:2379,https://10.0.0.3:2379"

// apiservers are instances with those overrides; "" sets none.
func apiservers(servers string, overrides ...string) evidence.Instances[evidence.Flags] {
	var in evidence.Instances[evidence.Flags]
	for i, o := range overrides {
		set := map[string]string{"etcd-servers": servers}
		if o != "" {
			set["etcd-servers-overrides"] = o
		}
		in = append(in, evidence.See(fmt.Sprintf("kube-apiserver/cp-%d", i+1), commandLine("kube-apiserver", "1.37.2", set), evidence.Source{}))
	}
	return in
}

// counting is an apiserver that counts stored objects.
func counting(family string, events, others float64) evidence.Instances[evidence.Scrapes] {
	return metrics(map[string]evidence.Scrape{"kube-apiserver/cp-1": scrape(
		time.Hour, nil,
		labelled{family, map[string]string{"resource": "events"}, events},
		labelled{family, map[string]string{"resource": "pods"}, others},
		labelled{family, map[string]string{"resource": "widgets", "group": "example.com"}, -1},
	)})
}

func TestEventsRouting(t *testing.T) {
	const good = "/events#https://10.0.1.1:2379;https://10.0.1.2:2379;https://10.0.1.3:2379"
	of := func(servers string, overrides ...string) *evidence.Snapshot {
		return &evidence.Snapshot{APIServerFlags: apiservers(servers, overrides...), Nodes: nodes(10)}
	}
	opaque := of(threeMain, "")
	opaque.APIServerFlags[0].Value.Opaque = "a wrapper starts it"
	same := "pass kube-apiserver events-routing"

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     []string
	}{
		"none, small cluster":         {of(threeMain, ""), []string{"pass cluster"}},
		"none on two":                 {of(threeMain, "", ""), []string{"pass cluster"}},
		"apart":                       {of(threeMain, good), []string{"pass kube-apiserver/cp-1", "pass cluster"}},
		"apart on two":                {of(threeMain, good, good), []string{"pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2", same, "pass cluster"}},
		"another order is the same":   {of(threeMain, good, "/events#https://10.0.1.3:2379;https://10.0.1.2:2379;https://10.0.1.1:2379"), []string{"pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2", same, "pass cluster"}},
		"only one of two":             {of(threeMain, good, ""), []string{"pass kube-apiserver/cp-1", "warning kube-apiserver events-routing", "pass cluster"}},
		"different servers":           {of(threeMain, good, "/events#https://10.0.1.1:2379;https://10.0.1.2:2379;https://10.0.1.4:2379"), []string{"pass kube-apiserver/cp-1", "pass kube-apiserver/cp-2", "warning kube-apiserver events-routing", "pass cluster"}},
		"commas":                      {of(threeMain, "/events#http://etcd4:2379,http://etcd5:2379,http://etcd6:2379"), []string{"critical kube-apiserver/cp-1", "pass cluster"}},
		"events.k8s.io only":          {of(threeMain, "events.k8s.io/events#https://10.0.1.1:2379"), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"other kinds only":            {of(threeMain, "/leases#https://10.0.1.1:2379"), []string{"pass cluster"}},
		"the main servers":            {of(threeMain, "/events#https://10.0.0.1:2379;https://10.0.0.2:2379;https://10.0.0.3:2379"), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"some of the main servers":    {of(threeMain, "/events#https://10.0.0.1:2379"), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"one main, two others":        {of(threeMain, "/events#https://10.0.0.1:2379;https://10.0.1.2:2379;https://10.0.1.3:2379"), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"two servers, main has 3":     {of(threeMain, "/events#https://10.0.1.1:2379;https://10.0.1.2:2379"), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"plain http":                  {of(threeMain, strings.ReplaceAll(good, "https:", "http:")), []string{"warning kube-apiserver/cp-1", "pass cluster"}},
		"kOps, over loopback":         {of("https://127.0.0.1:4001", "/events#https://127.0.0.1:4002"), []string{"pass kube-apiserver/cp-1", "pass cluster"}},
		"plain http over loopback":    {of("http://127.0.0.1:4001", "/events#http://127.0.0.1:4002"), []string{"pass kube-apiserver/cp-1", "pass cluster"}},
		"not all flags could be read": {opaque, []string{"skipped kube-apiserver/cp-1", "pass cluster"}},
	} {
		t.Run(name, func(t *testing.T) { wantSaid(t, tc.want, runEventsSeparation(tc.snapshot, eventsDefaults)) })
	}
}

// TestEventsMalformed wants what kube-apiserver says, and the value that was meant.
func TestEventsMalformed(t *testing.T) {
	s := &evidence.Snapshot{APIServerFlags: apiservers(threeMain, "/events#http://etcd4:2379,http://etcd5:2379")}
	got := runEventsSeparation(s, eventsDefaults)[0]
	if want := "must be of format: group/resource#servers"; !strings.Contains(got.Message, want) {
		t.Errorf("got %q, want it to quote %q", got.Message, want)
	}
	if want := "--etcd-servers-overrides=/events#http://etcd4:2379;http://etcd5:2379"; !strings.HasPrefix(got.Fix, want) {
		t.Errorf("got fix %q, want %q", got.Fix, want)
	}
}

func TestEventsNeed(t *testing.T) {
	const newer, older = "apiserver_resource_objects", "apiserver_storage_objects"
	of := func(n int, m evidence.Instances[evidence.Scrapes]) *evidence.Snapshot {
		s := &evidence.Snapshot{APIServerFlags: apiservers(threeMain, ""), APIServerMetrics: m}
		if n > 0 {
			s.Nodes = nodes(n)
		}
		return s
	}
	noFlags := func(n int, m evidence.Instances[evidence.Scrapes]) *evidence.Snapshot {
		s := of(n, m)
		s.APIServerFlags = nil
		return s
	}
	writing := func(perSecond float64) evidence.Instances[evidence.Scrapes] {
		return metrics(map[string]evidence.Scrape{"kube-apiserver/cp-1": scrape(
			time.Hour, nil,
			labelled{"apiserver_request_total", map[string]string{"resource": "events", "verb": "POST"}, 3600 * perSecond},
			labelled{"apiserver_request_total", map[string]string{"resource": "events", "verb": "LIST"}, 1e9},
		)})
	}
	clusters := metrics(map[string]evidence.Scrape{"kube-apiserver/cp-1": scrape(
		time.Hour, nil,
		labelled{"apiserver_storage_size_bytes", map[string]string{"storage_cluster_id": "etcd-0"}, 1},
		labelled{"apiserver_storage_size_bytes", map[string]string{"storage_cluster_id": "etcd-1"}, 1},
	)})
	uncounted := metrics(map[string]evidence.Scrape{"kube-apiserver/cp-1": scrape(time.Hour, nil, labelled{newer, map[string]string{"resource": "events"}, -1}, labelled{newer, map[string]string{"resource": "pods"}, 5})})

	for name, tc := range map[string]struct {
		snapshot *evidence.Snapshot
		want     string
	}{
		"299 nodes":                       {of(299, nil), "pass"},
		"300 nodes":                       {of(300, nil), "info"},
		"300 nodes, few events":           {of(300, counting(newer, 199, 801)), "pass"},
		"300 nodes, a fifth is events":    {of(300, counting(newer, 200, 800)), "info"},
		"300 nodes, half is events":       {of(300, counting(newer, 500, 500)), "info"},
		"300 nodes, over half is events":  {of(300, counting(newer, 501, 499)), "warning"},
		"as older versions count":         {of(300, counting(older, 501, 499)), "warning"},
		"1000 nodes":                      {of(1000, nil), "info"},
		"1001 nodes":                      {of(1001, nil), "warning"},
		"1001 nodes, few events":          {of(1001, counting(newer, 100, 900)), "info"},
		"10 nodes, mostly events":         {of(10, counting(newer, 99_999, 500)), "pass"},
		"10 nodes, very many events":      {of(10, counting(newer, 100_000, 500)), "warning"},
		"a count that failed is no 0":     {of(300, uncounted), "info"},
		"100 writes a second":             {of(10, writing(100)), "pass"},
		"over 100 writes a second":        {of(10, writing(101)), "warning"},
		"nothing known":                   {of(0, nil), "skipped"},
		"small, flags unseen":             {noFlags(10, counting(newer, 10, 990)), "pass"},
		"large, flags unseen":             {noFlags(1001, nil), "skipped"},
		"large, several etcd clusters":    {noFlags(1001, clusters), "skipped"},
		"several clusters, flags without": {of(1001, clusters), "warning"},
	} {
		t.Run(name, func(t *testing.T) {
			wantSaid(t, []string{tc.want + " cluster"}, runEventsSeparation(tc.snapshot, eventsDefaults))
		})
	}
}
