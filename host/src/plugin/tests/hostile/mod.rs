//! Hostile plugins, one test each: the host stands, the right record is blamed, and memory is given back.
//!
//! | a plugin with | test |
//! |---|---|
//! | an endless loop in each export | [`exhausting`]: `an_endless_loop_in_describe`, `…_in_configure`, `…_in_process` |
//! | a memory bomb | [`exhausting`]: `a_memory_bomb`; the process's own memory in `tests/tests/bad_input/plugins.rs` |
//! | a stack overflow | [`exhausting`]: `a_stack_overflow` |
//! | tables, parts or handles without end | [`exhausting`]: `tables_without_end`, `more_parts_than_allowed`, `handles_without_end` |
//! | a log flood | [`exhausting`]: `a_log_flood` |
//! | a slow drip, each call of which is under the deadline | [`exhausting`]: `a_slow_drip_of_which_each_call_is_under_the_deadline` |
//! | a trap | [`exhausting`]: `a_trap` |
//! | cyclic, oversized or overlapping columns | [`answers`]: `a_cyclic_column`, `oversized_columns`, `overlapping_columns` |
//! | offsets beyond the data | [`answers`]: `offsets_beyond_the_data` |
//! | a selection out of range or out of order | [`answers`]: `a_selection_out_of_range`, `a_selection_out_of_order` |
//! | invalid UTF-8 where text is due | [`answers`]: `text_that_is_not_utf8` |
//! | calls of WASI for files, environment and network | [`super::system`]: `there_is_no_environment_and_there_are_no_files`, `sockets_are_denied` |
//! | unreachable after n records | [`moody`]: `unreachable_after_some_records` |
//! | output that depends on where batches are cut | [`moody`]: `output_that_depends_on_where_batches_are_cut`; over a kill and a resume in `tests/tests/exactly_once/reports.rs` |
//! | a trap only as part of a batch | [`moody`]: `a_trap_only_as_part_of_a_batch` |
//!
//! That whole restores stand them is tested in `tests/tests/bad_input/plugins.rs`, through the binary.

mod answers;
mod exhausting;
mod moody;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::guests::Guest;
use super::{Bench, batch, records, shown, source};
use crate::batch::Batch;
use crate::job::{Policies, Policy};
use crate::plugin::engine::Metering;
use crate::plugin::{Chain, Passed, TransformError};

/// The time of a call.
const TIME: Duration = Duration::from_millis(300);

/// Does `what` when the batch holds the record with offset 1042.
fn on_1042(what: &str) -> Guest {
    let process = format!("(if (call $holds (local.get $batch) (i64.const 1042)) (then {what}))");
    Guest { process, ..Guest::default() }
}

/// A guest with little to take.
fn bench(guest: &Guest) -> Bench {
    let mut bench = Bench::of(&[guest]);
    let limits = &mut bench.uses[0].limits;
    (limits.time, limits.output) = (TIME, 1 << 20);
    bench
}

/// Does `work` with the chain of a bench under a policy, and checks that all instances are gone with it: each of them
/// holds on to the engine.
fn given_back<T>(bench: &Bench, policy: Policy, work: impl FnOnce(&Chain) -> T) -> T {
    let engines = bench.engines();
    let weak = [Metering::Time, Metering::Fuel].map(|metering| engines.runtime(metering).unwrap().engine.weak());
    let chain = bench.load_on(&engines).unwrap().with_policies(Policies::all(policy));
    drop(engines);
    let result = work(&chain);
    drop(chain);
    let deadline = Instant::now() + Duration::from_secs(10);
    // The clock of deadlines holds an engine for the moment of a tick.
    while weak.iter().any(|engine| engine.upgrade().is_some()) {
        assert!(Instant::now() < deadline, "an instance is left");
        std::thread::yield_now();
    }
    result
}

/// What is said of a guest that is loaded or configured only.
fn refused(guest: &Guest) -> String {
    let bench = bench(guest);
    let refused = bench.load().and_then(|chain| chain.open(&source(), "target").map(drop));
    shown(&refused.unwrap_err())
}

/// What is said of a guest that fails at the record 1042. With it set aside the other records pass, those after it too.
fn blamed(guest: &Guest) -> String {
    let bench = bench(guest);
    let error = given_back(&bench, Policy::Fail, |chain| passed(chain, &[batch(1000, 100)]).unwrap_err());
    let batches = [batch(900, 100), batch(1000, 100), batch(1100, 100)];
    let all = given_back(&bench, Policy::Skip, |chain| passed(chain, &batches)).unwrap();
    let aside: Vec<String> = all
        .iter()
        .zip(&batches)
        .flat_map(|(passed, batch)| passed.aside.iter().map(|aside| batch.position(aside.row)))
        .collect();
    assert_eq!(aside, ["orders-3@1042"]);
    assert_eq!(all.iter().map(|passed| passed.outputs.len()).collect::<Vec<_>>(), [100, 99, 100]);
    shown(&error)
}

/// What a guest makes of batches of one lane.
fn passed(chain: &Chain, batches: &[Arc<Batch>]) -> Result<Vec<Passed>, TransformError> {
    let mut lane = chain.open(&source(), "target")?;
    batches.iter().map(|batch| lane.process(Arc::clone(batch), &mut [])).collect()
}
