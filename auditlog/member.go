package auditlog

// member reads the value at p of a member of an object, spaces before it passed over. It gives where the value ends, or -1.
func (s *scanner) member(in scope, name []byte, p int, e *event) int {
	switch in {
	case inEvent:
		return s.eventMember(name, p, e)
	case inUser:
		return s.userMember(name, p, e)
	case inImpersonated:
		if string(name) == "username" {
			return s.text(seenImpersonatedName, p, &e.impersonated)
		}
	case inObjectRef:
		return s.refMember(name, p, e)
	case inStatus:
		if string(name) == "code" {
			return s.codeAt(p, e)
		}
		switch string(name) {
		case "metadata", "status", "message", "reason", "details":
			return s.skip(p)
		}
	case inAnswer:
		switch string(name) {
		case "items":
			return s.count(seenItems, p, &s.answerItems)
		case "rows":
			return s.count(seenRows, p, &s.answerRows)
		}
	case inList:
		if string(name) == "items" {
			s.itemsAt = p
			var n int64
			return s.count(seenItems, p, &n)
		}
	case inExtra:
		return s.extraMember(name, p, e)
	case inAnnotations:
		return s.annotation(name, p, e)
	}
	return s.unknown(in, name, p)
}

func (s *scanner) eventMember(name []byte, p int, e *event) int {
	switch string(name) {
	case "kind":
		return s.text(seenKind, p, &s.kind)
	case "apiVersion":
		return s.text(seenAPIVersion, p, &s.apiVersion)
	case "level":
		return s.text(seenLevel, p, &e.level)
	case "auditID":
		return s.text(seenAuditID, p, &e.auditID)
	case "stage":
		return s.text(seenStage, p, &e.stage)
	case "requestURI":
		return s.text(seenRequestURI, p, &e.requestURI)
	case "verb":
		return s.text(seenVerb, p, &e.verb)
	case "user":
		return s.another(inUser, seenUser, p, e)
	case "impersonatedUser":
		return s.another(inImpersonated, seenImpersonated, p, e)
	case "sourceIPs":
		if s.seen&seenSourceIPs != 0 {
			return -1
		}
		s.seen |= seenSourceIPs
		var first []byte
		return s.listOfTexts(p, &first, &e.sourceIP)
	case "userAgent":
		return s.text(seenUserAgent, p, &e.userAgent)
	case "objectRef":
		return s.another(inObjectRef, seenObjectRef, p, e)
	case "responseStatus":
		return s.another(inStatus, seenStatus, p, e)
	case "responseObject":
		return s.answer(p, e)
	case "requestReceivedTimestamp":
		return s.text(seenReceived, p, &e.received)
	case "stageTimestamp":
		return s.text(seenStaged, p, &e.staged)
	case "annotations":
		return s.another(inAnnotations, seenAnnotations, p, e)
	case "requestObject", "metadata", "authenticationMetadata":
		return s.skip(p)
	}
	return s.unknown(inEvent, name, p)
}

func (s *scanner) userMember(name []byte, p int, e *event) int {
	switch string(name) {
	case "username":
		return s.text(seenUsername, p, &e.username)
	case "extra":
		return s.another(inExtra, seenExtra, p, e)
	case "uid", "groups":
		return s.skip(p)
	}
	return s.unknown(inUser, name, p)
}

func (s *scanner) refMember(name []byte, p int, e *event) int {
	switch string(name) {
	case "resource":
		return s.text(seenResource, p, &e.resource)
	case "namespace":
		return s.text(seenNamespace, p, &e.namespace)
	case "name":
		return s.text(seenName, p, &e.name)
	case "apiGroup":
		return s.text(seenAPIGroup, p, &e.apiGroup)
	case "subresource":
		return s.text(seenSubresource, p, &e.subresource)
	case "uid", "apiVersion", "resourceVersion":
		return s.skip(p)
	}
	return s.unknown(inObjectRef, name, p)
}

// extraMember reads one list of user.extra: any name has one.
func (s *scanner) extraMember(name []byte, p int, e *event) int {
	var first, last []byte
	to, seen := &first, seenSet(0)
	switch string(name) {
	case extraNode:
		to, seen = &e.nodeName, seenNode
	case extraPod:
		to, seen = &e.podName, seenPod
	}
	if s.seen&seen != 0 {
		return -1
	}
	s.seen |= seen
	return s.listOfTexts(p, to, &last)
}

// annotation reads one annotation: any name has a string.
func (s *scanner) annotation(name []byte, p int, e *event) int {
	switch string(name) {
	case latencyTotal:
		return s.text(seenTotal, p, &e.latencyTotal)
	case latencyEtcd:
		return s.text(seenEtcd, p, &e.latencyEtcd)
	case latencyQueue:
		return s.text(seenQueue, p, &e.latencyQueue)
	}
	if p >= len(s.line) || s.line[p] != '"' {
		return -1
	}
	return next(s.quotes, p+1) + 1
}

// codeAt reads a status code: digits that no int32 is too small for.
func (s *scanner) codeAt(p int, e *event) int {
	if s.seen&seenCode != 0 || p >= len(s.line) {
		return -1
	}
	s.seen |= seenCode
	n := digits(s.line[p:])
	if n == 0 || n > 9 || n > 1 && s.line[p] == '0' {
		return -1
	}
	for _, c := range s.line[p : p+n] {
		e.code = e.code*10 + int32(c-'0')
	}
	return p + n
}

// answer passes over the answer to a request, and counts its items if it has any.
func (s *scanner) answer(p int, e *event) int {
	if s.seen&seenAnswer != 0 || p >= len(s.line) {
		return -1
	}
	s.seen |= seenAnswer
	end := 0
	if s.line[p] == '{' {
		end = s.members(inAnswer, p+1, true, e)
	} else {
		end = s.skip(p)
	}
	if end < 0 {
		return -1
	}
	e.responseObject = s.line[p:end:end]
	e.responseBytes = int64(end - p)
	return end
}
