package backup_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"bystander/internal/backup"
)

// kit is a pair of keys and a place for a backup.
type kit struct {
	dir, state, to string
	ids            []age.Identity
	signer         ed25519.PrivateKey
}

func newKit(t *testing.T) kit {
	t.Helper()
	secret, public, err := backup.NewKey()
	require.NoError(t, err)
	id, err := age.ParseX25519Identity(secret)
	require.NoError(t, err)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	root := t.TempDir()
	return kit{filepath.Join(root, "backup"), filepath.Join(root, "state"), public, []age.Identity{id}, key}
}

func (k kit) options() backup.WriteOptions {
	return backup.WriteOptions{Dir: k.dir, State: k.state, Kind: backup.KindData, Recipients: []string{k.to}, Signer: k.signer, Program: "test"}
}

func (k kit) public() []ed25519.PublicKey {
	return []ed25519.PublicKey{k.signer.Public().(ed25519.PublicKey)}
}

func item(path string, body []byte) backup.Item {
	return backup.Item{Path: path, Mode: 0o600, Size: int64(len(body)), Pack: strings.HasSuffix(path, ".txt"), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body)), nil
	}}
}

func everything(f backup.File) string { return f.Path }

const canary = "Zheng He, 13 Harbour Street"

func items() []backup.Item {
	return []backup.Item{
		item("events.txt", []byte(strings.Repeat(canary, 5000))), item("deep/er/b.bin", []byte("b")), item("empty", nil),
	}
}

// TestThereAndBack writes, checks and restores, and finds no plain text in any
// file of the backup.
//
// proves: A-09
func TestThereAndBack(t *testing.T) {
	k := newKit(t)
	h, err := backup.Write(t.Context(), k.options(), items())
	require.NoError(t, err)
	require.Len(t, h.Parts, 3)
	require.NoError(t, filepath.WalkDir(k.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{canary, "events.txt", "er/b.bin"} {
			require.NotContains(t, string(b), secret, path)
		}
		return err
	}))
	left, err := os.ReadDir(k.state)
	require.NoError(t, err)
	require.Empty(t, left, "a finished run leaves nothing among the data")

	a, err := backup.Open(k.dir, k.public())
	require.NoError(t, err)
	require.NoError(t, a.Verify(t.Context(), nil))
	m, err := a.List(k.ids)
	require.NoError(t, err)
	dest := t.TempDir()
	require.NoError(t, a.Extract(t.Context(), m, k.ids, dest, everything, nil))
	got, err := os.ReadFile(filepath.Join(dest, "events.txt"))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(canary, 5000), string(got))
	st, err := os.Stat(filepath.Join(dest, "empty"))
	require.NoError(t, err)
	require.Zero(t, st.Size())

	_, err = backup.Write(t.Context(), k.options(), items())
	require.ErrorIs(t, err, backup.ErrExists, "a finished backup is never written over")
}

// TestResume cuts a run off at each file in turn.
func TestResume(t *testing.T) {
	for cut := range 3 {
		k := newKit(t)
		opened := map[string]int{}
		watched := func(fail int) (out []backup.Item) {
			for n, i := range items() {
				open := i.Open
				i.Open = func(ctx context.Context) (io.ReadCloser, error) {
					if n == fail {
						return io.NopCloser(io.MultiReader(strings.NewReader("half"), broken{})), nil
					}
					opened[i.Path]++
					return open(ctx)
				}
				out = append(out, i)
			}
			return out
		}
		_, err := backup.Write(t.Context(), k.options(), watched(cut))
		require.ErrorIs(t, err, errCable)
		_, err = backup.Open(k.dir, nil)
		require.ErrorIs(t, err, backup.ErrTorn)
		require.Equal(t, k.dir, backup.Unfinished(k.state, backup.KindData, filepath.Dir(k.dir)))
		require.Empty(t, backup.Unfinished(k.state, backup.KindKeys, filepath.Dir(k.dir)))
		require.Empty(t, backup.Unfinished(k.state, backup.KindData, k.dir))

		_, err = backup.Write(t.Context(), k.options(), watched(-1))
		require.NoError(t, err)
		for path, n := range opened {
			require.Equal(t, 1, n, "%s: read again after a cut at %d", path, cut)
		}
		requireWhole(t, k)
	}
}

var errCable = errors.New("the cable came out")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errCable }

