// Package manager has the shape of a manager.
package manager

import "sigs.k8s.io/controller-runtime/pkg/client"

type Options struct {
	LeaderElection bool
	Client         client.Options
	NewClient      func(config any, options client.Options) (client.Client, error)
}

type Manager interface {
	GetClient() client.Client
	GetAPIReader() client.Reader
	GetCache() client.Reader
}

func New(config any, options Options) (Manager, error) { return nil, nil }
