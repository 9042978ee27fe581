package etcd

import (
	"strings"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

const unlockEtcd = "--etcd-endpoints with --etcd-cacert, --etcd-cert and --etcd-key"

// unlock tells with a skipped verdict what would help: endpoints of etcd, where none were given. Whoever
// gave them is told what failed instead, and what the collector says would help against that.
func unlock(s *evidence.Snapshot, v checks.Verdict) checks.Verdict {
	if !asked(s) {
		return v.Unlocked(unlockEtcd)
	}
	unnamed := ""
	for _, r := range answers(s) {
		if r.Gap == nil || r.Gap.Why == evidence.Absent || ofAnother(v.Subject, r.Of) {
			continue
		}
		if r.Gap.Why != evidence.NotAsked {
			v.Message += "; " + r.Of + " was asked: " + r.Gap.Note
			return v.Unlocked(r.Gap.Unlock)
		}
		if unnamed == "" {
			unnamed = r.Gap.Unlock // a member that the endpoints leave out
		}
	}
	return v.Unlocked(unnamed)
}

// ofAnother reports whether a subject is one member, and what was asked another one.
func ofAnother(subject, of string) bool {
	member, _, _ := strings.Cut(subject, " ")
	return strings.Contains(member, "/") && strings.Contains(of, "/") && member != of
}

// asked reports whether endpoints of etcd were given: something of its own API was seen, or was tried.
func asked(s *evidence.Snapshot) bool {
	for _, r := range s.Records(evidence.KindEtcdStatus) {
		if r.Gap == nil || r.Gap.Why != evidence.NotAsked && r.Gap.Why != evidence.Absent {
			return true
		}
	}
	return false
}

// answers are what etcd's own API was asked for.
func answers(s *evidence.Snapshot) []evidence.Record {
	var rs []evidence.Record
	for _, k := range []evidence.Kind{evidence.KindEtcdStatus, evidence.KindEtcdMembers, evidence.KindEtcdAlarms} {
		rs = append(rs, s.Records(k)...)
	}
	return rs
}
