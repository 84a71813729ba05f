package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// server answers ClickHouse's HTTP interface from the engine in this process.
// Each request has a connection of its own, so requests run side by side and
// leave nothing behind; requests that name a session share one.
type server struct {
	lib      *library
	sessions *sessions
	first    *session // keeps the engine up between requests
	version  string
	timezone string
}

func newServer(lib *library) (*server, error) {
	first, err := lib.connect()
	if err != nil {
		return nil, err
	}
	s := &server{lib: lib, sessions: newSessions(lib), first: first}
	a, err := first.query("SELECT version(), timezone()", "TabSeparatedRaw")
	if err != nil {
		return nil, err
	}
	defer a.free()
	s.version, s.timezone, _ = strings.Cut(strings.TrimSpace(string(a.data)), "\t")
	return s, nil
}

// maxBody bounds a request: a batch of events is far smaller.
const maxBody = 1 << 30

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-ClickHouse-Server-Display-Name", "chengine")
	w.Header().Set("X-ClickHouse-Timezone", s.timezone)
	switch {
	case r.URL.Path == "/ping" || r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.RawQuery == "":
		_, _ = io.WriteString(w, "Ok.\n")
		return
	case r.URL.Path != "/":
		http.NotFound(w, r)
		return
	}
	req, err := readRequest(w, r)
	defer func() { giveBuffer(req.buf) }()
	if err == nil {
		err = s.serve(w, r, req)
	}
	if err != nil {
		s.fail(w, req, err)
	}
}

func (s *server) serve(w http.ResponseWriter, r *http.Request, req *request) error {
	if req.isHello() {
		body, err := hello(req.protocol, s.version, s.timezone)
		if err != nil {
			return err
		}
		return respond(w, r, req, body, summary{})
	}
	c, done, err := s.sessions.take(req.params.Get("session_id"), req.params.Get("session_timeout"))
	if err != nil {
		return err
	}
	defer done()
	if err := prepare(c, req); err != nil {
		return err
	}
	var a *answer
	if req.insert != "" {
		a, err = c.insert(req.insert, req.format, req.data)
	} else {
		a, err = c.query(req.sql, req.format)
	}
	if err != nil {
		return err
	}
	defer a.free()
	return respond(w, r, req, a.data, a.sum)
}

// prepare applies the request's database, settings and parameters.
func prepare(c *session, req *request) error {
	run := func(sql string) error {
		a, err := c.query(sql, "Null")
		if err == nil {
			a.free()
		}
		return err
	}
	if db := req.params.Get("database"); db != "" && db != "default" {
		if err := run("USE " + quoteName(db)); err != nil {
			return err
		}
	}
	var set []string
	for name, values := range req.params {
		if len(values) > 0 && (strings.HasPrefix(name, "param_") || !reserved[name]) {
			if !isName.MatchString(name) {
				return raise(codeUnknownSetting, "Unknown setting %q. (UNKNOWN_SETTING)", name)
			}
			set = append(set, name+" = "+quote(values[0]))
		}
	}
	if len(set) == 0 {
		return nil
	}
	return run("SET " + strings.Join(set, ", "))
}

// reserved are the parameters of a request that are no settings, and settings
// of the HTTP interface that the engine does not have or need.
var reserved = map[string]bool{
	"query": true, "database": true, "session_id": true, "session_timeout": true, "session_check": true,
	"query_id": true, "quota_key": true, "default_format": true, "compress": true, "decompress": true,
	"client_protocol_version": true, "user": true, "password": true, "buffer_size": true,
	"wait_end_of_query": true, "role": true, "enable_http_compression": true, "network_compression_method": true,
}

var isName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func quoteName(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// fail answers with the exception as ClickHouse does.
func (s *server) fail(w http.ResponseWriter, req *request, err error) {
	var e *exception
	if !errors.As(err, &e) {
		e = raise(codeUnknown, "%v", err)
	}
	text := e.text
	if !strings.Contains(text, "(version ") {
		text += " (version " + s.version + ")"
	}
	w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(e.status())
	_, _ = io.WriteString(w, text+"\n")
	if e.code == codeUnknown && req != nil {
		log.Printf("%v", e)
	}
}

// request is a statement with its data, ready for the engine.
type request struct {
	params   url.Values
	format   string
	protocol int
	sql      string        // a statement, unless
	insert   string        // an INSERT without its FORMAT clause, for
	data     []byte        // in format
	buf      *bytes.Buffer // that data lies in
}

var insertFormat = regexp.MustCompile(`(?is)^(\s*(?:/\*.*?\*/\s*)*INSERT\s+INTO\s.*?)\s+FORMAT\s+([A-Za-z]\w*)\s*;?\s*$`)

func readRequest(w http.ResponseWriter, r *http.Request) (*request, error) {
	req := &request{params: r.URL.Query()}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return req, raise(codeNotImplemented, "external tables are not offered by this server. (NOT_IMPLEMENTED)")
	}
	if err := authenticate(r, req.params); err != nil {
		return req, err
	}
	req.format = req.params.Get("default_format")
	if f := r.Header.Get("X-ClickHouse-Format"); f != "" {
		req.format = f
	}
	if req.format == "" {
		req.format = "TabSeparated"
	}
	req.protocol, _ = strconv.Atoi(req.params.Get("client_protocol_version")) // absent means 0
	buf, err := readBody(http.MaxBytesReader(w, r.Body, maxBody), r.Header.Get("Content-Encoding"), req.params.Get("decompress") == "1")
	if err != nil {
		giveBuffer(buf)
		return req, raise(codeBadArguments, "cannot read the request: %v", err)
	}
	req.buf = buf
	body, sql := buf.Bytes(), req.params.Get("query")
	if sql == "" {
		req.sql = string(body)
	} else if m := insertFormat.FindStringSubmatch(sql); m != nil && len(body) > 0 {
		req.insert, req.format, req.data = m[1], m[2], body
	} else if req.sql = sql; len(body) > 0 {
		req.sql += "\n" + string(body)
	}
	if strings.TrimSpace(req.sql) == "" && req.insert == "" {
		return req, raise(codeSyntax, "Empty query. (SYNTAX_ERROR)")
	}
	return req, nil
}

// authenticate knows the one user "default" without a password.
func authenticate(r *http.Request, q url.Values) error {
	user, password := q.Get("user"), q.Get("password")
	if u, p, ok := r.BasicAuth(); ok {
		user, password = u, p
	}
	if u := r.Header.Get("X-ClickHouse-User"); u != "" {
		user, password = u, r.Header.Get("X-ClickHouse-Key")
	}
	if (user == "" || user == "default") && password == "" {
		return nil
	}
	return raise(codeAuthentication, "%s: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)", user)
}

func respond(w http.ResponseWriter, r *http.Request, req *request, body []byte, sum summary) error {
	text, err := json.Marshal(map[string]string{
		"read_rows": fmt.Sprint(sum.readRows), "read_bytes": fmt.Sprint(sum.readBytes),
		"written_rows": fmt.Sprint(sum.writtenRows), "written_bytes": fmt.Sprint(sum.writtenBytes),
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("X-ClickHouse-Summary", string(text))
	h.Set("X-ClickHouse-Format", req.format)
	if id := req.params.Get("query_id"); id != "" {
		h.Set("X-ClickHouse-Query-Id", id)
	}
	h.Set("Content-Type", "application/octet-stream")
	out, encoding, err := encode(body, req.params, r.Header.Get("Accept-Encoding"))
	if err != nil {
		return err
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = io.Copy(w, bytes.NewReader(out)) // the client may have gone
	return nil
}
