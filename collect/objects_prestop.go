package collect

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

// preStop is the longest preStop hook among a pod's containers. They run at the same time, so that the
// longest one counts; one whose duration cannot be told counts only if there is no other.
func preStop(spec *corev1.PodSpec) evidence.PreStop {
	var longest evidence.PreStop
	for _, c := range slices.Concat(sidecars(spec.InitContainers), spec.Containers) {
		if c.Lifecycle == nil || c.Lifecycle.PreStop == nil {
			continue
		}
		h := hook(c.Lifecycle.PreStop)
		h.Container = c.Name
		if longest.Hook == "" || (h.Known && (!longest.Known || h.Duration > longest.Duration)) {
			longest = h
		}
	}
	return longest
}

// sidecars are the init containers that run as long as the pod.
func sidecars(init []corev1.Container) []corev1.Container {
	var out []corev1.Container
	for _, c := range init {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out = append(out, c)
		}
	}
	return out
}

func hook(h *corev1.LifecycleHandler) evidence.PreStop {
	switch {
	case h.Sleep != nil:
		return evidence.PreStop{Hook: "sleep", Known: true, Duration: time.Duration(h.Sleep.Seconds) * time.Second}
	case h.Exec != nil:
		d, ok := literalSleep(h.Exec.Command)
		return evidence.PreStop{Hook: "exec", Known: ok, Duration: d}
	case h.TCPSocket != nil:
		return evidence.PreStop{Hook: "tcpSocket"}
	}
	return evidence.PreStop{Hook: "httpGet"}
}

// literalSleep reads "sleep N", alone or as all that a shell is given. A script that does more takes
// a time nobody can tell from here.
func literalSleep(command []string) (time.Duration, bool) {
	if len(command) == 3 && strings.HasPrefix(command[1], "-") && strings.HasSuffix(command[1], "c") {
		switch path.Base(command[0]) {
		case "sh", "bash", "ash", "dash":
			script := strings.TrimSuffix(strings.TrimSpace(command[2]), ";")
			command = strings.Fields(strings.TrimPrefix(script, "exec "))
		}
	}
	if len(command) != 2 || path.Base(command[0]) != "sleep" {
		return 0, false
	}
	number, unit := command[1], time.Second
	if i := strings.IndexAny(number, "smhd"); i == len(number)-1 && i > 0 {
		unit = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[number[i]]
		number = number[:i]
	}
	if strings.Trim(number, "0123456789.") != "" { // no sign, exponent, infinity or variable
		return 0, false
	}
	n, err := strconv.ParseFloat(number, 64)
	d := n * float64(unit)
	if err != nil || d > float64(365*24*time.Hour) {
		return 0, false
	}
	return time.Duration(d), true
}
