package collect

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kaudit/kaudit/evidence"
)

// Only what is literally a sleep has a duration; a guess would condemn who drains properly.
func TestLiteralSleep(t *testing.T) {
	for command, want := range map[string]string{
		"sleep|10":                        "10s",
		"/bin/sleep|2m":                   "2m0s",
		"sleep|0.5":                       "500ms",
		"sleep|0":                         "0s",
		"sleep|1h":                        "1h0m0s",
		"sh|-c|sleep 15":                  "15s",
		"/bin/bash|-ec| exec sleep 15; ":  "15s",
		"sh|-c|/usr/bin/sleep 5":          "5s",
		"sh|-c|sleep 15 && nginx -s quit": "",
		"sh|-c|sleep $DELAY":              "",
		"sh|-c|while true; do sleep 1":    "",
		"sh|-x|sleep 15":                  "",
		"python|-c|sleep 15":              "",
		"sleep|infinity":                  "",
		"sleep|1e9":                       "",
		"sleep|-5":                        "",
		"sleep|9999999d":                  "",
		"sleep|999999999999":              "",
		"sleep|5|5":                       "",
		"sleep":                           "",
		"sleep|s":                         "",
		"sleep|":                          "",
		"/app/stop":                       "",
	} {
		got := ""
		if d, ok := literalSleep(strings.Split(command, "|")); ok {
			got = d.String()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
}

func TestPreStop(t *testing.T) {
	with := func(name string, h *corev1.LifecycleHandler) corev1.Container {
		return corev1.Container{Name: name, Lifecycle: &corev1.Lifecycle{PreStop: h}}
	}
	sleep := func(n int64) *corev1.LifecycleHandler {
		return &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: n}}
	}
	script := &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/stop"}}}
	http := &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/stop"}}
	tcp := &corev1.LifecycleHandler{TCPSocket: &corev1.TCPSocketAction{}}
	always := with("mesh", sleep(40))
	always.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	for name, c := range map[string]struct {
		spec corev1.PodSpec
		want evidence.PreStop
	}{
		"none":        {corev1.PodSpec{Containers: []corev1.Container{{Name: "a"}, {Name: "b", Lifecycle: &corev1.Lifecycle{}}}}, evidence.PreStop{}},
		"longest":     {corev1.PodSpec{Containers: []corev1.Container{with("a", sleep(5)), with("b", sleep(9)), with("c", sleep(7))}}, evidence.PreStop{Container: "b", Known: true, Duration: 9 * time.Second, Hook: "sleep"}},
		"known first": {corev1.PodSpec{Containers: []corev1.Container{with("a", script), with("b", sleep(0)), with("c", http)}}, evidence.PreStop{Container: "b", Known: true, Hook: "sleep"}},
		"unknown":     {corev1.PodSpec{Containers: []corev1.Container{with("a", script), with("b", http)}}, evidence.PreStop{Container: "a", Hook: "exec"}},
		"http":        {corev1.PodSpec{Containers: []corev1.Container{with("b", http)}}, evidence.PreStop{Container: "b", Hook: "httpGet"}},
		"tcp":         {corev1.PodSpec{Containers: []corev1.Container{with("b", tcp)}}, evidence.PreStop{Container: "b", Hook: "tcpSocket"}},
		"sidecar":     {corev1.PodSpec{InitContainers: []corev1.Container{with("setup", sleep(90)), always}, Containers: []corev1.Container{with("a", sleep(5))}}, evidence.PreStop{Container: "mesh", Known: true, Duration: 40 * time.Second, Hook: "sleep"}},
	} {
		if got := preStop(&c.spec); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
