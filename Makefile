# One door: every target makes its own .venv when there is none.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN := .venv/bin
STAMP := .venv/.installed
SPREAD := -n logical --maxprocesses 4 --dist worksteal

.PHONY: demo test check cover bench docs format clean

demo: $(STAMP)
	$(BIN)/python examples/penguins.py

test: $(STAMP)
	$(BIN)/pytest $(SPREAD)

check: $(STAMP)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

cover: $(STAMP)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SPREAD)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(STAMP)
	$(BIN)/python -m benchmarks

docs: $(STAMP)
	$(BIN)/pytest tests/docs

format: $(STAMP)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "fast_dag needs Python 3.11 or newer, and '$(PYTHON)' is not: try make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
