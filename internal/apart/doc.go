// Package apart holds the test of a house on several machines: each of its
// processes in a network namespace of its own, with links that are cut and healed.
// Run it with make apart.
package apart
