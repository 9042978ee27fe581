// Package components knows which flags, feature gates and configuration keys each minor version of the
// control plane's programs has: kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and etcd.
//
// It answers from data that the programs themselves gave (see generate), of the newest published patch of
// each minor: what came with a patch counts for its whole minor. Of a version outside of that it knows nothing and
// says so: ask Known first, and say "does not exist" only where it is true. It knows no distribution's own flags,
// and nothing of what a value means.
//
// What the programs do with what they do not know: an unknown flag ends every one of them at its start, and so does
// an unknown gate ("unrecognized feature gate", featuregate.Set). An environment variable ETCD_… that stands for no
// flag of etcd is only logged; one that stands for a flag which is set as well ends it (pkg/flags, SetFlagsFromEnv).
package components

//go:generate go run ./generate -o data
