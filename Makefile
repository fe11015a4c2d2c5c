# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Without byte code every kernel compiles the whole stack again: 2.5 times slower runs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-files test test-slow words bench growth soak lint types docs lock lab clean help

help:            ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "scimrunbook needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	@echo 'Setting up $(VENV): once, some minutes, 1.1 GB of disk.'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster,lab,keyring,entra,okta,share,simulator,test]'
	@touch $@

demo: $(STAMP)   ## one Okta and one Entra incident on the embedded tenant
	$(BIN)/scimrunbook demo

test: $(STAMP) lint types   ## the quick suite
	$(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile tests
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 60 notebooks

test-slow: $(STAMP)   ## the full matrix, conformance and browser tests
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile --durations=25 tests

words: $(STAMP)  ## writes the words of every fault anew; read what changed before you commit it
	$(BIN)/python -m pytest -m slow -n 2 tests/test_words.py --renew-words

bench: $(STAMP)  ## every benchmark, as ratios measured in one run; keeps them in benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks --write

growth: $(STAMP) ## how time and memory grow with people and logs; keeps growth.json and its pictures in benchmarks/
	$(BIN)/python -m benchmarks.growth --write

soak: $(STAMP)   ## 500 runs in one process, nothing may grow (benchmarks/SOAK.md); then 50 kills at random
	$(BIN)/python -m benchmarks.soak 500
	SCIMRUNBOOK_KILLS=50 $(BIN)/python -m pytest -m slow -n 0 tests/evidence/test_end_to_end.py -k kill

lint: $(STAMP)   ## style of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)   ## static types
	$(BIN)/mypy

docs: $(STAMP)   ## write the generated pages of docs/ and the compiled tables anew
	$(BIN)/python docs/generate.py

lab: $(STAMP)    ## JupyterLab on an incident's own copies of the notebooks
	$(BIN)/scimrunbook lab

lock:            ## write constraints.txt anew from a fresh resolution
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check '.[cluster,lab,keyring,entra,okta,share,simulator,test]'
	{ head -n 3 constraints.txt; build/lock/bin/python -m pip freeze --all --exclude scimrunbook --exclude pip --exclude setuptools; } > build/constraints.new
	mv build/constraints.new constraints.txt

clean:           ## caches and the virtual environment; never outputs/
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

demo-files: $(STAMP)   ## write the checked-in practice incidents and their exports anew
	rm -rf parameters/demo-okta* parameters/demo-entra*
	$(BIN)/scimrunbook simulate --provider okta --fault create_off --seed 7 --export parameters/demo-okta-exports --incident demo-okta
	$(BIN)/scimrunbook simulate --provider entra --fault token_expired --seed 7 --export parameters/demo-entra-exports --incident demo-entra
