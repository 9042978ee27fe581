package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// requireKubernetes requires Kubernetes itself. Its go.mod replaces the staging modules by paths of its own
// tree, which do not exist in a published module: they get their released versions instead.
func (b builder) requireKubernetes() error {
	out, err := b.run("mod", "download", "-json", "k8s.io/kubernetes@"+b.version)
	if err != nil {
		return err
	}
	var mod struct{ GoMod string }
	if err := json.Unmarshal(out, &mod); err != nil {
		return err
	}
	if out, err = b.run("mod", "edit", "-json", mod.GoMod); err != nil {
		return err
	}
	var file struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(out, &file); err != nil {
		return err
	}
	var staging []string
	for _, r := range file.Replace {
		if strings.HasPrefix(r.New.Path, "./staging/") {
			staging = append(staging, r.Old.Path)
		}
	}
	versions, err := b.published(staging)
	if err != nil {
		return err
	}
	args := []string{"mod", "edit", "-require=k8s.io/kubernetes@" + b.version}
	for _, path := range staging {
		by := path + "@" + versions[path]
		switch {
		case versions[path] == "":
			by, err = b.empty(path)
		case path == b.mend.module:
			by, err = b.mended(by)
		}
		if err != nil {
			return err
		}
		args = append(args, "-replace="+path+"="+by)
	}
	for _, m := range b.raise {
		args = append(args, "-require="+m)
	}
	_, err = b.run(args...)
	return err
}

// empty stands for a module of which nothing is published. Such are samples, of which nothing is built: if the
// programs do import one, the build fails.
func (b builder) empty(path string) (string, error) {
	dir := filepath.Join("unpublished", filepath.Base(path))
	if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o755); err != nil {
		return "", err
	}
	return "./" + dir, os.WriteFile(filepath.Join(b.dir, dir, "go.mod"), []byte("module "+path+"\n"), 0o644)
}

// mended is a copy of a module with the release's mend in it.
func (b builder) mended(module string) (string, error) {
	out, err := b.run("mod", "download", "-json", module)
	if err != nil {
		return "", err
	}
	var mod struct{ Dir string }
	if err := json.Unmarshal(out, &mod); err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(b.dir, "mended"), os.DirFS(mod.Dir)); err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, "mended", filepath.FromSlash(b.mend.file))
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), b.mend.from) != 1 {
		return "", fmt.Errorf("%s: %s is not as the mend knows it", module, b.mend.file)
	}
	return "./mended", os.WriteFile(file, []byte(strings.Replace(string(text), b.mend.from, b.mend.to, 1)), 0o644)
}

// published finds the version of each staging module that goes with the release: the same patch, or where a module
// proxy does not have that one, the newest before it. Within a minor these differ by fixes; the flags and gates are
// mostly in Kubernetes itself and in a few modules, so what is not the same patch is told.
func (b builder) published(paths []string) (map[string]string, error) {
	minor, patch, _ := strings.Cut(strings.TrimPrefix(b.version, "v1."), ".")
	newest, err := strconv.Atoi(patch)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	missing := slices.Clone(paths)
	for p := newest; p >= 0 && len(missing) > 0; p-- {
		version := fmt.Sprintf("v0.%s.%d", minor, p)
		var still []string
		has := b.downloads(missing, version)
		for _, path := range missing {
			if !slices.Contains(has, path) {
				still = append(still, path)
				continue
			}
			out[path] = version
			if p != newest {
				fmt.Fprintf(os.Stderr, "kubernetes %s: takes %s %s\n", b.version, path, version)
			}
		}
		missing = still
	}
	return out, nil
}

// downloads tells which of some modules can be had in a version.
func (b builder) downloads(paths []string, version string) []string {
	args := []string{"mod", "download", "-json"}
	for _, path := range paths {
		args = append(args, path+"@"+version)
	}
	// It fails if one of them does, and tells of all.
	text, _ := b.run(args...)
	var has []string
	for dec := json.NewDecoder(strings.NewReader(string(text))); ; {
		var m struct{ Path, Error string }
		if err := dec.Decode(&m); err != nil {
			return has
		}
		if m.Error == "" {
			has = append(has, m.Path)
		}
	}
}
