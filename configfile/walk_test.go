package configfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Waivers and baselines name clusters, so that the folder of a checkout and the way -f is written must not matter.
func TestNamesInARepository(t *testing.T) {
	root := tree(t, map[string]string{
		".git/HEAD": "ref: refs/heads/main\n", "etcd.yaml": strings.ReplaceAll(etcdPod, "--name=NAME", "--data-dir=/var/lib/etcd"),
		"envs/eu/manifests/etcd.yaml": strings.ReplaceAll(podNamed("a"), "cp-", "eu-"),
	})
	linked := tree(t, map[string]string{".git": "gitdir: /elsewhere\n", "eu/etcd.yaml": podNamed("a")})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(root, "envs"), link); err != nil {
		t.Fatal(err)
	}
	below := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	for name, tt := range map[string]struct{ path, want string }{
		"the repository":        {root, "default etcd/default, envs/eu etcd/a"},
		"a folder":              {below("envs"), "envs/eu etcd/a"},
		"that of the cluster":   {below("envs", "eu"), "envs/eu etcd/a"},
		"an ordinary one":       {below("envs", "eu", "manifests"), "envs/eu etcd/a"},
		"a file":                {below("envs", "eu", "manifests", "etcd.yaml"), "envs/eu etcd/a"},
		"a file at the root":    {below("etcd.yaml"), "default etcd/default"},
		"a link into it":        {link, "envs/eu etcd/a"},
		"a work tree":           {linked, "eu etcd/a"},
		"a folder of work tree": {filepath.Join(linked, "eu"), "eu etcd/a"},
	} {
		t.Run(name, func(t *testing.T) {
			got := subjects(read(t, tt.path))
			slices.Sort(got)
			if g := strings.Join(got, ", "); g != tt.want {
				t.Errorf("got %q, want %q", g, tt.want)
			}
		})
	}
}

// Outside a repository a folder that -f names gives the name of what stands in it.
func TestNamesOutsideARepository(t *testing.T) {
	root := tree(t, map[string]string{"eu/etcd.yaml": podNamed("a")})
	for path, want := range map[string]string{root: "eu etcd/a", filepath.Join(root, "eu"): "eu etcd/a"} {
		if got := subjects(read(t, path)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %v, want %s", path, got, want)
		}
	}
}

// Folders that are called alike are not one.
func TestFoldersCalledAlike(t *testing.T) {
	a, b := tree(t, map[string]string{"etcd.yaml": podNamed("a")}), tree(t, map[string]string{"etcd.yaml": strings.ReplaceAll(podNamed("b"), "cp-", "b-")})
	if got := read(t, a, b).Clusters; len(got) != 2 || got[0].Name == got[1].Name {
		t.Errorf("got %d clusters, want 2 of different names", len(got))
	}
}
