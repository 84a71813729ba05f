# Bystander. `make help` lists what there is.
SHELL  := /bin/bash
BIN    := bin/bystander
GO     ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X bystander/internal/app.Version=$(VERSION)
WEB_SRC := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f ! -name schema.d.ts -print 2>/dev/null)

# Where the demo's pictures come from; empty chooses a clip.
INPUT  ?=
LISTEN ?= 127.0.0.1:8080

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: build/.setup ## install what the build needs and is missing

build/.setup: scripts/setup.sh scripts/requirements-ort.txt
	@scripts/setup.sh
	@mkdir -p build && touch $@

.PHONY: openvino
openvino: ## install ONNX Runtime with OpenVINO, which processors may run the models on (x86-64)
	@scripts/setup.sh --openvino

.PHONY: openvino-check
openvino-check: openvino build/.setup ## boxes, scores and embeddings on OpenVINO against the plain processor
	@BYSTANDER_OPENVINO=1 $(GO) test -count=1 -p 1 -v -run OpenVINO ./internal/ort ./detect/onnx ./match/onnx

build/.setup-test: build/.setup scripts/setup.sh scripts/kafka/pom.xml scripts/kafka/jars.sha256
	@scripts/setup.sh --test
	@touch $@

build/.setup-deploy: scripts/setup.sh
	@scripts/setup.sh --deploy
	@mkdir -p build && touch $@

# Not "npm ci": it refuses a lock file that lacks the packages of platforms that
# the machine which wrote it could not see.
web/node_modules/.stamp: web/package.json web/package-lock.json
	@echo "==> installing the web application's packages"
	@cd web && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: build/.setup web/node_modules/.stamp $(WEB_SRC) docs/openapi.json
	@echo "==> building the web application"
	@cd web && npm run --silent build

.PHONY: web
web: web/dist/index.html ## build the web application

.PHONY: build
build: build/.setup web/dist/index.html ## build the one binary, bin/bystander
	@echo "==> building $(BIN)"
	@$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/bystander

.PHONY: demo
demo: build ## run everything on this machine: http://127.0.0.1:8080 (INPUT=file or rtsp://…)
	@$(BIN) demo --listen $(LISTEN) $(if $(INPUT),--input '$(INPUT)')

# A person's broker and ClickHouse engine, for trying things by hand.
KAFKA_PORT      ?= 9092
CLICKHOUSE_PORT ?= 8123
UP_DIR          ?= build/up

.PHONY: up
up: build/.setup-test ## start a Kafka broker and a ClickHouse engine (KAFKA_PORT= CLICKHOUSE_PORT=)
	@$(GO) run ./internal/tools/backends -dir '$(UP_DIR)' -kafka-port $(KAFKA_PORT) -clickhouse-port $(CLICKHOUSE_PORT) up

.PHONY: down
down: ## stop what "make up" started; the data stays in build/up
	@$(GO) run ./internal/tools/backends -dir '$(UP_DIR)' down

.PHONY: test
test: build/.setup-test build ## every test, with real cameras, servers and browser
	@scripts/test.sh

.PHONY: lint
lint: build/.setup web/node_modules/.stamp ## formatting, vet, linters, licences
	@scripts/lint.sh

.PHONY: bench
bench: build ## benchmarks of the stages, then the whole pipeline against its floor
	@$(GO) test -run '^$$' -bench . -benchmem -count 3 ./internal/... ./detect/... ./match/... ./redact/... ./sink/...
	@$(BIN) eval speed

# What "make compare" redacts both ways; the sample clips when empty.
CLIPS ?=

.PHONY: compare
compare: build ## the same clips through bystander redact and the plain per-frame way: speed and leak (CLIPS=files)
	@$(BIN) eval compare $(CLIPS)

# How long "make soak" runs, and where its samples go.
SOAK_FOR ?= 1h
SOAK_DIR ?= out/soak

.PHONY: soak
soak: build ## eight small cameras for an hour, some flapping, one hostile: does anything grow? (SOAK_FOR= SOAK_DIR=)
	@$(BIN) eval soak --for '$(SOAK_FOR)' --data '$(SOAK_DIR)'

# Where "make screenshots" puts its pictures.
SHOTS ?= out/screenshots

.PHONY: screenshots
screenshots: build ## a picture of every view, in both languages and themes (SHOTS=folder)
	@cd web && BYSTANDER='$(CURDIR)/$(BIN)' node e2e/shots.mjs '$(abspath $(SHOTS))'

.PHONY: chart
chart: build/.setup-deploy ## the Helm chart against Kubernetes' schemas and the program's own configuration
	@BYSTANDER_CHART=1 $(GO) test -count=1 ./charts/...

.PHONY: deploy-check
deploy-check: chart ## chart, images, units, dashboards and alert rules
	@BYSTANDER_DEPLOY=1 $(GO) test -count=1 ./deploy/...

.PHONY: sixteen
sixteen: build ## sixteen tiles on one wall, and what they cost server and browser
	@cd web && BYSTANDER='$(CURDIR)/$(BIN)' node e2e/sixteen.mjs

.PHONY: first-picture
first-picture: build ## how soon the first live picture is there: cold browser, five reloads
	@cd web && BYSTANDER='$(CURDIR)/$(BIN)' node e2e/firstpicture.mjs

# How often "make faults" repeats each fault.
FAULT_ROUNDS ?= 20

