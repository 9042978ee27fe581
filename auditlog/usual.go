package auditlog

import "math/bits"

// Servers write the fields of an event in one order. The functions of this file read them so: each looks whether the next
// bytes are the name that comes next, passes over it and its value if they are, and gives the first byte that it did not
// take. Where a line has something else, members goes on from there.

// usual reads the members of the event at start that are where servers write them, and gives what comes behind the last
// of them; 0 if the first is not there, -1 if a value is not as usual.
func (s *scanner) usual(start int, e *event) int {
	b := s.line
	head := b[start:]
	if len(head) < 56 || string(head[:16]) != `{"kind":"Event",` || string(head[16:32]) != `"apiVersion":"au` ||
		string(head[32:48]) != `dit.k8s.io/v1","` || string(head[48:56]) != `level":"` {
		return 0
	}
	s.kind, s.apiVersion = head[9:14], head[30:45]
	s.seen = seenKind | seenAPIVersion | seenLevel
	p := s.take(start+56, &e.level)
	if p < 0 {
		return -1
	}
	if rest := b[p:]; len(rest) >= 12 && string(rest[:12]) == `,"auditID":"` {
		s.seen |= seenAuditID
		if p = s.take(p+12, &e.auditID); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 10 && string(rest[:10]) == `,"stage":"` {
		s.seen |= seenStage
		if p = s.take(p+10, &e.stage); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 15 && string(rest[:15]) == `,"requestURI":"` {
		s.seen |= seenRequestURI
		if p = s.take(p+15, &e.requestURI); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 9 && string(rest[:9]) == `,"verb":"` {
		s.seen |= seenVerb
		if p = s.take(p+9, &e.verb); p < 0 {
			return -1
		}
	}
	if p = s.usualUser(p, e); p < 0 {
		return -1
	}
	if p = s.usualObject(p, e); p < 0 {
		return -1
	}
	if p = s.usualStatus(p, e); p < 0 {
		return -1
	}
	return s.usualEnd(p, e)
}

// take takes the string that starts at p, behind its quote, and gives what comes behind it.
func (s *scanner) take(p int, to *[]byte) int {
	b := s.line
	w := window(s.special, p)
	end := p + bits.TrailingZeros64(w)
	if w != 0 && end < len(b) && b[end] == '"' {
		*to = b[p:end]
		return end + 1
	}
	if end = s.unusual(p, to); end < 0 {
		return -1
	}
	return end + 1
}

// pass passes over the string that starts at p, behind its quote. What it gives may lie behind the line.
func (s *scanner) pass(p int) int { return next(s.quotes, p) + 1 }

func (s *scanner) usualUser(p int, e *event) int {
	b := s.line
	rest := b[p:]
	if len(rest) < 21 || string(rest[:16]) != `,"user":{"userna` || string(rest[16:21]) != `me":"` {
		return p
	}
	s.seen |= seenUser | seenUsername
	if p = s.take(p+21, &e.username); p < 0 {
		return -1
	}
	if rest := b[p:]; len(rest) >= 8 && string(rest[:8]) == `,"uid":"` {
		if p = s.pass(p + 8); p > len(b) {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 12 && string(rest[:12]) == `,"groups":["` {
		p += 10
		for more := true; more; {
			p = s.pass(p + 2)
			rest := b[min(p, len(b)):]
			more = len(rest) >= 2 && string(rest[:2]) == `,"`
		}
		if p >= len(b) || b[p] != ']' {
			return -1
		}
		p++
	}
	if rest := b[p:]; len(rest) >= 10 && string(rest[:10]) == `,"extra":{` {
		s.seen |= seenExtra
		if p = s.usualExtra(p+10, e); p < 0 {
			return -1
		}
	}
	if p < len(b) && b[p] == '}' {
		return p + 1
	}
	return s.members(inUser, p, false, e)
}

// usualExtra reads what a token or a certificate says of its bearer, from behind the brace on.
func (s *scanner) usualExtra(p int, e *event) int {
	b := s.line
	for first := true; ; first = false {
		rest := b[p:]
		if !first {
			if len(rest) == 0 || rest[0] != ',' {
				break
			}
			rest = rest[1:]
		}
		if len(rest) < 48 || string(rest[:16]) != `"authentication.` || string(rest[16:30]) != `kubernetes.io/` {
			if first {
				return s.members(inExtra, p, true, e)
			}
			break
		}
		at := len(b) - len(rest) + 30
		switch rest = rest[30:]; {
		case string(rest[:16]) == `credential-id":[` && rest[16] == '"':
			at = s.pass(at + 17)
		case string(rest[:13]) == `node-name":["` && s.seen&seenNode == 0:
			s.seen |= seenNode
			at = s.take(at+13, &e.nodeName)
		case string(rest[:12]) == `node-uid":["`:
			at = s.pass(at + 12)
		case string(rest[:12]) == `pod-name":["` && s.seen&seenPod == 0:
			s.seen |= seenPod
			at = s.take(at+12, &e.podName)
		case string(rest[:11]) == `pod-uid":["`:
			at = s.pass(at + 11)
		default:
			return s.members(inExtra, p, first, e)
		}
		if uint(at) >= uint(len(b)) || b[at] != ']' {
			return -1
		}
		p = at + 1
	}
	return s.members(inExtra, p, false, e)
}

func (s *scanner) usualObject(p int, e *event) int {
	b := s.line
	if rest := b[p:]; len(rest) >= 15 && string(rest[:15]) == `,"sourceIPs":["` {
		s.seen |= seenSourceIPs
		list := p + 13
		if p = s.take(p+15, &e.sourceIP); p < 0 {
			return -1
		}
		if p < len(b) && b[p] == ']' {
			p++
		} else if p = s.listOfTexts(list, &e.sourceIP, &e.sourceIP); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 14 && string(rest[:14]) == `,"userAgent":"` {
		s.seen |= seenUserAgent
		if p = s.take(p+14, &e.userAgent); p < 0 {
			return -1
		}
	}
	rest := b[p:]
	if len(rest) < 26 || string(rest[:16]) != `,"objectRef":{"r` || string(rest[16:26]) != `esource":"` {
		return p
	}
	s.seen |= seenObjectRef | seenResource
	if p = s.take(p+26, &e.resource); p < 0 {
		return -1
	}
	return s.usualRef(p, e)
}

func (s *scanner) usualRef(p int, e *event) int {
	b := s.line
	if rest := b[p:]; len(rest) >= 14 && string(rest[:14]) == `,"namespace":"` {
		s.seen |= seenNamespace
		if p = s.take(p+14, &e.namespace); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 9 && string(rest[:9]) == `,"name":"` {
		s.seen |= seenName
		if p = s.take(p+9, &e.name); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 8 && string(rest[:8]) == `,"uid":"` {
		if p = s.pass(p + 8); p > len(b) {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 13 && string(rest[:13]) == `,"apiGroup":"` {
		s.seen |= seenAPIGroup
		if p = s.take(p+13, &e.apiGroup); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 15 && string(rest[:15]) == `,"apiVersion":"` {
		if p = s.pass(p + 15); p > len(b) {
			return -1
		}
	}
	if p < len(b) && b[p] == '}' {
		return p + 1
	}
	return s.members(inObjectRef, p, false, e)
}

func (s *scanner) usualStatus(p int, e *event) int {
	b := s.line
	rest := b[p:]
	if len(rest) < 48 || string(rest[:16]) != `,"responseStatus` || string(rest[16:32]) != `":{"metadata":{}` {
		return p
	}
	s.seen |= seenStatus
	p += 32
	// Of a code of three digits, as all are: anything else is for codeAt.
	if r := rest[32:]; string(r[:8]) == `,"code":` && r[11] == '}' && r[8]-'1' <= 8 && r[9]-'0' <= 9 && r[10]-'0' <= 9 {
		s.seen |= seenCode
		e.code = int32(r[8]-'0')*100 + int32(r[9]-'0')*10 + int32(r[10]-'0')
		return p + 12
	}
	return s.members(inStatus, p, false, e)
}

func (s *scanner) usualEnd(p int, e *event) int {
	b := s.line
	if rest := b[p:]; len(rest) >= 17 && string(rest[:16]) == `,"requestObject"` && rest[16] == ':' {
		if p = s.skip(p + 17); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 18 && string(rest[:16]) == `,"responseObject` && string(rest[16:18]) == `":` {
		if p = s.answer(s.space(p+18), e); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 29 && string(rest[:16]) == `,"requestReceive` && string(rest[16:29]) == `dTimestamp":"` {
		s.seen |= seenReceived
		if p = s.take(p+29, &e.received); p < 0 {
			return -1
		}
	}
	if rest := b[p:]; len(rest) >= 19 && string(rest[:16]) == `,"stageTimestamp` && string(rest[16:19]) == `":"` {
		s.seen |= seenStaged
		if p = s.take(p+19, &e.staged); p < 0 {
			return -1
		}
	}
	rest := b[p:]
	if len(rest) < 49 || string(rest[:16]) != `,"annotations":{` {
		return p
	}
	s.seen |= seenAnnotations
	if rest = rest[16:]; string(rest[:16]) != `"authorization.k` || string(rest[16:32]) != `8s.io/decision":` || rest[32] != '"' {
		return s.members(inAnnotations, p+16, true, e)
	}
	if p = s.pass(p + 49); p > len(b) {
		return -1
	}
	if rest := b[p:]; len(rest) >= 32 && string(rest[:16]) == `,"authorization.` && string(rest[16:32]) == `k8s.io/reason":"` {
		if p = s.pass(p + 32); p > len(b) {
			return -1
		}
	}
	return s.members(inAnnotations, p, false, e)
}
