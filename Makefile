# All verbs of the project; 'make help' lists them.
PYTHON ?= python3
DATA ?= demo
NAME ?= $(shell printf '%s' '$(DATA)' | sed -e 's,::.*,,' -e 's,[?\#].*,,' -e 's,/*$$,,' -e 's,.*/,,' -e 's,\..*,,' -e 's,[^A-Za-z0-9_-],-,g' -e 's,^-*,,')
MLFLOW ?= $(wildcard .venv-bench/bin/python)
SHOP ?= shops/$(or $(NAME),mine)
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
# Some machines forbid bytecode; every start is then two to four times slower.
unexport PYTHONDONTWRITEBYTECODE
export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow check format lock bench mutate clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -e 's/:.*## /\t/' | expand -t 12

setup: .venv/.pipeline ## make .venv from the lock (TORCH=cpu: PyTorch's CPU build)

run: .venv/.pipeline ## run the pipeline on the demo shop, or on your own: make run DATA=orders.csv OPTIONS='--cost Cost'
	@test -e $(SHOP)/dvc.yaml || $(BIN)/pricetrail init $(SHOP) --data '$(DATA)' $(OPTIONS)
	@$(BIN)/pricetrail run $(SHOP)

test: .venv/.dev ## run the tests
	@$(BIN)/python -m pytest -m "not slow"

test-slow: .venv/.dev ## run the tests that take longer: processes killed in every stage, whole pipelines (TESTS=: some of them)
	@$(BIN)/python -m pytest -m slow --timeout 1800 $(TESTS)

check: .venv/.dev ## format, lint, types, import contracts, repeated logic
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pylint src/pricetrail
	@$(BIN)/python -m pytest tests/test_house.py

bench: .venv/.pipeline .venv-bench/.peers ## each part beside what you would pick instead: docs/benchmarks.md (QUICK=1, ONLY=etl,training, COMPARE=FILE)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') $(if $(COMPARE),--compare '$(COMPARE)')

mutate: .venv/.pipeline ## change one thing of a shop at a time: what do verify, and DVC, notice? (SHOP=: a copy of yours)
	@$(BIN)/python -m benchmarks.mutations $(if $(wildcard $(SHOP)/dvc.lock),--shop '$(SHOP)') $(if $(MLFLOW),--mlflow '$(MLFLOW)')

format: .venv/.dev ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .venv/.uv ## resolve the locks again from pyproject.toml (UPGRADE=1: take newer versions)
	@$(LOCK) --extra cloud --extra pipeline --extra flows --extra cluster --extra dev -o requirements/dev.txt
	@$(LOCK) --extra cloud --extra pipeline --extra flows -c requirements/dev.txt -o requirements/pipeline.txt
	@$(LOCK) --extra cloud -c requirements/dev.txt -o requirements/serving.txt
	@$(LOCK) --extra cluster -c requirements/dev.txt -o requirements/cluster.txt
	@$(LOCK) --extra spark -c requirements/dev.txt -o requirements/spark.txt
	@$(LOCK) --extra bench -c requirements/dev.txt --override requirements/no-torch.txt -o requirements/bench.txt

clean: ## remove .venv and every cache (never a shop)
	@rm -rf .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(if $(UPGRADE),--upgrade)

.venv/.uv:
	@echo "Setting up .venv (once; a few minutes at most)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed; found " + sys.version.split()[0] + ". Name one with: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	@touch $@

# PyTorch comes first and by pip: its index decides between CPU and CUDA builds, and no lock can say it for all.
.venv/.torch: .venv/.uv
	@$(if $(TORCH),$(UV) --torch-backend $(TORCH),$(BIN)/pip install --quiet --disable-pip-version-check) torch==2.13.0
	@touch $@

.venv/.pipeline: .venv/.torch requirements/pipeline.txt pyproject.toml
	@$(UV) --compile-bytecode --require-hashes -r requirements/pipeline.txt
	@$(UV) --no-deps -e .
	@touch $@

.venv/.dev: .venv/.pipeline requirements/dev.txt
	@$(UV) --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@

# The peers live beside .venv, see what it has (PyTorch among it), and may fail to install: they then read "not installed".
.venv-bench/.peers: .venv/.pipeline requirements/bench.txt
	@$(PYTHON) -m venv .venv-bench
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.venv-bench/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beside.pth"
	@$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps --compile-bytecode --require-hashes -r requirements/bench.txt \
		&& touch $@ || echo "The peers could not be installed: they will read 'not installed'"
