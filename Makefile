# Two commands on a fresh machine with Python 3.11 to 3.13: `make demo` and `make test`.
# PYTHON chooses the interpreter, VENV the folder of the environment that is made.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs builds web release clean

demo: $(VENV)/installed
	@$(BIN)/keras-vae demo --out demo_output

# Each worker is a process with TensorFlow in it, of 1 to 2 GB.
test: $(VENV)/installed-test
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

lint: $(VENV)/installed-lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# The pages of docs/ into site/, with the reference made from the docstrings; a warning is an error (which --quiet would hide).
docs: $(VENV)/installed-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# The TFLite builds under export/tflite, remade from the zoo's weights; it needs MNIST and Frey faces (see TFDS_DATA_DIR). A build
# is preset/target or preset/target/format. In int8 others lose more than their bar lets through, and a hierarchy has operations that
# an Edge TPU has not; a density as sharp as that of the Frey faces bears no int8 weights on a CPU either. Codes that are
# whole numbers, and the largest of many, are for a CPU and a browser.
MNIST := mnist_cvae mnist_conv_vae mnist_vae mnist_vae_2d mnist_vampprior mnist_hvae mnist_ae mnist_denoising_ae mnist_conv_ae mnist_dec mnist_vade mnist_swap mnist_quadrant_cvae mnist_contractive_ae mnist_iwae mnist_stacked_ae mnist_m2
FREY := frey_vae frey_vae_2d
CPU_WEB := mnist_vqvae cifar10_vqvae cifar10_vqvae2 mnist_sparse_ae
SHAPES := shapes_beta_vae shapes_beta_tc_vae shapes_factor_vae
BUILDS := $(foreach preset,$(MNIST) $(SHAPES),$(preset)/cpu) $(foreach preset,$(FREY),$(preset)/cpu/float32) \
  $(foreach preset,$(CPU_WEB),$(preset)/cpu $(preset)/web) \
  $(foreach preset,$(MNIST) $(FREY) $(SHAPES),$(preset)/gpu $(preset)/web) $(foreach preset,$(SHAPES),$(preset)/edge) mnist_cvae/edge mnist_vae/edge mnist_iwae/edge mnist_m2/edge mnist_stacked_ae/edge mnist_vampprior/edge mnist_ae/edge mnist_denoising_ae/edge mnist_vade/edge mnist_swap/edge mnist_quadrant_cvae/edge frey_vae_2d/edge
builds: $(VENV)/installed-export
	@set -e; for build in $(BUILDS); do \
	  set -- $$(echo $$build | tr / ' '); \
	  $(BIN)/keras-vae export $$1 --target $$2 $${3:+--format $$3} --out export/tflite/$$1 --overwrite; done; \
	  for preset in $(MNIST) $(FREY) $(CPU_WEB) $(SHAPES); do \
	  $(BIN)/python -c "from keras_vae import zoo; zoo.write_metrics('$$preset', zoo.read_metrics('$$preset'))"; done

# The page that runs the decoders in a browser, served on this machine; it needs npm, once. PORT=0 takes any free port.
PORT ?= 8000
web: $(VENV)/installed-export
	@$(BIN)/python export/web/build.py --serve --port $(PORT)

# The wheels for the package index, checked, in dist/.
release: $(VENV)/installed-release
	@rm -rf dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@$(BIN)/python packaging/data_wheels.py dist
	@$(BIN)/python -m twine check --strict dist/*

clean:
	rm -rf $(VENV) demo_output

# Each stamp is the environment with what one purpose needs; it is remade when the dependencies change.
$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Python %d.%d found: this needs Python 3.11, 3.12 or 3.13. Name one with: make PYTHON=python3.11 ..." % v)'
	@echo "Making the environment $(VENV): about 3 GB, a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[cli]"
	@touch $@

$(VENV)/installed-%: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
