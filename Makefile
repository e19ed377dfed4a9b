# Everything that is done with this checkout. `make` lists it.
PYTHON ?= python3
# One more than the cores of a small machine: many tests wait for a screen or a socket.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin

# The first pytest compiles the tests (their asserts are rewritten, which takes long), the others find them compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo web check test lint format bench screenshots snapshots clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: $(VENV)/.run ## set up, then open the screen with a listener on http://127.0.0.1:8585
	@$(BIN)/inspector

demo: $(VENV)/.run ## set up, then show sample events in a throw-away store
	@$(BIN)/inspector --demo

web: $(VENV)/.web ## set up, then serve the screen to a browser on this machine
	@$(BIN)/inspector web

check: lint test ## everything CI runs: linter, formatter, types, tests

test: $(VENV)/.dev ## set up, then run the tests, some minutes
	$(BIN)/python -m pytest -m alone
	$(BIN)/python -m pytest -m "not alone" --numprocesses $(WORKERS) --dist worksteal

lint: $(VENV)/.dev ## linter, formatter check, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench ## run the benchmarks of benchmarks/README.md; needs wrk
	$(BIN)/python benchmarks/capture.py
	$(BIN)/python benchmarks/screen.py
	$(BIN)/python benchmarks/gaps.py
	$(BIN)/python benchmarks/needle.py
	$(BIN)/python benchmarks/shapes.py
	$(BIN)/python benchmarks/start.py

screenshots: $(VENV)/.dev ## make the pictures in docs/; needs chromium
	$(BIN)/python docs/screenshots.py

snapshots: $(VENV)/.dev ## write the text snapshots of the screens anew
	UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest tests/tui/test_snapshots.py

clean: ## remove the virtual environment and what tools leave behind
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench-cache dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is older. Use: make PYTHON=/path/to/python3.11 …" >&2; exit 2; }
	@echo "Setting up $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.web: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[web]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@
