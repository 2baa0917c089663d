# The page of tasks. On a machine with Python >= 3.11, pip and make, `make run` and `make test` do everything.
# The environment is passed through, so `MONITOR_PORT=9000 make run` works.

PYTHON ?= python3
BIN    := .venv/bin
LOCKS  := requirements.lock requirements-dev.lock
ARGS   ?=

.PHONY: help setup run test check format lock chaos bench build clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: .venv/.ready  ## make .venv with the locked packages and `monitor` itself

.venv/.ready: $(LOCKS) requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python >= 3.11 is needed; $(PYTHON) is older. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	  echo "pip is needed, and $(PYTHON) has none (Debian: apt install python3-pip). Leave any virtual environment first." >&2; exit 1; }
	@# --without-pip: Debian's python3 has venv but no ensurepip; the system's pip installs into it from outside.
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@# Compiled once here: where bytecode is not written at run time, each start would take a second longer.
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes $(LOCKS)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q monitor
	@touch $@

# exec: the signals of the terminal and of a supervisor reach the service itself; make only waits.
run: setup  ## start the service (Ctrl-C stops it)
	@exec $(BIN)/monitor run $(ARGS)

# Three at a time on two cores: the acceptance tests mostly wait. A file stays together, for what it shares.
test: setup  ## every test (ARGS="-k guard" for some)
	@$(BIN)/pytest -n 3 --dist loadfile $(ARGS)

check: setup  ## lint, types, layers, dependencies, spelling
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry monitor
	@$(BIN)/codespell

format: setup  ## put the code into its standard form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

chaos: setup  ## SIGKILLs while stories flow (ARGS="--seconds 600 --seed 7")
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: setup  ## the tables of benchmarks/
	@$(BIN)/python benchmarks/pipeline.py $(ARGS)
	@$(BIN)/python benchmarks/matching.py

build: setup  ## the wheel, into dist/
	@rm -rf dist
	@$(BIN)/uv build --quiet --python $(BIN)/python --no-build-isolation --wheel && ls dist

lock: setup  ## renew the locks: hashes, and no registry address
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --python-version 3.11 pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --python-version 3.11 --group dev -c requirements.lock -o requirements-dev.lock
	@echo uv | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 -c requirements-dev.lock -o requirements-uv.lock -

clean:  ## remove what make made
	rm -rf .venv .tools dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
