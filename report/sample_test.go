package report

import (
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

var taken = time.Date(2026, 8, 1, 3, 4, 5, 0, time.UTC)

func testCheck(id, component string, sev checks.Severity) checks.Check {
	doc := "# Title of " + id + "\n\n## References\n\n- [Source document: x (lines 1-2)](https://example.com/doc?plain=1#L1-L2)\n- [A | pipe](https://example.com/b)\n"
	return checks.New(checks.Spec{ID: id, Component: component, Severity: sev, Doc: doc}, struct{}{},
		func(*evidence.Snapshot, struct{}) []checks.Verdict { return nil })
}

// sample has every outcome and every awkward character.
func sample() Audit {
	src := evidence.Source{Via: "etcd", From: "https://10.0.0.1:2379", Ask: "Maintenance.Status", At: taken}
	on := func(name string) checks.Subject {
		return checks.About(name, src).With(src, "dbSize %s | of \x1b[31m2 GiB\x1b[0m", "1.9 GiB")
	}
	quota := func(name string) checks.Verdict {
		return on(name).Find(checks.Warning, "keeps the default quota of 2 GiB; 8 GiB is wanted").
			Saw("2 GiB (default; --quota-backend-bytes is not set)").Want("8 GiB").WithFix("--quota-backend-bytes=8589934592")
	}
	forbidden := func(name string) checks.Verdict {
		return on(name).Skip("may not get nodes/proxy (403)").Unlocked("permission to get nodes/proxy; grant it: kaudit rbac | kubectl apply -f -")
	}
	nodes := 214
	return Audit{
		Kaudit:  "v0.1.0",
		Target:  Target{Name: "prod\x1b]0;owned\x07|eu", KubernetesVersion: "v1.37.2", Distribution: "kubeadm", Nodes: &nodes},
		Started: taken, Finished: taken.Add(11800 * time.Millisecond), Window: 10 * time.Second,
		Cost: evidence.Cost{APIRequests: 46, KubeletRequests: 40, EtcdRequests: 9, APIBytes: 1 << 20},
		Results: []checks.Result{
			{Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				quota("etcd/cp-1"), quota("etcd/cp-2"), on("etcd/cp-3").Pass("has a quota of 8 GiB"),
			}},
			{Check: testCheck("etcd-space", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				on("etcd/cp-1").Find(checks.Critical, "uses 97%% of its 2 GiB quota; at most 80%% is wanted").Saw("1.94 GiB of 2 GiB").Want("at most 80%% of the quota").
					WithFix("etcdctl --endpoints=https://10.0.0.1:2379 defrag\n\tindented\x00 \x1b[2Jwipe\n```\na fence\n```"),
				on("etcd/cp-2").Find(checks.Warning, "uses 83%% of its 2 GiB quota; at most 80%% is wanted").Want("at most 80%% of the quota"),
			}},
			{Check: testCheck("pod-termination", "pods", checks.Warning), Verdicts: []checks.Verdict{
				on("pod a|b/<script>`x`_*\n| --- |").Find(checks.Info, "is “stuck” for 3 h & counting: \u202edlrow\u202c 日本語 \xff %s\tand\r\nmore", "https://example.com/"+strings.Repeat("very-long/", 30)),
			}},
			{Check: testCheck("client-qps", "clients", checks.Warning), Verdicts: manyKubelets(on)},
			{Check: testCheck("kubelet-pleg", "kubelet", checks.Warning), Verdicts: []checks.Verdict{forbidden("kubelet/n-1"), forbidden("kubelet/n-2")}},
			{Check: testCheck("kubelet-pod-sources", "kubelet", checks.Info), Verdicts: []checks.Verdict{forbidden("kubelet/n-1")}},
			{Check: testCheck("etcd-disk-latency", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				on("etcd/cp-1 fsync").Skip("port-forward to etcd-cp-1: no forward found"), on("etcd/cp-1 commit").Skip("port-forward to etcd-cp-1: no forward found"),
				on("etcd/cp-2 fsync").Skip("port-forward to etcd-cp-2: no forward found"),
			}},
			{Check: testCheck("etcd-peer-latency", "etcd", checks.Warning), Verdicts: []checks.Verdict{on("etcd/cp-3").Skip("has too few samples: 12, at least 100 are wanted")}},
			{Check: testCheck("apiserver-goaway-chance", "kube-apiserver", checks.Info), Verdicts: []checks.Verdict{
				on("kube-apiserver/cp-1").NotApplicable("is the only instance"),
			}},
			{Check: testCheck("scheduler-queue", "kube-scheduler", checks.Warning), Verdicts: []checks.Verdict{
				{Outcome: checks.Broken, Subject: "kaudit", Message: "kaudit's own fault: index out of range [3]"},
			}},
		},
	}
}

func manyKubelets(on func(string) checks.Subject) []checks.Verdict {
	var vs []checks.Verdict
	for _, n := range "abcdefghij" {
		vs = append(vs, on("kubelet/node-"+string(n)).Find(checks.Info, "asks with kubeAPIQPS=5; at least 50 is wanted").Want("50"))
	}
	return vs
}

