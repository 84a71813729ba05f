package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"bystander/internal/config"
	"bystander/internal/pki"
)

// outsider is a file or folder that the configuration names.
type outsider struct{ key, path, todo string }

// What is to be done with what lies elsewhere.
const (
	todoPublic = "holds no secret: remove it, or keep it with the certificate for whoever checks the log"
	todoPeers  = "this process's own key, " + pki.IdentityFile + ", is overwritten with this; the rest holds no secret: remove the folder, and take the certificate back at the control (bystander edge revoke)"
	todoNoPeer = "nothing in it was touched, for it holds no " + pki.IdentityFile + " of its own: see what it holds, destroy what is secret, and take the certificate back at the control (bystander edge revoke)"
)

// outsiders are all paths of the configuration, whether they are used or not.
func outsiders(cfg config.Config) []outsider {
	out := []outsider{
		{"config", cfg.From, "the configuration names cameras, addresses and files of secrets: remove it"},
		{"site", cfg.Site, "the site file holds zones, signs and assessments, and nothing secret: keep it for as long as the law asks for assessments, then remove it"},
		{"merkle.history", cfg.Merkle.History, "the checkpoints of the log name nobody: keep them with the certificate, for auditors"},
		{"policy.key", cfg.Policy.Key, todoPublic},
		{"events.writers", cfg.Events.Writers, todoPublic},
		{"writer.edges", cfg.Writer.Edges, todoPublic},
		{"peers.dir", cfg.Peers.Dir, todoPeers},
		{"peers.ca", cfg.Peers.CA, "whoever has the house's authority can pose as any of its processes: destroy the folder, and its backups, once the last machine of the house is decommissioned"},
		{"store.password_file", cfg.Store.PasswordFile, "a password of PostgreSQL: drop the user at the server, then destroy the file"},
		{"events.kafka.sasl.password_file", cfg.Events.Kafka.SASL.PasswordFile, "a password of Kafka: remove the user at the brokers, then destroy the file"},
		{"events.clickhouse.password_file", cfg.Events.ClickHouse.PasswordFile, "a password of ClickHouse: remove the user at the server, then destroy the file"},
	}
	out = append(out, tlsFiles("events.kafka.tls", cfg.Events.Kafka.TLS.CA, cfg.Events.Kafka.TLS.Cert, cfg.Events.Kafka.TLS.Key)...)
	out = append(out, tlsFiles("events.clickhouse.tls", cfg.Events.ClickHouse.TLS.CA, cfg.Events.ClickHouse.TLS.Cert, cfg.Events.ClickHouse.TLS.Key)...)
	t := cfg.Observe.Traces.TLS
	out = append(out, tlsFiles("observe.traces.tls", t.CA, t.Cert, t.Key)...)
	if u, err := url.Parse(cfg.Store.Postgres); err == nil {
		q := u.Query()
		out = append(out, tlsFiles("store.postgres", q.Get("sslrootcert"), q.Get("sslcert"), q.Get("sslkey"))...)
	}
	for i, o := range cfg.Accounts.OIDC {
		out = append(out, outsider{fmt.Sprintf("accounts.oidc[%d].client_secret_file", i), o.SecretFile, "withdraw the secret at the identity provider, then destroy the file"})
	}
	for i, c := range cfg.Rights.Connectors {
		out = append(out, outsider{fmt.Sprintf("rights.connectors[%d].secret_file", i), c.SecretFile, "remove the secret at the other system, too, then destroy the file"})
	}
	for i, c := range cfg.Cameras {
		out = append(out, outsider{fmt.Sprintf("cameras[%d].url_file", i), c.URLFile, "a camera's address and password: change the password at the camera, then destroy the file"})
		if c.Driver == "file" {
			out = append(out, outsider{fmt.Sprintf("cameras[%d].url", i), c.URL.Reveal(), "pictures that nothing was covered in: destroy the file, or keep it by the rule of whoever took them"})
		}
	}
	return out
}

func tlsFiles(key, ca, cert, private string) []outsider {
	return []outsider{
		{key + ": authority", ca, todoPublic},
		{key + ": certificate", cert, "have it revoked by who issued it, then remove the file"},
		{key + ": key", private, "a private key: destroy the file"},
	}
}

// outside tells of what the configuration names and what lies neither among the
// keys nor among the data: what becomes of each is for people to see to.
func (d *decommissioning) outside() []string {
	var out []string
	for _, o := range outsiders(d.cfg) {
		if o.path == "" || within(o.path, d.cfg.Data) || within(o.path, d.cfg.Keys) {
			continue
		}
		if _, err := os.Lstat(o.path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if key, _ := d.peerKey(); o.key == "peers.dir" && key == "" {
			o.todo = todoNoPeer
		}
		out = append(out, o.key+": "+o.path+": "+o.todo)
	}
	return out
}

// peerKey is this process's own key among its peers, where peers.dir lies
// elsewhere; empty where there is none, or only a link to one.
func (d *decommissioning) peerKey() (path string, size int64) {
	dir := d.cfg.Peers.Dir
	if dir == "" || within(dir, d.cfg.Data) || within(dir, d.cfg.Keys) {
		return "", 0
	}
	path = filepath.Join(dir, pki.IdentityFile)
	st, err := os.Lstat(path)
	if err != nil || !st.Mode().IsRegular() {
		return "", 0
	}
	return path, st.Size()
}

// wipePeer destroys that key. Nothing else there is touched.
func (d *decommissioning) wipePeer() error {
	path, size := d.peerKey()
	if path == "" {
		return nil
	}
	if err := overwrite(path); err != nil {
		return err
	}
	d.count(DestroyedFile{What: "peers.dir: " + pki.IdentityFile, Files: 1, Bytes: size, How: "overwritten with random bytes and removed"})
	return nil
}
