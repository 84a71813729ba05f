package auditor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/problem"
	"bystander/audit/mlog"
)

// MerkleLog is the Merkle log of one chain; *mlog.Log is one.
type MerkleLog interface {
	Chain() string
	Status() mlog.Status
	VKey() string
	Checkpoint() ([]byte, error)
	Tile(ctx context.Context, level int, index uint64, width uint8) ([]byte, error)
	Prove(ctx context.Context, seq uint64) (mlog.Inclusion, error)
	ProveConsistency(ctx context.Context, from, to uint64) (mlog.Consistency, error)
}

// Proofs serves the Merkle logs, as an api.Module: checkpoints and tiles as any
// tlog-tiles client reads them, and proofs ready made. What they hold are hashes
// of salted rows, about nobody; so anybody may read them, as a log needs.
type Proofs struct {
	// Logs are those served, the first one also at /v1/audit/checkpoint and
	// /v1/audit/tile/.
	Logs []MerkleLog
	Log  zerolog.Logger
}

// LogInfo is one Merkle log.
type LogInfo struct {
	Origin    string `json:"origin"`
	Chain     string `json:"chain"`
	VKey      string `json:"vkey" doc:"Verifier key for its checkpoints, as tools for signed notes read it"`
	Path      string `json:"path" doc:"Below it lie checkpoint and tile/"`
	First     uint64 `json:"first" doc:"Number of the chain in leaf 0"`
	Size      uint64 `json:"size" doc:"Leaves entered"`
	Published uint64 `json:"published" doc:"Leaves under the newest checkpoint"`
	Witnessed bool   `json:"witnessed" doc:"Whether the witness signed it"`
}

type logsOutput struct {
	Body struct {
		Logs []LogInfo `json:"logs" nullable:"false"`
	}
}

type rawOutput struct {
	ContentType string `header:"Content-Type"`
	Cache       string `header:"Cache-Control"`
	Body        []byte
}

type chainInput struct {
	Chain string `path:"chain" maxLength:"255"`
}

type tileInput struct {
	Level string `path:"level" maxLength:"7"`
	Rest  string `path:"*" maxLength:"128"`
}

type chainTileInput struct {
	Chain string `path:"chain" maxLength:"255"`
	Level string `path:"level" maxLength:"7"`
	Rest  string `path:"*" maxLength:"128"`
}

type proofInput struct {
	Chain string `query:"chain" required:"true" maxLength:"255" doc:"The chain's id"`
	Seq   uint64 `query:"seq" required:"true" minimum:"1" doc:"The event's number"`
}

type consistencyInput struct {
	Chain string `query:"chain" required:"true" maxLength:"255" doc:"The chain's id"`
	From  uint64 `query:"from" required:"true" minimum:"1" doc:"Size of the earlier checkpoint's tree"`
	To    uint64 `query:"to" required:"true" minimum:"1" doc:"Size of the later one's"`
}

// InclusionProof proves that an event's hash is under a checkpoint.
type InclusionProof struct {
	Origin     string   `json:"origin"`
	Chain      string   `json:"chain"`
	Seq        uint64   `json:"seq"`
	RowHash    string   `json:"row_hash"`
	Leaf       string   `json:"leaf" doc:"The leaf's data, Base64; its hash is SHA-256 of a zero byte and the data"`
	Index      uint64   `json:"index"`
	Size       uint64   `json:"size"`
	Hashes     []string `json:"hashes" nullable:"false" doc:"Audit path (RFC 6962), Base64"`
	Checkpoint string   `json:"checkpoint" doc:"Signed note"`
}

// ConsistencyProof proves that a tree goes on from a smaller one.
type ConsistencyProof struct {
	Origin string   `json:"origin"`
	From   uint64   `json:"from"`
	To     uint64   `json:"to"`
	Hashes []string `json:"hashes" nullable:"false" doc:"Consistency proof (RFC 6962), Base64"`
}

type (
	inclusionOutput   struct{ Body InclusionProof }
	consistencyOutput struct{ Body ConsistencyProof }
)

