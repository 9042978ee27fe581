package configfile

import "github.com/kaudit/kaudit/evidence"

// openshiftKinds are the configurations that OpenShift's control plane takes, with the key that holds its flags.
var openshiftKinds = map[string]struct{ component, arguments string }{
	"KubeAPIServerConfig":         {"kube-apiserver", "apiServerArguments"},
	"KubeControllerManagerConfig": {"kube-controller-manager", "extendedArguments"},
}

func openshiftReader() reader {
	return reader{
		name: "OpenShift configuration", kinds: []string{"KubeAPIServerConfig", "KubeControllerManagerConfig"}, group: "kubecontrolplane.config.openshift.io/",
		read: readOpenshift,
	}
}

// readOpenshift reads the flags in a configuration of OpenShift. The operator merges several of these, so that
// what one does not name is unknown; a pod's own command line is nearer to what runs.
func readOpenshift(c cursor, s *sink) {
	of := openshiftKinds[c.get("kind").text()]
	p := newProcess(of.component, "openshift", c.src())
	p.intent = true
	p.opaque("is set up by OpenShift, whose operator merges more settings")
	args := c.get(of.arguments)
	p.addMap(args, evidence.FromArguments)
	p.Sites = nil
	if c.doc.inside == nil && args.ok() { // what stands in a ConfigMap the operator writes again
		p.Sites = []Site{siteOf(args, Lists)}
	}
	out := s.piece("openshift")
	out.processes, out.distribution = []*Process{p}, "openshift"
}
