package loopback

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kaudit/kaudit/e2e/proc"
)

// startControllers starts a controller manager and a scheduler beside each API server; one of each leads.
func (c *Cluster) startControllers(ctx context.Context) error {
	for i := range c.Config.APIServers {
		if err := c.startControllersOn(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) startControllersOn(ctx context.Context, i int) error {
	host := c.Address(i)
	manager := filepath.Join(c.Config.Dir, "kube-controller-manager.kubeconfig")
	scheduler := filepath.Join(c.Config.Dir, "kube-scheduler.kubeconfig")
	for _, p := range []struct {
		component string
		port      int
		args      []string
	}{
		{"kube-controller-manager", c.ports.manager, []string{
			"--authentication-kubeconfig=" + manager,
			"--authorization-kubeconfig=" + manager,
			"--bind-address=" + host,
			"--client-ca-file=" + c.file("ca.crt"),
			"--cluster-name=" + ClusterName,
			"--cluster-signing-cert-file=" + c.file("ca.crt"),
			"--cluster-signing-key-file=" + c.file("ca.key"),
			"--controllers=*,bootstrapsigner,tokencleaner",
			"--kubeconfig=" + manager,
			"--leader-elect=true",
			"--requestheader-client-ca-file=" + c.file("front-proxy-ca.crt"),
			"--root-ca-file=" + c.file("ca.crt"),
			fmt.Sprintf("--secure-port=%d", c.ports.manager),
			"--service-account-private-key-file=" + c.file("sa.key"),
			"--tls-cert-file=" + c.file("component.crt"),
			"--tls-private-key-file=" + c.file("component.key"),
			"--use-service-account-credentials=true",
		}},
		{"kube-scheduler", c.ports.scheduler, []string{
			"--authentication-kubeconfig=" + scheduler,
			"--authorization-kubeconfig=" + scheduler,
			"--bind-address=" + host,
			"--client-ca-file=" + c.file("ca.crt"),
			"--kubeconfig=" + scheduler,
			"--leader-elect=true",
			"--requestheader-client-ca-file=" + c.file("front-proxy-ca.crt"),
			fmt.Sprintf("--secure-port=%d", c.ports.scheduler),
			"--tls-cert-file=" + c.file("component.crt"),
			"--tls-private-key-file=" + c.file("component.key"),
		}},
	} {
		name := p.component + "-" + nodeName(i)
		args := append(append([]string{filepath.Join(c.Config.Bin, p.component)}, p.args...), c.flags(p.component, name)...)
		if err := c.Start(proc.Spec{Name: name, Args: args, Hostname: nodeName(i)}); err != nil {
			return err
		}
		url := fmt.Sprintf("https://%s:%d/healthz", host, p.port)
		if err := c.Until(ctx, 60*time.Second, name, []string{name}, func(ctx context.Context) error { return c.Get(ctx, url) }); err != nil {
			return err
		}
	}
	return nil
}
