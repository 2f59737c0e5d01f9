# Two commands that do all set-up on a fresh machine: make demo, make test.
VENV ?= .venv
BIN := $(VENV)/bin
SCREEN := $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY)),,xvfb-run -a -s "-screen 0 1400x1000x24")

.PHONY: help demo test check docs clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo:  ## analyse the bundled sample with the bundled model and show it
	@.ci/setup gui
	$(BIN)/histcode demo --out demo-output

test:  ## run all tests
	@.ci/setup dev
	$(SCREEN) $(BIN)/python -m pytest -n 2 --dist loadgroup

check:  ## everything that CI runs
	.ci/run

docs:  ## build the documentation into docs/_build/html
	@.ci/setup dev
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

clean:  ## remove what was built, the virtual environment included
	rm -rf $(VENV) build dist docs/_build demo-output *.egg-info .mypy_cache .ruff_cache .pytest_cache
