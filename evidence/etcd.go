package evidence

import "time"

// EtcdMember is one member as Cluster.MemberList gives it. The client's own types would drag in its transport.
type EtcdMember struct {
	ID         string   `json:"id"` // hexadecimal, as etcdctl prints it
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs,omitempty"`
	Learner    bool     `json:"learner,omitempty"`
	// Component is etcd-events where a file lists the members of an etcd for events.
	Component string `json:"component,omitempty"`
}

// EtcdStatus is Maintenance.Status of one endpoint.
type EtcdStatus struct {
	Endpoint       string        `json:"endpoint"`
	ClusterID      string        `json:"clusterID"`
	MemberID       string        `json:"memberID"`
	Version        string        `json:"version"`                  // "3.7.3"
	StorageVersion string        `json:"storageVersion,omitempty"` // 3.6+
	DBBytes        int64         `json:"dbBytes"`                  // allocated: what the quota is held against
	DBInUseBytes   int64         `json:"dbInUseBytes"`             // without free pages
	QuotaBytes     *int64        `json:"quotaBytes,omitempty"`     // 3.6+; nil where the member does not say
	Leader         string        `json:"leader"`                   // member id; "" if none
	Learner        bool          `json:"learner,omitempty"`
	Revision       int64         `json:"revision"`
	RaftTerm       uint64        `json:"raftTerm"`
	RaftIndex      uint64        `json:"raftIndex"` // committed
	RaftApplied    uint64        `json:"raftApplied"`
	Errors         []string      `json:"errors,omitempty"`
	RoundTrip      time.Duration `json:"roundTrip"` // of this call, nanoseconds
}

// EtcdAlarm is an alarm that is raised.
type EtcdAlarm struct {
	MemberID string `json:"memberID"`
	Alarm    string `json:"alarm"` // NOSPACE, CORRUPT
}
