package api

import (
	"fmt"
	"strings"
)

// Permission is one thing that a page could ask a browser for, the pages that may,
// and when they do. The header that every page carries is made of this table, and
// so is docs/permissions.md (REQUIREMENTS B-30).
type Permission struct {
	Feature string // as browsers name it
	// Pages may ask for it; Not are pages that may not. Without Pages, all others
	// may where Everywhere is set, and nobody where it is not.
	Pages, Not []string
	Everywhere bool
	When, Why  string
}

// Permissions lists them, those that are never asked for last.
func Permissions() []Permission {
	list := []Permission{
		{
			Feature: "camera", Pages: cameraPages,
			When: "On the consent desk and at the kiosk after the act of consent, when the photograph is taken; on the publishing page when its button is pressed.",
			Why:  "To take the photograph of an enrolment; to use a telephone as a camera.",
		},
		{
			Feature: "publickey-credentials-create", Pages: accountPages,
			When: "When somebody adds a passkey to their own account.",
			Why:  "To sign in without a password, or as second factor.",
		},
		{
			Feature: "publickey-credentials-get", Not: devicePages, Everywhere: true,
			When: "When somebody signs in by passkey, and when an export asks for the second factor.",
			Why:  "To prove who acts.",
		},
		{
			Feature: "fullscreen", Everywhere: true,
			When: "When the button for the full screen is pressed.",
			Why:  "To watch pictures without the frame around them.",
		},
	}
	for _, never := range []string{
		"microphone", "geolocation", "display-capture", "usb", "serial", "hid", "midi", "payment",
		"accelerometer", "gyroscope", "magnetometer", "browsing-topics",
	} {
		list = append(list, Permission{Feature: never})
	}
	return list
}

// Allowed reports whether the page at path may ask for it.
func (p Permission) Allowed(path string) bool {
	switch {
	case below(path, p.Not):
		return false
	case p.Everywhere:
		return true
	}
	return below(path, p.Pages)
}

// permissionsPolicy is the header for the page at path.
func permissionsPolicy(path string) string {
	list := Permissions()
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.Feature + "=()"
		if p.Allowed(path) {
			parts[i] = p.Feature + "=(self)"
		}
	}
	return strings.Join(parts, ", ")
}

// PermissionsDocument is the table as a page for people.
func PermissionsDocument() string {
	var b strings.Builder
	b.WriteString(`# What the pages may ask a browser for

Made from the table that the server's own header is made of (` + "`api/permissions.go`" + `); a test
compares. Each permission is asked for when its function is used, never before, and
refusing it leaves the rest of the page working.

| permission | pages | when | what for |
|---|---|---|---|
`)
	var never []string
	for _, p := range Permissions() {
		pages := "every page"
		switch {
		case len(p.Pages) == 0 && !p.Everywhere:
			never = append(never, "`"+p.Feature+"`")
			continue
		case len(p.Pages) > 0:
			pages = quoted(p.Pages)
		case len(p.Not) > 0:
			pages = "every page but " + quoted(p.Not)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Feature, pages, p.When, p.Why)
	}
	b.WriteString("\nNever, on any page: " + strings.Join(never, ", ") + ".\n")
	return b.String()
}

func quoted(pages []string) string {
	return "`" + strings.Join(pages, "`, `") + "`"
}
