# Andiron's commands. `make` lists them; each sets up what it needs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

APP := web/app
MODULES := $(APP)/node_modules/.package-lock.json
PAGES := src/andiron/server/pages/dist/index.html
# Folders too: one changes when a file in it comes or goes.
SOURCES := $(filter-out %.test.ts %.test.tsx,$(shell find $(APP)/src $(APP)/public $(APP)/index.html $(APP)/vite.config.ts $(APP)/package.json 2>/dev/null))

.PHONY: help
help: ## List these commands
	@printf 'Andiron, the self-hosted home for Logfire and OpenTelemetry\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) pages-if-possible ## Make .venv with everything that running and testing need, and build the pages

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

.PHONY: pages
pages: $(PAGES) ## Build the web pages into the Python package (Node.js)
	@echo 'The pages are built: $(dir $(PAGES))'

$(PAGES): $(MODULES) $(SOURCES)
	@echo 'Building the pages from $(APP) into $(@D) ...'
	@cd $(APP) && npm run --silent build -- --logLevel warn
	@touch $@

$(MODULES): $(APP)/package-lock.json
	@$(NEEDS_NODE)
	@echo 'Installing the locked packages of the pages into $(APP)/node_modules (about 200 MB, fetched once) ...'
	@cd $(APP) && npm ci --no-audit --no-fund --loglevel error
	@touch $@

# What Vite and Vitest run on.
define NEEDS_NODE
hint='Debian 13 or newer: apt install nodejs npm. Elsewhere: https://nodejs.org/en/download'; \
command -v node >/dev/null || { echo "The pages need Node.js 20.19 or newer to be built, and there is no \`node\` here. $$hint"; exit 1; }; \
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' \
	|| { echo "The pages need Node.js 20.19, 22.12 or newer to be built; this is $$(node --version). $$hint"; exit 1; }; \
command -v npm >/dev/null || { echo "Node.js is here, but its \`npm\` is not. Debian: apt install npm. Elsewhere: https://nodejs.org/en/download"; exit 1; }
endef

.PHONY: pages-if-possible
pages-if-possible:
	@$(MAKE) --no-print-directory pages \
		|| echo 'So the pages are not built, or as they were. The server runs all the same: it takes telemetry and answers in SQL.'

.PHONY: chromium
chromium: ## Find a Chromium for the tests of the pages (ANDIRON_CHROMIUM names one), or install Debian's
	@$(NEEDS_CHROMIUM)

define NEEDS_CHROMIUM
if [ -n "$${ANDIRON_SKIP_BROWSER:-}" ]; then echo 'ANDIRON_SKIP_BROWSER is set: the tests in a browser are left out.'; exit 0; fi; \
for name in $${ANDIRON_CHROMIUM:-chromium chromium-browser google-chrome google-chrome-stable}; do \
	if found=$$(command -v "$$name"); then echo "Chromium: $$found"; exit 0; fi; done; \
if [ -n "$${ANDIRON_CHROMIUM:-}" ]; then echo "ANDIRON_CHROMIUM names $$ANDIRON_CHROMIUM, and that is no program."; exit 1; fi; \
if ! command -v apt-get >/dev/null; then \
	echo 'The pages are tested in Chromium, and there is none here. Install Chromium or Chrome and name it: ANDIRON_CHROMIUM=/path/to/chromium. Without: ANDIRON_SKIP_BROWSER=1'; exit 1; fi; \
if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as='sudo -n'; else \
	echo 'The pages are tested in Chromium, and there is none here. Run: sudo apt-get install chromium. Without: ANDIRON_SKIP_BROWSER=1'; exit 1; fi; \
echo 'The pages are tested in Chromium, and there is none here. Installing it with apt-get ...'; \
$$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core
endef

.PHONY: prometheus
prometheus: ## Find Prometheus and promtool for the tests of dashboards and alerts, or unpack Debian's into .cache
	@$(NEEDS_PROMETHEUS)

