package auditlog

import (
	"strings"
	"testing"
)

// hostile are documents that are unusual each in a way of its own, most of them by what encoding/json makes of it. Those
// called fast need not be left to encoding/json.
var hostile = []struct {
	name, line string
	fast       bool
}{
	{"plain", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/a","verb":"list"}`, true},
	{"v1beta1", `{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","metadata":{"creationTimestamp":null},"timestamp":"x","verb":"list"}`, true},
	{"other order", `{"verb":"list","user":{"extra":{"a":["b"]},"username":"u"},"stage":"Panic","apiVersion":"audit.k8s.io/v1","kind":"Event"}`, true},
	{"spaces", " { \"kind\" : \"Event\" ,\t\"verb\":\r\n\"list\" , \"user\" : { \"username\" : \"u\" , \"groups\" : [ \"a\" , 1 ] } } \n", true},
	{"empty object", `{}`, true},
	{"spaced empty object", "{\n}", true},
	{"escaped ampersand", `{"requestURI":"/api?limit=1\u0026continue=a","verb":"list"}`, true},
	{"every escape", `{"requestURI":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\u0000"}`, true},
	{"lone surrogates", `{"requestURI":"\ud800","verb":"\udc00\ud800","stage":"\ud800\u0041","level":"\ud800\ud800\udc00","auditID":"\ud800\\udc00"}`, true},
	{"invalid UTF-8", "{\"userAgent\":\"\xff\xc3\x28\xe2\x82 \xed\xa0\x80 \xf4\x90\x80\x80 \xc3\xa9\"}", true},
	{"invalid UTF-8 and an escape", "{\"userAgent\":\"\\n\xff\"}", true},
	{"invalid UTF-8 not kept", "{\"other\":\"\xff\",\"requestObject\":{\"\xff\":\"\xff\"}}", true},
	{"body asks too", `{"verb":"get","requestObject":{"verb":"list","user":{"username":"x"},"kind":"Event"},"responseObject":{"verb":"list"}}`, true},
	{"items before verb", `{"responseObject":{"items":[1,{"items":[1,2,3]},[[]]],"kind":"List"},"verb":"list"}`, true},
	{"items of a get", `{"responseObject":{"items":[1]},"verb":"get"}`, true},
	{"no items", `{"responseObject":{"items":[]},"verb":"list"}`, true},
	{"no list", `{"responseObject":{"kind":"Status"},"verb":"list"}`, true},
	{"table", `{"responseObject":{"kind":"Table","rows":[{},{}]},"verb":"list"}`, true},
	{"rows and items", `{"responseObject":{"rows":[{},{}],"items":[0]},"verb":"list"}`, true},
	{"answer is text", `{"responseObject":"items","verb":"list"}`, true},
	{"answer is null", `{"responseObject":null,"verb":"list"}`, true},
	{"answer is a list", `{"responseObject":[{"items":[]}],"verb":"list"}`, true},
	{"numbers", `{"a":[0,-0,1.5,-1e5,1E+5,0.0e-10,10]}`, true},
	{"literals", `{"a":[true,false,null]}`, true},
	{"deep", `{"a":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`, true},
	{"long strings", `{"requestURI":"` + strings.Repeat("x", 500) + `","verb":"` + strings.Repeat("y", 64) + `"}`, true},

	{"deeper", `{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`, false},
	{"deepest", `{"a":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + `}`, false},
	{"too deep", `{"a":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`, false},
	{"twice", `{"verb":"get","verb":"list"}`, false},
	{"twice, null", `{"verb":"get","verb":null}`, false},
	{"objects twice", `{"user":{"username":"a","extra":{"x":["1"]}},"user":{"extra":{"authentication.kubernetes.io/pod-name":["p"]}}}`, false},
	{"maps twice", `{"annotations":{"apiserver.latency.k8s.io/total":"1s"},"annotations":{"apiserver.latency.k8s.io/etcd":"2s"}}`, false},
	{"lists twice", `{"sourceIPs":["1","2","3"],"sourceIPs":[null,null]}`, false},
	{"annotation twice", `{"annotations":{"apiserver.latency.k8s.io/total":"1s","apiserver.latency.k8s.io/total":"2s"}}`, false},
	{"extra twice", `{"user":{"extra":{"authentication.kubernetes.io/pod-name":["a"],"authentication.kubernetes.io/pod-name":[]}}}`, false},
	{"answers twice", `{"verb":"list","responseObject":{"items":[]},"responseObject":{"items":[1]}}`, false},
	{"items twice", `{"verb":"list","responseObject":{"items":[1,2],"items":[1]}}`, false},
	{"case", `{"VERB":"list","uSer":{"USERNAME":"u"}}`, false},
	{"case of an answer", `{"verb":"list","responseObject":{"Items":[1]}}`, false},
	{"case, twice", `{"verb":"get","Verb":"list"}`, false},
	{"case by the Kelvin sign", "{\"\u212aind\":\"Event\"}", false},
	{"case by the long s", "{\"u\u017fer\":{\"username\":\"u\"},\"respon\u017feObject\":{}}", false},
	{"case in a map is another name", `{"annotations":{"Apiserver.latency.k8s.io/total":"1s"}}`, true},
	{"escape in a name", `{"v\u0065rb":"list"}`, false},
	{"escape in a map", `{"annotations":{"apiserver.latency.k8s.io\/total":"1s"}}`, false},
	{"text expected", `{"verb":1}`, false},
	{"text expected, null", `{"verb":null,"user":null,"sourceIPs":null,"annotations":null,"responseStatus":null}`, false},
	{"object expected", `{"user":"root"}`, false},
	{"list expected", `{"sourceIPs":"1"}`, false},
	{"list of texts expected", `{"sourceIPs":["1",2]}`, false},
	{"null in a list", `{"sourceIPs":["1",null]}`, false},
	{"map of lists expected", `{"user":{"extra":{"a":"b"}}}`, false},
	{"null list in a map", `{"user":{"extra":{"authentication.kubernetes.io/pod-name":null}}}`, false},
	{"map of texts expected", `{"annotations":{"a":1}}`, false},
	{"null in a map", `{"annotations":{"a":null}}`, false},
	{"code", `{"responseStatus":{"metadata":{},"code":200}}`, true},
	{"code is text", `{"responseStatus":{"code":"200"}}`, false},
	{"code is a fraction", `{"responseStatus":{"code":200.0}}`, false},
	{"code has an exponent", `{"responseStatus":{"code":2e2}}`, false},
	{"code is negative", `{"responseStatus":{"code":-1}}`, false},
	{"code is too large", `{"responseStatus":{"code":2147483648}}`, false},
	{"code has a zero before", `{"responseStatus":{"code":0200}}`, false},
	{"items are no list", `{"verb":"list","responseObject":{"items":{}}}`, false},
	{"not an object", `[]`, false},
	{"null", `null`, false},
	{"text", `"{}"`, false},

	{"nothing", ``, false},
	{"only space", ` `, false},
	{"cut off", `{"verb":"list`, false},
	{"cut off behind a backslash", `{"verb":"list\`, false},
	{"cut off in an escape", `{"verb":"list\u00`, false},
	{"not closed", `{"verb":"list"`, false},
	{"two", `{}{}`, false},
	{"behind", `{} x`, false},
	{"comma behind", `{"verb":"list",}`, false},
	{"comma before", `{,"verb":"list"}`, false},
	{"comma behind in a body", `{"requestObject":{"a":1,}}`, false},
	{"comma behind in a list", `{"a":[1,]}`, false},
	{"comma alone in a list", `{"a":[,]}`, false},
	{"comma missing", `{"verb":"list" "stage":"Panic"}`, false},
	{"colon missing", `{"verb" "list"}`, false},
	{"value missing", `{"verb":}`, false},
	{"brackets crossed", `{"a":[{]}}`, false},
	{"bracket of the other kind", `{"a":[1}}`, false},
	{"name without quotes", `{verb:"list"}`, false},
	{"name is a number", `{"a":{1:2}}`, false},
	{"control character", "{\"a\":\"\x01\"}", false},
	{"line feed in a text", "{\"a\":\"b\nc\"}", false},
	{"control character outside", "{\"a\":\v1}", false},
	{"delete is no control character", "{\"a\":\"\x7f\"}", true},
	{"bad escape", `{"a":"\x"}`, false},
	{"bad escape not kept", `{"requestObject":{"a":"\'"}}`, false},
	{"bad hex", `{"a":"\u00g0"}`, false},
	{"hex cut by the quote", `{"a":"\u00"0"}`, false},
	{"backslash outside", `{"a":\"b"}`, false},
	{"number with a zero before", `{"a":01}`, false},
	{"number is a minus", `{"a":-}`, false},
	{"number ends in a point", `{"a":1.}`, false},
	{"number ends in an exponent", `{"a":1e}`, false},
	{"number with a plus", `{"a":+1}`, false},
	{"number starts with a point", `{"a":.5}`, false},
	{"infinite", `{"a":Infinity}`, false},
	{"literal cut off", `{"a":tru}`, false},
	{"literal goes on", `{"a":truey}`, false},
	{"byte order mark", "\ufeff{}", false},
	{"nul behind", "{}\x00", false},
	{"no-break space", "{\u00a0}", false},
	{"comment", `{}//`, false},
}

func TestScanOfHostileLines(t *testing.T) {
	for _, tc := range hostile {
		for _, below := range kernels {
			s := scanner{below: below}
			sameAsReference(t, &s, []byte(tc.line))
			if got := s.slow == 0; got != tc.fast {
				t.Errorf("%s, without %d kernels: got fast %v, want %v", tc.name, below, got, tc.fast)
			}
		}
	}
}
