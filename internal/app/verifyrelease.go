package app

import (
	"fmt"
	"io"

	"bystander/internal/release"
)

// VerifyRelease checks the files of a release in dir against the public key in
// keyFile, and names them. An error says what does not fit; it is ErrUsage when
// nothing could be checked.
func VerifyRelease(dir, keyFile string, out io.Writer) error {
	key, err := release.PublicKey(keyFile)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	names, err := release.Verify(dir, key)
	if err != nil {
		return err
	}
	for _, n := range names {
		fmt.Fprintf(out, "ok    %s\n", n)
	}
	fmt.Fprintf(out, "whole: %d files, signed with %s\n", len(names), keyFile)
	return nil
}
