package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// exception is the engine's: "Code: 60. DB::Exception: … (UNKNOWN_TABLE)".
type exception struct {
	code int
	text string
}

func (e *exception) Error() string { return e.text }

var codeOf = regexp.MustCompile(`^Code: (\d+)\.`)

// Codes of the engine's exceptions that this server raises or tells apart.
const (
	codeUnknownTable    = 60
	codeSyntax          = 62
	codeUnknownDatabase = 81
	codeReadonly        = 164
	codeUnknownSetting  = 115
	codeNotImplemented  = 48
	codeUnknownFormat   = 73
	codeBadArguments    = 36
	codeAuthentication  = 516
	codeSessionLocked   = 373
	codeUnknown         = 1002
)

func parseException(text string) *exception {
	if m := codeOf.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil {
			return &exception{code, text}
		}
	}
	return raise(codeUnknown, "%s", text)
}

func raise(code int, format string, args ...any) *exception {
	return &exception{code, fmt.Sprintf("Code: %d. DB::Exception: %s", code, fmt.Sprintf(format, args...))}
}

// status is the HTTP status that ClickHouse gives an exception.
func (e *exception) status() int {
	switch e.code {
	case codeAuthentication:
		return http.StatusForbidden
	case codeUnknownTable, codeUnknownDatabase:
		return http.StatusNotFound
	case codeSyntax, codeBadArguments, codeUnknownFormat, codeUnknownSetting:
		return http.StatusBadRequest
	case codeNotImplemented:
		return http.StatusNotImplemented
	case codeReadonly:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}
