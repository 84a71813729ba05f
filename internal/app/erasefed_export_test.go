package app

import (
	"context"
	"time"

	"bystander/audit/erase"
	"bystander/internal/config"
	"bystander/internal/kafkax"
)

// ClickHouseErasing is clickhouseErasing with another bound on each wait.
func ClickHouseErasing(cfg config.Config, client *kafkax.Client, sent func(context.Context) error, limit time.Duration) erase.NamedStore {
	s := clickhouseErasing(cfg, client, sent)[0]
	s.Deleter.(*fedStore).limit = limit
	return s
}
