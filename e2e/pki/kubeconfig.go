package pki

import (
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig writes a kubeconfig, whole in itself, for one user of one cluster: the certificate
// LEAF.crt of dir, or a bearer token where leaf is empty.
func Kubeconfig(path, dir, cluster, server, user, leaf, token string) error {
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return err
	}
	auth := clientcmdapi.AuthInfo{Token: token}
	if leaf != "" {
		if auth.ClientCertificateData, err = os.ReadFile(filepath.Join(dir, leaf+".crt")); err != nil {
			return err
		}
		if auth.ClientKeyData, err = os.ReadFile(filepath.Join(dir, leaf+".key")); err != nil {
			return err
		}
	}
	name := user + "@" + cluster
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{cluster: {Server: server, CertificateAuthorityData: ca}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: &auth},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: cluster, AuthInfo: user}},
		CurrentContext: name,
	}, path)
}
