# People and CI use the same words: up, down, test, check, fix, bench, clean.
# Needs Python 3.11 or newer, make, and a package registry; everything else is installed below this folder.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TOOLS := .uv
UV := $(TOOLS)/bin/uv
UV_VERSION := 0.13.0
MEMBERS := contracts chassis services/intake services/routing services/deadlines services/reporting deploy/embedded
SETUP := $(VENV)/.set-up
NODE := tests/node
NODE_SETUP := $(NODE)/node_modules/.installed

# A closed network has its own certificates, and no interpreter to download.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export UV_NO_PROGRESS := 1

# Images of Python often forbid it to keep bytecode: each command and service that a test starts would compile all that
# it imports again, which takes longer than what it does.
unexport PYTHONDONTWRITEBYTECODE

PYTEST ?= $(BIN)/pytest
# Tests wait more than they work, for servers that start and stop: two workers a core, each with servers of its own.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? 2 * n : 8)))
PARALLEL ?= -n $(WORKERS) --dist loadfile --no-loadscope-reorder
ARGS ?=
# Servers sync each write, which tests of processes need no disk for: files in memory, where 8 GiB of it are free.
IN_MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8 * 1024 * 1024 { print "/dev/shm" }')
TEST := $(if $(IN_MEMORY),TMPDIR=$${TMPDIR:-$(IN_MEMORY)} )$(PYTEST)

.PHONY: help setup node up down test quick check fix bench simulate chaos lock image audit clean
.DEFAULT_GOAL := help

help: ## Show these words.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(SETUP) ## Install everything that CLIC and its tests need, into .venv.

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "CLIC needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`. Name another: make setup PYTHON=python3.13" >&2; exit 2; }
	@$(PYTHON) -m venv $(TOOLS) || \
	  { rm -rf $(TOOLS); echo "$(PYTHON) cannot make environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || \
	  { rm -rf $(TOOLS); echo "uv could not be installed: is a package registry reachable? pip says why above." >&2; exit 2; }

$(SETUP): requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml) | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@echo "Installing what requirements.lock names …"
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=--editable ./%)
	@touch $@

$(NODE_SETUP): $(NODE)/package.json $(NODE)/package-lock.json $(NODE)/.npmrc
	@echo "Installing what $(NODE)/package-lock.json names …"
	@npm ci --prefer-offline --no-progress --silent --prefix $(NODE)
	@touch $@

node: $(NODE_SETUP) ## Install what the tests need from npm; tests that find none of it skip, with the reason.

up: $(SETUP) ## Start CLIC on this machine: NATS, PostgreSQL, four services, a sample quarter. Ctrl-C stops it.
	@$(BIN)/clic up $(ARGS)

down: $(SETUP) ## Stop what `clic up --detach` started.
	@$(BIN)/clic down $(ARGS)

test: $(SETUP) ## Run every test, on real NATS and PostgreSQL, on all cores. PARALLEL= runs them one by one.
	$(TEST) $(PARALLEL) $(ARGS)

quick: $(SETUP) ## The inner loop: the gates, and the tests that need no server.
	@$(MAKE) --no-print-directory check
	$(TEST) -q $(PARALLEL) tests/contracts tests/intake/core tests/routing/core tests/deadlines/core tests/reporting/core $(ARGS)

check: $(SETUP) ## The gates: style, types, import rules, drift and compatibility of the contracts, the town.
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m clic_contracts check
	$(BIN)/clic town check deploy/towns/mont-saint-hilaire

audit: $(SETUP) ## Known vulnerabilities of what is installed, and secrets in what git knows.
	$(BIN)/python -m tests.security.audit $(ARGS)
	$(BIN)/python -m tests.security.secret

fix: $(SETUP) ## Mend what a machine can mend.
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .
	$(BIN)/python -m clic_contracts generate
	@test ! -e $(NODE_SETUP) || node $(NODE)/types.mjs contracts/asyncapi.json contracts/typescript/index.d.ts
	$(BIN)/python -m tests.clauses

bench: $(SETUP) ## Measure; ONLY=NAME runs one. Writes bench/results.json.
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

simulate: $(SETUP) ## Simulate years of a town: SEEDS=100 REQUESTS=50, or one again: SEED=123.
	$(BIN)/python -m tests.simulation --requests $(or $(REQUESTS),50) $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100)) $(ARGS)

chaos: $(SETUP) ## Lose servers, links, disks and processes under load: MINUTES=10 SEED=1.
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1) $(ARGS)

lock: $(UV) ## Make requirements.lock anew from the members' dependencies.
	@$(UV) lock --quiet --upgrade
	@$(UV) export --quiet --frozen --all-packages --all-extras --no-emit-workspace --no-header --format requirements-txt --output-file requirements.lock
	@for each in intake routing deadlines reporting ops; do \
	  $(UV) export --quiet --frozen --package clic$$(test $$each = ops || echo -$$each) --no-dev --no-emit-workspace --no-header \
	    --format requirements-txt --output-file deploy/image/$$each.lock; \
	done
	@printf 'uv==$(UV_VERSION)\nhatchling\n' | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --constraint requirements.lock - --output-file deploy/image/tools.lock

image: $(SETUP) ## Build the images by docker or buildah, and their bills of materials: SERVICE=intake for one.
	@deploy/image/build.sh $(SERVICE)
	@$(BIN)/python deploy/image/sbom.py dist/sbom $(SERVICE)

clean: ## Remove what setup and tools made. A town's state (.clic) stays.
	rm -rf $(VENV) $(TOOLS) $(NODE)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
