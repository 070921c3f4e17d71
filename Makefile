# The commands people use. Each one does all the set-up it needs (see bootstrap).
.PHONY: build demo test bench sim fuzz kill tsan lint format coverage clean
JOBS ?= $(shell nproc)
RELEASE = build/release

build:
	./bootstrap build
	cmake --preset release -DLANDFALL_BENCHES=OFF >/dev/null
	cmake --build $(RELEASE) -j $(JOBS) --target landfall

demo: build
	tools/demo $(RELEASE)/landfall

# Every test there is, heavy suites in a short slice.
test:
	./bootstrap test
	tools/test

# Measures against limits and peers in the same run; docs/benchmarks.md explains and records.
bench:
	./bootstrap test
	cmake --preset release >/dev/null
	cmake --build $(RELEASE) -j $(JOBS)
	bench/run $(RELEASE)

# The heavy suites in full.
kill: build
	./bootstrap test
	tests/e2e/.venv/bin/python tests/kill/kill_test.py --binary $(RELEASE)/landfall --kills 100
sim: kill
fuzz:
	./bootstrap test
	tools/fuzz 300
tsan:
	./bootstrap test
	cmake --preset tsan >/dev/null
	cmake --build build/tsan -j $(JOBS)
	TSAN_OPTIONS=suppressions=$(CURDIR)/tools/tsan.supp ctest --test-dir build/tsan --output-on-failure -j $(JOBS)

lint:
	tools/check_layers
	tools/tidy
	tools/format --check
format:
	tools/format
# docs/api-coverage.md from the routes of the binary.
coverage: build
	$(RELEASE)/landfall up --print-api-coverage > docs/api-coverage.md

clean:
	rm -rf build
