# Each target brings what it needs: on a fresh Debian or Ubuntu with python3 and make, any of them is the only command.
# ARGS goes to pytest or exitgate:  make gate ARGS='--gate-control 3.2.B.2.1'
# PYTHON names the interpreter of the environment:  make setup PYTHON=python3.12

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ARGS ?=
LOCK_PYTHON ?= python3.11
export PYTHON
# Set, it has every process compile anew what all of them share.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(STAMP): pyproject.toml constraints.txt scripts/setup
	@bash scripts/setup $(VENV) constraints.txt
	@touch $@

.PHONY: setup
setup: $(STAMP) engine ## Make the virtual environment and see to a Docker engine

.PHONY: engine
engine:
	@bash scripts/engine-up

# make turns every failure into 2, so the status that says what happened stands in a line of its own.
.PHONY: gate
gate: setup ## Judge the reference by gate 3, a rehearsal and said to be one
	@status=0; $(BIN)/pytest gates/gate3 --gate-rehearsal $(ARGS) || status=$$?; \
	echo "make gate: pytest exited with $$status"; \
	exit $$status

.PHONY: test
test: setup ## Run exitgate's own tests
	@$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

# Its own tests, on servers that are thrown away, and its images, as the gate builds them: 3 says that they build, and that whether
# they build the same again is not assessed.
.PHONY: reference
reference: setup ## Install, lint, type-check, test and build the reference system, images and infrastructure included
	@cd reference && npm ci --ignore-scripts && ../$(BIN)/exitgate backing --set TEST_DATABASE_URL=postgres \
	  --set TEST_RABBITMQ_URL=rabbitmq --set TEST_REDIS_URL=redis -- npm run all
	@cd reference && if command -v chromium google-chrome >/dev/null; then \
	  ../$(BIN)/exitgate backing --set ORDERS_DATABASE_URL=postgres/orders --set CATALOG_DATABASE_URL=postgres/catalog \
	    --set RABBITMQ_URL=rabbitmq --set REDIS_URL=redis -- npm run system; \
	else echo "make reference: neither chromium nor google-chrome is here, so the shop is not visited by a browser"; fi
	@$(BIN)/exitgate run gate3 --gate-target reference --gate-report reports/reference --control 3.2.C.1 \
	  --without 3.2.C.1:reproducible || [ $$? -eq 3 ]
	@bash scripts/check-infra

.PHONY: prove
prove: setup ## Inject every fault and show that its control turns red
	@$(BIN)/exitgate prove gate3 $(ARGS)

.PHONY: lint
lint: $(STAMP) ## Check rules and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: types
types: $(STAMP) ## Check types
	@$(BIN)/mypy

.PHONY: packaging
packaging: $(STAMP) ## Build the distributions and run the wheel away from the checkout
	@$(BIN)/tox run -e packaging

# By the oldest Python that is supported, so that every version it chooses runs on all of them.
.PHONY: lock
lock: ## Choose the newest versions of everything and write constraints.txt
	@PYTHON=$(LOCK_PYTHON) bash scripts/setup .venv-lock /dev/null
	@{ \
	  echo '# Exact versions for our own runs. Renew with `make lock`; the ranges that users get stand in pyproject.toml.'; \
	  .venv-lock/bin/python -m pip --disable-pip-version-check freeze --all --exclude-editable --exclude pip --local; \
	} > .venv-lock/constraints.txt
	@mv .venv-lock/constraints.txt constraints.txt
	@rm -rf .venv-lock

.PHONY: clean
clean: ## Remove the environment, caches, builds and reports
	rm -rf $(VENV) .venv-lock .tox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info reports/gate3 reports/reference
	find src gates fixtures tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
