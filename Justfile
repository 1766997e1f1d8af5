# Every task a person does. `./justw` runs it where `just` is not installed.

set shell := ["bash", "-euo", "pipefail", "-c"]

# Lists the tasks.
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Shows a backup flow through a plugin into Kafka; with `--kafka` into Apache Kafka instead of the embedded mock.
[positional-arguments]
demo *ARGS:
    @if [[ " $* " == *" --kafka "* ]]; then scripts/doctor kafka && scripts/kafka-jars; else scripts/doctor build; fi
    @scripts/plugins
    @echo "building Anabranch; a first build takes some minutes" >&2
    @cargo build --workspace --bins
    @target/debug/demo "$@"

# Everything that must hold: plugins from source, Apache Kafka, a Schema Registry, then all tests.
test: tools kafka-jars registry-jars serializers plugins python js
    # Most of them wait for Kafka most of the time.
    RUST_TEST_THREADS=$(( {{ num_cpus() }} * 2 )) cargo test --workspace

# As `test`, and what takes long: nodes that go and come back, each mechanism switched off, 200 restores that are killed.
test-all: test
    cargo test --workspace --test long
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" switched-off
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" soak

# Kills a restore at random moments, 200 times; `TRIALS` says how often.
soak TRIALS="200": kafka-jars plugins
    cargo build --workspace --bins
    ANABRANCH_TRIALS={{ TRIALS }} cargo test --workspace --test exactly_once kills

# Runs the tests of docs/guarantees.md without the mechanisms that they are to show, and requires that they fail.
[positional-arguments]
switched-off *ARGS: kafka-jars plugins
    @cargo test --workspace --test switched_off -- "$@"

# Measures what docs/benchmarks.md shows: `boundary`, `schemas`, `pipeline`, `selection`, `listing`, `broker`, `resume`, or all of them.
[positional-arguments]
bench *ARGS: kafka-jars plugins
    @scripts/test-python build
    @scripts/test-js build
    @cargo build --release --workspace --bins
    @target/release/bench "$@"

# Builds the program as it is released: with the ready-made plugins inside.
build: plugins
    cargo build --release --workspace --bins --features anabranch/ready-made

# Builds all plugins to target/plugins.
plugins: doctor
    @scripts/plugins

# Tests the SDK for Python, and builds the plugins in Python that the tests run.
python:
    @scripts/test-python

# Tests the package for plugins in JavaScript, and builds the plugins that the tests run.
js:
    @scripts/test-js

# What must hold before a change is shared: format, lints, documentation.
check: doctor
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- --deny warnings
    # Not among all targets, since `cargo test` leaves it out.
    cargo clippy --workspace --test long --test switched_off -- --deny warnings
    RUSTDOCFLAGS="--deny warnings --allow rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps

# Formats, and applies what lints can fix themselves.
fix: doctor
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
    cargo fmt --all

# Fetches Apache Kafka into Maven's cache.
kafka-jars:
    @scripts/doctor kafka
    @scripts/kafka-jars

# Fetches the Schema Registry of the tests into Maven's cache, and unpacks it to target/registry.
registry-jars:
    @scripts/doctor kafka
    @scripts/registry-jars

# Installs the serializers for Python that the tests of schemas compare with, to target/serializers.
serializers:
    @scripts/serializers

# Checks that everything needed to test is there.
tools:
    @scripts/doctor test

# Checks that everything needed to build is there.
doctor:
    @scripts/doctor build
