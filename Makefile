# Andiron's commands. `make` lists them; each sets up what it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help
help: ## List these commands
	@printf 'Andiron, the self-hosted home for Logfire and OpenTelemetry\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make .venv with everything that running and testing need

$(READY): requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'Python is missing. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv), or name one: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Andiron needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo 'Python is here, but its venv module is not. Debian, Ubuntu: apt install python3-venv'; exit 1; }
	@echo 'Setting up .venv. The first time this fetches about 400 MB of packages (the database engine is half of it).'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo 'Installing the locked packages, each checked against its hash ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@echo 'Installing Andiron itself, so that edits take effect at once ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
	@echo 'Ready: .venv/bin/andiron'

.PHONY: run
run: $(READY) ## Start the server: HTTP on 127.0.0.1:4318, gRPC on 4317, data in ./andiron-data
	@exec $(BIN)/andiron serve $(ARGS)

.PHONY: test
test: $(READY) ## Run every test, with coverage (ARGS='-k journal' narrows it)
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

.PHONY: check
check: lint ## What to run before a commit: lint, types, layers and the fast tests
	$(BIN)/python -m pytest -m 'not slow and not crash' -n 2 $(ARGS)

.PHONY: lint
lint: $(READY) ## Lint, formatting, strict types, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(READY) ## Put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(READY) ## Run the benchmarks, one after the other
	@for name in ingest freshness query storage peers asgi caller encode redaction jsonlog startup spool outage; do echo "== bench.$$name"; $(BIN)/python -m bench.$$name; done

.PHONY: docs
docs: $(READY) ## Write the generated pages and the forms of the rules of redaction anew
	$(BIN)/python scripts/traceability.py
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/redaction.py

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew into the two lock files
	$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --extra server --extra memory --extra dev \
		--output-file requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --constraint requirements-dev.lock --extra server \
		--output-file requirements.lock pyproject.toml

# For every platform and Python at once, with hashes; uv writes no index and no path unless asked to.
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: clean
clean: ## Remove .venv and what tools left behind; data stays
	rm -rf .venv .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
