// Package repotest holds tests of the repository as a whole: that the pages name
// tests which exist, and that no code lowers what the pages promise.
package repotest
