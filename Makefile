# make run: sedo on this machine.  make test: install, then every check.  make help: the rest.

SEDO_HOME ?= .sedo
PORT ?= 8000
PYTHON ?= python3
export SEDO_HOME PORT

ifdef AUTH
export AUTH
endif

APP := $(SEDO_HOME)/app
# A Python that is asked for, and is not that of the environment that is there, has one beside it.
ifneq ($(origin PYTHON),file)
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
ASKED := $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null)
ifneq ($(filter-out $(ASKED),$(shell $(APP)/bin/python -c '$(VERSION)' 2>/dev/null)),)
APP := $(SEDO_HOME)/app-$(ASKED)
endif
endif
REDOCLY := $(SEDO_HOME)/redocly
MINISTACK := $(SEDO_HOME)/ministack
AUDIT := $(SEDO_HOME)/audit
WHEELS := $(SEDO_HOME)/wheels
CONSOLE := ui/node_modules
PY := $(APP)/bin/python
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
NPM := PATH="$(abspath $(APP))/bin:$$PATH" npm
LOCK := $(APP)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras \
  --no-emit-package pip --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run ui ui-check token package release deploy undeploy doctor reindex test check bench flame golden rehearse-upgrade soak mutants format docs lock audit install ministack clean

help:
	@echo "make run      start sedo on http://127.0.0.1:$(PORT) (PORT, SEDO_HOME and PYTHON can be set)"
	@echo "              (AUTH=keys and AUTH=jwt ask callers who they are)"
	@echo "make ui       build the console, the page for people, into chalicelib/ui; make run does so, too"
	@echo "make token    make a key for it: ROLE=admin TENANT=123, or with AUTH=jwt SUBJECT=ada a token"
	@echo "make package  make what is deployed in the folder FOLDER: STAGE=prod FOLDER=package PYTHON=python3.12"
	@echo "make release  bring that to your account as a stack: STAGE=prod FOLDER=package BUCKET=my-bucket SET='Workers=50 LogDays=90'"
	@echo "              (IMPORT=yes: a new stack takes over the tables of the stage that are there)"
	@echo "make deploy   deploy a stage the quick way, without a stack: STAGE=dev;  make undeploy asks, takes it away, and leaves the data"
	@echo "make doctor   read the tables of a stage, and say what does not hold: STAGE=prod; REPAIR=wake,index,waits or all mends it"
	@echo "              (STAGE=local: what make run runs)"
	@echo "              (MORE='--units 50 --state doctor.json --restored --json' can be set; MORE=--help tells the rest)"
	@echo "make reindex  read the tables of a stage again into a new index, compare, and let it be read: STAGE=prod"
	@echo "make test     install what the checks need, then run them all"
	@echo "make check    run them all: format, lint, types, layers, dependencies, dead code, tests"
	@echo "make bench    measure what a step costs and how fast it is, in a few minutes"
	@echo "make flame    draw where the time of the processor goes: docs/flame.svg"
	@echo "make golden   record a stage in today's formats, for every later release to read"
	@echo "make rehearse-upgrade   upgrade the stack of an older commit to this one in ministack, under what runs, and go back: FROM=<commit>"
	@echo "make soak     search 100,000 random runs of the simulation, all pairs of faults, and 1,000 requests of each kind, for one that goes wrong"
	@echo "make mutants  break the core and the engine in thousands of ways, one at a time, and count which ways no test notices"
	@echo "              (SAMPLE=200 SEED=1 ONLY=chalicelib/core/executions JOBS=2 can be set; MORE=--help tells the rest)"
	@echo "make format   format the code and mend what can be mended"
	@echo "make docs     write the generated documents"
	@echo "make lock     pin all that the requirement files bring along, with the hashes of every file: the folder locks"
	@echo "make audit    ask PyPI and npm whether what is pinned is known to be vulnerable: it needs both, so no other check does it"
	@echo "make clean    remove the environments and caches; what sedo stored stays"

run: $(APP)/.run-installed $(MINISTACK)/.installed
	@$(MAKE) --no-print-directory ui || echo "the console was not built; all else works without it" >&2
	@exec $(PY) -m local

ui: $(CONSOLE)/.built
	@:

ui-check: $(CONSOLE)/.built
	cd ui && $(NPM) run types
	cd ui && $(NPM) test

token: $(APP)/.run-installed
	@ROLE="$(ROLE)" TENANT="$(TENANT)" AUTH="$(AUTH)" SUBJECT="$(SUBJECT)" $(PY) -m local.access

package: $(APP)/.run-installed ui
	@$(PY) -m deploy.package $(or $(STAGE),dev) $(or $(FOLDER),package)

release: $(APP)/.run-installed
	@test -n "$(BUCKET)" || { echo "which bucket of S3? make release BUCKET=my-bucket; aws s3 mb s3://my-bucket makes one" >&2; exit 1; }
	@$(PY) -m deploy.release $(or $(STAGE),dev) $(or $(FOLDER),package) $(BUCKET) $(if $(IMPORT),--import) $(SET)

deploy undeploy: $(APP)/.run-installed
	@$(PY) -m deploy.quick $@ $(or $(STAGE),dev) $(if $(SURE),--sure $(SURE))

reindex: $(APP)/.run-installed
	@$(PY) -m operations.reindex $(or $(STAGE),dev) $(MORE)

doctor: $(APP)/.run-installed
	@$(PY) -m operations.doctor $(or $(STAGE),dev) $(if $(REPAIR),--repair $(REPAIR)) $(MORE)

