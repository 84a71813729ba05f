// Crowd draws a made-up street with people into a recording, for pictures in
// the documentation and for trying things out without filming anybody:
//
//	go run ./internal/tools/crowd crowd.mp4
package main

import (
	"fmt"
	"os"

	"bystander/internal/testkit"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: crowd FILE.mp4")
		os.Exit(2)
	}
	if err := testkit.StreetCrowd(500).WriteTo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}
