package loopback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

// A kubelet stands in for that of one control-plane node. All it can do is what port-forwards to
// pods of the host's network need: connect to a port of the node. For all else there are genuine
// kubelets in the kubeadm cluster.
type kubelet struct {
	server *http.Server
	done   sync.WaitGroup
}

// startKubelets starts one for each control-plane node.
func (c *Cluster) startKubelets(context.Context) error {
	pair, err := tls.LoadX509KeyPair(c.file("component.crt"), c.file("component.key"))
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(c.file("ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return errors.New("no certificate in ca.crt")
	}
	// A port-forward is an upgrade, which HTTP/2 does not have.
	cfg := &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}
	for i := range max(c.Config.APIServers, c.Config.EtcdMembers) {
		l, err := tls.Listen("tcp", fmt.Sprintf("%s:%d", c.Address(i), c.ports.kubelet), cfg)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /portForward/{namespace}/{pod}", c.forwardTo(c.Address(i)))
		k := &kubelet{server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}}
		k.done.Go(func() { _ = k.server.Serve(l) }) // ends when it is closed
		c.kubelets = append(c.kubelets, k)
	}
	return nil
}

func (k *kubelet) stop() {
	_ = k.server.Close()
	k.done.Wait()
}

func (c *Cluster) forwardTo(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		portforward.ServePortForward(w, r, forwarder(address), r.PathValue("pod"), "", nil,
			time.Minute, 10*time.Second, []string{portforward.ProtocolV1Name})
	}
}

// forwarder connects to the ports of one address.
type forwarder string

// PortForward copies between a stream and a port until either ends.
func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("%s:%d", string(f), port))
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	copying := func(dst io.Writer, src io.Reader) {
		_, err := io.Copy(dst, src)
		ended <- err
	}
	var both sync.WaitGroup
	both.Go(func() { copying(conn, stream) })
	both.Go(func() { copying(stream, conn) })
	err = <-ended
	_ = conn.Close()
	_ = stream.Close()
	both.Wait()
	return err
}
