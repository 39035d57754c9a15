# `make up` and `make test` do all the set-up that they need; `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# A name on PATH may be a shim that starts nothing: only one that answers counts.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' >/dev/null 2>&1 \
	&& { echo "$$name"; break; }; done)
WORKERS ?= 2
PYTEST_ARGUMENTS ?=

BIN := .venv/bin
LOCKED := .venv/.locked
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help up test check torture bench docs format lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 16

up: $(READY) ## start ledger, demonstration town, API and board on http://127.0.0.1:8000
	@exec $(BIN)/mingzhang up

test: $(READY) ## run the tests against real PostgreSQLs, in two processes (WORKERS=0: in one)
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGUMENTS)

check: $(READY) ## everything that CI runs: ruff, mypy, the import contract, the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test

torture: $(READY) ## the long tests at their full counts, half an hour; writes docs/torture.md
	MINGZHANG_TORTURE=full $(BIN)/python -m pytest -m torture --timeout=14400 \
		--hypothesis-seed=$${MINGZHANG_TORTURE_SEED:-20260301} $(PYTEST_ARGUMENTS)

bench: $(READY) ## measure, and write the table and the plot to benchmarks/
	$(BIN)/python -m benchmarks

docs: $(READY) ## write docs/events.md and docs/cli.md anew from the code
	$(BIN)/python -m docs.generator

format: $(READY) ## put the code into its form and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve requirements.lock anew (needs uv); UPGRADE=1 takes the newest versions
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--extra dev --extra bench \
		$(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock

clean: ## remove .venv and caches; the ledger's data stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(LOCKED): requirements.lock
	@test -n "$(PYTHON)" || { \
		echo "Mingzhang needs Python 3.11, 3.12, 3.13 or 3.14, and none was found on PATH." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up .venv from requirements.lock (a minute or so) ..."
	@"$(PYTHON)" -m venv --clear .venv || { \
		echo "$(PYTHON) cannot make a virtual environment." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
