// Package build compiles the genuine control plane from published Go modules: Kubernetes, etcd and
// two tiny helpers. Programs are kept in a cache directory between runs.
package build

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The versions that the tests run against. A minor of Kubernetes is the staging modules' v0.MINOR.
const (
	Kubernetes = "v1.37.2"
	Etcd       = "v3.7.3"
)

// Older is a release of the last minor whose kube-apiserver asks etcd for every LIST with no
// resourceVersion. Only that program of it is built.
const Older = "v1.30.14"

// recipe is part of the cache key: raise it when the way of building changes.
const recipe = "1"

//go:embed pause/main.go nsinit/main.go
var sources embed.FS

// etcd's own main is not importable from outside its module tree with the version we want, its library is.
const etcdMain = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`

var kubernetesPrograms = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubeadm"}

// Programs returns the directory that holds kube-apiserver, kube-controller-manager, kube-scheduler,
// kubelet, kubeadm, etcd, pause and nsinit, and builds those that are not there yet: minutes with a
// cold Go build cache, seconds afterwards. What it does goes to log.
func Programs(ctx context.Context, log io.Writer) (string, error) {
	return inCache(ctx, log, Kubernetes, []string{Kubernetes, Etcd}, func(b builder) error {
		for _, p := range kubernetesPrograms {
			if err := b.program(p, b.kubernetes); err != nil {
				return err
			}
		}
		if err := b.program("etcd", b.etcd); err != nil {
			return err
		}
		for _, p := range []string{"pause", "nsinit"} {
			if err := b.program(p, b.own); err != nil {
				return err
			}
		}
		return nil
	})
}

// OlderAPIServer returns the kube-apiserver of Older, and builds it if it is not there yet. It is kept
// apart from the others, so that a change of its version rebuilds nothing else.
func OlderAPIServer(ctx context.Context, log io.Writer) (string, error) {
	bin, err := inCache(ctx, log, Older, []string{Older}, func(b builder) error { return b.program("kube-apiserver", b.kubernetes) })
	return filepath.Join(bin, "kube-apiserver"), err
}

// inCache builds into the directory that is kept for exactly these versions, and returns that of the programs.
func inCache(ctx context.Context, log io.Writer, kubernetes string, versions []string, build func(builder) error) (string, error) {
	root, err := cache(versions)
	if err != nil {
		return "", err
	}
	b := builder{ctx: ctx, log: log, version: kubernetes, src: filepath.Join(root, "src"), bin: filepath.Join(root, "bin")}
	if err := os.MkdirAll(b.bin, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(root, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	return b.bin, build(b)
}

// cache is where programs of exactly these versions are kept.
func cache(versions []string) (string, error) {
	root := os.Getenv("KAUDIT_E2E_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a place for the built programs (KAUDIT_E2E_CACHE): %w", err)
		}
		root = filepath.Join(user, "kaudit-e2e")
	}
	key := slices.Concat([]string{recipe}, versions, []string{runtime.Version(), runtime.GOARCH})
	sum := sha256.Sum256([]byte(strings.Join(key, " ")))
	return filepath.Join(root, hex.EncodeToString(sum[:8])), nil
}

// lock keeps two test processes from building the same program at once.
func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil // closing gives the lock back
}

type builder struct {
	ctx      context.Context
	log      io.Writer
	version  string // of Kubernetes
	src, bin string
}

// program builds what is missing; it appears under its name only when it is whole.
func (b builder) program(name string, how func(name, out string) error) error {
	final := filepath.Join(b.bin, name)
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	start := time.Now()
	tmp := final + ".new"
	if err := how(name, tmp); err != nil {
		return fmt.Errorf("build %s: %w", name, err)
	}
	fmt.Fprintf(b.log, "built %s in %s\n", name, time.Since(start).Round(time.Second))
	return os.Rename(tmp, final)
}

func (b builder) kubernetes(name, out string) error {
	dir := filepath.Join(b.src, "kubernetes")
	if err := b.module(dir, "kubernetes", b.kubernetesRequirements); err != nil {
		return err
	}
	_, err := b.run(dir, "build", "-mod=mod", "-ldflags", stamp(b.version), "-o", out, "k8s.io/kubernetes/cmd/"+name)
	return err
}

// stamp makes /version tell the truth; unstamped binaries say v0.0.0-master.
func stamp(version string) string {
	minor := strings.Split(version, ".")[1]
	var flags strings.Builder
	flags.WriteString("-s -w")
	for _, p := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		fmt.Fprintf(&flags, " -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s -X %s.gitTreeState=clean", p, version, p, p, minor, p)
	}
	return flags.String()
}

// kubernetesRequirements requires Kubernetes itself. Its go.mod replaces the staging modules by paths of
// its own tree, which do not exist in a published module: they get their released versions instead.
func (b builder) kubernetesRequirements(dir string) error {
	out, err := b.run(dir, "mod", "download", "-json", "k8s.io/kubernetes@"+b.version)
	if err != nil {
		return err
	}
	var mod struct{ GoMod string }
	if err := json.Unmarshal(out, &mod); err != nil {
		return fmt.Errorf("read go mod download: %w", err)
	}
	if out, err = b.run(dir, "mod", "edit", "-json", mod.GoMod); err != nil {
		return err
	}
	var file struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(out, &file); err != nil {
		return fmt.Errorf("read the go.mod of Kubernetes: %w", err)
	}
	staging := "v0." + strings.TrimPrefix(b.version, "v1.")
	args := []string{"mod", "edit", "-require=k8s.io/kubernetes@" + b.version}
	for _, r := range file.Replace {
		if strings.HasPrefix(r.New.Path, "./staging/") {
			args = append(args, fmt.Sprintf("-replace=%s=%s@%s", r.Old.Path, r.Old.Path, staging))
		}
	}
	_, err = b.run(dir, args...)
	return err
}

func (b builder) etcd(_, out string) error {
	dir := filepath.Join(b.src, "etcd")
	err := b.module(dir, "etcd", func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(etcdMain), 0o644); err != nil {
			return err
		}
		_, err := b.run(dir, "mod", "edit", "-require=go.etcd.io/etcd/server/v3@"+Etcd)
		return err
	})
	if err != nil {
		return err
	}
	_, err = b.run(dir, "build", "-mod=mod", "-ldflags", "-s -w", "-o", out, ".")
	return err
}

func (b builder) own(name, out string) error {
	dir := filepath.Join(b.src, name)
	err := b.module(dir, name, func(dir string) error {
		text, err := sources.ReadFile(name + "/main.go")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "main.go"), text, 0o644)
	})
	if err != nil {
		return err
	}
	_, err = b.run(dir, "build", "-ldflags", "-s -w", "-o", out, ".")
	return err
}

// module makes a module of its own to build in, once; fill adds what it needs.
func (b builder) module(dir, name string, fill func(dir string) error) error {
	done := filepath.Join(dir, ".ready")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if _, err := b.run(dir, "mod", "init", "e2e.invalid/"+name); err != nil {
		return err
	}
	if err := fill(dir); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

// run runs the go command.
func (b builder) run(dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Dir = dir
	// Static programs run in images that hold nothing else.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return out, nil
}
