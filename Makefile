# Targets that need the environment first bring .venv in line with requirements.lock: a moment if nothing has changed,
# a few minutes the first time. KIT_PYTHON=/path/to/python chooses the Python to make it from.
# Pass arguments in ARGS, as in: make run ARGS="--project chicago_taxi" or make test ARGS="-k doctor".
# `make test` runs JOBS test processes at once; the tests of a file stay in one process, where they share what they
# prepare, and tests marked `alone` have the machine to themselves. mypy, which takes a minute of one core the first
# time, runs beside them: it prints what it finds at once, and fails the target at the end.

ARGS ?=
JOBS ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup lab run test bench doctor format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## create or update the environment
	@kit/setup/ensure.sh

# Jupyter refuses to run as root unless told; in a container there is often nobody else. It listens on localhost only.
lab: setup ## open the notebooks in JupyterLab
	@jupyter lab --FileContentsManager.preferred_dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

run: setup ## run the notebooks as a batch, from data to a pushed model
	@kit run $(ARGS)

test: setup ## run all checks: ruff, mypy, pytest
	ruff check
	ruff format --check
	mypy & types=$$!; pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS); \
	    tests=$$?; wait $$types || { echo "mypy failed: what it found is above"; exit 1; }; exit $$tests

bench: setup ## measure the kit against its targets and stock TFX
	@kit bench $(ARGS)

doctor: setup ## check this machine and the environment
	@kit doctor $(ARGS)

format: setup ## format the code, and fix what ruff can fix
	ruff format
	ruff check --fix

lock: ## update requirements.lock from pyproject.toml
	@kit/setup/ensure.sh lock

clean: ## remove the environment and all caches, but keep workspace/
	rm -rf .venv .setup .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find kit widgets tests sample_data -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
