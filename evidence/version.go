package evidence

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Version is what GET /version says of one kube-apiserver.
type Version struct {
	Git   string `json:"git"` // "v1.37.2", "v1.31.4-eks-2d5f260"
	Major int    `json:"major"`
	Minor int    `json:"minor"` // of the binary: it names the metrics
	// Emulated is the minor whose behaviour the server shows (--emulated-version, 1.31+); 0: its own.
	Emulated int `json:"emulated,omitempty"`
}

// Behaviour returns the minor that decides gates and semantics.
func (v Version) Behaviour() int {
	if v.Emulated != 0 {
		return v.Emulated
	}
	return v.Minor
}

var semver = regexp.MustCompile(`^v?(\d+)\.(\d+)(?:\.(\d+))?`)

// A Semver is a major, minor and patch number; what follows them is a vendor's matter.
type Semver struct{ Major, Minor, Patch int }

// ParseSemver reads "v1.37.2", "3.5.24-0" or "1.31+"; a missing patch is 0.
func ParseSemver(s string) (Semver, bool) {
	m := semver.FindStringSubmatch(s)
	if m == nil {
		return Semver{}, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
	return Semver{n(1), n(2), n(3)}, true
}

// Less orders versions.
func (a Semver) Less(b Semver) bool {
	if a.Major != b.Major {
		return a.Major < b.Major
	}
	if a.Minor != b.Minor {
		return a.Minor < b.Minor
	}
	return a.Patch < b.Patch
}

// TellsWatchProgress reports whether an etcd of this version can tell how far a watch is, which kube-apiserver 1.31 and later
// wants of every member before its cache serves the newest state. Earlier ones could report a revision before they sent the
// events up to it: apiserver/pkg/storage/feature/feature_support_checker.go.
func (a Semver) TellsWatchProgress() bool {
	old := a.Less(Semver{Major: 3, Minor: 4, Patch: 31})
	return !old && (a.Less(Semver{Major: 3, Minor: 5}) || !a.Less(Semver{Major: 3, Minor: 5, Patch: 13}))
}

func (a Semver) String() string { return fmt.Sprintf("%d.%d.%d", a.Major, a.Minor, a.Patch) }

// ParseVersion reads the answer of GET /version.
func ParseVersion(data []byte) (Version, error) {
	var doc struct {
		Major          string `json:"major"`
		Minor          string `json:"minor"` // "31+" of some vendors
		GitVersion     string `json:"gitVersion"`
		EmulationMinor string `json:"emulationMinor"`
	}
	if err := unmarshalJSON(data, &doc); err != nil {
		return Version{}, fmt.Errorf("version: %w", err)
	}
	v := Version{Git: doc.GitVersion}
	var ok bool
	if v.Major, ok = leadingNumber(doc.Major); ok {
		v.Minor, ok = leadingNumber(doc.Minor)
	}
	if !ok {
		sv, fine := ParseSemver(doc.GitVersion)
		if !fine {
			return Version{}, fmt.Errorf("version: major %q, minor %q, gitVersion %q", doc.Major, doc.Minor, doc.GitVersion)
		}
		v.Major, v.Minor = sv.Major, sv.Minor
	}
	if e, ok := leadingNumber(doc.EmulationMinor); ok && e != v.Minor {
		v.Emulated = e
	}
	return v, nil
}

func leadingNumber(s string) (int, bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		s = s[:end]
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
