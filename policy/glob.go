package policy

import (
	"regexp"
	"strings"
)

// glob is a pattern of names: * is any run of characters and ? any one, everything else itself.
// The zero value matches whatever it is given.
type glob struct {
	text string
	re   *regexp.Regexp
}

func globOf(pattern string) glob { return compile(pattern, ".*", ".") }

// pathGlob is a glob of paths, whose * and ? stay within one folder; ** does not.
func pathGlob(pattern string) glob { return compile(pattern, "[^/]*", "[^/]") }

func compile(pattern, many, one string) glob {
	if pattern == "" {
		return glob{}
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch rest := pattern[i:]; {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(rest, "**"):
			b.WriteString(".*")
			i++
		case rest[0] == '*':
			b.WriteString(many)
		case rest[0] == '?':
			b.WriteString(one)
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	re, err := regexp.Compile(`(?s)\A` + b.String() + `\z`)
	if err != nil { // bytes that are no text
		re = regexp.MustCompile(`\A\z`)
	}
	return glob{pattern, re}
}

func (g glob) match(name string) bool { return g.re == nil || g.re.MatchString(name) }

func isPattern(s string) bool { return strings.ContainsAny(s, "*?") }
