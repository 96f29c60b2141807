# Every target below works on a fresh machine: Python >= 3.11, make, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
PORT ?= 8100
# The running system that a target speaks to: the only one, unless DATA names its directory. The shell reads it from the
# environment, so that it may have any name.
export DATA
WHICH = $(if $(DATA),--data-dir="$$DATA")
SCALE ?= 1
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
IMAGES := secrets orchestrator-migrate notification-migrate acknowledgement-migrate
PACKAGES := shared-lib orchestrator-service notification-service acknowledgement-service
SOURCES := $(PACKAGES:%=%/src) deploy
FAST ?= acknowledgement
FAST_TESTS = $(PACKAGES:%=%/tests/unit) $(FAST)-service/tests/integration
STAMP := $(VENV)/installed
INTEROP := .interop

.DEFAULT_GOAL := help
.PHONY: help install run demo token cli test-fast images test-containers faults bench lint format test audit openapi variables
.PHONY: alerts lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

install: $(STAMP) ## Make .venv from the hash-locked requirements (quick and silent when nothing changed)

$(STAMP): deploy/requirements/dev.lock $(PACKAGES:%=%/pyproject.toml)
	@echo "Installing into $(VENV) (about a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@

run: install ## Run the whole system on this machine until Ctrl-C
	@exec $(BIN)/python deploy/local/stack.py --data-dir="$${DATA:-.stack}" --port-base="$(PORT)"

demo: install ## Call every operation of the running system, and show the mails
	@exec $(BIN)/python deploy/local/demo.py $(WHICH)

token: install ## Mint a token: make token ROLE=coordinator SUB=coord_9f8e7d6c ORG=nhf
	@exec $(BIN)/python deploy/local/mint_token.py $(WHICH) --role="$(ROLE)" --sub="$(SUB)" --org="$(ORG)"

cli: install ## A command of a service of the running system: make cli SERVICE=orchestrator ARGS="directory import FILE"
	@exec $(BIN)/python deploy/local/service_command.py $(WHICH) $(SERVICE) $(ARGS)

lint: install ## ruff, bandit, mypy --strict, the import rules, the size of modules and the words in names
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(SOURCES)
	@$(BIN)/mypy
	@MYPYPATH=deploy/local $(BIN)/mypy deploy/local/*.py deploy/local/embedded_postgres/*.py
	@MYPYPATH=deploy $(BIN)/mypy deploy/checks/*.py
	@MYPYPATH=deploy/local $(BIN)/mypy deploy/compose/*.py
	@MYPYPATH=deploy/local:deploy/system-tests $(BIN)/mypy deploy/system-tests/containers/[!t]*.py
	@MYPYPATH=deploy/local:deploy/system-tests $(BIN)/mypy deploy/system-tests/faults/*.py deploy/system-tests/faults/drills/*.py
	@MYPYPATH=deploy/local:deploy $(BIN)/mypy deploy/bench/*.py deploy/bench/rows/*.py
	@$(BIN)/lint-imports --no-cache
	@PYTHONPATH=deploy $(BIN)/python -m checks

format: install ## Format the code with ruff
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test: install ## All tests: unit, integration, contract and system
	@$(BIN)/python -m pytest

test-fast: install ## The tests to run while editing: all unit tests and one service's integration (FAST=notification), under a minute
	@$(BIN)/python -m pytest -m "not slow" $(FAST_TESTS)

images: ## Build the images of the three services, and the one for trying them out
	@$(COMPOSE) build $(IMAGES)

test-containers: install images ## The system in containers: contract, gateway, isolation, replacing, three relays, a restart
	@TESTCONTAINERS_RYUK_DISABLED=true GATEWAY=nginx $(BIN)/python -m pytest deploy/local/tests/test_gateway.py
	@TESTCONTAINERS_RYUK_DISABLED=true SYSTEM=containers $(BIN)/python -m pytest \
	  deploy/system-tests/test_contract.py deploy/system-tests/test_roles.py deploy/system-tests/containers

faults: install ## Fault drills of the whole system, with their figures (long; shorter: SCALE=0.05 DRILLS="kills locks")
	@PYTHONPATH=deploy/system-tests:deploy/local $(BIN)/python -m faults --scale $(SCALE) $(DRILLS)

bench: install ## Measure the system against its floors, under ten minutes (some of it: PARTS="posting chain"; JSON=FILE)
	@PYTHONPATH=deploy:deploy/local $(BIN)/python -m bench $(if $(JSON),--json $(JSON)) $(PARTS)

.PHONY: test-fuzz
test-fuzz: install ## schemathesis at every operation as every role: EXAMPLES=300 SEEDS="1 2" ROLES="coordinator anybody"
	@PYTHONPATH=deploy:deploy/local:deploy/system-tests $(BIN)/python -m fuzz $(if $(EXAMPLES),--examples $(EXAMPLES)) \
	  $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ROLES),--roles $(ROLES))

.PHONY: test-interop
test-interop: $(INTEROP)/installed ## Log in at a real OpenID provider and call the orchestrator (installs node and the provider in .interop)
	@$(BIN)/python -m pytest deploy/interop

$(INTEROP)/installed: $(STAMP) deploy/requirements/interop.lock deploy/interop/package-lock.json deploy/interop/provider.mjs
	@echo "Installing an OpenID provider into $(INTEROP) ..."
	@deploy/interop/install.sh $(abspath $(INTEROP)) $(abspath $(BIN)/python)

audit: install ## Known vulnerabilities of the locked dependencies; reports when it could not look them up
	@exec $(BIN)/python deploy/requirements/audit.py

openapi: install ## Write each service's contract/openapi.json anew
	@for service in orchestrator notification acknowledgement; do \
	  $(BIN)/python -m $${service}_service openapi > $$service-service/contract/openapi.json || exit 1; done

variables: install ## Write the table of variables in deploy/README.md anew
	@$(BIN)/python deploy/variables.py

alerts: ## Check and test the alert rules (needs promtool, which Debian has in its package prometheus)
	@promtool check rules deploy/observability/alerts.yml
	@promtool test rules deploy/observability/alerts_test.yml

lock: install ## Look up current releases and lock them with their hashes
	@cd deploy/requirements && for set in runtime tracing trial build dev interop; do \
	  ../../$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --custom-compile-command "make lock" $$set.in -o $$set.lock || exit 1; done

clean: ## Remove the virtual environment and the data of make run
	@rm -rf $(VENV) $(INTEROP) .stack
	@if [ -e "$$DATA/stack.lock" ]; then rm -rf -- "$$DATA"; \
	  elif [ -n "$$DATA" ] && [ -e "$$DATA" ]; then echo "$$DATA holds no system of make run: it stays." >&2; exit 1; fi
