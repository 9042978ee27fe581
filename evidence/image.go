package evidence

import (
	"regexp"
	"strings"
)

var tagVersion = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:[^\d.]|$)`)

// ImageVersion is the version of the program by the tag of its image, without what packaging adds:
// "3.5.24-0" is 3.5.24. The tag of an etcd-manager is its own version, not that of the etcd it starts.
func ImageVersion(image string) string {
	image, _, _ = strings.Cut(image, "@")
	base := image[strings.LastIndexByte(image, '/')+1:]
	name, tag, _ := strings.Cut(base, ":")
	m := tagVersion.FindStringSubmatch(tag)
	if m == nil || strings.Contains(name, "etcd-manager") {
		return ""
	}
	return m[1]
}
