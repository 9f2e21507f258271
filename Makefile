# Everything runs from a clean checkout on a machine with Python 3.11 or newer, make and git. No target needs another
# to be called first.

# The first that runs, is new enough and can make environments. A name alone proves nothing: pyenv puts names on the
# PATH whose Python is not chosen. `make PYTHON=/path/to/python3` decides otherwise.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := run
.PHONY: run install test check evaluate

run: $(READY)  ## start everything, feed the sample once, keep running until Ctrl-C
	@exec $(BIN)/scopedesk up --sample

install: $(READY)  ## set up .venv from the lock file

test: $(READY)  ## the whole suite, against real servers of its own
	@exec $(BIN)/pytest

check: $(READY)  ## the gate: format, lint, types, import contracts, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

evaluate: $(READY)  ## how right decisions are on the labelled requests, into build/evaluation; MORE=file.jsonl adds yours
	@PYTHONPATH=tests $(BIN)/python -m evaluation $(MORE)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
	  echo "Scopedesk needs Python 3.11 or newer with its venv module, and found only: $$(python3 -VV 2>&1 | head -n 1)" >&2; \
	  echo "Debian and Ubuntu: apt install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