.PHONY: faults
faults: build/.setup-test ## every fault of bus, store, edge and network, many times (FAULT_ROUNDS=)
	@FAULT_ROUNDS=$(FAULT_ROUNDS) $(GO) test -count=1 -timeout 3h -v -run TestNothingIsLostOrDoubled ./internal/faulttest

# How long "make outage" takes the bus away from a running edge.
OUTAGE ?= 1m

.PHONY: outage
outage: build/.setup-test build ## video goes on while the bus is away, then while its disk is full (OUTAGE=10m)
	@BYSTANDER='$(CURDIR)/$(BIN)' FAULT_VIDEO=$(OUTAGE) $(GO) test -count=1 -timeout 3h -v -run TestVideoGoesOnWithoutTheBus ./internal/faulttest

# The release before, for a house that is upgraded machine by machine: a commit.
APART_OLD ?= d36fb64
APART_RUN ?= .

build/old/$(APART_OLD)/bystander:
	@echo "==> building the release before ($(APART_OLD))"
	@scripts/old.sh '$(APART_OLD)' '$@'

.PHONY: apart
apart: build/.setup-test build build/old/$(APART_OLD)/bystander ## a city in network namespaces: links cut, machines killed, versions mixed; needs root (APART_OLD= APART_RUN=)
	@BYSTANDER_APART='$(CURDIR)/$(BIN)' BYSTANDER_OLD='$(CURDIR)/build/old/$(APART_OLD)/bystander' $(GO) test -count=1 -timeout 1h -v -run '$(APART_RUN)' ./internal/apart

.PHONY: bench-sink
bench-sink: build/.setup-test ## from spool to a stored, verified row, beside the libraries alone
	@BENCH_SINK=1 $(GO) test -count=1 -timeout 30m -v -run TestSinkSpeed ./internal/faulttest

TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bystander/tools
ORT_VERSION = $(shell sed -n 's/^ort_version=//p' scripts/setup.sh)

# A copy of Go's database of holes, where vuln.go.dev cannot be asked.
VULN_DB ?=

.PHONY: vuln
vuln: web/node_modules/.stamp ## ask the vulnerability databases; fails, too, when one does not answer (VULN_DB=file:///PATH)
	@scripts/setup.sh --vuln
	@$(GO) run ./internal/tools/vuln -govulncheck '$(TOOLS)/govulncheck' -db '$(VULN_DB)'

# Where a release's files go, and the time of its source.
RELEASE_DIR ?= build/release
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
RELEASE_BIN = $(RELEASE_DIR)/bystander-$(shell $(GO) env GOOS)-$(shell $(GO) env GOARCH)

# What it is built from is in the source and nothing else: no path, no clock. The
# same commit, compiler and libraries give the same bytes.
.PHONY: release-build
release-build: build/.setup web/dist/index.html
	@mkdir -p '$(RELEASE_DIR)' && rm -f '$(RELEASE_DIR)'/*
	@echo "==> building $(RELEASE_BIN)"
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(GO) build -trimpath -buildvcs=true -ldflags '$(LDFLAGS) -buildid=' -o '$(RELEASE_BIN)' ./cmd/bystander

.PHONY: sbom
sbom: release-build ## what the program and its pages are made of, in CycloneDX, into build/release
	@scripts/setup.sh --sbom
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(GO) run ./internal/tools/sbom -binary '$(RELEASE_BIN)' -out '$(RELEASE_DIR)' \
		-npm '$(TOOLS)/cyclonedx-npm-$(shell sed -n 's/^cyclonedx_npm_version=//p' scripts/setup.sh)/node_modules/.bin/cyclonedx-npm' -onnxruntime '$(ORT_VERSION)'
	@ls '$(RELEASE_DIR)'/*.cdx.json

.PHONY: release
release: ## build, list and sign a release (RELEASE_KEY=release.pem); no key is ever made here
	@test -n '$(RELEASE_KEY)' || { echo 'release: name the key to sign with: make release RELEASE_KEY=release.pem (see docs/security.md)' >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo 'release: commit first: the tree differs from the commit that would be named' >&2; exit 1; }
	@$(MAKE) --no-print-directory sbom
	@cp LICENSE THIRD_PARTY_NOTICES.md docs/openapi.json '$(RELEASE_DIR)/'
	@scripts/setup.sh --chart
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(GO) run ./internal/tools/chart -helm '$(TOOLS)/helm' -version '$(VERSION)' -out '$(RELEASE_DIR)'
	@$(GO) run ./internal/tools/release -dir '$(RELEASE_DIR)' -key '$(RELEASE_KEY)'
	@cat '$(RELEASE_DIR)/SHA256SUMS'

# What "make simulate" is given besides, such as -steps 100,1000 or -profile crowd.
SIMULATE ?=

.PHONY: simulate
simulate: build/.setup-test ## a house of 100 to 10,000 cameras without pictures: where does it bend first? (SIMULATE=flags)
	@$(GO) run ./internal/tools/simulate $(SIMULATE)

# The tables of demands lie beside the checkout.
SHARED ?= $(or $(BYSTANDER_SHARED),../shared)
.PHONY: requirements
requirements: ## write docs/requirements.md anew from the tests' own tags
	@$(GO) run ./internal/tools/requirements -demands '$(SHARED)/REQUIREMENTS.md'

.PHONY: clean
clean: ## remove what was built
	@rm -rf bin build web/dist/assets web/dist/index.html
