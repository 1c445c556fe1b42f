PYTHON ?= python3
# A worker a core, and each file of tests on one of them, since a file shares what it sets up.
PYTEST_ARGS ?= -n auto --dist loadfile --durations 12

BIN = .venv/bin
PIP = -m pip --disable-pip-version-check install -qq
# The demo's libraries, and the rest: what tests, checks and benches need.
DEMO = .venv/.demo
READY = .venv/.installed
RIVALS = bench/.venv/.installed
FLAIR = bench/.venv-flair/.installed

.DEFAULT_GOAL = help
.PHONY: help demo test test-keras lint format docs docs-serve data bench bench-alignment bench-compare \
	bench-contextual bench-encode bench-forgetting bench-networks bench-oov bench-rates bench-regimes bench-scale bench-vectors clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) ## install what the demo needs, and run it
	$(BIN)/python examples/demo.py

test: $(READY) ## run the tests; PYTEST_ARGS="-n auto -m 'not slow'" for a quick run
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-keras: $(READY) ## run the Keras tests on JAX and TensorFlow (`make test` runs them on PyTorch)
	KERAS_BACKEND=jax $(BIN)/python -m pytest -m keras
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -m keras

lint: $(READY) ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## apply the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY) ## build the documentation site in build/site
	$(BIN)/mkdocs build --strict

docs-serve: $(READY) ## show the site at http://127.0.0.1:8000 while you edit it
	$(BIN)/mkdocs serve

data: $(READY) ## fetch the public data that benches read into data/
	$(BIN)/python bench/data.py

bench-alignment: $(READY) ## measure maps between GloVe and MiniLM
	$(BIN)/python bench/alignment.py

bench-scale: $(READY) ## measure which scale of the rows is best for training
	$(BIN)/python bench/scale.py

bench-rates: $(READY) ## measure the rates used in docs/benchmarks/scale.md
	$(BIN)/python docs/benchmarks/scale.py --measure

bench: $(READY) $(RIVALS) ## compare reading, importing, encoding and training with other libraries
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/isolated.py
	$(BIN)/python bench/classify.py

bench-contextual: $(READY) ## measure contextual vectors: quality, work, speed, memory
	$(BIN)/python bench/contextual.py

bench-oov: $(READY) ## measure the methods for out-of-vocabulary words
	$(BIN)/python bench/oov.py

bench-encode: $(READY) $(RIVALS) ## compare mean vectors with model2vec, and ONNX models with MiniLM
	$(BIN)/python bench/encode.py

bench-forgetting: $(READY) ## measure what fine-tuning makes an encoder forget; continues after an interruption
	$(BIN)/python bench/forgetting.py

bench-regimes: $(READY) ## measure fine-tuning: quality and speed; continues after an interruption
	$(BIN)/python bench/regimes.py

bench-networks: $(READY) $(FLAIR) ## measure classifiers and taggers on grafted rows; compare their speed with Flair's
	$(BIN)/python bench/networks.py

bench-vectors: $(READY) ## compare reading a million word vectors from files with gensim
	$(BIN)/python bench/vectors.py

bench-compare: $(READY) ## measure a whole comparison, and how soon its page opens
	$(BIN)/python bench/compare.py

clean: ## remove caches and outputs, keep the environments
	rm -rf build dist demo-out test-out .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# torch goes first: a build of it that pip finds locally then wins before the rest is resolved.
# Modules are compiled when they are imported, which most never are.
$(DEMO): pyproject.toml constraints.txt requirements-demo.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) --no-compile -c constraints.txt torch
	$(BIN)/python $(PIP) --no-compile -c constraints.txt -e '.[demo]'
	$(BIN)/python $(PIP) --no-compile --no-deps -r requirements-demo.txt
	@touch $@

$(READY): $(DEMO)
	$(BIN)/python $(PIP) --no-compile -c constraints.txt -e '.[dev]'
	@touch $@

$(RIVALS): constraints.txt bench/requirements-rivals.txt
	$(PYTHON) -m venv bench/.venv
	bench/.venv/bin/python $(PIP) -c constraints.txt torch
	bench/.venv/bin/python $(PIP) -r bench/requirements-rivals.txt
	@touch $@

$(FLAIR): constraints.txt bench/requirements-flair.txt
	$(PYTHON) -m venv bench/.venv-flair
	bench/.venv-flair/bin/python $(PIP) -c constraints.txt torch
	bench/.venv-flair/bin/python $(PIP) -r bench/requirements-flair.txt
	@touch $@
