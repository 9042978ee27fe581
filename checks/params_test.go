package checks

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

type manyParams struct {
	Share float64       `json:"share" doc:"a share"`
	Nodes int           `json:"nodes" doc:"nodes"`
	Slow  time.Duration `json:"slow" doc:"a time"`
	Least uint64        `json:"least" doc:"a floor"`
}

func (p manyParams) Validate() error {
	if p.Share <= 0 {
		return errors.New("share must be over 0")
	}
	return nil
}

func TestWithValues(t *testing.T) {
	c := New(Spec{ID: "etcd-test"}, manyParams{0.8, 3, time.Second, 7}, func(*evidence.Snapshot, manyParams) []Verdict { return nil })
	for raw, want := range map[string]struct {
		params []string
		err    string
	}{
		`{}`:                              {[]string{"0.8", "3", "1s", "7"}, ""},
		`{"share": 0.5, "slow": "1m30s"}`: {[]string{"0.5", "3", "1m30s", "7"}, ""},
		`{"nodes": 5, "least": 0}`:        {[]string{"0.8", "5", "1s", "0"}, ""},
		`{"slow": 10}`:                    {nil, "parameters of etcd-test: slow wants a time such as 10s or 5m"},
		`{"slow": "10"}`:                  {nil, "parameters of etcd-test: slow wants a time such as 10s or 5m"},
		`{"nodes": 1.5}`:                  {nil, "parameters of etcd-test: nodes wants a whole number"},
		`{"nodes": null}`:                 {nil, "parameters of etcd-test: nodes wants a whole number"},
		`{"least": -1}`:                   {nil, "parameters of etcd-test: least wants a whole number that is not negative"},
		`{"share": "0.5"}`:                {nil, "parameters of etcd-test: share wants a number"},
		`{"Share": 0.5}`:                  {nil, `parameters of etcd-test: no parameter "Share"`},
		`{"share": -1}`:                   {nil, "parameters of etcd-test: share must be over 0"},
		`[]`:                              {nil, "parameters of etcd-test: they are a map of names to values"},
	} {
		got, err := c.With([]byte(raw))
		if (err == nil) != (want.err == "") || err != nil && err.Error() != want.err {
			t.Errorf("%s: got the error %v, want %q", raw, err, want.err)
			continue
		}
		var values []string
		for _, p := range got.Params() {
			values = append(values, p.Value)
		}
		if d := cmp.Diff(want.params, values); err == nil && d != "" {
			t.Errorf("%s (-want +got):\n%s", raw, d)
		}
	}
	if v := c.Params()[0].Value; v != "0.8" {
		t.Errorf("got the default %s after all this, want 0.8", v)
	}
}
