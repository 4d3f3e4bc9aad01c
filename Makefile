# make demo   the whole daemon against a made-up brand's world, in under a minute
# make test   all tests      make check  lint, types and tests, as CI runs them
# make install   the environment in .venv and nothing more
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check
PYTEST_ARGS ?=

.PHONY: install demo test check lint types lock clean

install: .venv/.run

demo: .venv/.run
	.venv/bin/marsad demo --out demo-out

test: .venv/.dev
	.venv/bin/python -m pytest $(PYTEST_ARGS)

check: lint types test

lint: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/.dev
	.venv/bin/mypy

.venv/.run: requirements.lock pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	touch $@

# Needs uv. The lock files hold for Python 3.11 to 3.13 and name no package index.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	$(LOCK) --group build -o requirements.lock
	$(LOCK) --group build --group test --group lint --extra parquet -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info demo-out .pytest_cache .mypy_cache .ruff_cache
