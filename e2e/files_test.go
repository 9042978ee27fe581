//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/e2e/build"
	"github.com/kaudit/kaudit/e2e/kubeadm"
)

// configurationOf copies what a kubeadm cluster is configured by: the manifests that kubeadm wrote, the kubelet's
// file and kubeadm's own.
func configurationOf(t *testing.T, c *kubeadm.Cluster) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	files := []string{c.Root() + "/var/lib/kubelet/config.yaml", filepath.Join(c.Config.Dir, "kubeadm.yaml")}
	manifests, err := filepath.Glob(c.Root() + "/etc/kubernetes/manifests/*.yaml")
	if err != nil || len(manifests) != 4 {
		t.Fatalf("got the manifests %v, %v, want four", manifests, err)
	}
	for _, from := range append(files, manifests...) {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Base(filepath.Dir(from)), filepath.Base(from))
		if strings.HasPrefix(from, c.Config.Dir) {
			to = filepath.Join(dir, filepath.Base(from))
		}
		write(t, to, string(data))
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantMended lets kaudit fix the files, and wants it to find nothing more to do.
func wantMended(t *testing.T, dir string) {
	t.Helper()
	if r := runKaudit(t, "fix", "-f", dir); r.code != 1 || !strings.Contains(r.stdout, "+++ ") {
		t.Errorf("fix: exit status %d, want 1 and a patch\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := runKaudit(t, "fix", "--write", "-f", dir); r.code != 0 {
		t.Errorf("fix --write: exit status %d, want 0\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := runKaudit(t, "fix", "-f", dir); r.code != 0 || r.stdout != "" {
		t.Errorf("a second fix: exit status %d, want 0 and no patch\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// staticPod is one of the version that the tests run.
func staticPod(component string, flags ...string) string {
	version := build.Kubernetes
	if component == "etcd" {
		version = build.Etcd
	}
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Pod\nmetadata: {name: %[1]s, namespace: kube-system}\nspec:\n  containers:\n  - name: %[1]s\n    image: registry.k8s.io/%[1]s:%[2]s\n    command:\n    - %[1]s\n", component, version)
	for _, f := range flags {
		fmt.Fprintf(&b, "    - %q\n", f)
	}
	return b.String()
}

var helpFlag = regexp.MustCompile(`(?m)^\s+(?:-\w, )?--([a-z][a-z0-9-]+)`)

// The catalogue must know every flag that the genuine programs tell of.
func TestEveryFlagOfTheProgramsIsKnown(t *testing.T) {
	for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet"} {
		t.Run(component, func(t *testing.T) {
			out, _ := exec.CommandContext(t.Context(), filepath.Join(programs, component), "--help").CombinedOutput()
			var flags []string
			for _, m := range helpFlag.FindAllStringSubmatch(string(out), -1) {
				if !slices.Contains(flags, "--"+m[1]+"=${VALUE}") {
					flags = append(flags, "--"+m[1]+"=${VALUE}")
				}
			}
			if len(flags) < 30 {
				t.Fatalf("got %d flags of --help, want many\n%.500s", len(flags), out)
			}
			path := filepath.Join(t.TempDir(), component+".yaml")
			text := staticPod(component, flags...)
			if component == "kubelet" {
				path = strings.TrimSuffix(path, ".yaml") + ".service"
				text = "[Service]\nExecStart=/usr/bin/kubelet " + strings.ReplaceAll(strings.Join(flags, " "), "${VALUE}", "%H") + "\n"
			}
			write(t, path, text)
			judged := false
			for _, v := range scan(t, "-f", path, "--kubernetes-version", build.Kubernetes, "--only", "flag-unknown").Results {
				if strings.HasPrefix(v.Subject, component+"/") {
					judged = true
				}
				if v.Status != "finding" || v.Severity == "info" { // that a flag goes in a later version is no lie
					continue
				}
				// etcd's help still tells of flags that it has no more: the program has the last word.
				flag := v.Subject[strings.LastIndex(v.Subject, " ")+1:]
				if out, ended := started(t, component, flag+"=x"); !ended || !strings.Contains(out, "not defined") && !strings.Contains(out, "unknown flag") {
					t.Errorf("got %s %s: %s; but the program takes it:\n%.500s", v.Severity, v.Subject, v.Message, out)
				}
			}
			if !judged {
				t.Error("got no verdict of it, want one")
			}
		})
	}
}

// What kaudit says that a program refuses, the program must refuse, and take without the fault.
func TestProgramsRefuseWhatKauditSaysTheyDo(t *testing.T) {
	for _, tt := range []struct {
		component, check string
		bad, good        []string
		says             string // the program, of the fault
	}{
		{"kube-apiserver", "flag-value", []string{"--goaway-chance=0.05"}, []string{"--goaway-chance=0.02"}, "goaway-chance"},
		{
			"kube-apiserver", "flag-value",
			[]string{"--etcd-servers-overrides=/events#https://a:2379,https://b:2379"},
			[]string{"--etcd-servers-overrides=/events#https://a:2379;https://b:2379"},
			"etcd-servers-overrides",
		},
		{"kube-apiserver", "flag-value", []string{"--max-requests-inflight=many"}, []string{"--max-requests-inflight=800"}, "max-requests-inflight"},
		{"kube-apiserver", "flag-unknown", []string{"--goaway-chanse=0.001"}, []string{"--goaway-chance=0.001"}, "unknown flag"},
		{"kube-apiserver", "flag-unknown", []string{"--feature-gates=NoSuchGateAtAll=true"}, []string{"--feature-gates=AllAlpha=false"}, "unrecognized feature gate"},
		{"kube-scheduler", "flag-unknown", []string{"--kube-api-qsp=50"}, []string{"--kube-api-qps=50"}, "unknown flag"},
		{"kube-controller-manager", "flag-unknown", []string{"--pod-eviction-timeout=5m"}, []string{"--kube-api-qps=20"}, "unknown flag"},
		{"etcd", "flag-value", []string{"--heartbeat-interval=300", "--election-timeout=1000"}, []string{"--heartbeat-interval=100", "--election-timeout=1000"}, "should be at least as 5 times"},
		{"etcd", "flag-unknown", []string{"--quota-backend-byte=8589934592"}, []string{"--quota-backend-bytes=8589934592"}, "flag provided but not defined"},
		{"etcd", "flag-unknown", []string{"--experimental-initial-corrupt-check=true"}, []string{"--feature-gates=InitialCorruptCheck=true"}, "flag provided but not defined"},
	} {
		t.Run(tt.component+" "+tt.bad[0], func(t *testing.T) {
			if out, ended := started(t, tt.component, tt.bad...); !ended || !strings.Contains(out, tt.says) {
				t.Errorf("the program: ended %t, want it to refuse with a word of %q\n%.2000s", ended, tt.says, out)
			}
			if out, _ := started(t, tt.component, tt.good...); strings.Contains(out, tt.says) {
				t.Errorf("the program refuses what is right:\n%.2000s", out)
			}
			path := filepath.Join(t.TempDir(), tt.component+".yaml")
			write(t, path, staticPod(tt.component, tt.bad...))
			found := slices.ContainsFunc(scan(t, "-f", path, "--only", tt.check).Results, func(v verdict) bool { return v.Status == "finding" && v.Severity == "critical" })
			if !found {
				t.Errorf("kaudit has no critical finding of %v", tt.bad)
			}
			write(t, path, staticPod(tt.component, tt.good...))
			for _, v := range scan(t, "-f", path, "--only", tt.check).Results {
				if v.Status == "finding" && v.Severity == "critical" {
					t.Errorf("kaudit says of %v: %s", tt.good, v.Message)
				}
			}
		})
	}
}

// started runs a program for some seconds: what it said, and whether it ended by itself.
func started(t *testing.T, component string, flags ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if component == "etcd" { // which would start, on the port of somebody else
		flags = append(flags, "--data-dir="+t.TempDir(), "--listen-client-urls=http://127.0.0.1:23790", "--advertise-client-urls=http://127.0.0.1:23790", "--listen-peer-urls=http://127.0.0.1:23800")
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, filepath.Join(programs, component), flags...)
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err != nil && ctx.Err() == nil
}
