// Package web holds the built web application. `make web` fills dist; without
// it the program builds all the same and the server says how to get the pages.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built application, with index.html at its root when it was
// built.
func Files() (fs.FS, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return files, nil
}
