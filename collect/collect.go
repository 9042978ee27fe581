package collect

import (
	"log/slog"
	"time"

	"k8s.io/client-go/rest"
)

// Options say what to collect from.
type Options struct {
	Config      *rest.Config // nil: no cluster, only etcd
	ClusterName string       // as the kubeconfig calls it
	Kaudit      string       // the version that collects

	Window     time.Duration // between two scrapes; 0: one scrape
	NodeSample int           // nodes whose kubelets are asked
	Timeout    time.Duration // of one request; 0: 15 s

	EtcdEndpoints             []string // client URLs; none: etcd's own API is not asked
	EtcdCA, EtcdCert, EtcdKey string   // PEM files

	Log      *slog.Logger
	Progress func(stage string, done, total int) // may be nil; called from several goroutines, one at a time
	Now      func() time.Time
}
