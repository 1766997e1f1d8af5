//! Dead letters: source records as the backup has them, with headers that say why they were set aside.
//!
//! The headers are added behind the record's own, and [`stripped`] takes them away again, and no others.

use std::sync::Arc;

use super::SetAside;
use crate::batch::{Batch, HeadersBuilder, Outputs, Patch, Patches, Selection};
use crate::mechanism::is_off;

const JOB: &str = "anabranch-dead-letter-job";
const POSITION: &str = "anabranch-dead-letter-position";
const TIMESTAMP: &str = "anabranch-dead-letter-timestamp";
const CAUSE: &str = "anabranch-dead-letter-cause";
const PLUGIN: &str = "anabranch-dead-letter-plugin";
const REASON: &str = "anabranch-dead-letter-reason";

/// The dead letters of these records of `source`, in their order.
pub fn letters<'a>(job: &str, source: &Arc<Batch>, aside: impl Iterator<Item = &'a SetAside>) -> Arc<Batch> {
    let mut rows = Vec::new();
    let mut headers = HeadersBuilder::default();
    for SetAside { row, cause, plugin, reason, detail } in aside {
        rows.push(*row as u32);
        for header in source.columns.headers.row(*row) {
            headers.push(header.name, header.value);
        }
        let mut add = |name, text: &str| headers.push(name, Some(text.as_bytes()));
        add(JOB, job);
        add(POSITION, &source.position(*row));
        add(TIMESTAMP, &source.columns.timestamps[*row].to_string());
        add(CAUSE, cause.name());
        if let Some(plugin) = plugin {
            add(PLUGIN, &plugin.label);
        }
        add(REASON, detail.as_ref().unwrap_or(reason));
        headers.end_row();
    }
    let patched = (0..rows.len() as u32).collect::<Vec<_>>().into();
    let headers = Some(Patch { rows: patched, column: headers.finish() });
    let patches = Patches { headers, ..Patches::default() };
    Outputs { batch: Arc::clone(source), selection: Selection::Rows(rows), patches }.into_batch()
}

/// The records of a batch without the headers that [`letters`] added last, and with the timestamps that these tell. A
/// header whose name begins like theirs is the record's own where it is not one of a whole set, or where another set
/// stands behind it.
pub fn stripped(batch: Arc<Batch>) -> Arc<Batch> {
    let headers = &batch.columns.headers;
    if !headers.dictionary().iter().flatten().any(|name| name == POSITION) || is_off("letters-are-stripped") {
        return batch;
    }
    let mut kept = HeadersBuilder::default();
    let mut timestamps = batch.columns.timestamps.to_vec();
    let mut names: Vec<&str> = Vec::new();
    for (row, timestamp) in timestamps.iter_mut().enumerate() {
        names.clear();
        names.extend(headers.row(row).map(|header| header.name));
        let ours = (0..names.len()).rev().find_map(|from| Some(from..from + added(names.get(from..)?)?));
        for (place, header) in headers.row(row).enumerate() {
            if !ours.as_ref().is_some_and(|ours| ours.contains(&place)) {
                kept.push(header.name, header.value);
            } else if header.name == TIMESTAMP
                && let Some(told) = header.value.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok())
            {
                *timestamp = told;
            }
        }
        kept.end_row();
    }
    let mut stripped = (*batch).clone();
    stripped.columns.headers = kept.finish();
    stripped.columns.timestamps = timestamps.into();
    Arc::new(stripped)
}

/// How many of the headers with these names [`letters`] has added, if the first one is the first of them.
fn added(names: &[&str]) -> Option<usize> {
    let with_plugin = [JOB, POSITION, TIMESTAMP, CAUSE, PLUGIN, REASON];
    let without = [JOB, POSITION, TIMESTAMP, CAUSE, REASON];
    if names.starts_with(&with_plugin) {
        Some(with_plugin.len())
    } else {
        names.starts_with(&without).then_some(without.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aside::{Blamed, Cause};
    use crate::batch::{ColumnsBuilder, Routes};
    use crate::position::TopicPartition;

    #[test]
    fn a_dead_letter_is_the_record_itself_once_its_headers_are_taken_away() {
        let mut columns = ColumnsBuilder::default();
        for row in 0..4_i64 {
            columns.key((row != 1).then_some(b"k"));
            columns.value((row != 2).then_some(b""));
            columns.header("trace", Some(b"\xff"));
            columns.header("trace", None);
            columns.header("anabranch-dead-letter-reason", Some(b"the user's own"));
            columns.end_row(row * 1000 - 1);
        }
        let batch = Arc::new(Batch {
            source: Arc::new(TopicPartition::new("orders", Some(3))),
            file: "a.jsonl".into(),
            rows: vec![0, 1, 2, 3].into(),
            offsets: Some(vec![10, 20, 30, 40].into()),
            columns: columns.finish(),
            strand: None,
            routes: Routes::default(),
        });
        let plugin = Some(Blamed { index: 0, label: "mask 1.0.0".into() });
        let aside = |row| SetAside {
            row,
            cause: Cause::Rejected,
            plugin: plugin.clone(),
            reason: "no".to_owned(),
            detail: None,
        };
        let letters = letters("job", &batch, [aside(1), aside(2)].iter());
        let told: Vec<String> = letters
            .columns
            .headers
            .row(1)
            .skip(3)
            .map(|header| format!("{}={}", header.name, String::from_utf8_lossy(header.value.unwrap_or_default())))
            .collect();
        assert_eq!(
            told,
            [
                "anabranch-dead-letter-job=job",
                "anabranch-dead-letter-position=orders-3@30",
                "anabranch-dead-letter-timestamp=1999",
                "anabranch-dead-letter-cause=rejected",
                "anabranch-dead-letter-plugin=mask 1.0.0",
                "anabranch-dead-letter-reason=no",
            ]
        );
        // As a topic with `LogAppendTime` would have it.
        let mut late = (*letters).clone();
        late.columns.timestamps = vec![7, 7].into();
        let (back, wanted) = (stripped(Arc::new(late)), batch.slice(1, 2));
        assert_eq!(back.columns.headers, wanted.columns.headers);
        assert_eq!((&back.columns.keys, &back.columns.values), (&wanted.columns.keys, &wanted.columns.values));
        assert_eq!((&back.columns.timestamps, &back.offsets), (&wanted.columns.timestamps, &wanted.offsets));
        // Restored as ordinary records, dead letters keep their headers; these are the records' own from there on.
        let again = super::letters("other", &letters, [aside(0), aside(1)].iter());
        assert_eq!(again.columns.headers.row(0).count(), 3 + 6 + 6);
        assert_eq!(stripped(again).columns.headers, letters.columns.headers);
        assert!(
            Arc::ptr_eq(&stripped(Arc::clone(&batch)), &batch),
            "nothing is copied where there is nothing to take away"
        );
    }
}
