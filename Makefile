# Thin words over the scripts in tools/; each line can be given by hand.
.PHONY: conformance demo docs test wheel pyarrow_beside consumers reliability simulate guards soak simulation_built bench format lint fuzz

demo:
	tools/install_packages build web demo
	cmake --preset release
	ninja -C build
	tools/demo

test:
	tools/install_packages build web test
	cmake --preset dev
	ninja -C build/dev
	ctest --test-dir build/dev --output-on-failure

wheel:
	tools/install_packages build test
	tools/wheel

pyarrow_beside: wheel
	ninja -C build/dev tools/origin
	python/tests/pyarrow_beside.py build/wheels/*.whl

# Beside img2dataset itself: every combination of input, output and resizing.
conformance:
	tools/install_packages build test conformance
	cmake --preset dev
	ninja -C build/dev pixhaul tools/origin
	tests/conformance/conformance_test.py --all

consumers:
	tools/install_packages build test
	python3 -m venv build/venv/consumers
	build/venv/consumers/bin/python -m pip install --quiet --no-deps -r tests/arrow_io/requirements.txt
	cmake --preset dev
	ninja -C build/dev make_tables
	MAKE_TABLES=build/dev/tests/arrow_io/make_tables TEST_VENV=build/venv/consumers tests/arrow_io/consumers_test.py

# ONLY=P3 one promise, FAST=1 smaller counts.
reliability: simulation_built
	ninja -C build/dev pixhaul tools/origin tests/net/all tests/ledger/all tests/writers/all tests/sandbox/all tests/differential/all
	tests/reliability/run.py

simulate: simulation_built
	PIXHAUL_SEEDS=10000 PIXHAUL_REPLAYS=100 build/dev/tests/simulation/simulation_simulation_test

# That each promise fails when what guards it is taken away, in a copy of the tree.
guards: simulation_built
	tests/reliability/guards.py

soak:
	tools/install_packages build test
	cmake --preset release
	ninja -C build pixhaul
	cmake --preset dev
	ninja -C build/dev tools/origin
	E2E_PIXHAUL=build/pixhaul tests/reliability/soak.py

simulation_built:
	tools/install_packages build test
	cmake --preset dev
	ninja -C build/dev tests/simulation/all

bench:
	tools/install_packages build bench
	cmake --preset release
	ninja -C build all bench_rows
	bench/sessions.py
	bench/engine.py
	build/bench/rows 1000000 100000000

# The site, into build/site.
docs:
	tools/install_packages docs
	build/venv/docs/bin/mkdocs build --strict

format:
	tools/format.sh

lint:
	tools/install_packages build lint
	tools/format.sh --check
	tools/check_layers.py
	tools/tidy.sh

fuzz:
	tools/install_packages build lint
	cmake --preset fuzz
	ninja -C build/fuzz tests/fuzz/all
	tools/fuzz
