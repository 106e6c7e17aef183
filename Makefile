# Everything starts here: `make demo` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY  := $(VENV)/.ready

# Hundreds of processes start in a suite: what the first has compiled, the others read.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick system-packages lint format coverage mutants bench bench-baseline bench-check bench-demonstrate bench-dashboard accuracy faults pictures lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Most modules of the packages are never imported: those that are, are compiled then.
$(INSTALLED): requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --clear --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(PYTHON) -m venv --clear $(VENV) && \
	  $(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

$(READY): $(INSTALLED)
	@$(BIN)/python -m engine.kernels
	@touch $@

setup: $(READY)  ## The command in .venv, for tables of your own

demo: $(READY)  ## A simulated chain, a full night, a scorecard
	@$(BIN)/darkshelf demo --out data/demo

system-packages:
	@bash tests/system_packages.sh

test: $(READY) system-packages  ## The whole suite, slow tests included
	@$(BIN)/python -m pytest -n auto --dist worksteal

test-quick: $(READY)  ## The suite without the tests marked slow
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

lint: $(INSTALLED)  ## Style, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(INSTALLED)  ## Rewrite the code in the house style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

coverage: $(READY)  ## Branch coverage of the engine, the command and the dashboard by the tests that are not slow
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" --cov --cov-report=term-missing:skip-covered

mutants: $(READY)  ## Change the decisive modules, a line at a time: does a test fail? (10 minutes)
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

bench: $(READY)  ## Time kernels, stages and a whole night
	@$(BIN)/python -m pytest bench --benchmark-only --benchmark-columns=min,median,stddev,rounds

bench-baseline: $(READY)  ## Measure everything anew, write the baseline and its page (a quiet machine, 40 minutes)
	@$(BIN)/python -m bench.speed.baseline
	@$(BIN)/python -m bench.speed.report

bench-check: $(READY)  ## Measure the ratios again; fails when one is worse than its baseline
	@$(BIN)/python -m bench.speed.check

bench-demonstrate: $(READY)  ## Show that the gate lets an unslowed night pass and stops one slowed by 30%
	@$(BIN)/python -m bench.speed.demonstrate

bench-dashboard: $(READY)  ## Measure the dashboard in a real browser and write its page (a quiet machine, 20 minutes)
	@$(BIN)/python -m bench.dashboard.measure
	@$(BIN)/python -m bench.dashboard.report

pictures: demo system-packages  ## Every page of the dashboard as a picture, for docs/ (a browser, 10 minutes)
	@test -e data/smoke/LATEST || $(BIN)/darkshelf whitespace smoke --out data/smoke
	@$(BIN)/python docs/images/pictures.py

accuracy: $(READY)  ## Measure how right the nights are and write the page (ten minutes)
	@$(BIN)/python -m bench.accuracy.measure
	@$(BIN)/python -m bench.accuracy.report

faults: $(READY)  ## Run a night with every data fault, by the command, and write the page (ten minutes)
	@$(BIN)/python -m bench.faults

lock: $(READY)  ## Resolve the dependencies anew (needs uv)
	@uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 -o requirements.lock

clean:  ## Remove the environment and every cache
	@rm -rf $(VENV) mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .benchmarks build dist
