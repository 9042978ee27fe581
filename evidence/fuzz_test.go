package evidence

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzParseMetrics(f *testing.F) {
	f.Add([]byte(small), false)
	f.Add(toProtobuf(f, []byte(small)), true)
	f.Add([]byte("# TYPE requests_total counter\nrequests_total{code=\"\\\"\"} 1e309\n"), false)
	f.Add([]byte{0xff, 0xff, 0xff, 0x7f}, true)
	f.Fuzz(func(t *testing.T, data []byte, protobuf bool) {
		contentType := "text/plain"
		if protobuf {
			contentType = protobufType
		}
		s, err := ParseMetrics(bytes.NewReader(data), contentType, smallKeep)
		if err != nil {
			return
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("got what cannot be saved: %v", err)
		}
		for name := range s.Families {
			if _, ok := smallKeep[name]; !ok {
				t.Errorf("got family %q, which nobody keeps", name)
			}
		}
	})
}

func FuzzParseContainer(f *testing.F) {
	f.Add("kube-apiserver", "kube-apiserver\x01--goaway-chance=0.001", "A=1")
	f.Add("kube-apiserver", "/bin/bash\x01-ec\x01"+openshiftAPIServer, "HOST_IP=10.0.0.1")
	f.Add("etcd", "/bin/sh\x01-c\x01"+openshiftEtcd, "ETCD_NAME=a")
	f.Add("etcd", "sh\x01-c\x01exec \"$@\"\x01--\x01sh\x01-c\x01exec etcd ${X:-`date`} <<E", "")
	f.Fuzz(func(t *testing.T, component, words, env string) {
		vars := map[string]string{}
		for v := range strings.SplitSeq(env, "\n") {
			name, value, _ := strings.Cut(v, "=")
			vars[name] = value
		}
		p, ok := ParseContainer(component, strings.Split(words, "\x01"), nil, vars)
		if !ok {
			return
		}
		for name, vs := range p.Flags("", Source{}).Values {
			for _, v := range vs {
				if !strings.Contains(words+env, "\x00") && strings.Contains(v.Value+name, lost) {
					t.Errorf("--%s: got %q, want what is lost to be unknown", name, v.Value)
				}
				if secretFlag(name) {
					t.Errorf("--%s: got a secret", name)
				}
			}
		}
	})
}

func FuzzParseFlagz(f *testing.F) {
	f.Add([]byte(`{"kind":"Flagz","metadata":{"name":"apiserver"},"flags":{"a":"[x,\"y,z\"]","feature-gates":":A=true","b":"CLASSIFIED"}}`))
	f.Add(recorded(f, "flagz/kube-apiserver-many-1.37.2.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		flags, err := ParseFlagz(bytes.NewReader(data), Source{})
		if err != nil {
			return
		}
		for name, vs := range flags.Values {
			if s := flags.Setting(name); !s.Known() || s.Conflict != nil {
				t.Errorf("--%s: got %+v, want what was read", name, s)
			}
			if !sameValue(vs[0].Value, vs[0].Value) {
				t.Errorf("%q is not the same as itself", vs[0].Value)
			}
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"schema":1,"etcd.flags":[{"of":"etcd/b","value":{"values":{"a":[]},"read":[{}],"from":["flagz","command line"]}},null]}`))
	f.Add([]byte(`{"schema":1,"etcd.metrics":[{"value":{"first":{"families":{"x":null}}}}],"pods":{"value":{"workloads":null}}}`))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, k := range Kinds() {
			s.Records(k)
		}
		for o := range s.EtcdFlags.Seen() {
			o.Value.Setting("a")
			o.Value.Merge(*o.Value)
		}
		for o := range s.EtcdMetrics.Seen() {
			o.Value.Delta()
		}
		var first, second bytes.Buffer
		if err := Save(&first, s); err != nil {
			return // a time or a duration that JSON cannot hold
		}
		again, err := Load(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("got %v of what was just saved", err)
		}
		if err := Save(&second, again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(first.String(), second.String()); d != "" {
			t.Errorf("saved twice (-first +second)\n%s", d)
		}
	})
}

func FuzzParseKubeadmConfig(f *testing.F) {
	f.Add([]byte("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  - {name: v, value: 2}\n"))
	f.Add([]byte("apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\netcd:\n  local:\n    extraArgs: {a: b}\n"))
	f.Add([]byte("a: &a [*a, *a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParseKubeadmConfig(data)
		if err != nil {
			return
		}
		for component, args := range k.ExtraArgs {
			for name := range KubeadmFlags(k, component, Source{}).Values {
				if len(args[name]) == 0 || secretFlag(name) {
					t.Errorf("%s --%s: got %q", component, name, args[name])
				}
			}
		}
	})
}
