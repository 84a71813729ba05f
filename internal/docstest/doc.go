// Package docstest reads the project's pages as a reader follows them, so that
// tests can hold them to their word: it finds the commands, runs them in the
// order of the page, compares what they print with what the page shows, and
// lists links, anchors and names for others to check.
//
// How a page is written for it:
//
//   - Commands stand in fenced blocks of the language sh, or console where what
//     they print is shown: a command then begins with "$ ".
//   - In what is shown "…" stands for anything within a line, and a line of "…"
//     alone for any number of lines.
//   - A block that cannot be run here has a comment above it that says why:
//     <!-- not run: needs systemd -->. Its commands are still checked.
//   - <!-- ends with 1: reason --> above a block says that its last command fails.
//   - Fenced blocks of the language yaml are configurations of the program,
//     unless <!-- not a configuration: of what else --> stands above them.
package docstest
