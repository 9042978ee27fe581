// The generator of the catalogue: it builds every release's own programs out of their published modules, has
// them tell their flags and gates, and writes what package components embeds. Nothing is typed by hand.
//
// All releases take an hour or so on two cores, most of it for compiling; with -only the others are taken from
// what the catalogue says already.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	var o options
	only := flag.String("only", "", "releases to build, by product and minor: kubernetes-1.37,etcd-3.6; all of them if empty")
	flag.StringVar(&o.cache, "cache", "", "a directory that keeps what each release told, so that a second run need not build it")
	flag.StringVar(&o.out, "o", "data", "where to write")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if err := generate(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

type options struct {
	only       []string
	cache, out string
}

func generate(ctx context.Context, o options) error {
	all := catalogue{}
	for _, r := range releases {
		if name := r.product + "-" + r.minor(); o.only != nil && !slices.Contains(o.only, name) {
			if version, told := already(r); told != nil {
				all.add(r.product, version, told)
			}
			continue
		}
		start := time.Now()
		told, err := cached(ctx, r, o.cache)
		if err != nil {
			return err
		}
		all.add(r.product, r.version, told)
		fmt.Fprintf(os.Stderr, "%s %s: %s\n", r.product, r.version, time.Since(start).Round(time.Second))
	}
	return all.write(o.out)
}

// cached is records, remembered.
func cached(ctx context.Context, r release, cache string) (map[string]record, error) {
	path := filepath.Join(cache, r.product+"-"+r.version+".json")
	if text, err := os.ReadFile(path); cache != "" && err == nil {
		var out map[string]record
		return out, json.Unmarshal(text, &out)
	}
	out, err := records(ctx, r)
	if err != nil || cache == "" {
		return out, err
	}
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, err
	}
	return out, os.WriteFile(path, text, 0o644)
}
