# make test is the least that a change needs; .ci/run is what CI holds it against.
GO ?= go
export CGO_ENABLED ?= 0

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GORELEASER    := github.com/goreleaser/goreleaser/v2@v2.16.0
CYCLONEDX     := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: build test race check tidy lint release-check e2e bench bench-e2e bench-audit fuzz catalogue snapshot clean

build: ## the kaudit binary, stamped, in this folder
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o kaudit ./cmd/kaudit

test: ## every test that needs nothing but Go: no network, no cluster
	$(GO) test ./...

race:
	CGO_ENABLED=1 $(GO) test -race ./...

check: tidy lint race ## before a change is proposed

tidy: ## go.mod and go.sum say what is used, and no more
	$(GO) mod tidy -diff
	cd e2e && $(GO) mod tidy -diff

lint:
	$(GO) run $(GOLANGCI_LINT) run ./...
	cd e2e && $(GO) run $(GOLANGCI_LINT) run --config ../.golangci.yml --build-tags e2e ./...

release-check: ## the release configuration is sound
	$(GO) run $(GORELEASER) check

e2e: ## on a genuine control plane that it builds and starts: needs Linux, root, and the Debian packages in .ci/packages
	cd e2e && $(GO) test -tags e2e -timeout 45m .

bench: ## speed of the parts
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-e2e: ## time, memory, requests and bytes on a control plane of 500 and of 5,000 nodes
	cd e2e && $(GO) run ./bench

bench-audit: ## speed of kaudit requests beside encoding/json, sonic, fastjson and jq, on a log that it makes
	cd e2e && $(GO) run ./auditbench

fuzz: ## a minute on each parser
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 60s $$p || exit 1; done; done

catalogue: ## flags and gates of every release that components/generate lists: about an hour for all; ONLY=kubernetes-1.38 builds that alone
	cd components && $(GO) run ./generate -o data -only '$(ONLY)' -cache '$(CACHE)'

snapshot: ## every release artefact, locally, unpublished (needs cyclonedx-gomod on PATH: go install $(CYCLONEDX))
	$(GO) run $(GORELEASER) release --snapshot --clean

clean:
	rm -rf kaudit dist
