package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kaudit/kaudit/evidence"
)

// getter is what reading API objects needs of the client.
type getter interface {
	get(ctx context.Context, r request) (io.ReadCloser, http.Header, error)
	source(r request) evidence.Source
}

// object is a pointer to a type of the Kubernetes API.
type object[T any] interface {
	*T
	Unmarshal(protobuf []byte) error
}

// cached is the query that has an answer served from the API server's watch cache, at whatever
// revision it has: etcd is not asked. Such a LIST ignores limit, so it is for what is bounded by nature.
func cached(keyValues ...string) url.Values {
	q := url.Values{"resourceVersion": {"0"}}
	for i := 0; i+1 < len(keyValues); i += 2 {
		q.Set(keyValues[i], keyValues[i+1])
	}
	return q
}

// eachItem asks for a List and hands over its items one at a time. The item is reused: what is kept
// of it has to be copied out, which strings are not in need of. errStop from each ends it early.
// Managed fields, and what else is named, are not decoded.
func eachItem[T any, P object[T]](ctx context.Context, g getter, r request, each func(P) error, unwanted ...inner) (metav1.ListMeta, error) {
	if r.Accept == "" {
		r.Accept = protobufOrJSON
	}
	body, header, err := g.get(ctx, r)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	defer body.Close() //nolint:errcheck // all that was wanted has been read
	contentType := header.Get("Content-Type")
	var item T
	return streamList(body, contentType, func(raw []byte) error {
		item = *new(T)
		if isProtobuf(contentType) {
			raw = drop(raw, managedFields)
			for _, f := range unwanted {
				raw = drop(raw, f)
			}
			err = P(&item).Unmarshal(raw)
		} else {
			err = json.Unmarshal(raw, &item)
		}
		if err != nil {
			return fmt.Errorf("an item: %w", garbled(err))
		}
		return each(&item)
	})
}

// garbled is a decoder's complaint about an item that was there whole. Its io.ErrUnexpectedEOF is of
// the item, not of the connection.
func garbled(err error) error { return errors.New(err.Error()) }

// fetch asks for one object.
func fetch[T any, P object[T]](ctx context.Context, g getter, r request) (*T, error) {
	r.Accept = protobufOrJSON
	r.Limit = itemLimit
	body, header, err := g.get(ctx, r)
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // all that was wanted has been read
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	obj := new(T)
	if !isProtobuf(header.Get("Content-Type")) {
		return obj, json.Unmarshal(raw, obj)
	}
	var envelope runtime.Unknown
	if len(raw) < len(protoMagic) || string(raw[:len(protoMagic)]) != protoMagic {
		return nil, errors.New("an object that does not begin as Kubernetes protobuf does")
	}
	if err := envelope.Unmarshal(raw[len(protoMagic):]); err != nil {
		return nil, fmt.Errorf("an object: %w", garbled(err))
	}
	if err := P(obj).Unmarshal(envelope.Raw); err != nil {
		return nil, fmt.Errorf("a %s: %w", envelope.Kind, garbled(err))
	}
	return obj, nil
}

// missed is the gap that the failure of a request leaves.
func missed[T any](of string, g getter, r request, err error) evidence.Observed[T] {
	return evidence.Miss[T](of, gapOf(err, r), g.source(r))
}

// isCode reports whether an answer was a refusal with that status.
func isCode(err error, code int) bool {
	var se *statusError
	return errors.As(err, &se) && se.code == code
}
