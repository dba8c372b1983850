# Two commands on a fresh machine with Python 3.11 to 3.13: `make demo` and `make test`.
# PYTHON chooses the interpreter, VENV the folder of the environment that is made.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint clean

demo: $(VENV)/installed
	@$(BIN)/keras-vae demo --out demo_output

test: $(VENV)/installed-test
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

clean:
	rm -rf $(VENV) demo_output

# Each stamp is the environment with what one purpose needs; it is remade when the dependencies change.
$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Python %d.%d found: this needs Python 3.11, 3.12 or 3.13. Name one with: make PYTHON=python3.11 ..." % v)'
	@echo "Making the environment $(VENV): about 2 GB, a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-%: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
