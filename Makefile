.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: help demo test lint types contract check-generated generate tests quality scale clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## Add photos to a service, and find them again by edited copies
	@$(RUN)/python scripts/demo.py

test: lint types contract check-generated tests ## Run every check: this is what must pass

lint: $(VENV)/installed ## Check style
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(VENV)/installed ## Check types
	$(RUN)/mypy

contract: $(VENV)/installed ## Check that the contract is valid OpenAPI
	$(RUN)/openapi-spec-validator spec/visualsnoop-v1.yaml
	scripts/lint-contract

check-generated: $(VENV)/installed ## Check that generated/ is what the contract says
	$(RUN)/python scripts/generate.py --check

generate: $(VENV)/installed ## Make generated/ from the contract
	$(RUN)/python scripts/generate.py

tests: $(VENV)/installed ## Run the tests
	$(RUN)/pytest

quality: $(VENV)/installed ## Measure how well edited copies are found
	$(RUN)/python scripts/quality.py

scale: $(VENV)/installed ## Measure how searches grow, up to a million images: takes half an hour
	$(RUN)/python scripts/scale.py

clean: ## Remove what the targets have made
	rm -rf $(VENV)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --upgrade pip
	$(RUN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
