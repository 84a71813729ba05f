#!/usr/bin/env bash
# Formatting, vet, linters and licences. The linter is installed once, pinned,
# into the cache.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v2.15.0
tools=${XDG_CACHE_HOME:-$HOME/.cache}/bystander/tools
export PATH=$tools:$PATH

if ! golangci-lint version --short 2>/dev/null | grep -qx "${version#v}"; then
  echo "==> installing golangci-lint $version (once; takes a few minutes)"
  mkdir -p "$tools"
  GOBIN=$tools GOFLAGS=-mod=mod go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
fi
echo "==> go"
go vet ./...
golangci-lint run ./...
echo "==> licences"
go run ./internal/tools/notices
echo "==> web"
(cd web && npm run --silent check)
echo "lint: clean"
