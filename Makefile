# One place for every command; CI runs the same. Only Python (>= 3.11) and make are needed beforehand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo chaos up test bench bench-producer bench-streams bench-curves bench-sinks bench-e2e bench-receiver bench-recovery bench-freshness bench-sizes bench-backpressure bench-receivers bench-verify bench-soak charts check lint format lock audit clean

demo: $(READY)  ## the whole road for a minute, ending with a verdict
	@$(BIN)/python -m local demo

SEEDS ?= 1
chaos: $(READY)  ## break it in every way there is and judge it: SEEDS=20 runs, or SEED=7 alone
	-@$(BIN)/python -m local.kafka_archive
	@$(BIN)/python -m local chaos $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) --record .run/chaos/records.jsonl

up: $(READY)  ## the same system, until Ctrl-C
	@$(BIN)/python -m local up

test: $(READY)  ## every test; three at a time, since most of them wait for services
	-@$(BIN)/python -m local.kafka_archive  # brokers then start in half the time
	-@$(BIN)/python -m local.prometheus_programs  # unpacked into .cache, where this system has none
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder  # files with services first: no long one is left for the end

bench: bench-producer bench-streams bench-sinks bench-e2e bench-receiver bench-recovery bench-freshness bench-sizes  ## each stage beside its raw limit; wants a machine with nothing else to do

bench-producer bench-streams bench-sinks bench-e2e bench-receiver bench-recovery bench-freshness bench-sizes bench-backpressure bench-receivers bench-verify: $(READY)
	@$(BIN)/python -m benchmarks.$(subst -,_,$@)

bench-curves: $(READY)  ## how streams scales: workers, metering points, share of duplicates
	@$(BIN)/python -m benchmarks.bench_streams --curves

bench-soak: $(READY)  ## memory under steady load, for fifteen minutes
	@$(BIN)/python -m benchmarks.soak

check: lint  ## before each commit: lint, and the tests that start no service
	@$(BIN)/pytest -q -m "not services" -n 2

lint: $(READY)  ## format, lint, strict types, import rules, unused dependencies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/hadolint Dockerfile

# Helm and docker compose are built from their sources, once: .cache keeps them.
GO_TOOLS := .cache/go
HELM := $(GO_TOOLS)/helm-3.22.0
COMPOSE := $(GO_TOOLS)/docker-compose-5.6.0

charts: $(READY) $(HELM) $(COMPOSE)  ## the Helm chart and the compose files by their own tools; wants Go, and ten minutes the first time
	@$(BIN)/python -m deploy.check --helm $(HELM) --compose $(COMPOSE)

$(HELM):
	@command -v go >/dev/null || { echo "make charts builds Helm with Go (https://go.dev), which is not here" >&2; exit 2; }
	@mkdir -p $(@D)
	@GOBIN=$(abspath $(@D)) go install helm.sh/helm/v3/cmd/helm@v3.22.0
	@mv $(@D)/helm $@

# Its module says `exclude`, so `go install` does not take it: it is fetched, copied and built.
$(COMPOSE):
	@command -v go >/dev/null || { echo "make charts builds docker compose with Go (https://go.dev), which is not here" >&2; exit 2; }
	@mkdir -p $(@D)
	@go mod download -json github.com/docker/compose/v5@v5.6.0 > $@.json
	@rm -rf $@.source && cp -r "$$($(PYTHON) -c 'import json, sys; print(json.load(open(sys.argv[1]))["Dir"])' $@.json)" $@.source
	@chmod -R u+w $@.source && cd $@.source && go build -o ../$(@F) ./cmd
	@rm -rf $@.source $@.json

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The lock holds hashes and no addresses. uv is taken from the same lock, by pip, and then installs the rest.
$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "meterstream needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@grep -A 40 '^uv==' requirements/dev.lock | awk 'NR>1 && /^[a-z]/ {exit} {print}' > $(VENV)/uv.lock.txt
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements/dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

lock:  ## resolve again and write the locks
	@$(COMPILE) pyproject.toml -o requirements/runtime.lock
	@$(COMPILE) --group build -o requirements/build.lock
	@$(COMPILE) pyproject.toml --group local --group dev -c requirements/runtime.lock -o requirements/dev.lock
	@echo cyclonedx-bom | $(COMPILE) - -c requirements/dev.lock -o requirements/sbom.lock

audit: $(READY)  ## what ships against the published advisories; needs a network, so it is not part of `make test`
	@$(BIN)/uv tool run pip-audit --disable-pip --require-hashes -r requirements/runtime.lock

clean:
	rm -rf $(VENV) .cache .run
