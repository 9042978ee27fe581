package auditgen

import (
	"encoding/base64"
	"strconv"
	"time"
)

// A request is one request to the server. Whatever its lines say follows from it alone, so that they agree with each other.
type request struct {
	habit    *habit
	member   int    // which of the persona's many it is from
	seed     uint64 // of all that is random in it
	received int64  // microseconds since 1970
	latency  int64  // microseconds until it was answered; of a watch, until it ended
	code     int
	stage    string
	at       int64 // of the stage
}

// of is a random number of the request: the same for the same name.
func (r *request) of(name uint64) uint64 { return mix(r.seed + name*0x9e3779b97f4a7c15) }

// ofMember is the same for all requests of one member of one persona.
func (r *request) ofMember(name uint64) uint64 {
	return mix(uint64(r.habit.persona.id)<<40 + uint64(r.member)*0x9e3779b97f4a7c15 + name<<56)
}

// mix is the last step of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Names of random numbers.
const (
	anID = iota
	aNamespace
	anApp
	aPod
	aNode
	aUID
	aTimeout
	aContinue
	aCount
	aToken
	anIP
	aShare
)

var holes = map[string]func(b []byte, g *Generator, r *request) []byte{
	"id":       func(b []byte, _ *Generator, r *request) []byte { return appendUUID(b, r.of(anID), r.of(anID+100)) },
	"received": func(b []byte, g *Generator, r *request) []byte { return g.appendMicros(b, r.received) },
	"at":       func(b []byte, g *Generator, r *request) []byte { return g.appendMicros(b, r.at) },
	"second": func(b []byte, g *Generator, r *request) []byte {
		return append(g.appendMicros(b, r.received)[:len(b)+19], 'Z')
	},
	"slow":   appendSlow,
	"member": func(b []byte, _ *Generator, r *request) []byte { return appendPadded(b, uint64(r.member), 4) },
	"team": func(b []byte, _ *Generator, r *request) []byte {
		return appendPadded(b, r.ofMember(aNamespace)%teams, 3)
	},
	"minor": func(b []byte, _ *Generator, r *request) []byte {
		return strconv.AppendUint(b, r.ofMember(anApp)%30, 10)
	},
	"hash64": appendMemberHash,
	"jti": func(b []byte, _ *Generator, r *request) []byte {
		hour := uint64(r.received / 3.6e9)
		return appendUUID(b, mix(r.ofMember(aToken)+hour), mix(r.ofMember(aToken)-hour))
	},
	"member-uid": func(b []byte, _ *Generator, r *request) []byte {
		return appendUUID(b, r.ofMember(aUID), r.ofMember(aUID+20))
	},
	"member-pod":  func(b []byte, _ *Generator, r *request) []byte { return appendSuffix(b, r.ofMember(aPod)) },
	"member-node": func(b []byte, _ *Generator, r *request) []byte { return appendNode(b, uint64(r.member)) },
	"member-node-uid": func(b []byte, _ *Generator, r *request) []byte {
		return appendUUID(b, mix(uint64(r.member)+1), mix(uint64(r.member)+1<<32))
	},
	"its-node": func(b []byte, g *Generator, r *request) []byte {
		return appendNode(b, r.ofMember(aNode)%uint64(g.o.Nodes))
	},
	"node": func(b []byte, g *Generator, r *request) []byte { return appendNode(b, r.of(aNode)%uint64(g.o.Nodes)) },
	"ip": func(b []byte, _ *Generator, r *request) []byte {
		if r.habit.persona.many == ofNodes {
			return appendIP(b, uint64(r.member))
		}
		return appendIP(b, r.ofMember(anIP)%4096)
	},
	"ns": func(b []byte, _ *Generator, r *request) []byte {
		return appendPadded(append(b, "team-"...), r.of(aNamespace)%teams, 3)
	},
	"app": func(b []byte, _ *Generator, r *request) []byte {
		return appendPadded(append(b, "svc-"...), r.of(anApp)%90, 2)
	},
	"pod": func(b []byte, _ *Generator, r *request) []byte {
		b = appendPadded(append(b, "svc-"...), r.of(anApp)%90, 2)
		b = append(strconv.AppendUint(append(b, '-'), r.of(anApp)>>40|1<<24, 32), '-')
		return appendSuffix(b, r.of(aPod))
	},
	"uid": func(b []byte, _ *Generator, r *request) []byte { return appendUUID(b, r.of(aUID), r.of(aUID+100)) },
	"rv":  func(b []byte, _ *Generator, r *request) []byte { return strconv.AppendInt(b, revision(r), 10) },
	"old": func(b []byte, _ *Generator, r *request) []byte { return strconv.AppendInt(b, revision(r)-900_000, 10) },
	"seconds": func(b []byte, _ *Generator, r *request) []byte {
		return strconv.AppendUint(b, 300+r.of(aTimeout)%300, 10)
	},
	"minutes": func(b []byte, _ *Generator, r *request) []byte { // the same as seconds
		s := 300 + r.of(aTimeout)%300
		b = append(strconv.AppendUint(b, s/60, 10), 'm')
		return append(strconv.AppendUint(b, s%60, 10), 's')
	},
	"continue": func(b []byte, g *Generator, r *request) []byte { return appendContinue(b, g, r, revision(r)) },
	"latest":   func(b []byte, g *Generator, r *request) []byte { return appendContinue(b, g, r, -1) },
	"items":    appendItems,
	"n":        func(b []byte, _ *Generator, r *request) []byte { return strconv.AppendUint(b, r.of(aCount)%100, 10) },
}

