// Release lists and signs the files in a folder. "make release" calls it; the
// key is the caller's, and none is ever made here.
//
//	go run ./internal/tools/release -dir build/release -key release.pem
package main

import (
	"flag"
	"fmt"
	"os"

	"bystander/internal/release"
)

func main() {
	dir := flag.String("dir", "build/release", "the folder with the release's files")
	key := flag.String("key", "", "the Ed25519 key to sign with, in PEM")
	flag.Parse()
	if err := run(*dir, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir, file string) error {
	key, err := release.PrivateKey(file)
	if err != nil {
		return err
	}
	if err := release.Parts(dir); err != nil {
		return err
	}
	return release.Sign(dir, key)
}
