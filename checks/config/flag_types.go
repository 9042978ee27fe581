package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// typeRule refuses what the flag package of the program cannot parse: pflag of Kubernetes', flag of etcd.
func typeRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	if v.From == evidence.FromEnvironment && v.Value == "" {
		return fine, false // an empty variable sets nothing
	}
	f, ok := s.flag(name)
	if !ok {
		return fine, false
	}
	if v.From == evidence.FromConfigFile {
		return s.typeInFile(f, v)
	}
	words, parses := parser(f.Type)
	if parses == nil {
		return fine, false
	}
	for _, one := range append([]string{v.Value}, v.All...) {
		if parses(one) {
			continue
		}
		out := refused(words, "keeps %s from starting: %s is not %s", s.program(), quoted(one), words)
		if better := likely(f.Type, one); better != "" && parses(better) {
			out = out.becoming(better)
		}
		return out, true
	}
	return fine, true
}

// typeInFile refuses what etcd cannot decode from its YAML file, whose numbers and booleans are YAML's
// (embed/config.go: yaml.Unmarshal into the types of the struct). Times have a rule of their own.
func (s settings) typeInFile(f components.Flag, v evidence.FlagValue) (fault, bool) {
	if s.component != "etcd" {
		return fine, false
	}
	var fits bool
	var words string
	switch f.Type {
	case "int", "int64", "uint", "uint64", "int32", "uint32":
		_, err := strconv.ParseFloat(v.Value, 64)
		_, whole := strconv.ParseInt(v.Value, 0, 64)
		fits, words = err == nil || whole == nil, "a number"
	case "bool":
		fits, words = slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(v.Value)), "true or false"
	default:
		return fine, false
	}
	if fits {
		return fine, true
	}
	return refused(words, "keeps etcd from starting: %s is not %s", quoted(v.Value), words), true
}

func quoted(v string) string {
	if len(v) > longest {
		v = v[:longest] + "…"
	}
	return strconv.Quote(v)
}

// parser is how a type of flag is read, and what it is called; nil for those that take any text, or that have a
// notation of their own.
func parser(kind string) (string, func(string) bool) {
	whole := func(bits int) func(string) bool {
		return func(v string) bool { _, err := strconv.ParseInt(v, 0, bits); return err == nil }
	}
	natural := func(bits int) func(string) bool {
		return func(v string) bool { _, err := strconv.ParseUint(v, 0, bits); return err == nil }
	}
	float := func(bits int) func(string) bool {
		return func(v string) bool { _, err := strconv.ParseFloat(v, bits); return err == nil }
	}
	switch kind {
	case "bool":
		return "true or false", func(v string) bool { _, err := strconv.ParseBool(v); return err == nil }
	case "duration":
		return "a duration with its unit, such as 30s or 5m", func(v string) bool { _, err := time.ParseDuration(v); return err == nil }
	case "int", "int64":
		return "a whole number", whole(64)
	case "int32":
		return "a whole number of 32 bits", whole(32)
	case "uint", "uint64":
		return "a whole number, not negative", natural(64)
	case "uint32":
		return "a whole number of 32 bits, not negative", natural(32)
	case "float32":
		return "a number", float(32)
	case "float64":
		return "a number", float(64)
	case "ip":
		return "an IP address", isIP
	}
	return "", nil
}

// leadingZeros are what Kubernetes still takes in an IPv4 address, and netip does not.
var leadingZeros = regexp.MustCompile(`(^|\.)0\d`)

func isIP(v string) bool {
	v = strings.TrimSpace(v)
	_, err := netip.ParseAddr(v)
	return v == "" || err == nil || leadingZeros.MatchString(v)
}

var amount = regexp.MustCompile(`^(\d+) ?([KMGT])(i?)B?$`)

// likely is what was probably meant by a value that does not parse; "" if that is not clear.
func likely(kind, v string) string {
	v = strings.TrimSpace(v)
	if n := len(v); n > 1 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
		v = v[1 : n-1] // quotes within a YAML string reach the program
	}
	m := amount.FindStringSubmatch(v)
	switch {
	case m != nil && (strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint")):
		n, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil {
			return ""
		}
		for range strings.Index("KMGT", m[2]) + 1 {
			if n *= 1024; m[3] == "" {
				n = n / 1024 * 1000
			}
		}
		return strconv.FormatInt(n, 10)
	case kind == "bool":
		switch strings.ToLower(v) {
		case "yes", "on", "enabled":
			return "true"
		case "no", "off", "disabled":
			return "false"
		}
	}
	return v
}

// shadowedRule finds an option of etcd that is set as a flag and as a variable: etcd exits ("conflicting
// environment variable … is shadowed by corresponding command-line flag", pkg/flags/flag.go, 3.4 to 3.7), even where
// both say the same.
func shadowedRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	if s.opaque != "" || v.From != evidence.FromEnvironment {
		return fine, false
	}
	for _, other := range s.values[name] {
		if other.From == evidence.FromCommandLine {
			variable := "ETCD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			return fault{
				severity: checks.Critical, refused: true, want: "one of the two", fix: "remove the variable " + variable,
				message: "keeps etcd from starting: it is set on the command line and by " + variable + ", and etcd takes an option from one of them only",
			}, true
		}
	}
	return fine, false // which says nothing of the value
}

// nanosecondsRule finds a duration with a unit in etcd's configuration file, where it is a number of nanoseconds: the file
// is then no etcd configuration, and etcd exits (server/embed/config.go: the fields are time.Duration).
func nanosecondsRule(s settings, name string, v evidence.FlagValue) (fault, bool) {
	f, ok := s.flag(name)
	if !ok || f.Type != "duration" {
		return fine, false
	}
	if _, err := strconv.ParseInt(v.Value, 10, 64); err == nil || v.Value == "" {
		return fine, err == nil
	}
	out := refused("a number of nanoseconds", "keeps etcd from starting: in its configuration file a duration is a number of nanoseconds")
	if d, err := time.ParseDuration(v.Value); err == nil {
		out = out.doing(s.write(name, strconv.FormatInt(int64(d), 10)))
	}
	return out, true
}
