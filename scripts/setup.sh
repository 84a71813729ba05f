#!/usr/bin/env bash
# Installs what the build (default) and the tests (--test) need and is missing.
# Everything is pinned or comes from the distribution; what is there is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bystander
ort_version=1.30.0
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

need_go() {
  command -v go >/dev/null || die "Go 1.26 or newer is needed: install it from your distribution or go.dev, then run make again"
  local have; have=$(go env GOVERSION)
  [ "$(printf '%s\n' go1.26 "${have%% *}" | sort -V | head -1)" = go1.26 ] ||
    die "Go 1.26 or newer is needed, found $have"
}

# Debian packages, each with a file that tells it is there.
need_apt() {
  local missing=() pkg probe
  while read -r pkg probe; do
    compgen -G "$probe" >/dev/null || missing+=("$pkg")
  done <<EOF
$1
EOF
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  local sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "please install as root: apt-get install ${missing[*]}"
    sudo=sudo
  fi
  say "installing ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_onnxruntime() {
  local dir=$cache/onnxruntime-$ort_version
  compgen -G "$dir/libonnxruntime.so*" >/dev/null && return
  say "fetching ONNX Runtime $ort_version"
  local tmp plat; tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
  plat=manylinux_2_28_$(uname -m)
  python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
    --only-binary=:all: --python-version 3.12 --implementation cp \
    --platform "$plat" --platform "${plat/2_28/2_27}" -d "$tmp" -r scripts/requirements-ort.txt
  mkdir -p "$dir"
  python3 - "$tmp" "$dir" <<'PY'
import glob, os, sys, zipfile
src, dst = sys.argv[1:]
with zipfile.ZipFile(glob.glob(src + "/*.whl")[0]) as z:
    for name in z.namelist():
        base = os.path.basename(name)
        if name.startswith("onnxruntime/capi/libonnxruntime.so") or base in ("LICENSE", "ThirdPartyNotices.txt"):
            part = os.path.join(dst, base + ".part")
            with open(part, "wb") as f:
                f.write(z.read(name))
            os.rename(part, os.path.join(dst, base))
PY
}

build_packages='gcc /usr/bin/gcc
pkg-config /usr/bin/pkg-config
libavformat-dev /usr/include/*/libavformat/avformat.h
libavcodec-dev /usr/include/*/libavcodec/avcodec.h
libswscale-dev /usr/include/*/libswscale/swscale.h
libavutil-dev /usr/include/*/libavutil/avutil.h
opencv-doc /usr/share/doc/opencv-doc/examples/data/vtest.avi*'

test_packages='ffmpeg /usr/bin/ffmpeg
chromium /usr/bin/chromium
fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc'

need_go
command -v npm >/dev/null || build_packages+=$'\nnpm /usr/bin/npm'
python3 -m pip --version >/dev/null 2>&1 || build_packages+=$'\npython3-pip /usr/bin/pip3'
need_apt "$build_packages"
need_onnxruntime
if [ "${1:-}" = --test ]; then
  need_apt "$test_packages"
fi
