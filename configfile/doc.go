// Package configfile reads how clusters are configured from files: manifests, kubeadm and distributions'
// configuration, unit files, saved answers. It recognises files by what is in them, tells clusters in one
// tree apart, and gives a snapshot of each, in which every setting has its file, line and column. What a
// template fills in later is unknown, never zero. It contacts nothing and judges nothing.
package configfile
