# Targets for people. The work is in scripts/ and xtask/.
.DEFAULT_GOAL := help
.PHONY: help setup demo test crash soak mutants check docs bench bench-rivals clean

ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the build and the tests need
	@scripts/setup.sh

demo: ## Build (debug) and run the demonstration; more after ARGS=
	cargo run --locked -p altyn-server --bin altyn -- demo $(ARGS)

test: ## Everything a change must pass: format, lints, build, tests on both databases
	@scripts/test.sh

crash: ## Kill servers 1,000 times (or KILLS=), cut the database off, fail over; print the figures
	@scripts/crash.sh

soak: ## Simulate seed after seed with everything going wrong, for 10 minutes (or MINUTES=)
	cargo run --locked --release -p xtask -- sim --from $(or $(FROM),1000000) --minutes $(or $(MINUTES),10)

mutants: ## Put deliberate bugs into a copy of the code, one by one: a test must notice each
	cargo run --locked -p xtask -- mutants $(ARGS)

check: ## The quick part of it: format, lints, repository rules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo run --locked -q -p xtask -- tidy

docs: ## Write the generated documents again
	cargo run --locked -q -p xtask -- docs

bench: ## Measure what the platform accepts and sustains
	cargo run --locked --release -p xtask -- bench $(ARGS)

bench-rivals: ## Measure «create a payment» beside Medusa and two copies of Stripe
	cargo run --locked --release -p xtask -- bench-rivals $(ARGS)

clean: ## Remove everything that was built or installed into this folder
	cargo clean
	rm -rf .local clients/node_modules
