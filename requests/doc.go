// Package requests judges what audit logs tell: who serves each LIST and WATCH in a version of kube-apiserver, what that
// costs, and what the client could do instead. It knows no log, no cluster and no output format.
package requests
