# Every target first makes the environment .venv what requirements.lock says: a moment when nothing changed,
# a few minutes the first time. KIT_PYTHON=/path/to/python chooses the Python to make it from.
# Arguments go through ARGS, as in: make run ARGS="--project chicago_taxi" or make test ARGS="-k doctor".
# JOBS test processes at once; a file's tests stay in one, where they share what they prepared. Tests that are marked
# `alone` have the machine for themselves. mypy, which takes a minute of one core the first time, runs beside them: what
# it finds is printed when it is found, and fails the whole at its end.

ARGS ?=
JOBS ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup lab run test bench doctor format lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## make or refresh the environment only
	@kit/setup/ensure.sh

# Jupyter refuses to run as root unless told; in a container there is often nobody else. It listens on localhost only.
lab: setup ## open JupyterLab on the notebooks
	@jupyter lab --FileContentsManager.preferred_dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

run: setup ## run the notebooks as a batch, from data to a pushed model
	@kit run $(ARGS)

test: setup ## all checks: ruff, mypy, pytest
	ruff check
	ruff format --check
	mypy & types=$$!; pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS); \
	    tests=$$?; wait $$types || { echo "mypy failed: what it found is above"; exit 1; }; exit $$tests

bench: setup ## measure the numbers that the kit promises
	@kit bench $(ARGS)

doctor: setup ## check this machine and the environment
	@kit doctor $(ARGS)

format: setup ## put the code into its form and mend what can be mended
	ruff format
	ruff check --fix

lock: ## refresh requirements.lock from pyproject.toml
	@kit/setup/ensure.sh lock

clean: ## remove the environment and all caches; workspace/ stays
	rm -rf .venv .setup .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find kit widgets tests sample_data -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
