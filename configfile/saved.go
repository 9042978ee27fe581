package configfile

import (
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/components"
	"github.com/kaudit/kaudit/evidence"
)

// signatures are families that only one component has; all of them share most of the others.
var signatures = []struct{ component, family string }{
	{"etcd", "etcd_server_id"},
	{"etcd", "etcd_server_has_leader"},
	{"kubelet", "kubelet_pleg_relist_duration_seconds"},
	{"kubelet", "kubelet_running_pods"},
	{"kube-scheduler", "scheduler_pending_pods"},
	{"kube-scheduler", "scheduler_schedule_attempts_total"},
	{"kube-controller-manager", "node_collector_zone_size"},
	{"kube-controller-manager", "garbagecollector_controller_resources_sync_error_total"},
	{"kube-controller-manager", "ttl_after_finished_controller_job_deletion_duration_seconds"},
	{"kube-apiserver", "aggregator_unavailable_apiservice"},
	{"kube-apiserver", "apiserver_requested_deprecated_apis"},
}

var exposition = regexp.MustCompile(`\A\s*# (HELP|TYPE) [a-zA-Z_:]`)

// readMetrics reads a saved /metrics. When it was saved no file tells (the time of a file is often that of a
// checkout), so how long the process had run is unknown: what is judged by age is not judged.
func readMetrics(s *sink) bool {
	if !exposition.MatchString(s.file.text) {
		return false
	}
	component := ""
	for _, sign := range signatures {
		if strings.Contains(s.file.text, "\n# TYPE "+sign.family+" ") || strings.HasPrefix(s.file.text, "# TYPE "+sign.family+" ") {
			component = sign.component
			break
		}
	}
	if component == "" {
		return false
	}
	src := s.file.at(1, 1)
	scrape, err := evidence.ParseMetrics(strings.NewReader(s.file.text), "text/plain", evidence.Families(component))
	if err != nil {
		s.fail(&placed{line: 1, why: err.Error() + "; save it again whole"})
		return true
	}
	scrape.Start = 0
	delete(scrape.Families, "process_start_time_seconds")
	out := s.piece("metrics")
	if v := scrape.By("kubernetes_build_info", "git_version"); component == "kube-apiserver" && len(v) == 1 {
		for version := range v {
			out.version, out.versionAt = version, src
		}
	}
	name := savedName(component, s.file)
	out.fill = append(out.fill, func(snap *evidence.Snapshot) {
		scrape.At = snap.Taken
		of, to := metricsOf(snap, component, name)
		*to = append(*to, evidence.See(of, evidence.Scrapes{First: scrape, NoSecond: "one saved scrape tells no rate"}, src))
	})
	return true
}

// savedName is what a process is called whose answer was saved in a file: by the file, else by the directory.
func savedName(component string, f *file) string {
	base := path.Base(f.rel)
	for _, word := range []string{"metrics", "flagz", "flags"} {
		base = strings.Trim(strings.ReplaceAll(base, word, ""), "-_.")
	}
	if base == "txt" || base == "json" || base == "prom" {
		base = component
	}
	return nameOf(&Process{Component: component}, &file{rel: path.Join(path.Dir(f.rel), base), rootDir: f.rootDir})
}

// metricsOf is where the metrics of a component belong in a snapshot, and of which process they are: of the only
// one whose flags are known, else of the one that is called so.
func metricsOf(s *evidence.Snapshot, component, name string) (string, *evidence.Instances[evidence.Scrapes]) {
	of := component + "/" + name
	var flags evidence.Instances[evidence.Flags]
	var to *evidence.Instances[evidence.Scrapes]
	switch component {
	case "kube-apiserver":
		flags, to = s.APIServerFlags, &s.APIServerMetrics
	case "kube-controller-manager":
		flags, to = s.ControllerManagerFlags, &s.ControllerManagerMetrics
	case "kube-scheduler":
		flags, to = s.SchedulerFlags, &s.SchedulerMetrics
	case "kubelet":
		flags, to = s.KubeletFlags, &s.KubeletMetrics
	default:
		flags, to = s.EtcdFlags, &s.EtcdMetrics
	}
	if len(flags) == 1 && len(*to) == 0 && !flags.Of(of).Seen() {
		of = flags[0].Of
	}
	return of, to
}