func requireWhole(t *testing.T, k kit) {
	t.Helper()
	a, err := backup.Open(k.dir, k.public())
	require.NoError(t, err)
	require.NoError(t, a.Verify(t.Context(), nil))
	m, err := a.List(k.ids)
	require.NoError(t, err)
	dest := t.TempDir()
	require.NoError(t, a.Extract(t.Context(), m, k.ids, dest, everything, nil))
	for _, i := range items() {
		r, err := i.Open(t.Context())
		require.NoError(t, err)
		want, err := io.ReadAll(r)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dest, i.Path))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestWhatIsRefused(t *testing.T) {
	write := func(t *testing.T) (kit, backup.Head) {
		k := newKit(t)
		h, err := backup.Write(t.Context(), k.options(), items())
		require.NoError(t, err)
		return k, h
	}
	edit := func(t *testing.T, k kit, name string, change func([]byte) []byte) {
		path := filepath.Join(k.dir, name)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, change(b), 0o600))
	}
	first := "parts/000001.age"
	for name, c := range map[string]struct {
		hurt func(*testing.T, kit)
		want error
	}{
		"cut off": {func(t *testing.T, k kit) { edit(t, k, first, func(b []byte) []byte { return b[:len(b)-1] }) }, backup.ErrTorn},
		"missing": {func(t *testing.T, k kit) { require.NoError(t, os.Remove(filepath.Join(k.dir, first))) }, backup.ErrTorn},
		"no head": {func(t *testing.T, k kit) { require.NoError(t, os.Remove(filepath.Join(k.dir, backup.HeadName))) }, backup.ErrTorn},
		"one bit": {func(t *testing.T, k kit) { edit(t, k, first, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }, backup.ErrAltered},
		"list swapped": {func(t *testing.T, k kit) {
			edit(t, k, "manifest.age", func(b []byte) []byte { b[len(b)-3] ^= 1; return b })
		}, backup.ErrAltered},
		"head rewritten": {func(t *testing.T, k kit) {
			edit(t, k, backup.HeadName, func(b []byte) []byte { return bytes.Replace(b, []byte(`"test"`), []byte(`"fest"`), 1) })
		}, backup.ErrAltered},
		"signed anew by another": {func(t *testing.T, k kit) { edit(t, k, backup.HeadName, forge) }, backup.ErrSigner},
		"of a later version": {func(t *testing.T, k kit) {
			edit(t, k, backup.HeadName, func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 9`), 1) })
		}, backup.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			k, _ := write(t)
			c.hurt(t, k)
			a, err := backup.Open(k.dir, k.public())
			if err == nil {
				err = a.Verify(t.Context(), nil)
			}
			require.ErrorIs(t, err, c.want)
		})
	}
	t.Run("another key", func(t *testing.T) {
		k, _ := write(t)
		a, err := backup.Open(k.dir, k.public())
		require.NoError(t, err)
		_, err = a.List(newKit(t).ids)
		require.ErrorIs(t, err, backup.ErrWrongKey)
		require.ErrorContains(t, err, k.to, "says which key it wants")
		_, err = a.List(nil)
		require.ErrorIs(t, err, backup.ErrWrongKey)
	})
	t.Run("parts exchanged", func(t *testing.T) {
		// Both genuine, and neither where it was written: by hash alone.
		k, h := write(t)
		one, two := filepath.Join(k.dir, "parts", h.Parts[1].Name), filepath.Join(k.dir, "parts", h.Parts[2].Name)
		require.NoError(t, os.Rename(one, one+"x"))
		require.NoError(t, os.Rename(two, one))
		require.NoError(t, os.Rename(one+"x", two))
		a, err := backup.Open(k.dir, k.public())
		if err == nil {
			err = a.Verify(t.Context(), nil)
		}
		require.Error(t, err)
	})
}

// forge signs a head with a key of its own.
func forge(b []byte) []byte {
	var h backup.Head
	if err := json.Unmarshal(b, &h); err != nil {
		panic(err)
	}
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	h.Signer, h.Signature = pub, nil
	msg, err := json.Marshal(h)
	if err != nil {
		panic(err)
	}
	h.Signature = ed25519.Sign(key, append([]byte("bystander backup v1\x00"), msg...))
	out, err := json.Marshal(h)
	if err != nil {
		panic(err)
	}
	return out
}

func TestRecipients(t *testing.T) {
	k := newKit(t)
	secret, _, err := backup.NewKey()
	require.NoError(t, err)
	for _, to := range [][]string{nil, {"age1nonsense"}, {secret}} {
		o := k.options()
		o.Recipients = to
		_, err := backup.Write(t.Context(), o, items())
		require.ErrorIs(t, err, backup.ErrRecipient)
		if len(to) > 0 {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

// TestExtractStaysBelow restores lists that name other places.
func TestExtractStaysBelow(t *testing.T) {
	k := newKit(t)
	_, err := backup.Write(t.Context(), k.options(), items())
	require.NoError(t, err)
	a, err := backup.Open(k.dir, nil)
	require.NoError(t, err)
	m, err := a.List(k.ids)
	require.NoError(t, err)
	for _, bad := range []string{"../x", "/etc/x", "a/../../x"} {
		err = a.Extract(t.Context(), m, k.ids, t.TempDir(), func(backup.File) string { return bad }, nil)
		require.ErrorIs(t, err, backup.ErrAltered, bad)
	}
}

// TestExtractGoesOn restores over what an interrupted run left: a good file, one
// with other content, half of one.
func TestExtractGoesOn(t *testing.T) {
	k := newKit(t)
	_, err := backup.Write(t.Context(), k.options(), items())
	require.NoError(t, err)
	a, err := backup.Open(k.dir, nil)
	require.NoError(t, err)
	m, err := a.List(k.ids)
	require.NoError(t, err)
	dest := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dest, "events.txt"), []byte("other"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dest, "empty.part"), []byte("half"), 0o600))
	ctx, stop := context.WithCancel(t.Context())
	err = a.Extract(ctx, m, k.ids, dest, everything, func(p backup.Progress) {
		if p.Files == 1 {
			stop()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, a.Extract(t.Context(), m, k.ids, dest, everything, nil))
	got, err := os.ReadFile(filepath.Join(dest, "events.txt"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(got), canary))
}

// TestAnyContent: whatever is put in comes out.
func TestAnyContent(t *testing.T) {
	k := newKit(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		o := k.options()
		o.Dir = fmt.Sprintf("%s-%d", k.dir, n)
		body := rapid.SliceOfN(rapid.Byte(), 0, 200_000).Draw(rt, "body")
		i := item("x", body)
		i.Pack = rapid.Bool().Draw(rt, "packed")
		_, err := backup.Write(t.Context(), o, []backup.Item{i})
		require.NoError(rt, err)
		a, err := backup.Open(o.Dir, k.public())
		require.NoError(rt, err)
		m, err := a.List(k.ids)
		require.NoError(rt, err)
		dest := filepath.Join(o.Dir, "out")
		require.NoError(rt, a.Extract(t.Context(), m, k.ids, dest, everything, nil))
		got, err := os.ReadFile(filepath.Join(dest, "x"))
		require.NoError(rt, err)
		require.Len(rt, got, len(body))
		require.True(rt, bytes.Equal(body, got))
	})
}

// FuzzHead reads heads from outside.
func FuzzHead(f *testing.F) {
	f.Add([]byte(`{"format":1,"parts":[{"name":"../x"}],"signer":"","signature":""}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, backup.HeadName), b, 0o600))
		_, err := backup.Open(dir, nil)
		require.Error(t, err, "nothing that is not signed")
	})
}

