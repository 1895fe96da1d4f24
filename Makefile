# Every target installs what it needs by itself; `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Settings of the cluster, from make's command line or the environment.
export PROXY CNI IPFAMILY NODES LB INSTANCE FOCUS SKIP PARALLEL TIMEOUT OUT RECORD KEEP_LOGS
# Node 24 comes with the npm packages and goes before any other.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test test-clients contract cluster cluster-down e2e e2e-short conformance lint format bench golden clean

help: ## Print this list
	@awk -F':.*## ' '/^[a-z0-9%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install tools, npm packages and Envoy; compile
	@scripts/setup.sh

demo: setup ## Two nodes, real Envoys, a story with every claim checked (KEEP=1 leaves it running)
	@node test/demo/main.ts

test: setup ## Lint, type check and every test, the system tests as root
	@scripts/test.sh

test-clients: setup ## Clients of other languages (Java, Python, Go) through Envoy; installs a JDK and Maven
	@test/clients/build.sh
	@vitest run --config vitest.clients.config.ts

contract: setup ## The Service contract on the real kube-proxy and on Fairlead, side by side
	@test/tools/build.sh etcd kubectl kube-apiserver kube-proxy
	@rm -rf .cache/contract; vitest run --config vitest.contract.config.ts; status=$$?; node test/contract/report-main.ts; exit $$status

cluster: setup ## A real Kubernetes cluster on this machine: PROXY=fairlead|kube-proxy CNI=ptp|bridge IPFAMILY=ipv4|ipv6|dual NODES=2..6
	@node test/cluster/up-main.ts

cluster-down: ## Remove that cluster and all that it left
	@node test/cluster/down-main.ts

e2e: setup ## Kubernetes' own tests against that cluster: FOCUS=... SKIP=... PARALLEL=...
	@node test/cluster/e2e-main.ts

e2e-short: setup ## Eight of these tests on a cluster of their own, which is removed again
	@node test/cluster/e2e-short-main.ts

conformance: setup ## The whole list on all clusters that it takes (an hour and more): PROXY=... CNI=... RUN=...
	@node test/cluster/conformance-main.ts $(RUN)

lint: setup ## Biome, tsc, import directions, dead code
	@npm run --silent lint

format: setup ## Format the sources
	@npm run --silent format

golden: setup ## Rewrite the expected outputs of the golden tests
	@UPDATE_GOLDEN=1 npx vitest run test/golden

bench: setup ## Run all benchmarks; writes bench/results/
	@node bench/run.ts

bench-%: setup ## Run one benchmark, such as bench-fanout
	@node bench/run.ts $*

clean: ## Remove what was built and installed into this folder, and what a demo left in the kernel
	@scripts/clean.sh
