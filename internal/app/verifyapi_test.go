package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // decoder of the canaries
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api"
	"bystander/api/apitest"
	"bystander/api/verify"
	"bystander/internal/app"
	"bystander/internal/event"
	"bystander/internal/testkit"
	"bystander/internal/testkit/memscan"
	"bystander/match/enrol"
)

const envVerifyChild = "BYSTANDER_VERIFY_CHILD"

// verifyScene is the one scene of the child.
type verifyScene struct{}

func (verifyScene) VerifyScene(_ context.Context, id string) (verify.Scene, error) {
	return verify.Scene{ID: id, Enabled: true, PolicyVersion: 1, NoticeVersion: "1"}, nil
}

// register is an authority that says yes and keeps nothing.
type register struct{}

func (register) Verify(_ context.Context, _ verify.Scene, q verify.Question) (verify.Outcome, error) {
	return verify.Outcome{Score: float32(min(len(q.Name)*len(q.IDNumber), 1)), Threshold: 0.5}, nil
}

// childHello is what the child tells the parent.
type childHello struct{ Address, Key, Secret, Public string }

// TestVerifyChild serves the 1:1 interface over HTTP with the real models.
func TestVerifyChild(t *testing.T) {
	dir := os.Getenv(envVerifyChild)
	if dir == "" {
		t.Skip("run by TestNothingOfACallStays")
	}
	faces, closeFaces, err := app.OpenFaces(t.Context())
	require.NoError(t, err)
	defer closeFaces()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	require.NoError(t, err)
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(h)
	require.NoError(t, err)
	keys := verify.NewKeyStore(filepath.Join(dir, "clients"), a, nil)
	info, secret, err := keys.Create(t.Context(), "test", []string{"desk"}, time.Now().Add(time.Hour))
	require.NoError(t, err)
	events, err := os.Create(filepath.Join(dir, "events.jsonl"))
	require.NoError(t, err)
	m, err := verify.New(verify.Config{
		Site: "plaza", Scenes: verifyScene{}, Faces: faces, Keys: keys, Authority: register{}, Opener: &verify.Opener{RSA: k},
		Emit: func(e event.Event) { _ = json.NewEncoder(events).Encode(e) },
	})
	require.NoError(t, err)
	door, err := api.New(api.Config{Modules: []api.Module{m}}, apitest.NewFake().Backend())
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- door.Serve(ctx, ln) }()
	require.NoError(t, json.NewEncoder(os.Stdout).Encode(childHello{ln.Addr().String(), info.ID, secret, base64.StdEncoding.EncodeToString(der)}))
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	cancel()
	require.NoError(t, <-served)
	require.NoError(t, events.Close())
}

// caller is a client of the child.
type caller struct {
	t     *testing.T
	hello childHello
	nonce int
}

// call encrypts, signs and sends, as docs/verify.md says.
func (c *caller) call(fields map[string]any, secret map[string][]byte) verify.Answer {
	c.t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	der, err := base64.StdEncoding.DecodeString(c.hello.Public)
	require.NoError(c.t, err)
	pub, err := x509.ParsePKIXPublicKey(der)
	require.NoError(c.t, err)
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, pub.(*rsa.PublicKey), key, nil)
	require.NoError(c.t, err)
	block, err := aes.NewCipher(key)
	require.NoError(c.t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(c.t, err)
	fields["encryption_type"], fields["encrypted_key"] = 2, base64.StdEncoding.EncodeToString(sealed)
	for name, b := range secret {
		nonce := make([]byte, gcm.NonceSize())
		_, _ = rand.Read(nonce)
		fields[name] = base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, b, []byte(name)))
	}
	body, err := json.Marshal(fields)
	require.NoError(c.t, err)
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+c.hello.Address+verify.Path, bytes.NewReader(body))
	require.NoError(c.t, err)
	c.nonce++
	nonce, now := fmt.Sprintf("nonce-%012d", c.nonce), time.Now().Unix()+1
	hmacKey, err := base64.StdEncoding.DecodeString(c.hello.Secret)
	require.NoError(c.t, err)
	for k, v := range map[string]string{
		"Content-Type": "application/json", verify.HeaderKey: c.hello.Key, verify.HeaderVersion: verify.SignSHA256,
		verify.HeaderTime: fmt.Sprint(now), verify.HeaderNonce: nonce,
		verify.HeaderSign: verify.Signature(hmacKey, c.hello.Key, http.MethodPost, verify.Path, body, now, nonce),
	} {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, resp.StatusCode, string(b))
	var out verify.Answer
	require.NoError(c.t, json.Unmarshal(b, &out))
	return out
}