// Register implements api.Module.
func (m *Proofs) Register(routes huma.API) {
	op := func(id, path, summary string, hidden bool) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"audit"}, Hidden: hidden,
			Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
		}
	}
	huma.Register(routes, op("list-logs", "/v1/audit/logs", "The Merkle logs and their verifier keys", false), m.list)
	huma.Register(routes, op("get-checkpoint", "/v1/audit/checkpoint", "The newest checkpoint of this edge's log, a signed note", false),
		func(_ context.Context, _ *struct{}) (*rawOutput, error) { return m.checkpoint(m.first()) })
	huma.Register(routes, op("get-log-checkpoint", "/v1/audit/log/{chain}/checkpoint", "The newest checkpoint of a chain's log", false),
		func(_ context.Context, in *chainInput) (*rawOutput, error) { return m.checkpoint(m.of(in.Chain)) })
	// Tiles have paths of tlog-tiles, whose depth varies; they are described
	// there and not in OpenAPI.
	huma.Register(routes, op("get-tile", "/v1/audit/tile/{level}/*", "A tile of this edge's log", true),
		func(ctx context.Context, in *tileInput) (*rawOutput, error) {
			return m.tile(ctx, m.first(), in.Level, in.Rest)
		})
	huma.Register(routes, op("get-log-tile", "/v1/audit/log/{chain}/tile/{level}/*", "A tile of a chain's log", true),
		func(ctx context.Context, in *chainTileInput) (*rawOutput, error) {
			return m.tile(ctx, m.of(in.Chain), in.Level, in.Rest)
		})
	huma.Register(routes, op("prove-event", "/v1/audit/proof", "Prove that an event is under the newest checkpoint", false), m.prove)
	huma.Register(routes, op("prove-event-text", "/v1/audit/proof/text", "The same as a c2sp.org/tlog-proof, to be kept beside the event", false), m.proveText)
	huma.Register(routes, op("prove-consistency", "/v1/audit/consistency", "Prove that the log goes on from an earlier checkpoint", false), m.consistency)
}

func (m *Proofs) first() MerkleLog {
	if len(m.Logs) == 0 {
		return nil
	}
	return m.Logs[0]
}

func (m *Proofs) of(chain string) MerkleLog {
	for _, l := range m.Logs {
		if l.Chain() == chain {
			return l
		}
	}
	return nil
}

func (m *Proofs) list(context.Context, *struct{}) (*logsOutput, error) {
	out := &logsOutput{}
	out.Body.Logs = make([]LogInfo, len(m.Logs))
	for i, l := range m.Logs {
		st := l.Status()
		out.Body.Logs[i] = LogInfo{
			Origin: st.Origin, Chain: st.Chain, VKey: l.VKey(), Path: "/v1/audit/log/" + st.Chain + "/",
			First: st.First, Size: st.Size, Published: st.Published, Witnessed: st.Witnessed,
		}
	}
	return out, nil
}

func (m *Proofs) checkpoint(l MerkleLog) (*rawOutput, error) {
	if l == nil {
		return nil, unknownLog()
	}
	raw, err := l.Checkpoint()
	if err != nil {
		return nil, m.refuse(err)
	}
	return &rawOutput{ContentType: "text/plain; charset=utf-8", Cache: "no-cache", Body: raw}, nil
}

func unknownLog() error {
	return problem.New(http.StatusNotFound, "LOG_UNKNOWN", "there is no Merkle log of this chain here; GET /v1/audit/logs lists them")
}

func (m *Proofs) tile(ctx context.Context, l MerkleLog, at, rest string) (*rawOutput, error) {
	if l == nil {
		return nil, unknownLog()
	}
	level, index, width, err := parseTile(at, rest)
	if err != nil {
		return nil, problem.New(http.StatusNotFound, "TILE_UNKNOWN", err.Error())
	}
	b, err := l.Tile(ctx, level, index, width)
	if err != nil {
		return nil, m.refuse(err)
	}
	return &rawOutput{ContentType: "application/octet-stream", Cache: "public, max-age=604800, immutable", Body: b}, nil
}

