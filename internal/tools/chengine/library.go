package main

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "library.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// library is the engine in this process. There is one: its data folder is the
// process's.
type library struct{ args []string }

// load opens the engine's library with a data folder.
func load(path, data string) (*library, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	if e := C.engine_load(p); e != nil {
		return nil, fmt.Errorf("load %s: %s", path, C.GoString(e))
	}
	return &library{args: []string{"clickhouse", "--path=" + data}}, nil
}

// session is one connection: its current database, settings and temporary
// tables are its own. It is not safe for concurrent use.
type session struct{ conn unsafe.Pointer }

func (l *library) connect() (*session, error) {
	argv := C.malloc(C.size_t(len(l.args)) * C.size_t(unsafe.Sizeof(uintptr(0))))
	defer C.free(argv)
	list := unsafe.Slice((**C.char)(argv), len(l.args))
	for i, a := range l.args {
		list[i] = C.CString(a)
		defer C.free(unsafe.Pointer(list[i]))
	}
	c := C.engine_connect(C.int(len(list)), &list[0])
	if c == nil {
		return nil, errors.New("the engine gives no connection: is its data folder in use?")
	}
	return &session{conn: c}, nil
}

func (s *session) close() { C.engine_close(s.conn) }

// answer is what a statement gave. data is the engine's until free.
type answer struct {
	c    C.engine_answer
	data []byte
	sum  summary
}

type summary struct{ readRows, readBytes, writtenRows, writtenBytes uint64 }

func (a *answer) free() { C.engine_free(&a.c) }

// query runs one statement. The error is the engine's exception.
func (s *session) query(sql, format string) (*answer, error) {
	return settle(C.engine_query(s.conn, chars(sql), C.size_t(len(sql)), chars(format), C.size_t(len(format))))
}

// insert runs an INSERT that has no FORMAT clause on data in the given format.
func (s *session) insert(sql, format string, data []byte) (*answer, error) {
	return settle(C.engine_insert(s.conn, chars(sql), C.size_t(len(sql)), chars(format), C.size_t(len(format)),
		(*C.char)(unsafe.Pointer(unsafe.SliceData(data))), C.size_t(len(data))))
}

// chars passes a Go string with its length; the engine copies it.
func chars(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }

func settle(c C.engine_answer) (*answer, error) {
	a := &answer{c: c, sum: summary{
		uint64(c.read_rows), uint64(c.read_bytes), uint64(c.written_rows), uint64(c.written_bytes),
	}}
	if c.error != nil {
		err := parseException(C.GoString(c.error))
		a.free()
		return nil, err
	}
	if c.data != nil {
		a.data = unsafe.Slice((*byte)(unsafe.Pointer(c.data)), int(c.len))
	}
	return a, nil
}
