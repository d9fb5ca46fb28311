# Everything here works with make, Python 3.11 or newer, and nothing else installed.
#   make run      start everything on http://127.0.0.1:8000 and say what to open
#   make test     every test, against a real PostgreSQL; make test ARGS="tests/house -k names" for some
#   make check    format, lint, types, import rules, and drift of the schema and the migrations
#   make bench    measure Fieldgate and others side by side; ARGS="--only Q1 --rounds 1" for a part,
#                 SCALE=1 for many tenants and several workers
#   make format   let the formatter and the safe fixes of the linter write
#   make lock     pin requirements/ anew from pyproject.toml, and graphiql/ from its package.json
#   make clean    remove what make made, except the demo's data

# The first Python that will do; make PYTHON=... names another.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$python"; break; fi; done)
endif
ifeq ($(PYTHON),)
PYTHON := python3
endif

UV ?= uv
ARGS ?=
IN = .venv/bin/python -m

.PHONY: run test check bench format lock clean environment graphiql

run: environment
	@exec .venv/bin/fieldgate dev

test: environment
	@$(IN) development.graphiql_bundle || true
	@exec $(IN) pytest --numprocesses auto $(ARGS)

check: environment
	$(IN) ruff format --check .
	$(IN) ruff check .
	$(IN) mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/fieldgate schema check
	.venv/bin/fieldgate migrate --check

bench: environment
	@exec $(IN) bench $(if $(SCALE),scale) $(ARGS)

format: environment
	$(IN) ruff format .
	$(IN) ruff check --fix .

graphiql: environment
	@$(IN) development.graphiql_bundle

environment:
	@"$(PYTHON)" development/bootstrap.py

# uv resolves for every platform and Python at once, which pip cannot; it is on PyPI and is needed for nothing else.
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras
lock:
	$(LOCK) pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --group development --output-file requirements/development.txt
	cd graphiql && npm install --package-lock-only --ignore-scripts

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache graphiql/dist
	rm -f engine/printing*.so engine/.printing-made-from
	find . \( -name __pycache__ -o -name node_modules \) -type d -prune -exec rm -rf {} +
	@echo "The demo's data is still in .data (root keeps its own below /var/lib/fieldgate)."