func flagzReader() reader {
	return reader{name: "flagz", kinds: []string{"Flagz"}, group: "config.k8s.io/", read: func(c cursor, s *sink) {
		places := map[string]evidence.Source{}
		for _, e := range c.get("flags").entries() {
			places[e.key] = e.at
		}
		if err := s.takeFlagz(c.doc.text, places); err != nil {
			s.fail(&placed{line: c.doc.line + 1, why: err.Error()})
		}
	}}
}

// takeFlagz makes a process of the JSON of a /flagz.
func (s *sink) takeFlagz(text string, places map[string]evidence.Source) error {
	src := s.file.at(1, 1)
	flags, err := evidence.ParseFlagz(strings.NewReader(text), src)
	if err != nil {
		return err
	}
	if !slices.Contains(components.Components(), flags.Component) {
		return nil // some other program's
	}
	for name, vs := range flags.Values {
		if at, ok := places[name]; ok {
			vs[0].Source = at
		}
	}
	p := newProcess(flags.Component, "flagz", src)
	p.Flags, p.name = flags, savedName(flags.Component, s.file)
	s.piece("flagz").processes = []*Process{p}
	return nil
}

var (
	flagzHeader = regexp.MustCompile(`\A\s*(\S+) flag[sz]\nWarning: This endpoint is not meant to be machine parseable`)
	flagzLine   = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)([:= ])(.*)$`)
)

// readFlagzText reads the text form, in which one of four separators stands between name and value, the same in
// all of it. It is read only where it is plain which one.
func readFlagzText(s *sink) bool {
	m := flagzHeader.FindStringSubmatchIndex(s.file.text)
	if m == nil {
		return false
	}
	lines := strings.Split(s.file.text, "\n")
	first := strings.Count(s.file.text[:m[1]], "\n") + 1
	flags, places, err := flagzLines(s.file, lines, first)
	if err == nil {
		doc, _ := json.Marshal(map[string]any{ // of text alone: it cannot fail
			"kind": "Flagz", "metadata": map[string]string{"name": s.file.text[m[2]:m[3]]}, "flags": flags,
		})
		err = s.takeFlagz(string(doc), places)
	}
	if err != nil {
		s.fail(err)
	}
	return true
}

func flagzLines(f *file, lines []string, first int) (map[string]string, map[string]evidence.Source, error) {
	flags, places := map[string]string{}, map[string]evidence.Source{}
	separator, spaced, tight := "", 0, 0
	for i, line := range lines[first:] {
		if isBlank(line) {
			continue
		}
		m := flagzLine.FindStringSubmatch(line)
		if m == nil || separator != "" && m[2] != separator {
			return nil, nil, &placed{line: first + i + 1, why: "flagz: it is not plain which separator this text has between names and values; save the JSON form: curl -H 'Accept: " + evidence.FlagzAccept + "'"}
		}
		separator = m[2]
		switch {
		case strings.HasPrefix(m[3], " "):
			spaced++
		case m[3] != "":
			tight++
		}
		flags[m[1]], places[m[1]] = strings.TrimPrefix(m[3], " "), f.at(first+i+1, 1)
	}
	switch {
	case len(flags) == 0:
		return nil, nil, errors.New("flagz: no flags in it")
	case spaced > 0 && tight > 0:
		return nil, nil, errors.New("flagz: it is not plain which separator this text has between names and values; save the JSON form: curl -H 'Accept: " + evidence.FlagzAccept + "'")
	}
	return flags, places, nil
}

// joinFlagz gives what a saved /flagz says to the process that it is of: the only one of its component, or the
// one that is called so.
func (g *group) joinFlagz() {
	var all []*Process
	for _, p := range g.pieces {
		all = append(all, p.processes...)
	}
	for _, p := range g.pieces {
		p.processes = slices.DeleteFunc(p.processes, func(proc *Process) bool {
			if proc.Dialect != "flagz" {
				return false
			}
			var same, called []*Process
			saved := 0
			for _, o := range all {
				switch {
				case o.Component != proc.Component:
				case o.Dialect == "flagz":
					saved++
				default:
					same = append(same, o)
					if o.name == proc.name {
						called = append(called, o)
					}
				}
			}
			if len(same) == 1 && saved == 1 {
				called = same
			}
			if len(called) != 1 {
				return false
			}
			called[0].Flags.Merge(proc.Flags)
			return true
		})
	}
}
