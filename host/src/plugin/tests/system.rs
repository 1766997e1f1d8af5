//! What a plugin sees of a system: nothing, and that the same every time.

use super::guests::Guest;
use super::{Bench, batch};

/// A guest that adds what an import returns to its counter.
fn counting(import: &str, wit: &str, package: &str, process: &str) -> Guest {
    Guest {
        imports: (import.to_owned(), wit.to_owned(), package.to_owned()),
        process: process.to_owned(),
        ..Guest::default()
    }
}

fn counted(guest: &Guest) -> u64 {
    Bench::of(&[guest]).run(&batch(0, 3)).unwrap().1[0].counters.get("counter").copied().unwrap_or(0)
}

#[test]
fn the_clock_stands_at_the_jobs_first_start() {
    let wall = counting(
        r#"(import "wasi:clocks/wall-clock@0.2.3" "now" (func $now (param i32)))"#,
        "import wasi:clocks/wall-clock@0.2.3;",
        "package wasi:clocks@0.2.3 { interface wall-clock {
            record datetime { seconds: u64, nanoseconds: u32 }
            now: func() -> datetime;
        } }",
        "(call $now (i32.const 16)) (call $add (i64.load (i32.const 16))) (call $add (i64.load32_u (i32.const 24)))",
    );
    assert_eq!(counted(&wall), 1_700_000_000 + 123_000_000);
}

#[test]
fn waiting_takes_no_time() {
    // An hour, if it were real.
    let monotonic = counting(
        r#"(import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $subscribe (param i64) (result i32)))
        (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
        (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))"#,
        "import wasi:io/poll@0.2.3; import wasi:clocks/monotonic-clock@0.2.3;",
        "package wasi:io@0.2.3 { interface poll { resource pollable { block: func(); } } }
        package wasi:clocks@0.2.3 { interface monotonic-clock {
            use wasi:io/poll@0.2.3.{pollable};
            now: func() -> u64;
            subscribe-duration: func(when: u64) -> pollable;
        } }",
        "(call $block (call $subscribe (i64.const 3600000000000))) (call $add (i64.add (i64.const 1) (call $now)))",
    );
    let begun = std::time::Instant::now();
    assert_eq!(counted(&monotonic), 1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
}

#[test]
fn random_numbers_are_the_same_every_time_and_differ_between_lanes() {
    let random = counting(
        r#"(import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))"#,
        "import wasi:random/random@0.2.3;",
        "package wasi:random@0.2.3 { interface random { get-random-u64: func() -> u64; } }",
        "(call $add (i64.shr_u (call $random) (i64.const 2)))",
    );
    let bench = Bench::of(&[&random]);
    let chain = bench.load().unwrap();
    let drawn = |partition| {
        let source = crate::position::TopicPartition::new("orders", Some(partition));
        let mut lane = chain.open(&source, "target").unwrap();
        let mut draw = || {
            let mut counts = [crate::report::PluginCounts::default()];
            lane.process(batch(0, 1), &mut counts).unwrap();
            counts[0].counters["counter"]
        };
        [draw(), draw()]
    };
    let first = drawn(0);
    assert_eq!(first, drawn(0));
    assert_ne!(first[0], first[1]);
    assert_ne!(first, drawn(1));
}

#[test]
fn there_is_no_environment_and_there_are_no_files() {
    let lists = counting(
        r#"(import "wasi:cli/environment@0.2.3" "get-environment" (func $environment (param i32)))
        (import "wasi:cli/environment@0.2.3" "get-arguments" (func $arguments (param i32)))
        (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $directories (param i32)))"#,
        "import wasi:cli/environment@0.2.3; import wasi:filesystem/types@0.2.3; import wasi:filesystem/preopens@0.2.3;",
        "package wasi:cli@0.2.3 { interface environment {
            get-environment: func() -> list<tuple<string, string>>;
            get-arguments: func() -> list<string>;
        } }
        package wasi:filesystem@0.2.3 {
            interface types { resource descriptor; }
            interface preopens {
                use types.{descriptor};
                get-directories: func() -> list<tuple<descriptor, string>>;
            }
        }",
        "(call $environment (i32.const 16)) (call $add (i64.load32_u (i32.const 20)))
        (call $arguments (i32.const 16)) (call $add (i64.load32_u (i32.const 20)))
        (call $directories (i32.const 16)) (call $add (i64.load32_u (i32.const 20)))",
    );
    assert_eq!(counted(&lists), 0);
}

#[test]
fn sockets_are_denied() {
    let socket = counting(
        r#"(import "wasi:sockets/tcp-create-socket@0.2.3" "create-tcp-socket" (func $create (param i32 i32)))"#,
        "import wasi:sockets/network@0.2.3; import wasi:sockets/tcp@0.2.3; import wasi:sockets/tcp-create-socket@0.2.3;",
        "package wasi:sockets@0.2.3 {
            interface network {
                enum error-code { unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
                    concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
                    address-not-bindable, address-in-use, remote-unreachable, connection-refused, connection-reset,
                    connection-aborted, datagram-too-large, name-unresolvable, temporary-resolver-failure,
                    permanent-resolver-failure }
                enum ip-address-family { ipv4, ipv6 }
            }
            interface tcp { resource tcp-socket; }
            interface tcp-create-socket {
                use network.{error-code, ip-address-family};
                use tcp.{tcp-socket};
                create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
            }
        }",
        // 1000 for an error, and its code: 1 is access-denied.
        "(call $create (i32.const 0) (i32.const 16))
        (call $add (i64.mul (i64.const 1000) (i64.load8_u (i32.const 16))))
        (call $add (i64.load8_u (i32.const 20)))",
    );
    assert_eq!(counted(&socket), 1001);
}

#[test]
fn what_is_written_to_standard_error_is_quoted_when_a_plugin_traps() {
    let writes = counting(
        r#"(import "wasi:cli/stderr@0.2.3" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))
        (data (i32.const 64) "index out of bounds\0a")"#,
        "import wasi:io/error@0.2.3; import wasi:io/streams@0.2.3; import wasi:cli/stderr@0.2.3;",
        "package wasi:io@0.2.3 {
            interface error { resource error; }
            interface streams {
                use error.{error};
                variant stream-error { last-operation-failed(error), closed }
                resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
            }
        }
        package wasi:cli@0.2.3 { interface stderr {
            use wasi:io/streams@0.2.3.{output-stream};
            get-stderr: func() -> output-stream;
        } }",
        "(call $write (call $stderr) (i32.const 64) (i32.const 20) (i32.const 16)) (unreachable)",
    );
    let error = Bench::of(&[&writes]).run(&batch(0, 1)).unwrap_err().to_string();
    assert!(error.contains("saying \"index out of bounds\", at orders-3@0"), "{error}");
}
