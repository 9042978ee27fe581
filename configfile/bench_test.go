package configfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkRead reads a tree as a platform team has it: 20 clusters of three control-plane nodes each, among
// the manifests, charts and documents of applications; 2,000 files in all.
func BenchmarkRead(b *testing.B) {
	root := b.TempDir()
	bytes := fleet(b, root, 20, 2000)
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		tree, err := Read(b.Context(), Options{Paths: []string{root}, Now: time.Unix(0, 0)})
		if err != nil || len(tree.Clusters) != 20 || tree.Files != 2000 {
			b.Fatalf("got %d clusters in %d files, %v", len(tree.Clusters), tree.Files, err)
		}
	}
}

// BenchmarkReadLarge reads one file of 50 MB: manifests of applications, and one of an etcd at its end.
func BenchmarkReadLarge(b *testing.B) {
	var text strings.Builder
	for text.Len() < 50<<20 {
		text.WriteString(appManifest(text.Len()))
	}
	text.WriteString("---\n" + podNamed("cp-1"))
	root := b.TempDir()
	write(b, root, "all.yaml", text.String())
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		tree, err := Read(b.Context(), Options{Paths: []string{root}, Now: time.Unix(0, 0)})
		if err != nil || len(tree.Clusters) != 1 {
			b.Fatalf("got %d clusters, %v", len(tree.Clusters), err)
		}
	}
}

// fleet writes so many clusters and files, and returns their bytes.
func fleet(tb testing.TB, root string, clusters, files int) int64 {
	tb.Helper()
	var n int64
	count := 0
	put := func(name, text string) {
		n += write(tb, root, name, text)
		count++
	}
	for c := range clusters {
		dir := fmt.Sprintf("clusters/region%c", 'a'+c)
		for node := range 3 {
			put(fmt.Sprintf("%s/cp-%d/etcd.yaml", dir, node+1), strings.ReplaceAll(podNamed(fmt.Sprintf("cp-%d", node+1)), "10.0.0", fmt.Sprintf("10.%d.0", c)))
			for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
				put(fmt.Sprintf("%s/cp-%d/%s.yaml", dir, node+1, component), componentPod(component))
			}
		}
	}
	for count < files {
		switch count % 4 {
		case 0:
			put(fmt.Sprintf("apps/team%d/chart%d/values.yaml", count%17, count), fmt.Sprintf("image: {tag: v%d}\nreplicas: 3\nresources: {}\n", count))
		case 1:
			put(fmt.Sprintf("apps/team%d/README%d.md", count%17, count), strings.Repeat("How this app is run on kubernetes.\n", 80))
		default:
			put(fmt.Sprintf("apps/team%d/app%d.yaml", count%17, count), appManifest(count)+appManifest(count+1))
		}
	}
	return n
}

func componentPod(component string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: %[1]s\n  namespace: kube-system\nspec:\n  hostNetwork: true\n  containers:\n  - name: %[1]s\n    image: registry.k8s.io/%[1]s:v1.34.1\n    command:\n    - %[1]s\n", component)
	for i := range 30 {
		fmt.Fprintf(&b, "    - --client-ca-file%d=/etc/kubernetes/pki/ca.crt\n", i)
	}
	return b.String()
}

func appManifest(i int) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  labels: {app.kubernetes.io/name: app-%[1]d}
spec:
  replicas: 3
  selector: {matchLabels: {app: app-%[1]d}}
  template:
    metadata: {labels: {app: app-%[1]d}}
    spec:
      containers:
      - name: app
        image: example.com/app:%[1]d
        args: ["--listen=:8080", "--log-level=info"]
        resources: {requests: {cpu: 100m, memory: 128Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: app-%[1]d}
spec: {selector: {app: app-%[1]d}, ports: [{port: 80, targetPort: 8080}]}
`, i)
}

func write(tb testing.TB, root, name, text string) int64 {
	tb.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return int64(len(text))
}
