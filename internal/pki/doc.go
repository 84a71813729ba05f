// Package pki is the house's own certificate authority, and how its processes
// show each other who they are. An authority is a folder that an operator names;
// it is made by an explicit command and never by default. Certificates are for
// one process each, hold for days, and name role and id in a URI
// (bystander://edge/hall). Processes speak TLS 1.3 to each other and nothing
// else; certificates, roots and revocations that change on the disk are taken up
// without a restart.
package pki
