package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/bytedance/sonic"
	"github.com/valyala/fastjson"
	"golang.org/x/sync/errgroup"
)

const jqProgram = `reduce (inputs | select(.verb == "list" and (.stage == "ResponseComplete" or .stage == "Panic")
  and (.requestURI | test("[?&](resourceVersion|continue)=[^&]") | not))) as $e
  ({}; .[[$e.userAgent, $e.objectRef.resource // ""] | tojson] += 1)`

// event is all of an audit event that the question needs.
type event struct {
	Stage      string `json:"stage"`
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	UserAgent  string `json:"userAgent"`
	ObjectRef  struct {
		Resource string `json:"resource"`
	} `json:"objectRef"`
}

// A counter takes one line after another.
type counter func(line []byte, a answer) error

// counters are the libraries, each used as its documentation advises for speed. Each worker gets one of its own.
var counters = map[string]func() counter{
	"encoding/json": func() counter {
		return func(line []byte, a answer) error {
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			a.add(e)
			return nil
		}
	},
	"sonic": func() counter {
		api := sonic.ConfigFastest
		return func(line []byte, a answer) error {
			var e event
			if err := api.Unmarshal(line, &e); err != nil {
				return err
			}
			a.add(e)
			return nil
		}
	},
	"fastjson": func() counter {
		var p fastjson.Parser
		return func(line []byte, a answer) error {
			v, err := p.ParseBytes(line)
			if err != nil {
				return err
			}
			if string(v.GetStringBytes("verb")) != "list" || !finished(string(v.GetStringBytes("stage"))) ||
				!unset(string(v.GetStringBytes("requestURI"))) {
				return nil
			}
			a[group{string(v.GetStringBytes("userAgent")), string(v.GetStringBytes("objectRef", "resource"))}]++
			return nil
		}
	},
}

func (a answer) add(e event) {
	if e.Verb == "list" && finished(e.Stage) && unset(e.RequestURI) {
		a[group{strings.Clone(e.UserAgent), strings.Clone(e.ObjectRef.Resource)}]++
	}
}

func finished(stage string) bool { return stage == "ResponseComplete" || stage == "Panic" }

// unset trusts that no key is escaped, which is so in the generated log, and cheap.
func unset(uri string) bool {
	_, query, _ := strings.Cut(uri, "?")
	for kv := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(kv, "=")
		if v != "" && (k == "resourceVersion" || k == "continue") {
			return false
		}
	}
	return true
}

// answerAs answers as one of the others would, with as many workers as it may use cores.
func answerAs(name, path string, out io.Writer) error {
	newCounter, ok := counters[name]
	if !ok {
		return fmt.Errorf("no library %q", name)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	n := int64(runtime.GOMAXPROCS(0))
	answers := make([]answer, n)
	for i := range answers {
		answers[i] = answer{}
	}
	var g errgroup.Group
	for i := range n {
		g.Go(func() error { return part(path, info.Size()*i/n, info.Size()*(i+1)/n, newCounter(), answers[i]) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, a := range answers[1:] {
		for k, c := range a {
			answers[0][k] += c
		}
	}
	return answers[0].write(out)
}

// part counts the lines that begin from one position of the file up to another.
func part(path string, from, to int64, count counter, a answer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if from > 0 {
		from-- // if that is the end of a line, the next is ours
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	at := from
	if from > 0 {
		skipped, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		at += int64(len(skipped))
	}
	for at < to {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			var rest []byte
			line = bytes.Clone(line)
			rest, err = r.ReadBytes('\n')
			line = append(line, rest...)
		}
		if len(line) > 0 {
			at += int64(len(line))
			if err := count(line, a); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
