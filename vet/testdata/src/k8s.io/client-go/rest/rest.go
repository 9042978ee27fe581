// Package rest has the shape of REST requests.
package rest

import (
	"context"
	"time"
)

type Interface interface {
	Get() *Request
	Post() *Request
	Verb(verb string) *Request
}

type Request struct{}

type Result struct{}

func (Result) Raw() ([]byte, error) { return nil, nil }
func (Result) Into(any) error       { return nil }

func (r *Request) Resource(s string) *Request                { return r }
func (r *Request) Namespace(s string) *Request               { return r }
func (r *Request) Name(s string) *Request                    { return r }
func (r *Request) SubResource(s ...string) *Request          { return r }
func (r *Request) AbsPath(s ...string) *Request              { return r }
func (r *Request) RequestURI(s string) *Request              { return r }
func (r *Request) Param(k, v string) *Request                { return r }
func (r *Request) VersionedParams(o, codec any) *Request     { return r }
func (r *Request) Timeout(d time.Duration) *Request          { return r }
func (r *Request) Do(ctx context.Context) Result             { return Result{} }
func (r *Request) DoRaw(ctx context.Context) ([]byte, error) { return nil, nil }
