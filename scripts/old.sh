#!/usr/bin/env bash
# Build the program as of an earlier commit: old.sh COMMIT OUTPUT. Its sources lie in
# a folder of their own, which is removed again.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 2 ] || { echo "usage: old.sh COMMIT OUTPUT" >&2; exit 2; }
git rev-parse -q --verify "$1^{commit}" >/dev/null || {
  echo "old.sh: $1 is not in this clone: fetch the whole history (git fetch --unshallow), or name another commit" >&2
  exit 1
}
out=$(realpath -m "$2")
src=$(mktemp -d)
trap 'git worktree remove --force "$src/at" 2>/dev/null || true; rm -rf "$src"; git worktree prune' EXIT
git worktree add -q --detach "$src/at" "$1"
mkdir -p "$(dirname "$out")"
(cd "$src/at" && go build -trimpath -ldflags "-X bystander/internal/app.Version=$1" -o "$out.part" ./cmd/bystander)
mv "$out.part" "$out"
