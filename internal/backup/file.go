package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

func bytesReader(b []byte) io.Reader { return bytes.NewReader(b) }

// writeWhole writes a file that is there as a whole or not at all.
func writeWhole(path string, b []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Run is a backup that was made.
type Run struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Dir        string    `json:"dir"`
	Recipients []string  `json:"recipients"`
	Bytes      int64     `json:"bytes"`
}

// RunsName is the file among the data that says when each kind was last backed
// up. It holds no secret.
const RunsName = "backups.json"

// LastRuns reads when each kind was last backed up; empty when nothing is known.
func LastRuns(data string) map[Kind]Run {
	out := map[Kind]Run{}
	b, err := os.ReadFile(filepath.Join(data, RunsName))
	if err != nil || json.Unmarshal(b, &out) != nil {
		return map[Kind]Run{}
	}
	return out
}

// NoteRun notes a finished backup.
func NoteRun(data string, h Head, dir string) error {
	all := LastRuns(data)
	all[h.Kind] = Run{ID: h.ID, At: h.MadeAt, Dir: dir, Recipients: h.Recipients, Bytes: h.Bytes()}
	b, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return writeWhole(filepath.Join(data, RunsName), append(b, '\n'), 0o600)
}

// Unfinished returns the folder of a run that was interrupted, below the folder
// given, or an empty text: writing there goes on with it.
func Unfinished(stateDir string, kind Kind, under string) string {
	var st state
	b, err := os.ReadFile(filepath.Join(stateDir, "unfinished-"+string(kind)+".json"))
	if err != nil || json.Unmarshal(b, &st) != nil {
		return ""
	}
	abs, err := filepath.Abs(under)
	if err != nil || filepath.Dir(st.Dir) != abs {
		return ""
	}
	if _, err := os.Stat(filepath.Join(st.Dir, partsDir)); err != nil {
		return ""
	}
	return st.Dir
}
