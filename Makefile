# `make run` and `make test` set up everything they need: Debian with Python 3.11 is enough.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup run test faults lint images k8s ui pipeline bench docs studies

help:  ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/.synced  ## install the locked environment into .venv

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "make setup: $(PYTHON) is $$($(PYTHON) --version 2>&1); expected Python 3.11 to 3.13" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || \
	  { echo "make setup: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --all-extras --compile-bytecode
	@touch $@

run: .venv/.synced  ## the demo profile: from rooms to a published taxonomy in out/
	$(BIN)/taskonomy run --profile demo

test: .venv/.synced  ## the tests
	$(BIN)/pytest

faults: .venv/.synced  ## the tests of bad input, full disks and interrupts
	$(BIN)/pytest tests/faults

# A copy is 15 equal lines in two files, blank ones aside; symilar counts what has more than 14.
lint: .venv/.synced  ## style, types, directions of imports, copies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@echo "symilar: copies of 15 lines"
	@find src components pipelines k8s benchmarks docs tests -name '*.py' | \
	  xargs $(BIN)/symilar --duplicates 14 | awk '{print} /^TOTAL .* duplicates=0 /{none = 1} END {exit !none}'

# What an image is called and stands on, and what only its build sees: docs/images.md.
DOCKER ?= docker
BASE_IMAGE ?= python:3.11-slim-bookworm
IMAGE_PREFIX ?= taskonomy
IMAGE_TAG ?= $(VERSION)
BUILD_OPTIONS ?=
PIP_CONF ?=
UV_CONF ?=
CA_BUNDLE ?=
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude '*')
SECRETS = $(PIP_CONF:%=--secret id=pip,src=%) $(UV_CONF:%=--secret id=uv,src=%) \
  $(CA_BUNDLE:%=--secret id=ca,src=%)
IMAGES = $(addprefix $(IMAGE_PREFIX)/,solve train)

images: $(addprefix image-,solve train)  ## the images of the pipeline's components, and their sizes
	@$(DOCKER) image inspect --format '{{index .RepoTags 0}} {{.Size}}' $(IMAGES:%=%:$(IMAGE_TAG)) | \
	  awk '{printf "%s\t%.0f MB\n", $$1, $$2 / 1e6}'

image-%:
	DOCKER_BUILDKIT=1 $(DOCKER) build --file images/Dockerfile --tag $(IMAGE_PREFIX)/$*:$(IMAGE_TAG) \
	  --build-arg BASE_IMAGE=$(BASE_IMAGE) --build-arg UV_VERSION=$(UV_VERSION) --build-arg IMAGE=$* \
	  --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) $(SECRETS) $(BUILD_OPTIONS) .

k8s: .venv/.synced  ## the manifests of every overlay (RELEASE=1: every image by digest)
	$(BIN)/python -m k8s.check $(if $(RELEASE),--release)

ui: .venv/.synced  ## MLflow's pages on the models of out/
	$(BIN)/python -m taskonomy.tracking.moved out
	$(BIN)/mlflow ui --backend-store-uri sqlite:///$(CURDIR)/out/mlflow.db

pipeline: .venv/.synced  ## compile the pipelines and write the components' READMEs anew
	$(BIN)/python -m pipelines
	$(BIN)/python -m components

# The released files are third-party data and lie outside of the repository.
RELEASED ?= ../shared/data/stanford-results

bench: .venv/.synced  ## golden optima of the released affinities, the command's time, and the readout engine
	$(BIN)/python -m benchmarks.solve $(RELEASED) golden
	$(BIN)/python -m benchmarks.solve $(RELEASED) front
	$(BIN)/python -m benchmarks.solve $(RELEASED) command
	$(BIN)/python -m benchmarks.engine demo | tee docs/performance.txt

# The taxonomy that the README shows is that of the run in out/.
docs: .venv/.synced  ## the figures in docs that commands print
	$(BIN)/python -m benchmarks.architecture > docs/architecture.svg
	$(BIN)/python -m benchmarks.taxonomy_figure out > docs/taxonomy.svg
	$(BIN)/python -m benchmarks.cost > docs/cost.txt
	$(BIN)/python -m benchmarks.schedule --figure docs/scale.svg > docs/scale.txt
	$(BIN)/python -m benchmarks.solve $(RELEASED) scales > docs/scale-choice.txt
	$(BIN)/python -m benchmarks.tree $(RELEASED) > docs/tree-choice.txt
	$(BIN)/python -m benchmarks.labels > docs/label-truth.txt
	$(BIN)/python -m benchmarks.coverage > docs/coverage.txt
	$(BIN)/taskonomy data render --images 48 --size 128 --seed 0 --out out/rooms
	$(BIN)/taskonomy data show out/rooms --out docs/rooms.png

STUDIES = novel label-efficiency regimes transitivity sensitivity generalisation estimators \
  baselines order screening

# The encoder joins before the studies: `baselines` shows it.
studies: .venv/.synced  ## every study, novel task and encoder of docs/ on the run in out/, kept in docs/studies
	$(UV) sync --frozen --all-extras --group imagenet
	$(BIN)/taskonomy join imagenet --encoder docs.examples.encoders.efficientnet:lite0 --cost 0
	cp out/sources/imagenet/imagenet.txt out/sources/imagenet/imagenet.svg docs/studies/
	for name in $(STUDIES); do \
	  $(BIN)/taskonomy study $$name || exit; \
	  cp out/studies/$$name/$$name.txt out/studies/$$name/$$name.svg docs/studies/ || exit; \
	done
	for file in docs/examples/*.py; do \
	  name=$$(basename $$file .py); \
	  $(BIN)/taskonomy novel $$file || exit; \
	  cp out/novel/$$name/$$name.txt out/novel/$$name/$$name.svg docs/studies/ || exit; \
	done