define NEEDS_PROMETHEUS
into=.cache/prometheus; \
if command -v prometheus >/dev/null && found=$$(command -v promtool); then echo "Prometheus: $$found"; exit 0; fi; \
if [ -x $$into/usr/bin/prometheus ] && [ -x $$into/usr/bin/promtool ]; then echo "Prometheus: $$into/usr/bin"; exit 0; fi; \
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then \
	echo 'Dashboards and alerts are tested with Prometheus, and there is none here. Install it, so that `prometheus` and `promtool` are on the PATH.'; exit 1; fi; \
echo 'Dashboards and alerts are tested with Prometheus, and there is none here. Unpacking that of Debian into .cache (20 MB to fetch; nothing is installed) ...'; \
mkdir -p $$into && cd $$into && rm -f prometheus_*.deb; \
if ! apt-get download -qq prometheus 2>/dev/null; then \
	if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as='sudo -n'; else \
		echo 'It cannot be fetched. Run: sudo apt-get update, and once more; or: sudo apt-get install prometheus'; exit 1; fi; \
	$$as apt-get update -qq && apt-get download -qq prometheus; fi; \
dpkg -x prometheus_*.deb . && rm -f prometheus_*.deb && usr/bin/promtool --version | head -1
endef

.PHONY: run
run: $(READY) pages-if-possible ## Start the server: pages and HTTP on 127.0.0.1:4318, gRPC on 4317, data in ./andiron-data
	@exec $(BIN)/andiron serve $(ARGS)

.PHONY: demo
demo: $(READY) pages-if-possible ## Start Andiron, the reference application and a load on it, and say where to look
	@exec $(BIN)/python -m scripts.demo $(ARGS)

.PHONY: test
test: $(READY) $(if $(ARGS),pages-if-possible,pages chromium prometheus) ## Run every test, with coverage (ARGS='-k journal' narrows it, and leaves out Vitest)
	$(if $(ARGS),,cd $(APP) && npm test --silent)
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

.PHONY: check
check: lint ## What to run before a commit: lint, types, layers and the fast tests
	$(BIN)/python -m pytest -m 'not slow and not crash' -n 2 $(ARGS)

.PHONY: guard
guard: $(READY) pages chromium prometheus ## The regression guard: log tests, all tests, docs lint, spec guard; stops at the first that fails
	$(BIN)/python -m scripts.guard $(ARGS)

.PHONY: lint
lint: $(READY) $(MODULES) ## Lint, formatting, strict types, import layers; Python and TypeScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(APP) && npm run --silent check

.PHONY: format
format: $(READY) $(MODULES) ## Put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd $(APP) && npm run --silent format

.PHONY: bench
bench: $(READY) ## Run the benchmarks, one after the other
	@for name in ingest freshness query pages storage peers asgi caller operations encode redaction jsonlog startup spool outage; do echo "== bench.$$name"; $(BIN)/python -m bench.$$name; done

.PHONY: docs
docs: $(READY) ## Write the generated pages and the forms of the rules of redaction anew
	$(BIN)/python -m scripts.traceability
	$(BIN)/python -m scripts.reference
	$(BIN)/python -m scripts.redaction
	$(BIN)/python -m scripts.operations_reference
	$(BIN)/python -m scripts.dashboards

.PHONY: screenshots
screenshots: $(READY) pages chromium ## Take the README's pictures of the pages anew (ARGS='--all DIR' for every page, state, theme and width)
	$(BIN)/python scripts/screenshots.py $(ARGS)

.PHONY: wheel
wheel: $(READY) pages ## Build a wheel with the pages in it, into dist
	$(BIN)/python -m hatchling build --target wheel

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew into the two lock files
	$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --extra server --extra memory --extra dev \
		--output-file requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --constraint requirements-dev.lock --extra server \
		--output-file requirements.lock pyproject.toml

# For every platform and Python at once, with hashes; uv writes no index and no path unless asked to.
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: clean
clean: ## Remove .venv, the built pages and what tools left behind; data stays
	rm -rf $(APP)/node_modules $(dir $(PAGES)) .venv .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