// parseTile reads the path of a tile as c2sp.org/tlog-tiles writes it, and no
// other way to write it: LEVEL/x001/x234/067, with .p/W behind it for W hashes
// of 256.
func parseTile(level, rest string) (l int, index uint64, width uint8, err error) {
	bad := fmt.Errorf("no such tile; paths are of c2sp.org/tlog-tiles, such as tile/0/x001/067 or tile/entries/000.p/5")
	if l = mlog.Entries; level != "entries" {
		if l, err = strconv.Atoi(level); err != nil || l < 0 || l > 63 || strconv.Itoa(l) != level {
			return 0, 0, 0, bad
		}
	}
	if path, w, ok := strings.Cut(rest, ".p/"); ok {
		n, err := strconv.ParseUint(w, 10, 8)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != w {
			return 0, 0, 0, bad
		}
		rest, width = path, uint8(n)
	}
	parts := strings.Split(rest, "/")
	for i, p := range parts {
		if i < len(parts)-1 {
			var ok bool
			if p, ok = strings.CutPrefix(p, "x"); !ok {
				return 0, 0, 0, bad
			}
		}
		n, err := strconv.ParseUint(p, 10, 64)
		if err != nil || len(p) != 3 || index > 1<<50 || i == 0 && len(parts) > 1 && n == 0 {
			return 0, 0, 0, bad
		}
		index = index*1000 + n
	}
	return l, index, width, nil
}

func (m *Proofs) inclusion(ctx context.Context, in *proofInput) (p mlog.Inclusion, origin string, err error) {
	l := m.of(in.Chain)
	if l == nil {
		return p, "", unknownLog()
	}
	if p, err = l.Prove(ctx, in.Seq); err != nil {
		return p, "", m.refuse(err)
	}
	return p, l.Status().Origin, nil
}

func (m *Proofs) prove(ctx context.Context, in *proofInput) (*inclusionOutput, error) {
	p, origin, err := m.inclusion(ctx, in)
	if err != nil {
		return nil, err
	}
	return &inclusionOutput{InclusionProof{
		Origin: origin, Chain: p.Leaf.Chain, Seq: p.Leaf.Seq, RowHash: p.Leaf.Hash.String(),
		Leaf: base64.StdEncoding.EncodeToString(p.Leaf.Data()), Index: p.Index, Size: p.Size,
		Hashes: encode(p.Hashes), Checkpoint: string(p.Checkpoint),
	}}, nil
}

func (m *Proofs) proveText(ctx context.Context, in *proofInput) (*rawOutput, error) {
	p, _, err := m.inclusion(ctx, in)
	if err != nil {
		return nil, err
	}
	return &rawOutput{ContentType: "text/plain; charset=utf-8", Cache: "no-cache", Body: p.Text()}, nil
}

func encode(hashes [][]byte) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = base64.StdEncoding.EncodeToString(h)
	}
	return out
}

func (m *Proofs) consistency(ctx context.Context, in *consistencyInput) (*consistencyOutput, error) {
	l := m.of(in.Chain)
	if l == nil {
		return nil, unknownLog()
	}
	p, err := l.ProveConsistency(ctx, in.From, in.To)
	if err != nil {
		return nil, m.refuse(err)
	}
	return &consistencyOutput{ConsistencyProof{Origin: l.Status().Origin, From: p.From, To: p.To, Hashes: encode(p.Hashes)}}, nil
}

func (m *Proofs) refuse(err error) error {
	if errors.Is(err, mlog.ErrNotFound) {
		return problem.New(http.StatusNotFound, "NOT_IN_LOG", err.Error())
	}
	m.Log.Error().Err(err).Msg("the Merkle log cannot be read")
	return problem.New(http.StatusServiceUnavailable, "LOG_DAMAGED", "the Merkle log cannot be read; see /healthz, and run: bystander audit verify")
}
