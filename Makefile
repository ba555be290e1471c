# make quickstart   what do CoordConv and a spatial transformer bring? Nine small trainings, a comparison, and a page
#                   that shows it, runs/quickstart/report.html
# make study-distorted   forty networks on distorted digits, and their table beside that of the paper: days on a
#                   CPU as they are; for less, make study-distorted DATA=fashion_mnist STEPS=1500 \
#                   NETWORKS="cnn st-cnn-affine st-cnn-projective st-cnn-tps"
# make study-puzzle  seven recipes trained on shuffled patches or not, measured on clean, turned and displaced images:
#                   two hours on a core; SEEDS and OVERRIDES as above
# make study-cifar100   23 image classifiers on CIFAR-100, 5,000 steps each, and a strong one; two tables beside
#                   the original's numbers, three figures. Elsewhere, for less: make study-cifar100 DATA=fashion_mnist \
#                   STEPS=500 SEEDS=0 RECIPES="resnet18 resnet18-ms1" OVERRIDES=precision=bfloat16
# make show-cifar100   these tables and figures alone, of the runs below RUNS (runs), written to SHOWN
# make test         run the fast tests
# make test-all     run all tests, also those of real trainings, faults and benchmarks
# make faults       bring every fault of docs/reliability.md about as often as it says: an hour or two
# make check        format, lint and types
# make docs         the documentation site, build/docs/index.html; any warning is an error
# make clean        remove the environment and caches; runs/ stays
#
# Each sets up what it needs in .venv first, once. PYTHON=python3.12 chooses another Python.
# CONSTRAINTS=1 (implied by CI) installs the versions of constraints.txt instead of the newest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PINNED := $(filter-out 0 false,$(or $(CONSTRAINTS),$(CI)))
CREATED := $(VENV)/.created
CORE := $(VENV)/.installed-core$(if $(PINNED),-pinned)
EQUIVARIANT := $(VENV)/.installed-equivariant$(if $(PINNED),-pinned)
DEV := $(VENV)/.installed-dev$(if $(PINNED),-pinned)

ifdef UV
create = $(UV) venv --quiet --seed --allow-existing --python $(PYTHON) $(VENV)
install = $(UV) pip install --quiet --python $(BIN)/python
else
create = $(PYTHON) -m venv $(VENV)
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif
install += $(if $(PINNED),--constraint constraints.txt)

PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile

QUESTION := quickstart/plain-cnn quickstart/coordconv quickstart/spatial-transformer

# What the studies are run on, for how long (without STEPS as long as the recipes say), with which seeds and changes.
study-distorted: DATA ?= mnist
study-distorted: STEPS ?= 150000
study-cifar100 show-cifar100: DATA ?= cifar100
SEEDS ?= 0,1,2
OVERRIDES ?=
CHANGES = data.name=$(DATA) $(addprefix steps=,$(STEPS)) $(OVERRIDES)

SETS := r rts p e
NETWORKS := fcn cnn st-fcn-affine st-fcn-projective st-fcn-tps st-cnn-affine st-cnn-projective st-cnn-tps \
  coordconv equivariant
DISTORTED := $(foreach set,$(SETS),$(foreach network,$(NETWORKS),distorted/$(set)-$(network)))

RECIPES ?= resnet18 resnet34 resnet50 toy-dilated \
  resnet18-wonorm resnet18-pcnorm resnet18-gn resnet18-tnc \
  resnet18-clr1e-4 resnet18-aug resnet18-ms1 resnet18-ms2 resnet18-ms3 \
  vit-12x256-8x8 vit-24x256-8x8 vit-b-8x8 vit-aux-3x4x256-8x8 \
  vitn-12x256-8x8 $(addprefix vitn-12x256-8x8-,ra dm lt ltv dm-lt) strong
# The original's three figures, by the recipes in each.
FIGURES := resnet-settings learning-strategies models
resnet-settings := resnet(18|34|50)|resnet18-(wonorm|pcnorm|gn|tnc)
learning-strategies := resnet18|resnet18-(clr1e-4|aug|ms[123])|vit-12x256-8x8|vit-aux-3x4x256-8x8
models := resnet18|toy-dilated|vitn?-12x256-8x8(-(ra|dm|lt|ltv|dm-lt))?|vit-24x256-8x8|vit-b-8x8
RUNS ?= runs
SHOWN ?= runs/cifar100/study
SHOWS = cifar100 data.name=$(DATA) --runs-dir $(RUNS)

.PHONY: quickstart study-distorted study-puzzle study-cifar100 show-cifar100 test test-all faults check docs clean
.NOTPARALLEL:

quickstart: $(CORE)
	@echo "Running: $(BIN)/spatialvision sweep $(QUESTION) seed=0,1,2"
	@$(BIN)/spatialvision sweep $(QUESTION) seed=0,1,2
	@echo "Running: $(BIN)/spatialvision compare quickstart --baseline plain-cnn"
	@$(BIN)/spatialvision compare quickstart --baseline plain-cnn
	@echo "Running: $(BIN)/spatialvision report quickstart --baseline plain-cnn --out runs/quickstart/report.html"
	@$(BIN)/spatialvision report quickstart --baseline plain-cnn --out runs/quickstart/report.html

