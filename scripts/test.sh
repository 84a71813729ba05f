#!/usr/bin/env bash
# Every test: the web application's own, Go's (with real cameras, servers and a
# browser), then the workplaces in a browser. Tests that need evaluation data find it in BYSTANDER_SHARED
# or ../shared and fail when it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
go vet ./...
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
# The web application's checks are the quickest, so they come first.
(cd web && npm run --silent check && npm test --silent)
# Two packages at a time: several start workers, servers or a browser, and
# measure time.
go test -p 2 -timeout 15m ./...
# The parts without native code also run under the race detector.
go test -race -p 2 -timeout 15m ./internal/event/... ./internal/frame/... ./policy/... ./redact/... \
  ./sink/spool/... ./api/...
# The workplaces in a browser, against the program itself.
(cd web && BYSTANDER="$PWD/../bin/bystander" npm run --silent test:e2e)