// canary adds what a photograph looks like on its way: as a file, decoded, and
// as the planes that detector and embedder read.
func canary(t *testing.T, n *memscan.Needles, name string, file []byte) {
	t.Helper()
	spread := func(form string, b []byte) {
		added := 0
		for at := 0; at+24 <= len(b); at += max(len(b)/600, 1) {
			if !telling(b[at : at+24]) {
				continue
			}
			if n.Add(fmt.Sprintf("%s %s at %d of %d", name, form, at, len(b)), b[at:at+24]) == nil {
				added++
			}
		}
		require.Greater(t, added, 50, "%s as %s", name, form)
	}
	spread("file", file)
	img, _, err := image.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	spread("decoded", img.(*image.YCbCr).Y)
	p, err := enrol.ReadPhotoBytes(file)
	require.NoError(t, err)
	spread("planes", p.Planes.Y)
}

// telling reports whether a window is unlike what is found anywhere: black and
// white areas and counting numbers are.
func telling(b []byte) bool {
	var seen [256]bool
	kinds, steps := 0, map[byte]int{}
	for i, c := range b {
		if !seen[c] {
			seen[c], kinds = true, kinds+1
		}
		if i > 0 {
			steps[c-b[i-1]]++
		}
	}
	for _, n := range steps {
		if n > len(b)/2 {
			return false
		}
	}
	return kinds >= 10
}

// TestNothingOfACallStays makes calls to another process and then looks for the
// photographs, the identity and the name in its memory and in every file it
// could have written.
//
// proves: B-56, B-28
func TestNothingOfACallStays(t *testing.T) {
	stills := filepath.Join(testkit.Shared(t), "data", "faces", "stage-stills")
	obama, err := os.ReadFile(filepath.Join(stills, "obama.jpg"))
	require.NoError(t, err)
	biden, err := os.ReadFile(filepath.Join(stills, "biden.jpg"))
	require.NoError(t, err)
	again, err := os.ReadFile(filepath.Join(stills, "obama2.jpg"))
	require.NoError(t, err)
	identity := map[string][]byte{"name": []byte("Canary Quetzalcoatl"), "id_number": []byte("CANARY-4711-0815-XY")}
	dir, tmp := t.TempDir(), t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVerifyChild$")
	cmd.Env = append(os.Environ(), envVerifyChild+"="+dir, "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	c := &caller{t: t}
	require.NoError(t, json.Unmarshal([]byte(line), &c.hello), line)

	fields := func(comparison int) map[string]any {
		return map[string]any{"comparison_type": comparison, "data_type": 1, "verify_id": "desk"}
	}
	same := c.call(fields(0), map[string][]byte{"image": obama, "reference_image": again})
	require.Equal(t, "same", same.Result)
	other := c.call(fields(0), map[string][]byte{"image": obama, "reference_image": biden})
	require.Equal(t, "different", other.Result)
	require.Less(t, other.Score, other.Thresholds["1e-4"])
	named := c.call(fields(1), map[string][]byte{"image": obama, "name": identity["name"], "id_number": identity["id_number"]})
	require.Equal(t, "same", named.Result)

	n := memscan.New()
	canary(t, n, "obama", obama)
	canary(t, n, "biden", biden)
	canary(t, n, "obama again", again)
	for k, v := range identity {
		require.NoError(t, n.Add(k, v))
	}
	// What the child must still hold, or the search would prove nothing.
	require.NoError(t, n.Add("control", []byte(c.hello.Key)))
	hits, size, err := n.Process(cmd.Process.Pid)
	require.NoError(t, err)
	t.Logf("%d needles, looked through %d MB", n.Len(), size>>20)
	control := 0
	for _, h := range hits {
		if h.Name == "control" {
			control++
			continue
		}
		t.Errorf("still in memory: %v", h)
	}
	require.Positive(t, control)
	_, err = io.WriteString(in, "\n")
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, out)
	require.NoError(t, cmd.Wait())
	files := inFiles(t, n, dir, tmp)
	t.Logf("files: %v", files)
	b, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(b), `"verify_1to1"`), "one count for each call")
	require.Contains(t, string(b), same.RequestID)
}

// inFiles looks through every file below the folders.
func inFiles(t *testing.T, n *memscan.Needles, dirs ...string) (names []string) {
	t.Helper()
	for _, dir := range dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			names = append(names, filepath.Base(path))
			hits, _, err := n.Stream(f)
			for _, h := range hits {
				if h.Name != "control" {
					t.Errorf("%s: %v", path, h)
				}
			}
			return err
		}))
	}
	return names
}
