package main

import "strings"

// A release is what one minor version of the catalogue is read from: its newest patch that is published.
type release struct {
	product string // kubernetes or etcd
	version string // v1.24.17
	module  string // of etcd: the module and version that hold it
	// raise names dependencies of old releases that the present Go compiler refuses, with the versions that it takes.
	raise []string
	// mend lets a staging module compile that is of another patch than the rest.
	mend mend
	// sum holds lines for go.sum, of modules that the checksum database does not know.
	sum string
	// later are flags of later patches, which are not published as modules.
	later []flagRecord
}

// A mend replaces a piece of text in one file of a module, which has it once.
type mend struct{ module, file, from, to string }

func (r release) minor() string {
	parts := strings.SplitN(strings.TrimPrefix(r.version, "v"), ".", 3)
	return parts[0] + "." + parts[1]
}

// releases is what the catalogue covers. A new minor is a line here and a run of the generator.
var releases = []release{
	{product: "kubernetes", version: "v1.24.17", raise: oldTools},
	{
		product: "kubernetes", version: "v1.25.16", raise: oldTools,
		// Published is 0.25.6 at most. Of its server, which has no part in flags, one call lacks what a fix added since.
		mend: mend{
			module: "k8s.io/controller-manager", file: "app/serve.go",
			from: "authenticationInfo.Authenticator, failedHandler, nil)", to: "authenticationInfo.Authenticator, failedHandler, nil, nil)",
		},
	},
	{product: "kubernetes", version: "v1.26.15", raise: oldTools},
	{
		product: "kubernetes", version: "v1.27.16", raise: oldTools,
		// Held against the project's branch release-1.27, file by file, when this was written: only go.mod and go.sum differ.
		sum: "k8s.io/legacy-cloud-providers v0.27.16 h1:sKjWW8MQy9IUsdqv+dl9rEa/a4cR8H3LmJw2iBYbXAI=\n" +
			"k8s.io/legacy-cloud-providers v0.27.16/go.mod h1:ptrEAxtOobaIT5agAKndYsF9hkcJOr4NIuTJUode23I=\n",
	},
	{product: "kubernetes", version: "v1.28.15", raise: oldTools},
	{product: "kubernetes", version: "v1.29.15", raise: oldTools},
	{product: "kubernetes", version: "v1.30.14", raise: oldTools},
	{product: "kubernetes", version: "v1.31.14", raise: oldTools},
	{product: "kubernetes", version: "v1.32.13"},
	{product: "kubernetes", version: "v1.33.13"},
	{product: "kubernetes", version: "v1.34.4"},
	{product: "kubernetes", version: "v1.35.4"},
	{product: "kubernetes", version: "v1.36.4"},
	{product: "kubernetes", version: "v1.37.2"},
	// The 3.4 series was never a proper module; of its commits this is the newest that is published.
	{
		product: "etcd", version: "v3.4.30", module: "go.etcd.io/etcd@v0.5.0-alpha.5.0.20240131130919-ff2304879e1b",
		// Held against the tree of the tag v3.4.30, file by file, when this line was written.
		sum: "go.etcd.io/etcd v0.5.0-alpha.5.0.20240131130919-ff2304879e1b h1:NeKdMkWVeCdzdg9Rip/aVOgBeoGAjldAZ2pXLskuksU=\n" +
			"go.etcd.io/etcd v0.5.0-alpha.5.0.20240131130919-ff2304879e1b/go.mod h1:WnaHjGRsd7pp+qO+AuA+fyHoBefpgyaTpSZ3Qw4H1aY=\n",
		// From 3.4.30 to 3.4.45 etcdmain/config.go and embed/config.go changed by this one flag (3.4.31).
		later: []flagRecord{{Name: "next-cluster-version-compatible", Type: "bool", Default: "false", Bare: true}},
	},
	{product: "etcd", version: "v3.5.35", module: "go.etcd.io/etcd/server/v3@v3.5.35"},
	{product: "etcd", version: "v3.6.16", module: "go.etcd.io/etcd/server/v3@v3.6.16"},
	{product: "etcd", version: "v3.7.3", module: "go.etcd.io/etcd/server/v3@v3.7.3"},
}

// Older ones use linker names that Go closed, or do not compile with it.
var oldTools = []string{"golang.org/x/tools@v0.30.0", "golang.org/x/net@v0.35.0", "golang.org/x/sys@v0.30.0"}
