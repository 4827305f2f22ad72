# Every target does its own set-up. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NPX := npx --no-install
STAMPS := build/.stamps

MINUTES ?= 5
SEEDS ?= 2000
MODULES ?= 500000
# `SECONDS` is the shell's own name for its age: only a value of the command line counts.
SECONDS_EACH = $(if $(filter command line,$(origin SECONDS)),$(SECONDS),60)
ONLY ?=
EIF ?=

.PHONY: helm docs cluster load soak mutate defences counts coverage deny release guests crowd swarm egress-score mesh prove help demo test check build bench fuzz conformance fuzz-native eif oracle-eif oracle-opendp test-boot test-boot-proof image-proof clean setup sim zk zk-prover zk-kernels zk-engines

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | expand -t 14

demo: build ## Show the whole promise on synthetic records, in about a minute (longer where a prover is built)
	@$(NPX) node client/cli/main.ts demo

test: build ## Run every test that needs no special machine
	@bash scripts/test.sh

check: setup ## Types, lint, dead code, formatting of Rust
	$(NPX) tsc --noEmit
	$(NPX) biome check --error-on-warnings .
	$(NPX) knip
	cargo fmt --manifest-path native/Cargo.toml --all --check
	cargo clippy --manifest-path native/Cargo.toml --release --locked -q -- -D warnings

build: setup $(STAMPS)/native $(STAMPS)/ts ## Build the native addons and dist/

fuzz: build ## Property tests, native fuzzing and MODULES of wasm-smith: make fuzz MINUTES=30 MODULES=500000
	NMP_FUZZ_MINUTES=$(MINUTES) $(NPX) vitest run test/fuzz
	@bash scripts/fuzz-native.sh $$(($(MINUTES) * 60))
	NMP_SMITH_MODULES=$(MODULES) $(NPX) vitest run test/unit/guardian/generated.test.ts

fuzz-native: ## Fuzz each native parser for 60 s, two at a time: make fuzz-native SECONDS=60
	@bash scripts/fuzz-native.sh $(SECONDS_EACH)

sim: build ## Deterministic simulation under faults: make sim SEEDS=2000
	$(NPX) node test/sim/main.ts --seeds $(SEEDS)

bench: build ## Measure, as ratios in one run, and write docs/benchmarks.md: make bench ONLY=guardian
	$(NPX) node test/bench/run.ts $(ONLY)
	@$(NPX) node scripts/bench/docs.ts

egress-score: build ## Score the egress filter on generated outputs: make egress-score SEED=7
	$(NPX) node scripts/egress-score.ts --seed $(or $(SEED),2024)

zk: ## Rebuild runtime, guest and verifier of ZK receipts twice, and compare with the committed ones
	@bash native/zk/reproduce.sh

zk-prover: ## Build the prover of ZK receipts: some 25 CPU minutes
	@bash native/zk/build.sh prover

zk-kernels: ## Compare the prover's vector kernels with its scalar ones, and the receipts of both
	@bash native/zk/build.sh kernels
	NMP_ZK_PROVE=1 $(NPX) vitest run test/unit/prove/kernels.test.ts

zk-engines: build ## Run 200 modules on Wasmtime, on V8, interpreted and translated in the zkVM
	NMP_ZK_MODULES=200 $(NPX) vitest run test/unit/prove/engines.test.ts

conformance: build ## Run the MCP conformance suite of both protocol eras
	$(NPX) vitest run test/conformance

eif: setup ## Build the enclave image: build/enclave.eif, pcrs.json, sbom.json (EIF='--config FILE …')
	@$(NPX) node scripts/build.ts image
	@kernel=$$(bash scripts/image/kernel.sh) && $(NPX) node scripts/image/eif.ts --kernel "$$kernel" $(EIF)

test-boot: build ## Boot the image on an emulated Nitro machine and ask it (cold: 20 minutes, once)
	@bash scripts/image/test-boot.sh

image-proof: build ## Have the files of an image prove runs in a root of their own, as node and as prover
	@bash native/zk/build.sh prover
	NMP_ZK_PROVE=1 $(NPX) vitest run test/e2e/image-root.test.ts test/unit/image/prover-root.test.ts test/unit/prove/confined.test.ts test/unit/image/crates.test.ts

test-boot-proof: build ## Boot an image with the prover the same way, and verify its receipt (cold: 50 minutes, once)
	@bash scripts/image/test-boot-proof.sh

test-kms: build ## Seal and open datasets with a KMS emulator (cold: two minutes, once)
	NMP_KMS=1 $(NPX) vitest run test/e2e/kms.test.ts test/unit/kms test/unit/data/sealed

guests: build ## Run commands of Rust, Go and C, and rebuild the JavaScript engine to the byte (docs/sandbox.md)
	NMP_RUST_GUEST=1 $(NPX) vitest run test/unit/sandbox/commands.test.ts
	bash native/js/build.sh $(CURDIR)/build/script-engine.wasm && cmp build/script-engine.wasm shared/script/engine.wasm

helm: setup ## Lint and render the Helm chart, and check it with Kubernetes' schemas (compiles Helm once)
	@bash scripts/deploy/helm.sh
	$(NPX) vitest run test/unit/deploy

