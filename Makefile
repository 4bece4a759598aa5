# Rust and Python 3 are all that is needed; `make help` says what there is.
PYTHON       ?= python3
VENV         := .venv
VENV_STAMP   := $(VENV)/.stamp
REQUIREMENTS := tests/endpoint/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help venv demo test chaos lint reference need-cargo

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: need-cargo venv ## plan, apply, change and destroy the example workflow against a local AWS stand-in
	@demo/run.sh

test: need-cargo venv ## all tests: the stand-in's own, the crate's, pages in a browser, and the harness of `make chaos`
	$(VENV)/bin/python tests/endpoint/selftest.py
	cargo test
	rm -rf target/pages && mkdir -p target/pages
	STEPWRIGHT_PAGES=$(CURDIR)/target/pages cargo test --lib execution::tests::pages
	$(VENV)/bin/python tests/browser/pages.py target/pages
	STEPWRIGHT_TEST_STORE=s3 cargo test --test cli -- workflow:: interrupt:: faults:: kill::before --skip without
	STEPWRIGHT_TEST_STORE=s3s cargo test --test cli -- plan_file:: drift:: refusals:: kill::after
	$(VENV)/bin/python tests/chaos/selfcheck.py

chaos: need-cargo venv ## kills, full disks, damaged files, faults: that the state can't be lost. CHAOS=full does all of it, CHAOS_STORE=s3 with the state in S3
	cargo build
	$(VENV)/bin/python tests/chaos/chaos.py

lint: need-cargo ## formatting and clippy
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

reference: need-cargo ## writes docs/reference anew, from the code
	UPDATE_REFERENCE=1 cargo test --test cli reference::

venv: $(VENV_STAMP) ## the Python environment of the AWS stand-in, in .venv

$(VENV_STAMP): $(REQUIREMENTS)
	@command -v $(PYTHON) >/dev/null || { echo "make: Python 3 is needed (for the AWS stand-in of tests and demo); install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: Python 3.10 or later is needed; $(PYTHON) is $$($(PYTHON) --version)" >&2; exit 1; }
	@test -x $(VENV)/bin/python -a -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV) || { \
		rm -rf $(VENV); echo "make: $(PYTHON) can't make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "installing the AWS stand-in into $(VENV) ..."
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

need-cargo:
	@command -v cargo >/dev/null || { echo "make: cargo is needed; see https://rustup.rs" >&2; exit 1; }
