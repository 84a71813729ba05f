package match

import "context"

// EmbedderInfo describes a loaded model.
type EmbedderInfo struct {
	Name     string
	Digest   string // SHA-256 of the model file in hex
	Provider string // "tensorrt", "cuda", "cpu"
}

// Embedder turns an aligned face into an embedding. Implementations are safe
// for concurrent use and keep nothing of the face: input and output tensors
// are wiped before Embed returns. Who calls Embed has asked the gate.
type Embedder interface {
	// Embed sets dst to the embedding of the chip. An error leaves dst wiped.
	Embed(ctx context.Context, c *Chip, dst *Probe) error
	Info() EmbedderInfo
	Close() error
}

// Wiper is an Embedder whose runtime keeps what it computed of the last face
// until the next one, and can overwrite it at once. Without being asked it does
// so shortly after the last face.
type Wiper interface {
	Wipe(ctx context.Context) error
}
