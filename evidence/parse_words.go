package evidence

import (
	"regexp"
	"slices"
	"strings"
)

// flagsOf reads --a=b, --a b, -a=b and --a. Words that are no flag where one should stand, and that
// hide something, come back as stray; at has the index of the word that last names a flag. Kubernetes
// takes _ for - in names; etcd does not.
func flagsOf(words []string, underscores bool) (set map[string][]string, unknown []string, stray string, at map[string]int) {
	set, at = map[string][]string{}, map[string]int{}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "--" {
			break
		}
		name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(w, "-"), "-"), "=")
		if !strings.HasPrefix(w, "-") || strings.Contains(name, lost) {
			if strings.Contains(w, lost) && stray == "" {
				stray = strings.ReplaceAll(w, lost, "$…")
			}
			continue
		}
		if name == "" {
			continue
		}
		if underscores {
			name = strings.ReplaceAll(name, "_", "-")
		}
		at[name] = i
		if !has {
			value = "true"
			// These programs take no arguments but flags: what follows a flag is its value.
			if i+1 < len(words) && isValue(words[i+1]) {
				i++
				value = words[i]
			}
		}
		if strings.Contains(value, lost) || secretFlag(name) {
			unknown = append(unknown, name)
			delete(set, name)
			continue
		}
		if !slices.Contains(unknown, name) {
			set[name] = append(set[name], withoutUserinfo(value))
		}
	}
	return set, unknown, stray, at
}

var negative = regexp.MustCompile(`^-\d`)

func isValue(w string) bool { return !strings.HasPrefix(w, "-") || negative.MatchString(w) }

// suiteFlags reads the --kube-apiserver-arg=name=value of k3s and RKE2.
func suiteFlags(args []string) map[string][]string {
	set := map[string][]string{}
	for _, a := range args {
		name, value, has := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if !has {
			value = "true"
		}
		if name != "" && !secretFlag(name) {
			set[name] = append(set[name], withoutUserinfo(value))
		}
	}
	return set
}

// secretName matches flags whose value is itself a secret; the path of a file is none.
var secretName = regexp.MustCompile(`(^|-)(token|password|passwd|passphrase|secret|secret-key|bearer)$`)

// SecretFlag reports whether the value of a flag is itself a secret, which is never kept.
func SecretFlag(name string) bool { return secretFlag(name) }

func secretFlag(name string) bool {
	return name == "manifest-url-header" || name != "auth-token" && secretName.MatchString(strings.ToLower(name))
}

var userinfo = regexp.MustCompile(`://[^/@\s,;]*@`)

// withoutUserinfo drops user and password from the URLs in a value.
func withoutUserinfo(v string) string { return userinfo.ReplaceAllString(v, "://") }

// WithoutUserinfo drops user and password from the URLs in a value.
func WithoutUserinfo(v string) string { return withoutUserinfo(v) }
