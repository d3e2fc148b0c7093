# Everything here needs only make and a Python from 3.11 on. `make help` lists the targets.

VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.made-from-lock
CANDIDATES := python3.13 python3.12 python3.11 python3.14 python3 python
LOCK := uv pip compile --universal --python-version 3.11 --fork-strategy fewest --no-header --no-annotate \
	--generate-hashes pyproject.toml --all-extras --output-file requirements.lock

# A name on the PATH may be a shim that fails when it runs, and a system Python may lack ensurepip:
# so each candidate runs, and must say that it is recent enough and can make an environment.
SUITS := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
FIND_PYTHON = for candidate in $(PYTHON) $(CANDIDATES); do \
	if "$$candidate" -c '$(SUITS)' >/dev/null 2>&1; then echo "$$candidate"; break; fi; done

.DEFAULT_GOAL := help
.PHONY: help reproduce test lint check matrix check-notebooks check-wheel notebooks lab lock public-api api docs docs-images coverage test-all test-lowest clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

$(STAMP): requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "No Python from 3.11 on that can make an environment was found (tried: $(CANDIDATES)); install one, or name it: make PYTHON=/path/to/python." >&2; \
		exit 1; \
	fi; \
	if ! $(RUN) -c '$(SUITS)' >/dev/null 2>&1; then \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "Installing what requirements.lock names (the first time: about a minute)"
	@$(RUN) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(RUN) -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

reproduce: $(STAMP) ## run the notebooks on the simulated study and write results/
	@$(RUN) -m kap_analysis reproduce $(if $(STUDY),--study "$(STUDY)") $(if $(OUT),--out "$(OUT)")

test: $(STAMP) ## run the fast tests
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -m "not slow and not matrix" -n 2 --dist worksteal

lint: $(STAMP) ## ruff check, ruff format, mypy
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

check: lint ## lint, slow tests, executed notebooks, the wheel in an empty environment
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -m "slow and not matrix" -n 2 --dist worksteal
	@$(MAKE) --no-print-directory check-notebooks check-wheel

matrix: $(STAMP) ## whole runs on every kind of study, pages in a browser, stops (hours)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -m matrix -n 2

check-notebooks: $(STAMP) ## run the notebooks and hold their committed outputs to what comes out
	@$(RUN) -m kap_analysis.cli.refresh --check notebooks

check-wheel: $(STAMP) ## build the wheel and use it in an empty environment
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(RUN) -m pip wheel --quiet --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
	@sed -n 's/^\([A-Za-z0-9._-]*==[^\]*\)\\*$$/\1/p' requirements.lock > build/wheel/constraints.txt
	@$(RUN) -m venv build/wheel/env
	@build/wheel/env/bin/python -m pip install --quiet --quiet --disable-pip-version-check -c build/wheel/constraints.txt build/wheel/*.whl
	@cd build/wheel && env/bin/kap demo demo && env/bin/kap reproduce --study demo/data/three_practices --out results

notebooks: $(STAMP) ## run the notebooks afresh and keep their outputs
	@$(RUN) -m kap_analysis.cli.refresh notebooks
	@$(RUN) -m ruff format --quiet notebooks
	@$(RUN) tests/readme_answer.py

lab: $(STAMP) ## open JupyterLab on the notebooks
	@$(RUN) -m jupyterlab --notebook-dir=. --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

docs: $(STAMP) ## make the site of the documentation in build/site
	@$(RUN) docs/make_site.py && echo "Open build/site/index.html."

coverage: $(STAMP) ## run the fast tests and list the lines that none of them reaches
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -m "not slow and not matrix" -n 2 --dist worksteal --cov --cov-report=term

lock: $(STAMP) ## renew requirements.lock from pyproject.toml
	@$(RUN) -m $(LOCK) --quiet

public-api: $(STAMP) ## renew tests/public_api.txt from the code
	@$(RUN) tests/public_api.py

api: $(STAMP) ## renew docs/api.md from the docstrings
	@$(RUN) docs/make_api.py

docs-images: $(STAMP) ## draw the pictures of docs/reading_figures.md
	@$(RUN) docs/make_images.py

test-all: ## run the fast tests on each Python that answers
	@for version in 3.11 3.12 3.13 3.14; do \
		if "python$$version" -c '$(SUITS)' >/dev/null 2>&1; then \
			echo "== Python $$version"; \
			$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON=python$$version || exit 1; \
		else \
			echo "== Python $$version does not answer here"; \
		fi; \
	done

test-lowest: $(STAMP) ## run the fast tests on the lowest versions that pyproject.toml allows
	@test -x .venv-lowest/bin/python || $(RUN) -m venv .venv-lowest
	@$(RUN) -m uv pip compile --quiet --no-header --no-annotate --resolution lowest-direct --all-extras pyproject.toml \
		--output-file .venv-lowest/lowest.txt
	@.venv-lowest/bin/python -m pip install --quiet --quiet --disable-pip-version-check -r .venv-lowest/lowest.txt
	@.venv-lowest/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -m "not slow and not matrix" -n 2 --dist worksteal

clean: ## remove what was built; .venv and results stay
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
