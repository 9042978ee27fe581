package configfile

import (
	"strings"
	"testing"
	"time"
)

// Whatever is in a file: no panic, no end without an answer, and no secret in what is kept.
func FuzzHostFiles(f *testing.F) {
	for _, seed := range []string{
		etcdYAML, etcdEnv, etcdUnit, talosConfig, kopsCluster, flagzJSON, clusterMap, clusterList, capiObjects,
		"cluster-init: true\nkube-apiserver-arg:\n- a=b\netcd-arg: c=d\nkubelet-arg+: [e]\n",
		"etcd_quota_backend_bytes: 1\nkube_feature_gates: [A=true]\nkubelet_custom_flags: ['--v=2']\n",
		"[Service]\nEnvironment=A=1 \"B=2 3\"\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=@/usr/bin/kubelet x $A ${B} 'c d' \\\n# e\n --f=%H\n",
		"# TYPE etcd_server_id gauge\netcd_server_id{server_id=\"a\"} 1\n",
		"\nkubelet flags\nWarning: This endpoint is not meant to be machine parseable\n\na: b\nc: d\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var sinks []*sink
		for _, rel := range []string{"a/etcd.service", "a/etcd.service.d/10-x.conf", "a/etc/etcd/etcd.env", "a/config.yaml.d/x.yaml", "group_vars/all/x.yml"} {
			sinks = append(sinks, readData(input{shown: rel, rel: rel, rootDir: rootDir{root: "root"}}, []byte(text), readers()))
		}
		for _, c := range assemble(sinks, Options{Now: time.Unix(0, 0)}) {
			for _, p := range c.Processes {
				for name, vs := range p.Flags.Values {
					for _, v := range vs {
						if strings.ContainsRune(v.Value, hole) || v.Source.Line < 1 {
							t.Errorf("%s: got %s=%q at line %d", p.Subject, name, v.Value, v.Source.Line)
						}
					}
				}
			}
		}
	})
}
