package node

import (
	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/evidence"
)

// A kubeletFile is a configuration of kubelets that was read in a file; how many run from it the file does not tell.
type kubeletFile struct {
	evidence.Observed[evidence.KubeletConfig]
	doc evidence.Document
}

func kubeletFiles(s *evidence.Snapshot) []kubeletFile {
	var out []kubeletFile
	for o := range s.KubeletConfigs.Seen() {
		out = append(out, kubeletFile{o, s.DocumentOf("kubelet", o.Of, o.Source)})
	}
	return out
}

// on is about an aspect, at the line of a field.
func (k kubeletFile) on(aspect, field string) checks.Subject {
	subject := checks.On(k.Observed)
	if aspect != "" {
		subject = subject.Aspect(aspect)
	}
	if v, ok := k.doc.Fields[field]; ok {
		return subject.With(v.Source, "%s: %s", field, v.Value)
	}
	return subject
}

func podSourcesInFiles(s *evidence.Snapshot, p podSourcesParams) []checks.Verdict {
	var vs []checks.Verdict
	for _, k := range kubeletFiles(s) {
		if v, ok := k.on("", "staticPodURL").UntoldField(k.doc, "staticPodURL"); ok {
			vs = append(vs, v)
		} else {
			vs = append(vs, fromURL(k.on("", "staticPodURL"), *k.Value))
		}
		if v, ok := k.on("file-check", "fileCheckFrequency").UntoldField(k.doc, "fileCheckFrequency"); ok {
			vs = append(vs, v)
		} else {
			vs = append(vs, fileCheck(k.on("file-check", "fileCheckFrequency"), *k.Value, p).Setting(k.Of, "fileCheckFrequency", "20s"))
		}
	}
	for o := range s.KubeletFlags.Seen() {
		set := o.Value.Setting("manifest-url")
		if !set.Known() || set.Value == "" {
			continue
		}
		c := evidence.KubeletConfig{StaticPodURL: &set.Value, HasURLHeader: o.Value.Has("manifest-url-header")}
		v := fromURL(checks.On(o).Aspect("manifest-url").With(set.Source, "--manifest-url: %s", set), c)
		vs = append(vs, v.Saw("%s", set).Want("no --manifest-url").WithFix("remove --manifest-url and --manifest-url-header, and put the pods into the directory of staticPodPath"))
	}
	return vs
}

// eventedInFiles judges the gate EventedPLEG of each file by the version it is for.
func eventedInFiles(s *evidence.Snapshot) []checks.Verdict {
	const field, aspect = "featureGates.EventedPLEG", "evented-pleg"
	var vs []checks.Verdict
	for _, k := range kubeletFiles(s) {
		on := k.on(aspect, field)
		v, ok := evidence.ParseSemver(k.doc.Version)
		if !ok && s.Version.Seen() {
			v, ok = evidence.Semver{Major: s.Version.Value.Major, Minor: s.Version.Value.Minor}, true
		}
		switch untold, unknown := on.UntoldField(k.doc, field); {
		case unknown:
			vs = append(vs, untold)
		case !k.Value.FeatureGates["EventedPLEG"]:
			vs = append(vs, on.Pass("does not use Evented PLEG, as is right"))
		case !ok:
			vs = append(vs, on.Skip("uses Evented PLEG, which is harmful up to 1.36, but no file tells its version").Unlocked("--kubernetes-version 1.31"))
		case v.Minor >= 37:
			vs = append(vs, on.Pass("uses Evented PLEG, which from 1.37 on only supplements the relist each second"))
		default:
			vs = append(vs, on.Find(checks.Warning, "uses Evented PLEG, which is alpha in %d.%d: duplicate containers and stuck static pods are known", v.Major, v.Minor).
				Saw("featureGates: EventedPLEG: true").Want("off").WithFix("featureGates:\n  EventedPLEG: false   # KubeletConfiguration").
				Setting(k.Of, field, "false"))
		}
	}
	return append(vs, checks.Missing(s.KubeletConfigs, aspect)...)
}
