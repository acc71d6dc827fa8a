# Everything a newcomer needs: `make run` and `make test`. See README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
export UV_PYTHON_DOWNLOADS := never
# The machine's own certificates: many municipalities' networks have one of theirs in between.
export UV_SYSTEM_CERTS := true
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help

.PHONY: run install test pages lint image bench soak lock theme clean help setup

run: setup  ## set up, start the whole suite on the embedded database, print where to look
	@exec $(BIN)/idesluss up

install: $(UV)  ## set up what a server needs, without what only tests need; see docs/operations.md
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --require-hashes -r requirements-server.lock
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --no-deps -e .
	@echo "Installed $$($(BIN)/idesluss --version)"

# More than there are cores, since journeys wait more than they compute.
test: setup  ## set up, run all tests
	@$(BIN)/python -m tests.support.browser_setup
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

pages: setup  ## check every page and mail in every language, and save their pictures in screens/
	@$(BIN)/python -m tests.support.browser_setup
	IDESLUSS_SCREENS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser $(ARGS)

lint: setup  ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

image: setup  ## build the containers' image and run every service from it; see docs/containers.md
	deploy/build-image
	IDESLUSS_TEST_IMAGE=$(CURDIR)/build/image/root $(BIN)/python -m pytest tests/integration/deploy/test_stack.py $(ARGS)

bench: setup  ## measure, as ratios within one run; the table is in bench/README.md
	$(BIN)/python -m bench $(ARGS)

soak: setup  ## long fault runs: kills, stops and hostile mail under load
	$(BIN)/python -m pytest -s -m soak -o addopts="-ra --strict-markers" -o timeout=0 $(ARGS)

LOCKED := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11

lock: setup  ## write requirements.lock anew from pyproject.toml, and what a server needs of it
	$(LOCKED) --extra dev --upgrade -o requirements.lock pyproject.toml
	$(LOCKED) --no-annotate -c requirements.lock -o requirements-server.lock pyproject.toml

theme:  ## build the pages' styles and fonts anew (needs Node); the result is committed
	cd theme && npm ci && npm run build

clean:  ## remove what was installed and built; keeps var/, where your data are
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info screens bench/results

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  \1\t/'

setup: $(STAMP)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Idéslussen needs Python 3.11 or later; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing uv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@echo "Installing what is locked in requirements.lock"
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
