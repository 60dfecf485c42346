# The menu: `make` or `make help`.
.DEFAULT_GOAL := help
# Handed over by the environment: in a recipe's line a shell would take it apart.
export PYTHON ?= python3
BIN := .venv/bin
FAULTS ?= 200
COMPUTERS ?= debian-12

.PHONY: help lab test test-all bench test-faults test-computers unit check format notebooks record student grade instructor doctor clean

help: ## show this menu
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{printf "make %-14s %s\n", $$1, $$2}'

lab: .venv/ready ## set everything up, run the quick comparison, show the table
	@$(BIN)/labkit setup
	@$(BIN)/labkit run --profile quick
	@echo "to read on: make notebooks"

test: check unit ## set up what is missing, then the tests, on the real backends too
	$(BIN)/pytest --ignore tests/unit -n 2 --dist loadgroup --no-loadscope-reorder -m "not alone and not slow"
	$(BIN)/pytest --ignore tests/unit -m "alone and not slow"

test-all: check unit ## the same, and what takes long and rarely changes
	$(BIN)/pytest --ignore tests/unit -n 2 --dist loadgroup --no-loadscope-reorder -m "not alone"
	$(BIN)/pytest --ignore tests/unit -m alone

unit: .venv/ready ## the fast tests that need no backend
	$(BIN)/pytest --numprocesses auto tests/unit

test-faults: export LABKIT_FAULTS = $(FAULTS)
test-faults: .venv/ready ## break the lab 200 times on purpose (FAULTS=N, LABKIT_FAULT_SEED=S)
	$(BIN)/pytest -m faults --timeout 600 tests/faults

bench: .venv/ready ## what the lab itself costs, held against what is recorded
	$(BIN)/python benchmarks/bench.py

test-computers: export LABKIT_COMPUTERS = $(COMPUTERS)
test-computers: .venv/ready ## try the lab on emulated computers of other kinds (COMPUTERS="debian-13 …")
	$(BIN)/pytest -m computer tests/computers

check: .venv/ready ## linter, formatter, direction of the imports, type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/ready ## put the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

notebooks: .venv/ready ## open the notebooks in JupyterLab, on this computer only
	$(BIN)/jupyter lab --config=notebooks/jupyter/lab_config.py

record: .venv/ready ## execute the notebooks and the README's figure anew, on what is recorded
	LAB_MODE=recorded LAB_WIDGETS=0 $(BIN)/jupyter nbconvert \
		--config notebooks/execute_config.py \
		--to notebook --execute --inplace \
		notebooks/*.ipynb notebooks/solutions/*.ipynb
	$(BIN)/python -m tests.unit.test_readme

student: .venv/ready ## copies of the notebooks for students: no outputs, no solutions
	@$(BIN)/labkit student --out student

grade: export FOLDER ?= handed-in
grade: .venv/ready ## what a class has handed in, as a table (FOLDER=class, OUT=grades.csv)
	@$(BIN)/labkit grade "$$FOLDER" $${OUT:+--out "$$OUT"}

instructor: .venv/ready ## a page for each chapter: objectives, session plans, model answers
	@$(BIN)/labkit instructor --out instructor

doctor: .venv/ready ## tell what can run on this computer, and why not
	@$(BIN)/labkit doctor

clean: .venv/ready ## remove what a killed run has left, and end the daemon that the lab started
	@$(BIN)/labkit clean --daemon

# The environment follows the lock file; nothing happens while that is unchanged.
.venv/ready: pyproject.toml uv.lock bootstrap.sh
	@sh bootstrap.sh
	@touch $@
