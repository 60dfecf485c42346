# The menu: `make` or `make help`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
FAULTS ?= 200

.PHONY: help lab test test-faults unit check format notebooks record student doctor clean

help: ## show this menu
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "make %-11s %s\n", $$1, $$2}'

lab: .venv/ready ## set everything up, run the quick comparison, show the table
	@$(BIN)/labkit setup
	@$(BIN)/labkit run --profile quick
	@echo "to read on: make notebooks"

test: check unit ## set up what is missing, then all tests, on the real backends too
	$(BIN)/pytest --ignore tests/unit

unit: .venv/ready ## the fast tests that need no backend
	$(BIN)/pytest --numprocesses auto tests/unit

test-faults: .venv/ready ## break the lab 200 times on purpose (FAULTS=N, LABKIT_FAULT_SEED=S)
	LABKIT_FAULTS=$(FAULTS) $(BIN)/pytest -m faults --timeout 600 tests/faults

check: .venv/ready ## linter, formatter, type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/ready ## put the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

notebooks: .venv/ready ## open the notebooks in JupyterLab, on this computer only
	$(BIN)/jupyter lab --ip=127.0.0.1 notebooks/00-start-here.ipynb

record: .venv/ready ## execute the notebooks and the README's figure anew, on the recorded runs
	LAB_MODE=recorded LAB_WIDGETS=0 $(BIN)/jupyter nbconvert \
		--config notebooks/execute_config.py \
		--to notebook --execute --inplace \
		notebooks/*.ipynb notebooks/solutions/*.ipynb
	$(BIN)/python -m tests.unit.test_readme

student: .venv/ready ## copies of the notebooks for students: no outputs, no solutions
	@$(BIN)/labkit student --out student

doctor: .venv/ready ## tell what can run on this computer, and why not
	@$(BIN)/labkit doctor

clean: .venv/ready ## remove what a killed run has left, and end the daemon that the lab started
	@$(BIN)/labkit clean --daemon

# The environment follows the lock file; nothing happens while that is unchanged.
.venv/ready: pyproject.toml uv.lock bootstrap.sh
	@PYTHON=$(PYTHON) sh bootstrap.sh
	@touch $@