packed: build ## Install the packed package into an empty project and run an example
	NMP_PACKED=1 $(NPX) vitest run test/e2e/packed.test.ts

mesh: build ## Let cold agents find and call 20 real nodes on loopback, 100 of 100
	NMP_MESH_NODES=20 $(NPX) vitest run test/unit/mesh test/e2e/mesh-calls.test.ts

swarm: build ## Look up in a table of 100 nodes, a fifth hostile, three tenths of the others gone
	NMP_SWARM_NODES=100 $(NPX) vitest run test/unit/mesh/hostile-swarm.test.ts

cluster: build ## Show nodes, provers and heirs on one NATS server, some of them killed (needs nats-server)
	$(NPX) vitest run test/e2e/cluster.test.ts test/unit/parent/jobs test/unit/prove/jobs test/unit/handover

load: build ## Load a node by 200 attested clients in an open loop, 8 hostile ones beside: make load RATE=50
	@$(NPX) node scripts/load/main.ts --rate $(or $(RATE),50)

soak: build ## The same for MINUTES, memory watched; a goal that is missed fails: make soak MINUTES=30
	@$(NPX) node scripts/load/main.ts --rate $(or $(RATE),50) --minutes $(MINUTES)

crowd: build ## Serve 200 clients with 16 calls in flight each (wants an idle machine)
	NMP_CLIENTS=200 $(NPX) vitest run test/e2e/many-clients.test.ts

prove: setup ## Prove handshake and mutual attestation, and refute their mutants (needs ProVerif 2.05)
	@$(NPX) node scripts/prove.ts

oracle-eif: eif ## Compare the image with AWS's own library for images (compiles it first)
	@target=$${NMP_CACHE:-$$HOME/.cache/nmp-enclave}/eif-oracle-target && \
	  CARGO_TARGET_DIR=$$target cargo build -q --release --locked --manifest-path test/oracle/eif/Cargo.toml && \
	  NMP_EIF_ORACLE=$$target/release/nmp-eif-oracle NMP_EIF_BUILT=build/enclave.eif $(NPX) vitest run test/unit/image/oracle.test.ts

oracle-opendp: setup ## Compare the noise of egress policies with OpenDP's own (installs it in a venv, once)
	@venv=$${NMP_CACHE:-$$HOME/.cache/nmp-enclave}/opendp-0.16.0 && \
	  { [ -d $$venv ] || { python3 -m venv $$venv.new && $$venv.new/bin/pip install -q --disable-pip-version-check opendp==0.16.0 && mv $$venv.new $$venv; }; } && \
	  NMP_OPENDP_PYTHON=$$venv/bin/python $(NPX) vitest run test/unit/egress/privacy

deny: ## Check licences and sources of crates with cargo-deny (compiles it once: four minutes)
	@bash scripts/supply/deny.sh

release: setup ## Pack what is committed twice, compare, write SBOM and hashes; publishes nothing
	@$(NPX) node scripts/supply/release.ts

counts: build ## Count instructions of fixed kernels and compare with those kept (needs valgrind)
	@$(NPX) node test/counts/run.ts

mutate: build ## Make small changes in a room and count what its tests notice: make mutate ROOM=wire SAMPLE=120
	@$(NPX) node scripts/mutation/main.ts $(or $(ROOM),wire) --sample $(or $(SAMPLE),120) --seed $(or $(SEED),1)

defences: build ## Take each defence of SECURITY.md away in a copy: the test that its row names must fail
	@$(NPX) node scripts/mutation/remove-defences.ts

coverage: build ## Branches covered by unit and property tests, by room, with thresholds
	@$(NPX) vitest run test/unit test/fuzz --coverage.enabled --coverage.provider=v8 --coverage.reporter=json-summary \
	  --coverage.include='shared/**/*.ts' --coverage.include='enclave/{guardian,egress}/**/*.ts' --coverage.exclude='**/*.d.ts' \
	  > build/coverage.txt || { tail -40 build/coverage.txt; exit 1; }
	@$(NPX) node scripts/coverage.ts

docs: setup ## Write the API reference to build/api (fetches typedoc once)
	@bash scripts/api-reference/make.sh

clean: ## Remove what was built here (caches outside stay)
	rm -rf build dist coverage

setup: $(STAMPS)/npm

$(STAMPS)/npm: package-lock.json package.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer (it brings npm); the project then uses its own Node 24.' >&2; exit 2; }
	@echo '· npm ci (about a minute the first time)'
	@bash scripts/supply/install.sh
	@mkdir -p $(STAMPS) && touch $@

NATIVE_SOURCES := $(shell find native -name target -prune -o -path native/zk -prune -o \( -name '*.rs' -o -path '*/rules/*' -type f -o -name 'Cargo.*' \) -print 2>/dev/null)
$(STAMPS)/native: $(STAMPS)/npm $(NATIVE_SOURCES)
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust 1.95 or newer (rustup), then run this again.' >&2; exit 2; }
	@echo '· native addons (about five minutes the first time, then cached outside the repository)'
	@$(NPX) node scripts/build.ts native
	@touch $@

TS_SOURCES := $(shell find shared enclave parent client -name '*.ts' 2>/dev/null)
$(STAMPS)/ts: $(STAMPS)/npm $(TS_SOURCES)
	@$(NPX) node scripts/build.ts ts
	@touch $@
