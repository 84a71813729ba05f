package notes

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// archive is an export about to leave. Only receipts and statement are in
// memory; the video goes from the disk to the reader.
type archive struct {
	plan      plan
	receipts  [][]byte // of the clips, in their order
	marks     [][]byte // put behind them
	made      Statement
	statement []byte
	signature []byte
	public    ed25519.PublicKey
}

const receiptSuffix = ".receipt.json"

// name says whose export it is and when it was made: the mark that people see.
func (a *archive) name() string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, a.made.By)
	return fmt.Sprintf("clip-%s-%s-exported-%s-by-%s.zip", a.plan.camera, a.plan.from.Format("20060102T150405Z"),
		a.made.At.Format("20060102T150405Z"), clean)
}

// send streams the archive. When something fails half-way the connection is
// broken off, so that nobody takes the torn archive for a whole one.
func (m *Module) send(ctx context.Context, hctx huma.Context, a *archive) {
	_, w := humachi.Unwrap(hctx)
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.name()}))
	out := &patient{w: w, rc: http.NewResponseController(w)}
	if err := m.pack(ctx, out, a); err != nil {
		m.log.Warn().Err(err).Str("export", a.plan.id).Msg("an export broke off")
		panic(http.ErrAbortHandler)
	}
}

func (m *Module) pack(ctx context.Context, w io.Writer, a *archive) error {
	z := zip.NewWriter(w)
	add := func(name string, at time.Time, from io.Reader) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: at})
		if err != nil {
			return fmt.Errorf("notes: archive: %w", err)
		}
		if _, err := io.Copy(f, from); err != nil {
			return fmt.Errorf("notes: archive: %s: %w", name, err)
		}
		return nil
	}
	text := func(name, content string) error { return add(name, a.made.At, strings.NewReader(content)) }
	if err := text("README.txt", a.readme()); err != nil {
		return err
	}
	if err := text("EXPORT.json", string(a.statement)); err != nil {
		return err
	}
	if a.signature != nil {
		if err := text("EXPORT.json.sig", base64.StdEncoding.EncodeToString(a.signature)+"\n"); err != nil {
			return err
		}
		key, err := publicPEM(a.public)
		if err != nil {
			return err
		}
		if err := text("edge.pub", key); err != nil {
			return err
		}
	}
	for i, c := range a.plan.clips {
		if err := m.video(ctx, c, a.marks[i], add); err != nil {
			return err
		}
		if err := add(c.Name+receiptSuffix, c.To, strings.NewReader(string(a.receipts[i]))); err != nil {
			return err
		}
	}
	return z.Close()
}

func (m *Module) video(ctx context.Context, c Clip, mark []byte, add func(string, time.Time, io.Reader) error) error {
	v, err := m.cfg.Clips.Video(ctx, c.ID)
	if err != nil {
		return err
	}
	defer v.Close() //nolint:errcheck // only read
	return add(c.Name, c.To, io.MultiReader(v, bytes.NewReader(mark)))
}

func (a *archive) readme() string {
	return fmt.Sprintf(`Redacted recordings of camera %s
Exported by %s (%s) at %s, for: %s.
Export %s; %d segments, from %s to %s.

Each .mp4 is a whole segment as the recorder finished it, with its signed receipt
beside it. Check both, with the edge's public key from a place that you trust (the
edge.pub here came with the rest):

    bystander verify-segment --key edge.pub *.mp4

Nothing is written into the pictures. Who exported is in each file, signed, behind its
last picture; players pass over it, and the command above tells it. It is in
EXPORT.json too, signed (Ed25519 over "bystander/export/v1" and a zero byte, followed
by the file), in this archive's name, and on the site's log.

本压缩包内为摄像头 %[1]s 的已遮蔽录像，由 %[2]s 于 %[4]s 导出。
每个 .mp4 均为完整录像段，附有签名凭证，可用上述命令验证。
画面中未叠加文字；每个文件末尾带有已签名的导出标记（导出编号、账号、时间、用途），可用上述命令查看，播放器会略过。
导出信息另见 EXPORT.json（已签名）、文件名及系统日志。
`, a.plan.camera, a.made.By, a.made.Role, a.made.At.Format(time.RFC3339), a.made.Purpose,
		a.plan.id, len(a.plan.clips), a.plan.from.Format(time.RFC3339), a.plan.to.Format(time.RFC3339))
}

func publicPEM(public ed25519.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("notes: key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// patient gives each write its own deadline: a long export may take its time, a
// reader that stopped reading may not.
type patient struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

const patience = 20 * time.Second

// Write implements io.Writer.
func (p *patient) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(patience)) // a test's writer has none
	return p.w.Write(b)
}
