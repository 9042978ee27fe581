//go:build ignore

// The generator copies this file beside each dump program: what a program tells of itself.
package main

import (
	"encoding"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
)

type record struct {
	Flags []flagRecord
	Gates []gateRecord
	// Files are the keys of the program's configuration file, by the file's version and kind.
	Files map[string][]string
}

type flagRecord struct {
	Name, Short, Type, Default, Deprecated string
	Hidden                                 bool
	Bare                                   bool // may stand without a value
	Windows                                bool // only there in a build for Windows
}

type gateRecord struct {
	Name, Stage     string
	Default, Locked bool
}

// deprecation is the part of a usage text that says that a flag is on its way out.
func deprecation(usage string) string {
	for _, mark := range []string{"DEPRECATED", "Deprecated", "TO BE DEPRECATED"} {
		if at := strings.Index(usage, mark); at >= 0 {
			return strings.Join(strings.Fields(usage[at:]), " ")
		}
	}
	return ""
}

// write writes to the file that the generator named: programs print on their own.
func write(r record) {
	out, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(os.Getenv("DUMP"), out, 0o644); err != nil {
		panic(err)
	}
}

var (
	ownJSON = reflect.TypeFor[json.Unmarshaler]()
	ownText = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// keysOf lists the keys that encoding/json would decode into a type: a.b of a struct in a struct, or in a
// list or the values of a map of structs. Types that decode themselves, and those of other projects, end a path.
func keysOf(types ...reflect.Type) []string {
	var out []string
	for _, t := range types {
		out = append(out, keysUnder("", t, nil)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func keysUnder(prefix string, t reflect.Type, within []reflect.Type) []string {
	star := ""
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		if t.Kind() == reflect.Map {
			star = "*."
		}
		t = t.Elem()
	}
	ours := strings.HasPrefix(t.PkgPath(), "go.etcd.io/etcd") || strings.HasPrefix(t.PkgPath(), "k8s.io/")
	decodesItself := prefix != "" && (reflect.PointerTo(t).Implements(ownJSON) || reflect.PointerTo(t).Implements(ownText))
	if t.Kind() != reflect.Struct || !ours || decodesItself || slices.Contains(within, t) {
		return nil
	}
	within = append(slices.Clone(within), t)
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch kind := f.Type.Kind(); {
		case f.Anonymous && tag == "", strings.Contains(options, "inline"):
			out = append(out, keysUnder(prefix, f.Type, within)...)
			continue
		case !f.IsExported(), tag == "-", kind == reflect.Func, kind == reflect.Chan:
			continue
		}
		key := tag
		if key == "" {
			key = f.Name
		}
		key = prefix + star + key
		out = append(out, key)
		out = append(out, keysUnder(key+".", f.Type, within)...)
	}
	return out
}
