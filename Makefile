# One file for people and CI alike. `make demo` and `make test` need Python 3.11 or later and nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint format bench fuzz fixtures docs clean

demo: $(READY)              ## stamp and verify a real file of every format; the files stay in demo-out/
	$(BIN)/python scripts/demo.py demo-out

test: $(READY) system      ## every test, in parallel
	$(BIN)/python -m pytest -q -n auto --dist loadgroup

lint: $(READY)              ## lint, format, types, fixtures
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python fixtures/build.py --check

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) system     ## the table of benchmarks/README.md, measured here
	$(BIN)/python benchmarks/run.py

fuzz: $(READY)              ## at least 20,000 damaged inputs of all formats, 200,000 of each kind the fast core takes (gcc)
	$(BIN)/python scripts/fuzz.py --inputs 20000
	$(BIN)/python scripts/fuzz_native.py --inputs 200000
	$(BIN)/python scripts/fuzz_native_png.py --inputs 200000

fixtures: $(READY)          ## make the fixtures anew
	$(BIN)/python fixtures/build.py

docs: $(READY)              ## make the generated reference pages anew
	$(BIN)/python scripts/reference.py

system:                     # outside readers that tests ask for; a test without its reader says so and is skipped
	@sh scripts/system-packages

$(READY): pyproject.toml setup.py $(wildcard src/kzmark/native/c/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

clean:
	rm -rf $(VENV) demo-out build
