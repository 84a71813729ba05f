package backends

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// PrepareKafka makes the archive of a started broker's classes if there is none
// that fits the installed Java. Brokers start without it too, in twice the time.
func PrepareKafka(ctx context.Context) error {
	home, err := kafkaHome()
	if err != nil {
		return err
	}
	if fresh, err := archiveIsFresh(archive(home)); err != nil || fresh {
		return err
	}
	dir, err := os.MkdirTemp("", "bystander-prepare-")
	if err != nil {
		return fmt.Errorf("backends: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of the system's temporary ones
	made := filepath.Join(home, fmt.Sprintf("classes-%d.new", os.Getpid()))
	k, err := startKafka(ctx, KafkaOptions{Dir: dir}, "-XX:ArchiveClassesAtExit="+made, "-Xlog:disable")
	if err != nil {
		return err
	}
	if err := k.Stop(time.Minute); err != nil {
		return err
	}
	if _, err := os.Stat(made); err != nil {
		return fmt.Errorf("backends: kafka: the Java machine wrote no archive: %w\n%s", err, k.LogTail())
	}
	if err := os.Rename(made, archive(home)); err != nil {
		return fmt.Errorf("backends: kafka: %w", err)
	}
	return nil
}

// archiveIsFresh reports whether the archive is there and no older than Java.
func archiveIsFresh(path string) (bool, error) {
	java, err := javaPath()
	if err != nil {
		return false, err
	}
	j, err := os.Stat(java) // of the file that links lead to
	if err != nil {
		return false, fmt.Errorf("backends: java: %w", err)
	}
	a, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && a.ModTime().After(j.ModTime()), err
}
