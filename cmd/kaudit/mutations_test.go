package main

import (
	"bytes"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
)

// mutations is how many damaged files the test reads.
const mutations = 10_000

// faults are lines of the files below that are wrong by themselves: as long as one stands there unharmed, the
// check must not pass its subject.
var faults = map[string]string{
	"--quota-backend-bytes=1073741824": "etcd-quota",
	"--goaway-chance=0.05":             "flag-value",
	"--goaway-chanse=0.001":            "flag-unknown",
}

// However a file is damaged, reading it ends, kaudit breaks down over none, and what is wrong in it never
// becomes right.
func TestDamagedFilesNeverPass(t *testing.T) {
	seeds := configurations(t)
	rnd := rand.New(rand.NewSource(1))
	cs := catalogue()
	read := 0
	for i := range mutations {
		seed := seeds[i%len(seeds)]
		text := damage(rnd, seed, seeds)
		tree, err := configfile.Read(t.Context(), configfile.Options{Paths: []string{"-"}, Stdin: bytes.NewReader(text), Version: "1.37", Now: time.Unix(1785542400, 0)})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if len(tree.Clusters) > 0 {
			read++
		}
		for _, r := range judgeFiles(tree, cs) {
			for _, v := range r.Verdicts {
				if v.Outcome == checks.Broken {
					t.Fatalf("%s: %s\n%s", r.Check.ID, v.Message, text)
				}
				if v.Outcome == checks.Pass {
					wantNoFault(t, r.Check.ID, v, text)
				}
			}
		}
	}
	if read < mutations/4 {
		t.Errorf("got %d files of %d in which something was read, want more: the damage is too great to tell anything", read, mutations)
	}
}

func wantNoFault(t *testing.T, check string, v checks.Verdict, text []byte) {
	t.Helper()
	for line, of := range faults {
		name, _, _ := strings.Cut(line, "=")
		component := "kube-apiserver/"
		if of == "etcd-quota" {
			component = "etcd/"
		}
		// Only words of one list behind the program are its flags; of one that is there twice the last counts.
		list := regexp.MustCompile(`\n    - ` + strings.TrimSuffix(component, "/") + `\n(    - --\S+\n)*    - ` + regexp.QuoteMeta(line) + `\n`)
		if of == check && strings.HasPrefix(v.Subject, component) && list.Match(text) && bytes.Count(text, []byte(name)) == 1 && bytes.Count(text, []byte("command:")) == 1 {
			t.Fatalf("%s passes %s (%s) where %s stands:\n%s", check, v.Subject, v.Message, line, text)
		}
	}
}

// configurations are the files of the example repository, and manifests with faults.
func configurations(t *testing.T) [][]byte {
	t.Helper()
	pod := func(component, image, flags string) []byte {
		return []byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + component + "\n  namespace: kube-system\nspec:\n  hostNetwork: true\n  containers:\n  - name: " + component +
			"\n    image: registry.k8s.io/" + component + ":" + image + "\n    command:\n    - " + component + "\n" + flags + "    resources: {}\n")
	}
	out := [][]byte{
		pod("etcd", "3.6.5-0", "    - --name=cp-1\n    - --quota-backend-bytes=1073741824\n    - --snapshot-count=10000\n"),
		pod("kube-apiserver", "v1.37.2", "    - --etcd-servers=https://127.0.0.1:2379\n    - --goaway-chance=0.05\n    - --request-timeout=1m\n"),
		pod("kube-apiserver", "v1.37.2", "    - --etcd-servers=https://127.0.0.1:2379\n    - --goaway-chanse=0.001\n    - --feature-gates=APIServerTracing=true\n"),
	}
	for _, root := range []string{"../../testdata/example-repo", "../../testdata/kubeadm"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			out = append(out, data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// tokens are what breaks readers: of YAML, templates, units and encodings.
var tokens = []string{
	"{{ .Values.x }}", "{{- if .x }}\n", "{{- end }}\n", "${VAR:=1}", "<ip>", "---\n", "&a ", "*a", "<<: *a\n", "|\n", ">-\n", "\"", "'", ":", ": ", "- ", "#", "\t", "\r\n", "\x00",
	"\xff", "\ufeff", "[", "]", "{", "}", "?", "!!binary ", "null", "~", "9999999999999999999", "-1", "0x10", "1e400", "\n\n", "kaudit:ignore=x", "\\", "=", ",",
}

// damage changes a text in one or two places.
func damage(rnd *rand.Rand, seed []byte, seeds [][]byte) []byte {
	text := slices.Clone(seed)
	for range 1 + rnd.Intn(2) {
		if len(text) == 0 {
			return text
		}
		at := rnd.Intn(len(text))
		end := min(len(text), at+rnd.Intn(40))
		lines := bytes.SplitAfter(text, []byte("\n"))
		switch rnd.Intn(9) {
		case 0: // a bit
			text[at] ^= 1 << rnd.Intn(8)
		case 1: // a piece is gone
			text = slices.Delete(text, at, end)
		case 2: // cut off
			text = text[:at]
		case 3:
			text = slices.Insert(text, at, []byte(tokens[rnd.Intn(len(tokens))])...)
		case 4: // a line twice
			i := rnd.Intn(len(lines))
			text = bytes.Join(slices.Insert(lines, rnd.Intn(len(lines)), lines[i]), nil)
		case 5: // a line elsewhere
			i, j := rnd.Intn(len(lines)), rnd.Intn(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
			text = bytes.Join(lines, nil)
		case 6: // another indentation
			i := rnd.Intn(len(lines))
			lines[i] = append([]byte(strings.Repeat(" ", rnd.Intn(5))), lines[i]...)
			text = bytes.Join(lines, nil)
		case 7: // a piece of another file
			other := seeds[rnd.Intn(len(seeds))]
			if len(other) > 0 {
				from := rnd.Intn(len(other))
				text = slices.Insert(text, at, other[from:min(len(other), from+rnd.Intn(200))]...)
			}
		case 8: // of Windows
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
	}
	return text
}
