// Package auditlog reads the audit logs of kube-apiservers at the speed of the disk and reduces them to what the
// requests of a cluster are. It takes from an event what says who asked for what and how that ended, and knows
// nothing of what the answer means: package requests judges.
package auditlog
