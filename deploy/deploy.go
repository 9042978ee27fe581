// Package deploy holds what a cluster is given so that kaudit may read it.
package deploy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// RBAC is the manifest of the permissions that kaudit uses.
//
//go:embed rbac.yaml
var RBAC string

// requestsJob is the manifest of a Job that reads audit logs where they lie.
//
//go:embed requests-job.yaml
var requestsJob string

// RequestsJob is a manifest that runs kaudit requests in that image on so many control-plane nodes, over the audit logs in
// that folder of each.
func RequestsJob(image string, nodes int, folder string) (string, error) {
	switch {
	case strings.ContainsFunc(image, func(r rune) bool { return r <= ' ' || r > '~' }) || image == "":
		return "", fmt.Errorf("image %q, want the name of one", image)
	case nodes < 1:
		return "", fmt.Errorf("%d nodes, want how many control-plane nodes there are", nodes)
	case !path.IsAbs(folder) || path.Clean(folder) == "/":
		return "", fmt.Errorf("folder %q, want the absolute path of the one with the audit logs", folder)
	}
	image, err := quoted(image)
	if err != nil {
		return "", err
	}
	folder, err = quoted(path.Clean(folder))
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"image: registry.example.com/kaudit:dev", "image: "+image,
		"completions: 3", fmt.Sprint("completions: ", nodes),
		"parallelism: 3", fmt.Sprint("parallelism: ", nodes),
		"maxFailedIndexes: 3", fmt.Sprint("maxFailedIndexes: ", nodes),
		"path: /var/log/kubernetes/audit", "path: "+folder,
	).Replace(requestsJob), nil
}

// quoted is a string as YAML takes it for nothing else.
func quoted(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}