// TestFullDisk fills a small file system, makes room, and goes on.
func TestFullDisk(t *testing.T) {
	k := newKit(t)
	small := t.TempDir()
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(small, 0)) })
	o := k.options()
	o.Dir = filepath.Join(small, "b")
	random := make([]byte, 400<<10)
	_, err := rand.Read(random)
	require.NoError(t, err)
	big := item("big", random)
	_, err = backup.Write(t.Context(), o, []backup.Item{big})
	require.ErrorIs(t, err, backup.ErrRoom, "told before anything is written")
	big.Size = 0 // grows while it is read
	_, err = backup.Write(t.Context(), o, []backup.Item{item("first.txt", []byte(canary)), big})
	require.ErrorIs(t, err, backup.ErrRoom)
	require.ErrorIs(t, err, unix.ENOSPC)
	_, err = backup.Open(o.Dir, nil)
	require.ErrorIs(t, err, backup.ErrTorn)

	require.NoError(t, unix.Mount("tmpfs", small, "tmpfs", unix.MS_REMOUNT, "size=2m"))
	_, err = backup.Write(t.Context(), o, []backup.Item{item("first.txt", []byte(canary)), big})
	require.NoError(t, err)
	a, err := backup.Open(o.Dir, k.public())
	require.NoError(t, err)
	require.NoError(t, a.Verify(t.Context(), nil))

	require.NoError(t, unix.Mount("tmpfs", small, "tmpfs", unix.MS_REMOUNT, "size=600k"))
	m, err := a.List(k.ids)
	require.NoError(t, err)
	err = a.Extract(t.Context(), m, k.ids, filepath.Join(small, "out"), everything, nil)
	require.ErrorIs(t, err, backup.ErrRoom)
}
