//go:build e2e

package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/kaudit/kaudit/e2e/loopback"
)

// Of LISTs that were served, API servers count how many there were and how many objects were read for them: until
// 1.36 those that etcd served alone, from 1.37 with a label that tells etcd from the cache.
var (
	listSeries    = regexp.MustCompile(`(?m)^apiserver_storage_list_(total|fetched_objects_total)\{(.*)\} (\S+)$`)
	labelResource = regexp.MustCompile(`\bresource="([^"]*)"`)
)

// A reading is what etcd had to do for LISTs of a resource.
type reading struct{ lists, objects int }

func (r reading) plus(o reading) reading { return reading{r.lists + o.lists, r.objects + o.objects} }

// etcdReads is what etcd has done for the API servers so far, as they count it, by resource.
func etcdReads(t *testing.T, c *loopback.Cluster) map[string]reading {
	t.Helper()
	out := map[string]reading{}
	for _, client := range c.Instances() {
		raw, err := client.(*kubernetes.Clientset).RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range listSeries.FindAllStringSubmatch(string(raw), -1) {
			if strings.Contains(m[2], `storage="watchcache"`) {
				continue
			}
			n, err := strconv.ParseFloat(m[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			resource := labelResource.FindStringSubmatch(m[2])[1]
			if m[1] == "total" {
				out[resource] = out[resource].plus(reading{lists: int(n)})
			} else {
				out[resource] = out[resource].plus(reading{objects: int(n)})
			}
		}
	}
	return out
}

// since is what there is beyond what was.
func since(now, before map[string]reading) map[string]reading {
	out := map[string]reading{}
	for k, n := range now {
		if d := n.plus(reading{-before[k].lists, -before[k].objects}); d != (reading{}) {
			out[k] = d
		}
	}
	return out
}
