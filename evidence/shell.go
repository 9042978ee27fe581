package evidence

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// This file reads just enough of the shell to see how a script starts a program. It runs nothing;
// what depends on anything but literal text and known variables is lost, and marked so.

var shells = []string{"sh", "bash", "ash", "dash", "ksh", "zsh", "busybox"}

// shellScript finds the script of `sh -c SCRIPT NAME PARAMS…`, also as -ec, -e -c, -euo pipefail -c.
func shellScript(words []string) (script string, params []string, ok bool) {
	for len(words) > 1 && slices.Contains(wrappers, path.Base(words[0])) {
		words = words[1:]
	}
	if !slices.Contains(shells, path.Base(words[0])) {
		return "", nil, false
	}
	inline := false
	for i := 1; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "+o" || w == "+O":
			i++
		case w == "sh" && path.Base(words[0]) == "busybox" || strings.HasPrefix(w, "--") && w != "--":
		case strings.HasPrefix(w, "-") && w != "--":
			inline = inline || strings.Contains(w, "c")
			i += strings.Count(w, "o") + strings.Count(w, "O") // -euxo pipefail: each takes a word
		case w == "--" && inline:
		case inline:
			if rest := words[i+1:]; len(rest) > 0 {
				params = rest[1:] // the first is $0
			}
			return w, params, true
		default:
			return "", nil, false // a script file, which nobody can read from here
		}
	}
	return "", nil, false
}

// kubeRef is a reference that Kubernetes itself expands in command and args: $(NAME); $$ escapes it.
var kubeRef = regexp.MustCompile(`\$\$|\$\(([A-Za-z_][-A-Za-z0-9_.]*)\)`)

// expandKubernetes resolves $(NAME). A name that is not among the literal variables may come from
// elsewhere (a field, a Secret): its value is lost.
func expandKubernetes(w string, env map[string]string) string {
	return kubeRef.ReplaceAllStringFunc(w, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		if v, ok := env[ref[2:len(ref)-1]]; ok {
			return v
		}
		return lost
	})
}

// shellCommands splits a script into simple commands, with quotes, escapes, comments, redirections and
// here-documents dealt with, and lists the variables that it sets itself.
func shellCommands(script string, params []string, env map[string]string) (cmds [][]string, assigned []string) {
	t := &tokens{s: script, env: env}
	var cmd []string
	var late bool // behind the words that may precede a program
	end := func() {
		if len(cmd) > 0 {
			cmds = append(cmds, cmd)
		}
		cmd, late = nil, false
	}
	for {
		w, kind := t.next()
		switch kind {
		case tokenEnd:
			end()
			return cmds, assigned
		case tokenBreak:
			end()
		case tokenWord:
			if m := assignment.FindString(w.text); m != "" && (!late || slices.Contains(declarers, cmd[0])) && !w.quotedName {
				assigned = append(assigned, strings.TrimRight(m, "+="))
				continue
			}
			if !late && !w.quoted && slices.Contains(keywords, w.text) {
				continue
			}
			late = true
			if w.positional {
				cmd = append(cmd, params...)
				continue
			}
			if len(cmd) > 0 && (cmd[0] == "read" || cmd[0] == "for") {
				assigned = append(assigned, w.text)
			}
			cmd = append(cmd, w.text)
		}
	}
}

var (
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\+?=`)
	declarers  = []string{"export", "declare", "local", "readonly", "typeset", "unset"}
	keywords   = []string{"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "{", "}", "!", "esac"}
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenBreak
	tokenWord
)

type word struct {
	text       string
	quoted     bool // any part of it
	quotedName bool // its first character, so it is no assignment
	positional bool // it is $@ or $* and nothing else
}

type tokens struct {
	s       string
	i       int
	env     map[string]string
	heredoc []string // delimiters whose text begins at the next line
}

func (t *tokens) next() (word, tokenKind) {
	for t.i < len(t.s) {
		switch c := t.s[t.i]; c {
		case ' ', '\t', '\r':
			t.i++
		case '\\':
			if strings.HasPrefix(t.s[t.i:], "\\\n") {
				t.i += 2
				continue
			}
			return t.word()
		case '#':
			t.skipLine()
		case '\n':
			t.i++
			t.skipHeredocs()
			return word{}, tokenBreak
		case ';', '&', '|', '(', ')':
			if strings.HasPrefix(t.s[t.i:], "&>") {
				t.i++
				continue
			}
			t.i++
			return word{}, tokenBreak
		case '<', '>':
			t.redirect()
		default:
			w, kind := t.word()
			// The number of a file descriptor belongs to the redirection that follows at once.
			if t.i < len(t.s) && (t.s[t.i] == '<' || t.s[t.i] == '>') && fdName.MatchString(w.text) && !w.quoted {
				continue
			}
			return w, kind
		}
	}
	return word{}, tokenEnd
}

var fdName = regexp.MustCompile(`^(\d+|\{[A-Za-z_]\w*\})$`)

func (t *tokens) skipLine() {
	if n := strings.IndexByte(t.s[t.i:], '\n'); n >= 0 {
		t.i += n
		return
	}
	t.i = len(t.s)
}

// redirect skips an operator and its target, and remembers the delimiter of a here-document.
func (t *tokens) redirect() {
	start := t.i
	for t.i < len(t.s) && strings.IndexByte("<>&|-", t.s[t.i]) >= 0 {
		t.i++
	}
	op := t.s[start:t.i]
	for t.i < len(t.s) && (t.s[t.i] == ' ' || t.s[t.i] == '\t') {
		t.i++
	}
	if t.i < len(t.s) && strings.IndexByte("\n;&|()<>", t.s[t.i]) >= 0 {
		return
	}
	w, _ := t.word()
	if op == "<<" || op == "<<-" {
		t.heredoc = append(t.heredoc, w.text)
	}
}

func (t *tokens) skipHeredocs() {
	for _, end := range t.heredoc {
		for t.i < len(t.s) {
			line, _, _ := strings.Cut(t.s[t.i:], "\n")
			t.i = min(len(t.s), t.i+len(line)+1)
			if strings.TrimSpace(line) == end {
				break
			}
		}
	}
	t.heredoc = nil
}
