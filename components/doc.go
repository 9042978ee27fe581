// Package components knows which flags, feature gates and configuration keys each minor version of the
// control plane's programs has: kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and etcd.
//
// It answers from data that the programs themselves gave (see generate), of the newest published patch of
// each minor. Of a version outside of that it knows nothing and says so: ask Known first, and say "does not
// exist" only where it is true. It knows no distribution's own flags, and nothing of what a value means.
package components

//go:generate go run ./generate -o data
