package app_test

import (
	"fmt"
	"os"
	"testing"

	"bystander/ingest/worker"
	"bystander/internal/app"
)

// TestMain lets the test binary stand in for the program where it starts
// itself again, as a camera's worker or to look at a file's headers.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case worker.Subcommand:
			os.Exit(app.Worker())
		case app.RoleSubcommand:
			os.Exit(app.RoleProcess(os.Args[2]))
		case app.ProbeSubcommand:
			if err := app.Probe(os.Args[2], os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}
