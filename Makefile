# Everything a fresh machine with Python >= 3.11 needs: `make demo` and `make test` set themselves up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# A worker has whole files, in the order of tests/conftest.py.
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder
# Tests start Python hundreds of times: without compiled modules each start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo lab picture test test-fast lint types contracts unit coverage properties stress bench accuracy faults fixes fuzz mutations lock sbom release-check workflows site new-check new-cause index programs system-packages clean

demo: $(READY)  ## the founding incident in the embedded lab: diagnosed, healed, diagnosed again
	@$(BIN)/python -m tests.demo

lab: $(READY)  ## a shell that talks to the embedded lab; FAULT=name breaks something else than the incident
	@$(BIN)/python -m tests.lab --shell $(if $(FAULT),--fault "$(FAULT)")

picture: $(READY)  ## write the README's picture again: what the real command prints of the incident
	$(BIN)/python -m tests.picture

test: $(READY) lint types contracts unit  ## all that CI runs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

unit: $(READY)
	$(PYTEST) -n 3

test-fast: $(READY)  ## the tests that need no lab, in under a minute
	$(PYTEST) -n 2 -m "not lab"

coverage: $(READY)  ## the lines that no test reaches; takes twice the time of `make unit`
	$(PYTEST) -n 2 --cov=diag --cov=checks --cov-report=term:skip-covered

properties: $(READY)  ## the property tests with other, and many more, random examples than `make test` takes
	$(PYTEST) -n 2 --hypothesis-profile=wide $$(grep -rl "^from hypothesis import" --include="test_*.py" tests)

stress: $(READY)  ## 200 fresh processes in which threads use every type for the first time together
	STRESS=200 $(BIN)/pytest tests/test_decode.py

bench: $(READY)  ## speed and memory, paired; prints figures, judges nothing
	$(BIN)/python -m bench

accuracy: $(READY)  ## the matcher over real incidents: precision, recall, confusion
	$(BIN)/python -m tests.accuracy

faults: $(READY)  ## the fault matrix: every fault injected alone, healthy variants, sampled pairs
	$(BIN)/python -m tests.faults

fixes: programs  ## every fault: the first fix executed as printed, with the real programs, and what became of it
	$(BIN)/python -m tests.fixes

fuzz: $(READY)  ## broken answers of AWS and Kubernetes, and broken snapshots: crashes, false passes, fixes that destroy
	$(BIN)/python -m tests.fuzz

mutations: $(READY)  ## every field of every object of healthy worlds changed one at a time: told, silent or blamed elsewhere
	$(BIN)/python -m tests.mutations

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" -q

lock: $(READY)  ## write the versions and hashes that the container and the tests install, after a change of the dependencies
	$(LOCK) -o requirements/run.txt
	$(LOCK) --group docs -o requirements/docs.txt
	$(LOCK) --group test -o requirements/test.txt

site: $(READY)  ## the documentation site, every link of it verified: dist/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

sbom: $(READY)  ## the bill of materials of what the container installs, in a fresh environment: dist/sbom.cdx.json
	$(PYTHON) -m venv --clear dist/sbom-venv
	dist/sbom-venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	dist/sbom-venv/bin/python -m pip install -q --disable-pip-version-check --no-deps .
	dist/sbom-venv/bin/python deploy/sbom.py > dist/sbom.cdx.json

release-check: $(READY)  ## TAG=v0.1.0: every step of a release that needs no network, into dist/release
	rm -rf dist/release
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps -w dist/release .
	$(BIN)/python -c "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])" dist/release
	$(BIN)/twine check --strict dist/release/*
	$(BIN)/check-wheel-contents dist/release
	$(BIN)/python deploy/release.py "$(TAG)" dist/release
	$(BIN)/python -m deploy.man > dist/release/lustre-doctor.1

workflows: $(READY)  ## lint the workflows and the action; actionlint where it is installed
	$(BIN)/zizmor --offline --no-progress -q --min-severity medium .github action.yml
	if command -v actionlint >/dev/null; then actionlint; else echo "actionlint is not installed: not run"; fi

new-check: $(READY)  ## ID=volume-colour LAYER=request: the files of one more check
	@$(BIN)/python -m tests.scaffold check "$(ID)" "$(LAYER)"

new-cause: $(READY)  ## ID=wrong-colour LAYER=request: the file of one more cause
	@$(BIN)/python -m tests.scaffold cause "$(ID)" "$(LAYER)"

index: $(READY)  ## compile the runbooks' front matter after an edit
	$(BIN)/python -m diag.knowledge.index

programs: $(READY)  ## the real kubectl, helm and aws for tests that execute commands; without one its tests say so and skip
	$(BIN)/python -m tests.programs

system-packages:  ## what some lab tests use on Debian; without them those tests say so and skip
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iproute2 nftables openssh-server openssh-client strace busybox jq chromium chromium-driver fonts-dejavu-core

# uv installs the locked set in half a minute, where pip takes four; what it cannot get, pip gets unlocked, and says so.
$(READY): pyproject.toml requirements/test.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1" uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/test.txt \
	|| { echo "the locked set is not to be had here: installing what pyproject.toml allows"; \
	     $(BIN)/python -m pip install -q --disable-pip-version-check --group test .; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
