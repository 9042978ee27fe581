package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed dump/*.go
var programs embed.FS

// builder makes one release's programs in a module of its own, and runs them.
type builder struct {
	ctx context.Context
	dir string
	release
}

// record is what a dump program tells; dump/record.go is the other side.
type record struct {
	Flags []flagRecord
	Gates []gateRecord
	Files map[string][]string
}

type flagRecord struct {
	Name, Short, Type, Default, Deprecated string
	Hidden, Bare, Windows                  bool
}

type gateRecord struct {
	Name, Stage     string
	Default, Locked bool
}

// records builds a release and returns what each of its components told.
func records(ctx context.Context, r release) (map[string]record, error) {
	dir, err := os.MkdirTemp("", "catalogue-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := builder{ctx: ctx, dir: dir, release: r}
	if _, err := b.run("mod", "init", "catalogue.invalid/dump"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), []byte(r.sum), 0o644); err != nil {
		return nil, err
	}
	if r.product == "etcd" {
		return b.etcd()
	}
	return b.kubernetes()
}

// program builds and runs one: the files are those of dump, or have their text here.
func (b builder) program(name string, files []string, texts map[string]string) (record, error) {
	var r record
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return r, err
	}
	for _, f := range append(files, "record.go") {
		text, err := programs.ReadFile("dump/" + f)
		if err != nil {
			return r, err
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(b.adapt(string(text))), 0o644); err != nil {
			return r, err
		}
	}
	for f, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o644); err != nil {
			return r, err
		}
	}
	bin := filepath.Join(b.dir, name+".bin")
	// Compiling is nearly all of the time that this takes, so it is kept short.
	if _, err := b.run("build", "-mod=mod", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w", "-o", bin, "./"+name); err != nil {
		return r, err
	}
	out := bin + ".json"
	cmd := exec.CommandContext(b.ctx, bin)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), "DUMP="+out)
	if text, err := cmd.CombinedOutput(); err != nil {
		return r, fmt.Errorf("run %s of %s: %w\n%s", name, b.version, err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read what %s of %s told: %w", name, b.version, err)
	}
	return r, b.portable(name, r)
}

// portable refuses defaults that come from the machine that this runs on.
func (b builder) portable(name string, r record) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	home, _ := os.UserHomeDir()
	for _, f := range r.Flags {
		for _, own := range []string{host, home + "/", b.dir, os.TempDir() + "/"} {
			if own != "/" && strings.Contains(f.Default, own) {
				return fmt.Errorf("%s of %s: the default of --%s is this machine's: %s", name, b.version, f.Name, f.Default)
			}
		}
	}
	return nil
}

// adapt drops the line that keeps a dump program out of our own build, and follows etcd's module paths.
func (b builder) adapt(text string) string {
	text = strings.TrimPrefix(text, "//go:build ignore\n")
	if path, _, _ := strings.Cut(b.module, "@"); b.product == "etcd" {
		text = strings.ReplaceAll(text, "go.etcd.io/etcd/server/v3", path)
	}
	return text
}

// run runs the go command in the release's module.
func (b builder) run(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("go %s, for %s %s: %w\n%s", args[0], b.product, b.version, err, stderr.String())
	}
	return out, nil
}