test: install
	@$(MAKE) --no-print-directory check

install: $(APP)/.dev-installed ministack $(REDOCLY)/.installed $(WHEELS)/.downloaded ui $(APP)/.chromium

ministack: $(MINISTACK)/.installed

check:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(APP)/bin/lint-imports --no-cache
	$(APP)/bin/deptry .
	$(PY) -m vulture
	$(PY) docs/generate.py --check
	$(PY) -m docs.breaking
	PATH="$(abspath $(APP))/bin:$$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	  $(REDOCLY)/node_modules/.bin/redocly lint --config redocly.yaml chalicelib/openapi.yaml
	@$(MAKE) --no-print-directory ui-check
	SEDO_CONSOLE=required $(PY) -m pytest --numprocesses=auto --dist=worksteal --durations=15 --cov --cov-report=term-missing:skip-covered

bench: install
	@$(PY) -m benchmarks

flame: install
	@$(PY) -m benchmarks.flame docs/flame.svg

golden: $(APP)/.dev-installed ministack
	$(PY) -m tests.golden

rehearse-upgrade: $(APP)/.dev-installed ministack $(WHEELS)/.downloaded
	FROM="$(FROM)" $(PY) -m pytest --no-cov -rs tests/deploy/test_rehearsal.py -k older

soak: install
	$(PY) -m tests.simulation.soak
	$(PY) -m tests.fuzz

mutants: $(APP)/.dev-installed
	$(PY) -m tests.mutation --sample $(or $(SAMPLE),0) --seed $(or $(SEED),1) --only "$(ONLY)" $(if $(JOBS),--jobs $(JOBS)) $(MORE)

format: $(APP)/.dev-installed
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: $(APP)/.dev-installed
	$(PY) docs/generate.py

lock: $(APP)/.dev-installed
	$(LOCK) requirements.txt requirements-local.txt requirements-dev.txt -o locks/dev.txt
	$(LOCK) -c locks/dev.txt requirements.txt requirements-local.txt -o locks/run.txt
	$(LOCK) -c locks/dev.txt requirements.txt -o locks/package.txt
	$(LOCK) requirements-ministack.txt -o locks/ministack.txt
	$(LOCK) requirements-audit.txt -o locks/audit.txt

audit: $(AUDIT)/.installed $(APP)/.run-installed
	@for lock in dev ministack audit; do \
	  $(AUDIT)/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r locks/$$lock.txt || exit 1; \
	done
	@cd ui && $(NPM) audit

clean:
	rm -rf $(SEDO_HOME)/app $(SEDO_HOME)/app-* $(MINISTACK) $(AUDIT) $(REDOCLY) $(WHEELS) $(CONSOLE) chalicelib/ui .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

# A stamp is written last, so an installation that was broken off is not taken for a whole one.

$(APP)/.made $(MINISTACK)/.made $(AUDIT)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "sedo needs Python 3.11 or newer, and $(PYTHON) is older, or cannot be run: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "making the environment $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@touch $@

$(APP)/.run-installed: locks/run.txt $(APP)/.made
	@echo "installing what sedo needs to run"
	@$(PY) $(PIP_INSTALL) -r locks/run.txt
	@touch $@

$(APP)/.dev-installed: locks/dev.txt $(APP)/.run-installed
	@echo "installing what the checks need"
	@$(PY) $(PIP_INSTALL) -r locks/dev.txt
	@touch $@

$(REDOCLY)/.installed: $(APP)/.dev-installed
	@echo "installing redocly, which lints the contract"
	@mkdir -p $(REDOCLY)
	@PATH="$(abspath $(APP))/bin:$$PATH" npm install --silent --no-audit --no-fund --prefix $(REDOCLY) @redocly/cli@2.77.0
	@touch $@

$(CONSOLE)/.installed: ui/package-lock.json $(APP)/.run-installed
	@echo "installing what the console is built with"
	@cd ui && $(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(CONSOLE)/.built: $(CONSOLE)/.installed chalicelib/api/openapi.json $(shell find ui -type f -not -path 'ui/node_modules/*' -not -name '*.gen.ts')
	@echo "building the console"
	@cd ui && $(NPM) run --silent build
	@touch $@

$(APP)/.chromium: $(APP)/.run-installed
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq --yes chromium >/dev/null; } || \
	  { echo "the tests of the console need Chromium: install the package chromium" >&2; exit 1; }
	@touch $@

$(MINISTACK)/.installed: locks/ministack.txt $(MINISTACK)/.made
	@echo "installing ministack, the local stand-in for DynamoDB and SQS"
	@$(MINISTACK)/bin/python $(PIP_INSTALL) -r locks/ministack.txt
	@touch $@

$(AUDIT)/.installed: locks/audit.txt $(AUDIT)/.made
	@echo "installing pip-audit"
	@$(AUDIT)/bin/python $(PIP_INSTALL) -r locks/audit.txt
	@touch $@

$(WHEELS)/.downloaded: locks/package.txt $(APP)/.run-installed
	@echo "downloading what the package that is deployed is tested with"
	@for python in 3.11 3.12 3.13; do for machine in x86_64 aarch64; do \
	  $(PY) -m pip download --quiet --disable-pip-version-check --only-binary=:all: --python-version $$python \
	    $(foreach libc,manylinux_2_34 manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014,--platform $(libc)_$$machine) \
	    --dest $(WHEELS) --require-hashes -r locks/package.txt || exit 1; \
	done; done
	@touch $@
