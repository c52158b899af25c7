# The whole menu. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MODULES := node_modules/.package-lock.json
UI := src/ownclimate/apidocs/static/swagger-ui

.DEFAULT_GOAL := help
.PHONY: help setup run test check format bench docs browser clean

help: ## show this menu
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) $(UI)/LICENSE ## create .venv and install the pinned, hash-checked dependencies

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The API pages are whole without it, only not interactive; so neither npm nor its network is required.
$(UI)/LICENSE: package-lock.json
	@if command -v npm >/dev/null && $(MAKE) --no-print-directory $(MODULES); then \
	  mkdir -p $(UI) && cd node_modules/swagger-ui-dist && \
	  cp LICENSE NOTICE swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt ../../$(UI)/ && \
	  touch ../../$@; \
	else echo "without npm the API pages are not interactive"; fi

run: setup ## serve a demo on 127.0.0.1:8080
	$(BIN)/ownclimate serve --demo

test: setup ## run the tests (TEST_FULL=1 runs the long ones in full)
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup ## format, lint, types, import rules
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## rewrite the source as `check` wants it
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

bench: setup ## measure the hot paths, each beside a baseline
	$(BIN)/python -m tests.bench

docs: setup ## write docs/openapi-*.json and docs/configuration.md from the code
	$(BIN)/python -m ownclimate.cli docs docs

browser: setup $(MODULES) ## browser tests, with Debian's chromium; screenshots go to /tmp
	OWNCLIMATE_BROWSER_TESTS=1 $(BIN)/python -m pytest tests/browser

$(MODULES): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

clean: ## remove what setup made
	rm -rf $(VENV) node_modules $(UI) src/*.egg-info
