package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// catalogue is what was told: by product, release and component.
type catalogue map[string]map[string]map[string]record

func (c catalogue) add(product, version string, told map[string]record) {
	if c[product] == nil {
		c[product] = map[string]map[string]record{}
	}
	c[product][strings.TrimPrefix(version, "v")] = told
}

// write writes the files that package components embeds. Each holds, of every name, the stretches of minors in
// which all about it stays the same: a new minor changes one word of most lines.
func (c catalogue) write(dir string) error {
	for product, byRelease := range c {
		releases := slices.SortedFunc(maps.Keys(byRelease), compareVersions)
		for component := range byRelease[releases[0]] {
			rows := sheet{releases: releases, columns: "type\tshort\tmarks (hidden, bare, windows)\tdefault\tdeprecated"}
			for _, r := range releases {
				for _, f := range byRelease[r][component].Flags {
					rows.put(f.Name, r, f.Type, f.Short, marks(f), f.Default, f.Deprecated)
				}
			}
			if err := rows.save(filepath.Join(dir, "flags-"+component+".tsv")); err != nil {
				return err
			}
			if err := c.writeKeys(dir, product, component, releases); err != nil {
				return err
			}
		}
		if err := c.writeGates(dir, product, releases); err != nil {
			return err
		}
	}
	return nil
}

func marks(f flagRecord) string {
	var out []string
	for mark, is := range map[string]bool{"h": f.Hidden, "b": f.Bare, "w": f.Windows} {
		if is {
			out = append(out, mark)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// writeGates writes one file a product, as most gates are the same in all of its components. A component that
// has another default than the first stands in a last column: name=stage,default,locked.
func (c catalogue) writeGates(dir, product string, releases []string) error {
	rows := sheet{releases: releases, columns: "stage\tdefault\tlocked\tcomponents\tcomponents that differ"}
	for _, r := range releases {
		first, by, differ := map[string]gateRecord{}, map[string][]string{}, map[string][]string{}
		for _, component := range slices.Sorted(maps.Keys(c[product][r])) {
			for _, g := range c[product][r][component].Gates {
				if len(by[g.Name]) == 0 {
					first[g.Name] = g
				}
				by[g.Name] = append(by[g.Name], component)
				if g != first[g.Name] {
					differ[g.Name] = append(differ[g.Name], component+"="+strings.Join(gateFields(g), ","))
				}
			}
		}
		for name, g := range first {
			rows.put(name, r, append(gateFields(g), strings.Join(by[name], " "), strings.Join(differ[name], " "))...)
		}
	}
	return rows.save(filepath.Join(dir, "gates-"+product+".tsv"))
}

func gateFields(g gateRecord) []string {
	locked := ""
	if g.Locked {
		locked = "locked"
	}
	return []string{g.Stage, strconv.FormatBool(g.Default), locked}
}

func (c catalogue) writeKeys(dir, product, component string, releases []string) error {
	rows := sheet{releases: releases, columns: "(nothing more)"}
	for _, r := range releases {
		for kind, keys := range c[product][r][component].Files {
			for _, key := range keys {
				rows.put(kind+"#"+key, r)
			}
		}
	}
	if len(rows.cells) == 0 {
		return nil
	}
	return rows.save(filepath.Join(dir, "keys-"+component+".tsv"))
}

// sheet is one file in the making: of each name and release, the line's tail.
type sheet struct {
	releases []string
	columns  string
	cells    map[string]map[string]string
}

// escaped keeps a value within its column; package components undoes it.
var escaped = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`)

func (s *sheet) put(name, release string, fields ...string) {
	if s.cells == nil {
		s.cells = map[string]map[string]string{}
	}
	if s.cells[name] == nil {
		s.cells[name] = map[string]string{}
	}
	for i := range fields {
		fields[i] = escaped.Replace(fields[i])
	}
	s.cells[name][release] = strings.Join(fields, "\t")
}

func (s *sheet) save(path string) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# releases: %s\nname\tfrom\tto\t%s\n", strings.Join(s.releases, " "), s.columns)
	for _, name := range slices.Sorted(maps.Keys(s.cells)) {
		for i := 0; i < len(s.releases); i++ {
			value, ok := s.cells[name][s.releases[i]]
			if !ok {
				continue
			}
			from := i
			for i+1 < len(s.releases) {
				if next, ok := s.cells[name][s.releases[i+1]]; !ok || next != value {
					break
				}
				i++
			}
			fields := []string{name, minor(s.releases[from]), minor(s.releases[i])}
			if value != "" {
				fields = append(fields, value)
			}
			out.WriteString(strings.Join(fields, "\t") + "\n")
		}
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

func minor(version string) string { return release{version: version}.minor() }

// compareVersions orders by minor: all of a product have one major.
func compareVersions(a, b string) int {
	return minorNumber(a) - minorNumber(b)
}

func minorNumber(version string) int {
	_, n, _ := strings.Cut(minor(version), ".")
	out, err := strconv.Atoi(n)
	if err != nil {
		panic(err) // releases are written in releases.go
	}
	return out
}