# The recipes' order is that of the paper's table, for the columns too.
study-distorted: $(EQUIVARIANT)
	@echo "Running: $(BIN)/spatialvision sweep $(DISTORTED) $(CHANGES) seed=$(SEEDS)"
	@$(BIN)/spatialvision sweep $(DISTORTED) $(CHANGES) seed=$(SEEDS)
	@echo "Running: $(BIN)/spatialvision table $(DISTORTED) $(CHANGES) --baseline CNN --out runs/distorted/table"
	@$(BIN)/spatialvision table $(DISTORTED) $(CHANGES) --baseline CNN --out runs/distorted/table

study-puzzle: $(CORE)
	@echo "Running: $(BIN)/spatialvision sweep 'puzzle-fashion/*' seed=$(SEEDS) $(OVERRIDES)"
	@$(BIN)/spatialvision sweep 'puzzle-fashion/*' seed=$(SEEDS) $(OVERRIDES)
	@for distortion in rotated displaced_patches; do for run in runs/puzzle-fashion/*/*s[0-9]*; do \
	  echo "Running: $(BIN)/spatialvision evaluate $$run accuracy predictions --split test --distortion $$distortion"; \
	  $(BIN)/spatialvision evaluate $$run accuracy predictions --split test --distortion $$distortion || exit; \
	done; done
	@for split in test test-rotated test-displaced_patches; do \
	  echo "Running: $(BIN)/spatialvision compare puzzle-fashion --baseline cnn-transformer --split $$split"; \
	  $(BIN)/spatialvision compare puzzle-fashion --baseline cnn-transformer --split $$split \
	    --out runs/puzzle-fashion/$$split || exit; \
	done

study-cifar100: $(CORE)
	@echo "Running: $(BIN)/spatialvision sweep $(addprefix cifar100/,$(RECIPES)) $(CHANGES) seed=$(SEEDS)"
	@$(BIN)/spatialvision sweep $(addprefix cifar100/,$(RECIPES)) $(CHANGES) seed=$(SEEDS)
	@$(MAKE) --no-print-directory show-cifar100 DATA=$(DATA)

# A figure without any runs says so, and the next is drawn.
show-cifar100: $(CORE)
	@mkdir -p $(SHOWN)
	@echo "Running: $(BIN)/spatialvision summary $(SHOWS) --split train_clean --split test"
	@$(BIN)/spatialvision summary $(SHOWS) --split train_clean --split test | tee $(SHOWN)/summary.md
	@$(foreach figure,$(FIGURES),$(BIN)/spatialvision plot test/accuracy train_clean/accuracy train/loss \
	  $(SHOWS) --filter 'cifar100/($($(figure)))/' --group seed --out $(SHOWN)/$(figure).png;)

test: $(DEV)
	@echo "Running: OMP_NUM_THREADS=1 $(PYTEST) -m 'not slow'"
	@OMP_NUM_THREADS=1 $(PYTEST) -m 'not slow'

test-all: $(DEV)
	@echo "Running: OMP_NUM_THREADS=1 $(PYTEST)"
	@OMP_NUM_THREADS=1 $(PYTEST)

# The table is written even where a fault was not survived, and says so.
faults: $(DEV)
	@mkdir -p build
	@echo "Running: OMP_NUM_THREADS=1 $(PYTEST) -m fault --full-counts --junitxml build/faults.xml"
	@OMP_NUM_THREADS=1 $(PYTEST) -m fault --full-counts --junitxml build/faults.xml; held=$$?; \
	  $(BIN)/python benchmarks/faults.py build/faults.xml && exit $$held

check: $(DEV)
	@echo "Checking format, lint and types"
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted as ruff would: run $(BIN)/ruff format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

docs: $(DEV)
	@echo "Running: $(BIN)/sphinx-build docs build/docs"
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --doctree-dir build/doctrees docs build/docs
	@echo "build/docs/index.html"

clean:
	@echo "Removing $(VENV) and caches"
	@rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "spatialvision needs Python 3.11 or newer; $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	    "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Creating the environment $(VENV) with $$($(PYTHON) --version)"
	@$(create)
	@touch $@

$(CORE): $(CREATED) pyproject.toml constraints.txt
	@echo "Installing spatialvision into $(VENV); the first time takes minutes and gigabytes"
	@$(install) --editable '.[report]'
	@touch $@

$(EQUIVARIANT): $(CREATED) pyproject.toml constraints.txt
	@echo "Installing spatialvision and e2cnn into $(VENV); the first time takes minutes and gigabytes"
	@$(install) --editable '.[equivariant,report]'
	@touch $(CORE) $@

# What the tests need includes the core, so that a quickstart afterwards installs nothing.
$(DEV): $(CREATED) pyproject.toml constraints.txt
	@echo "Installing spatialvision and the tests' tools into $(VENV); the first time takes minutes and gigabytes"
	@$(install) --editable '.[dev]'
	@touch $(CORE) $(EQUIVARIANT) $@
