//! Does one misdeed when it meets one record, and passes everything else as it is.

#![allow(clippy::panic, reason = "that is one of the misdeeds")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use anabranch_plugin::columns::{Answer, Batch, BytesColumn, BytesPatch, HeadersColumn, HeadersPatch, numbers::pack};
use anabranch_plugin::{Columns, Level, Parameters, Plugin, count, log};
use serde::Deserialize;

/// Records that this instance has seen.
static SEEN: AtomicU32 = AtomicU32::new(0);

#[derive(Deserialize, Parameters)]
struct Hostile {
    /// What it does: `trap`, `loop`, `memory`, `stack`, `fail`, `selection`, `order`, `offsets`, `text`, `undeclared`; or, with every batch,
    /// `cuts`: leaves out its first record; `remembers`: leaves out every third that the instance sees, which no state says;
    /// `talks`: says and counts that it came.
    deed: String,
    /// The offset of the record.
    at: i64,
}

impl Plugin for Hostile {
    const READS: Columns = Columns::KEY;
    const CHANGES: Columns = Columns::VALUE.union(Columns::HEADERS);

    fn batch(&mut self, batch: &Batch) -> Result<Answer, String> {
        if self.deed == "cuts" {
            return Ok(Answer { selection: Some(pack(&(1..batch.count).collect::<Vec<_>>())), ..Answer::unchanged() });
        }
        if self.deed == "remembers" {
            let kept = |_: &u32| SEEN.fetch_add(1, Ordering::Relaxed) % 3 != 2;
            return Ok(Answer {
                selection: Some(pack(&(0..batch.count).filter(kept).collect::<Vec<_>>())),
                ..Answer::unchanged()
            });
        }
        if self.deed == "talks" {
            log(Level::Warn, &format!("{} came", batch.count));
            count("came", u64::from(batch.count));
            return Ok(Answer::unchanged());
        }
        let Some(row) = (0..batch.count).find(|row| batch.offsets.get(*row as usize) == self.at) else {
            return Ok(Answer::unchanged());
        };
        let mut answer = Answer::unchanged();
        match self.deed.as_str() {
            "trap" => panic!("cannot go on"),
            "loop" => loop {
                black_box(row);
            },
            "memory" => {
                let mut bomb: Vec<Vec<u8>> = Vec::new();
                loop {
                    bomb.push(black_box(vec![1; 1 << 20]));
                }
            }
            "stack" => drop(black_box(deeper(1))),
            "fail" => return Err("does not want this batch".to_owned()),
            "selection" => answer.selection = Some(pack(&[batch.count])),
            "order" => answer.selection = Some(pack(&[row, 0, row])),
            "offsets" => {
                answer.values = Some(BytesPatch { rows: pack(&[row]), values: bytes(vec![0, 1 << 20], vec![1]) })
            }
            "text" => {
                let headers = HeadersColumn {
                    rows: pack(&[0_u32, 1]),
                    names: pack(&[0_u32]),
                    dictionary: bytes(vec![0, 1], vec![0xff]),
                    values: bytes(vec![0, 0], Vec::new()),
                };
                answer.headers = Some(HeadersPatch { rows: pack(&[row]), headers });
            }
            "undeclared" => {
                answer.keys = Some(BytesPatch { rows: pack(&[row]), values: bytes(vec![0, 0], Vec::new()) })
            }
            other => return Err(format!("there is no misdeed `{other}`")),
        }
        Ok(answer)
    }
}

fn bytes(offsets: Vec<u32>, data: Vec<u8>) -> BytesColumn {
    BytesColumn { offsets: pack(&offsets), data, validity: None }
}

#[allow(unconditional_recursion, reason = "that is the misdeed")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + 1
}

anabranch_plugin::export!(Hostile);
