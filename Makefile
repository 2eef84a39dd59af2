# Every target works as the only command typed on a fresh Debian 12 with python3 (3.11 or newer) and make.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3

# Dozens of short programs start in demo and tests; each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo serve test test-long lint bench constraints clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Install Ringcast and what it needs into .venv

demo: $(VENV)/.ready ## Place 30 real SIP calls to simulated telephones and show what they heard
	@$(BIN)/ringcast demo

serve: $(VENV)/.ready ## Run the server with the settings of ringcast.toml and the environment
	@$(BIN)/ringcast serve

lint: $(VENV)/.ready-dev ## Formatting, lint, types and import contracts
	@$(BIN)/ruff format --check src tests bench
	@$(BIN)/ruff check src tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: $(VENV)/.ready-dev lint ## Everything CI checks
	@sh scripts/system-packages.sh
	@$(BIN)/python scripts/test.py

test-long: $(VENV)/.ready-dev ## The tests that take minutes
	@sh scripts/system-packages.sh
	@$(BIN)/python -m pytest -m long

bench: $(VENV)/.ready-dev ## Measure the figures of docs/performance.md
	@sh scripts/system-packages.sh
	@$(BIN)/python -m bench

constraints: $(VENV)/.ready-dev ## Pin the newest versions that satisfy pyproject.toml
	@sh scripts/pin.sh

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*

$(VENV)/.ready: constraints.txt pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(PYTHON) $(VENV) constraints.txt
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready constraints-dev.txt
	@sh scripts/setup.sh $(PYTHON) $(VENV) constraints-dev.txt
	@touch $@
