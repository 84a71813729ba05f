package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/config"
)

// noPaths are keys of the configuration whose text names no file that could be left
// behind: names, addresses and choices; data and keys, which are destroyed; a
// library.
var noPaths = regexp.MustCompile(`^(role|data|keys|store\.postgres|detect\.onnxruntime|` +
	`server\..*|live\..*|log\..*|decode\.hardware|detect\.provider|redact\..*|encode\..*|models\..*|` +
	`cameras\[0\]\.(id|name|driver|transport|scene)|accounts\.second_factor|` +
	`accounts\.oidc\[0\]\.(id|label|issuer|client_id|scopes|groups_claim)|` +
	`rights\.connectors\[0\]\.(id|kind|url)|` +
	`events\.edge|events\.kafka\.(brokers|topic_prefix|compression|tls\.server_name|sasl\.(mechanism|user))|` +
	`events\.clickhouse\.(addrs|database|cluster|user)|writer\.(group|listen)|` +
	`policy\.(from|site)|peers\.(listen|networks|control)|merkle\.(origin|witness\..*)|` +
	`verify\.plain_over_tls|observe\.traces\.endpoint)$`)

// fillPaths puts another path into each text of a configuration, and lists them by
// key.
func fillPaths(v reflect.Value, at string, out map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			if !v.Type().Field(i).IsExported() || tag == "-" {
				continue
			}
			fillPaths(v.Field(i), strings.TrimPrefix(at+"."+tag, "."), out)
		}
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); k == reflect.Struct {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fillPaths(v.Index(0), at+"[0]", out)
		} else if k == reflect.String {
			out[at] = ""
		}
	case reflect.String:
		out[at] = "/elsewhere/" + at
		v.SetString(out[at])
	}
}

// TestNoPathOfTheConfigurationIsForgotten goes through every key of the
// configuration: its text is a path that decommissioning knows, or none.
//
// proves: B-59
func TestNoPathOfTheConfigurationIsForgotten(t *testing.T) {
	var cfg config.Config
	all := map[string]string{}
	fillPaths(reflect.ValueOf(&cfg).Elem(), "", all)
	require.Greater(t, len(all), 60)
	cfg.Cameras[0].Driver = "file"
	cfg.Store.Postgres = "postgres://u@db.example/d?" + url.Values{"sslkey": {"/elsewhere/sslkey"}, "sslcert": {"/elsewhere/sslcert"}}.Encode()
	known := app.OutsidePaths(cfg)
	paths := map[string]bool{}
	for _, p := range known {
		paths[p] = true
	}
	for key, p := range all {
		require.NotEqual(t, noPaths.MatchString(key), paths[p] && p != "",
			"%s: does it name a file or folder? Then add it to outsiders (decommissionoutside.go), else to noPaths", key)
	}
	require.True(t, paths["/elsewhere/sslkey"])
	require.True(t, paths["/elsewhere/sslcert"])
}

// TestWhatLiesElsewhereIsListed ends a house whose configuration names files in
// other places: the process's own key among its peers is destroyed, the rest is
// left and told of with what is to be done.
//
// proves: B-59
func TestWhatLiesElsewhereIsListed(t *testing.T) {
	h := newPremises(t)
	h.close(t)
	elsewhere := filepath.Join(h.root, "elsewhere")
	put := func(name string) string {
		path := filepath.Join(elsewhere, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("secret of "+name), 0o600))
		return path
	}
	cfg := h.cfg
	cfg.Peers.Dir = filepath.Dir(put("peer/identity.pem"))
	put("peer/trust.pem")
	cfg.Peers.CA = filepath.Dir(put("ca/ca.json"))
	cfg.Merkle.History = put("checkpoints")
	cfg.Site = filepath.Join(elsewhere, "site.yml") // was removed before
	cfg.Cameras = []config.Camera{{ID: "gate", Driver: "file", URL: config.Secret(put("people.mp4"))}, {ID: "hall", Driver: "rtsp", URLFile: put("hall.url")}}
	inside := filepath.Join(cfg.Data, "oidc.secret")
	require.NoError(t, os.WriteFile(inside, []byte("x"), 0o600))
	cfg.Accounts.OIDC = []config.OIDC{{ID: "a", SecretFile: inside}}
	cert := filepath.Join(h.root, "certificate.json")
	require.NoError(t, app.Decommission(t.Context(), cfg, app.DecommissionOptions{
		Witness: "Wen", Reason: "the lease of the hall ends", NoExport: true, Confirm: "venue-1", Certificate: cert, Stdout: io.Discard,
	}))

	b, err := os.ReadFile(cert)
	require.NoError(t, err)
	var c app.DestructionCertificate
	require.NoError(t, json.Unmarshal(b, &c))
	for _, want := range []string{
		"peers.dir: " + cfg.Peers.Dir + ": this process's own key, identity.pem, is overwritten",
		"peers.ca: " + cfg.Peers.CA + ": whoever has the house's authority",
		"merkle.history: " + cfg.Merkle.History + ": the checkpoints",
		"cameras[0].url: " + cfg.Cameras[0].URL.Reveal() + ": pictures that nothing was covered in",
		"cameras[1].url_file: " + cfg.Cameras[1].URLFile + ": a camera's address and password",
	} {
		require.True(t, slices.ContainsFunc(c.Remains, func(r string) bool { return strings.HasPrefix(r, want) }), "%s\nin %s", want, strings.Join(c.Remains, "\n"))
	}
	told := strings.Join(c.Remains, "\n")
	require.NotContains(t, told, "site.yml", "there is none")
	require.NotContains(t, told, "oidc", "it went with the data")
	require.NoFileExists(t, inside)
	require.True(t, slices.ContainsFunc(c.Destroyed, func(f app.DestroyedFile) bool { return f.What == "peers.dir: identity.pem" && f.Files == 1 }), fmt.Sprint(c.Destroyed))
	requireFiles(t, elsewhere, "trust.pem", "ca.json", "checkpoints", "people.mp4", "hall.url")
}
