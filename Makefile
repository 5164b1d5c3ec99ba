# Everything a newcomer needs: `make help`. Needs Debian 12, git and make; the rest is installed.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
LAB_STAMP := $(VENV)/.lab-installed
BROWSER_STAMP := $(VENV)/.browser-installed

.DEFAULT_GOAL := help
.PHONY: help demo test check fmt lint types imports pages unit fuzz bench browser-tests lab-tests test-tcg pictures docs built install uninstall deb wheel lock lab venv clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: lab venv ## Boot a real cluster, balance, cut the director's power, watch it go on (ONCE=1: then end)
	@$(PY) -m tests.lab.demo $(if $(ONCE),--once)

test: check unit browser-tests lab-tests ## Install what is needed and run everything

check: lint types imports pages ## Lint, types, layers, and whether the docs say what the code says

lint: venv
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: venv
	$(PY) -m mypy

imports: venv
	$(VENV)/bin/lint-imports --config setup.cfg

pages: venv
	$(PY) -m pytest -q tests/docs

fmt: venv ## Format the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

unit: venv lab ## Unit, property and contract tests
	$(PY) -m pytest -m "not lab and not browser" $(ARGS)

fuzz: venv ## Fuzz every parser (SECONDS=60 or INPUTS=100000 for each, ONLY=lines, SEED=7)
	$(PY) -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS),--seconds $(or $(SECONDS),60)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

bench: venv lab ## Measure (ONLY=protocol, startup, save, or ipvs: beside ipvsadm and keepalived)
	$(PY) -m tests.bench $(if $(ONLY),--only $(ONLY))

lab-tests: venv lab $(BROWSER_STAMP) ## Tests on real kernels, heartbeat included
	$(PY) -m pytest -m lab -p no:randomly --timeout 600 $(ARGS)

browser-tests: venv $(BROWSER_STAMP) ## The web client in a real browser (installs Debian's chromium)
	$(PY) -m pytest -m browser -p no:randomly $(ARGS)

$(BROWSER_STAMP): tests/web/web-packages.txt scripts/apt-install
	scripts/apt-install tests/web/web-packages.txt
	mkdir -p $(VENV)
	touch $@

test-tcg: venv ## The adapters' contract on Debian's kernel in qemu, nftables with IPVS (not in `make test`)
	scripts/apt-install tests/tcg/packages.txt
	$(PY) -m tests.tcg

pictures: venv $(BROWSER_STAMP) ## Take the pictures of the web client in docs/ anew
	$(PY) -m tests.web.pictures

docs: venv ## Write docs/protocol.md anew from the code, and the manual pages to build/man
	$(PY) -m scripts.docs

lab: $(LAB_STAMP) ## Install what the lab needs (Debian packages; starts no daemon)

$(LAB_STAMP): tests/lab-packages.txt scripts/apt-install
	scripts/apt-install tests/lab-packages.txt
	mkdir -p $(VENV)
	touch $@

venv: $(STAMP) ## Make .venv from Debian's python3 with pinned packages

$(STAMP): requirements.txt requirements-web.txt requirements-dev.txt $(LAB_STAMP)
	/usr/bin/python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.txt -r requirements-web.txt -r requirements-dev.txt
	touch $@

built: venv ## Make what `make install` puts in place: libraries, manual pages, completion
	scripts/build-installation build/installation

INSTALL_WORDS = $(foreach name,DESTDIR PREFIX BINDIR SBINDIR LIBDIR DATADIR MANDIR SYSCONFDIR \
	HEARTBEATDIR HOOKSDIR SYSTEMDDIR ZSHDIR,$(if $($(name)),$(name)=$($(name))))

install: built ## Install into PREFIX (/usr/local), or below DESTDIR for a package (DRY_RUN=1: only say)
	@/usr/bin/python3 -m scripts.installer install $(if $(DRY_RUN),--dry-run) $(INSTALL_WORDS)

deb: built ## Build the Debian package into dist/
	scripts/build-deb

wheel: venv ## Build the wheel of the client, the commands and plvsd into dist/
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir dist .

uninstall: ## Take off what `make install` put there, and bring back what stood there before
	@/usr/bin/python3 -m scripts.installer uninstall $(if $(DRY_RUN),--dry-run) $(INSTALL_WORDS)

lock: venv ## Pin the Python packages anew, with hashes
	$(PY) -m pip install --quiet --disable-pip-version-check pip-tools==7.6.2
	scripts/lock

clean: ## Remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