// tree is what files of two clusters amount to: places in them, awkward paths, and what was waived.
func tree() Audit {
	at := func(path string, line, column int) evidence.Source {
		return evidence.Source{Via: evidence.ViaFile, From: path, Line: line, Column: column, At: taken}
	}
	quota := func(path string) checks.Verdict {
		return checks.About("etcd/cp-1", at(path, 1, 1)).With(at(path, 16, 9), "--quota-backend-bytes=1").
			Find(0, "keeps a quota of 1 B; 8 GiB is wanted").Saw("1").Want("8 GiB").WithFix("--quota-backend-bytes=8589934592").Setting("etcd/cp-1", "quota-backend-bytes", "8589934592")
	}
	severe := func(s checks.Severity, v checks.Verdict) checks.Verdict { v.Severity = s; return v }
	accepted := func(v checks.Verdict, reason, by string, until time.Time) checks.Verdict {
		v.Severity, v.Waived = checks.Warning, &checks.Waived{Reason: reason, By: by, Until: until}
		return v
	}
	live := func(of string) checks.Verdict {
		return checks.About(of).Skip("needs a live cluster").Unlocked("--kubeconfig, on the running cluster")
	}
	const eu, us = "prod-eu", "prod|us\x1b[0m"
	unknown := checks.About("kube-apiserver/cp-1", at("clusters/a b/100%: kube,apiserver.yaml", 22, 7)).With(at("clusters/a b/100%: kube,apiserver.yaml", 23, 0), "--etcd-server=[x](y)").
		Find(checks.Critical, "has a flag that v1.37 does not know: --etcd-server;\n::error::--etcd-servers is meant").Saw("--etcd-server").Want("--etcd-servers").
		WithFix("spec:\n  containers:\n  - command:\n    - --etcd-servers=https://10.0.0.1:2379 # ]]> & <b>")
	drift := checks.About("kube-apiserver").With(at("clusters/prod-us/cp-1.yaml", 31, 9), "400 by default").With(at("/etc/kubernetes/cp-2.yaml", 7, 0), "--max-requests-inflight=800").
		Find(checks.Info, "differs in --max-requests-inflight: 400, 800")
	return Audit{
		Kaudit: "v0.1.0", Target: Target{Name: "clusters", KubernetesVersion: "", Distribution: ""},
		Clusters: []Target{{Name: eu, KubernetesVersion: "v1.37.2", Distribution: "kubeadm"}, {Name: us}},
		Started:  taken, Finished: taken.Add(400 * time.Millisecond), Cost: evidence.Cost{Files: 214, FileBytes: 1_363_149},
		Results: []checks.Result{
			{Cluster: eu, Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				severe(checks.Warning, quota("clusters/prod-eu/etcd.yaml")), checks.About("etcd/cp-2", at("clusters/prod-eu/etcd-2.yaml", 3, 1)).Pass("has a quota of 8 GiB"),
			}},
			{Cluster: eu, Check: testCheck("etcd-space", "etcd", checks.Warning), Verdicts: []checks.Verdict{live("etcd")}},
			{Cluster: eu, Check: testCheck("flag-unknown", "kube-apiserver", checks.Critical), Verdicts: []checks.Verdict{unknown}},
			{Cluster: eu, Check: testCheck("kubelet-pleg", "kubelet", checks.Warning), Verdicts: []checks.Verdict{live("kubelet")}},
			{Cluster: eu, Check: testCheck("client-qps", "clients", checks.Warning), Verdicts: []checks.Verdict{
				accepted(checks.About("kubelet", at("clusters/prod-eu/kubelet.yaml", 4, 1)).Find(0, "asks with kubeAPIQPS=5; at least 50 is wanted"), "ten nodes, and\tno more", "clusters/prod-eu/kubelet.yaml:4", time.Time{}),
			}},
			{Cluster: eu, Check: testCheck("scheduler-config", "kube-scheduler", checks.Warning), Verdicts: []checks.Verdict{
				{Outcome: checks.Broken, Subject: "kaudit", Message: "kaudit's own fault: index out of range [3]"},
			}},
			{Cluster: us, Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{severe(checks.Warning, quota("clusters/prod-us/日本/etcd.yaml"))}},
			{Cluster: us, Check: testCheck("etcd-space", "etcd", checks.Warning), Verdicts: []checks.Verdict{
				checks.About("etcd/cp-1", evidence.Source{Via: "etcd", From: "https://10.0.0.1:2379", At: taken}).Find(checks.Critical, "uses 97%% of its quota; at most 80%% is wanted \uFFFE\uFFFF"),
			}},
			{Cluster: us, Check: testCheck("kubelet-pleg", "kubelet", checks.Warning), Verdicts: []checks.Verdict{live("kubelet")}},
			{Cluster: us, Check: testCheck("apiserver-goaway-chance", "kube-apiserver", checks.Info), Verdicts: []checks.Verdict{
				checks.About("kube-apiserver", at("clusters/prod-us/cp-1.yaml", 9, 1)).NotApplicable("is the only instance"),
			}},
			{Cluster: us, Check: testCheck("apiserver-replicas", "kube-apiserver", checks.Warning), Verdicts: []checks.Verdict{
				accepted(checks.About("kube-apiserver", at("clusters/prod-us/cp-1.yaml", 0, 0)).Find(0, "has one instance; two are wanted"), "a lab <b>", "kaudit.yaml:12", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)),
			}},
			{Cluster: us, Check: testCheck("config-drift", "kube-apiserver", checks.Info), Verdicts: []checks.Verdict{drift}},
		},
	}
}

// quiet is an audit with nothing to report, of a cluster that tells little.
func quiet() Audit {
	return Audit{
		Kaudit: "v0.1.0", Target: Target{Name: "eks", Managed: true}, Started: taken, Finished: taken.Add(time.Second),
		Results: []checks.Result{{Check: testCheck("etcd-quota", "etcd", checks.Warning), Verdicts: []checks.Verdict{checks.About("etcd").NotApplicable("the provider runs it")}}},
	}
}
