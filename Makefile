# Everything here installs what it is missing and says so. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: bench clean fmt help run test

run: ## Build and start Mixdown on http://localhost:3000 (PROFILE=dev builds quicker and runs slower)
	@scripts/run

test: ## Check style, lints and borders, then run all tests, as CI does
	@scripts/test

bench: ## Print the figures that Mixdown is measured by
	@scripts/bench

fmt: ## Format the Rust sources
	@cargo fmt --all

clean: ## Remove what was built; recordings and settings in data/ stay
	@rm -rf target e2e/node_modules

help: ## List these targets
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8