const teams = 180

// revision grows with time, as etcd's does.
func revision(r *request) int64 { return 81_000_000 + (r.received/7000)%1_000_000_000 }

// appendContinue writes a continue token as the server makes it.
func appendContinue(b []byte, g *Generator, r *request, rv int64) []byte {
	t := append(g.token[:0], `{"v":"meta.k8s.io/v1","rv":`...)
	t = append(strconv.AppendInt(t, rv, 10), `,"start":"/team-`...)
	t = append(appendPadded(t, r.of(aContinue)%teams, 3), "/svc-"...)
	t = append(appendPadded(t, r.of(aContinue)>>20%90, 2), '-')
	t = append(appendSuffix(t, r.of(aContinue)>>30), `\u0000"}`...)
	g.token = t
	return base64.RawURLEncoding.AppendEncode(b, t)
}

// appendSlow writes the annotations that the server adds to requests of over 500 ms that are no watches.
func appendSlow(b []byte, g *Generator, r *request) []byte {
	total := time.Duration(r.latency) * time.Microsecond
	if total <= 500*time.Millisecond || r.habit.verb == "watch" || r.habit.verb == "connect" {
		return b
	}
	left := total
	note := func(name string, d time.Duration) {
		b = append(append(append(b, `"apiserver.latency.k8s.io/`...), name...), `":"`...)
		b = append(append(b, d.String()...), `",`...)
	}
	share := func(of, salt uint64) time.Duration { // of a thousand, of what is left
		d := left * time.Duration(r.of(aShare+salt)%of) / 1000
		left -= d
		return d
	}
	if g.o.Version != "1.30" {
		if r.of(aShare)%3 == 0 {
			note("apf-queue-wait", share(700, 1))
		}
		note("authentication", time.Duration(r.of(aShare+2)%90_000))
		note("authorization", time.Duration(r.of(aShare+3)%60_000))
	}
	if r.habit.verb == "list" || r.habit.verb == "get" {
		if etcd := r.habit.fromEtcd(g.o.Version); etcd {
			note("etcd", share(900, 4))
		} else if r.habit.list.rv == unset {
			note("etcd", time.Duration(r.of(aShare+5)%4_000_000)) // the revision alone
		}
		note("response-write", share(500, 6))
		note("serialize-response-object", share(900, 7))
	} else {
		note("etcd", share(900, 4))
		note("response-write", time.Duration(r.of(aShare+6)%20_000))
	}
	note("total", total)
	return b
}

// appendMicros writes a time as metav1.MicroTime does. Most share their second with the one before.
func (g *Generator) appendMicros(b []byte, us int64) []byte {
	if s := us / 1e6; s != g.second || g.secondText == nil {
		g.second, g.secondText = s, time.Unix(s, 0).UTC().AppendFormat(g.secondText[:0], "2006-01-02T15:04:05.")
	}
	return append(appendPadded(append(b, g.secondText...), uint64(us%1e6), 6), 'Z')
}

func appendUUID(b []byte, x, y uint64) []byte {
	const hex = "0123456789abcdef"
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		switch i {
		case 12:
			b = append(b, '4')
		case 16:
			b = append(b, "89ab"[y&3])
		default:
			b = append(b, hex[x>>60])
		}
		x <<= 4
		if i == 15 {
			x = y
		}
	}
	return b
}

// appendSuffix writes what the end of a pod's name is.
func appendSuffix(b []byte, x uint64) []byte {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	for range 5 {
		b = append(b, letters[x%uint64(len(letters))])
		x /= uint64(len(letters))
	}
	return b
}

func appendMemberHash(b []byte, _ *Generator, r *request) []byte {
	for i := range uint64(4) {
		x := mix(r.ofMember(aToken) + i)
		for range 16 {
			b = append(b, "0123456789abcdef"[x>>60])
			x <<= 4
		}
	}
	return b
}

// appendNode writes the name of a node, and appendIP its address.
func appendNode(b []byte, i uint64) []byte {
	b = append(b, "ip-10-"...)
	b = append(strconv.AppendUint(b, 64+i>>14&63, 10), '-')
	b = append(strconv.AppendUint(b, i>>6&255, 10), '-')
	b = strconv.AppendUint(b, 4+i&63*3, 10)
	return append(b, ".eu-central-1.compute.internal"...)
}

func appendIP(b []byte, i uint64) []byte {
	b = append(b, "10."...)
	b = append(strconv.AppendUint(b, 64+i>>14&63, 10), '.')
	b = append(strconv.AppendUint(b, i>>6&255, 10), '.')
	return strconv.AppendUint(b, 4+i&63*3, 10)
}

func appendPadded(b []byte, n uint64, width int) []byte {
	for limit := uint64(10); width > 1; width, limit = width-1, limit*10 {
		if n < limit {
			for range width - 1 {
				b = append(b, '0')
			}
			break
		}
	}
	return strconv.AppendUint(b, n, 10)
}
