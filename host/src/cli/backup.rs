//! What a backup holds, as `inspect` and `plan` show it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::catalog::{Catalog, Lane, Layout, Piece};
use crate::job::Target;
use crate::read::{Count, Format};
use crate::report::{Table, shown};

/// Files of a lane that the text names; the JSON has all.
const FILES_SHOWN: usize = 10;

/// The object `backup` of `anabranch.inspect/1` and `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(super) struct BackupDocument {
    url: String,
    files: usize,
    records: CountDocument,
    bytes: u64,
    lanes: Vec<LaneDocument>,
    layouts: Vec<LayoutDocument>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct CountDocument {
    count: u64,
    exact: bool,
}

#[derive(Debug, Serialize)]
struct LaneDocument {
    source: String,
    topic: String,
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_topic: Option<String>,
    records: CountDocument,
    bytes: u64,
    offsets: Option<RangeDocument>,
    files: Vec<FileDocument>,
}

#[derive(Debug, Serialize)]
struct RangeDocument {
    first: i64,
    last: i64,
}

#[derive(Debug, Serialize)]
struct FileDocument {
    path: String,
    bytes: u64,
    records: CountDocument,
    first_offset: Option<i64>,
    last_offset: Option<i64>,
}

#[derive(Debug, Serialize)]
struct LayoutDocument {
    format: &'static str,
    files: usize,
    example: String,
    columns: Vec<ColumnDocument>,
    mapping: Vec<String>,
    lost: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ColumnDocument {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

impl From<Count> for CountDocument {
    fn from(count: Count) -> Self {
        match count {
            Count::Exact(count) => Self { count, exact: true },
            Count::Estimated(count) => Self { count, exact: false },
        }
    }
}

impl CountDocument {
    fn shown(self) -> String {
        let about = if self.exact { "" } else { "about " };
        format!("{about}{}", shown::count(self.count))
    }
}

impl BackupDocument {
    /// What the catalog of the backup at `url` holds, and where `target` sends it.
    pub(super) fn new(url: &str, catalog: &Catalog, target: Option<&Target>) -> Self {
        let lanes: Vec<_> = catalog.lanes.iter().map(|lane| LaneDocument::new(lane, target)).collect();
        Self {
            url: url.to_string(),
            files: catalog.entries.len(),
            records: CountDocument {
                // Footers may claim any number.
                count: lanes.iter().fold(0_u64, |sum, lane| sum.saturating_add(lane.records.count)),
                exact: lanes.iter().all(|lane| lane.records.exact),
            },
            bytes: catalog.entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size)),
            lanes,
            layouts: catalog.layouts.iter().map(LayoutDocument::new).collect(),
        }
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "backup {}: {} in {}, {} records\n",
            self.url,
            shown::size(self.bytes),
            shown::files(self.files),
            self.records.shown()
        );
        let routed = self.lanes.iter().any(|lane| lane.target_topic.is_some());
        let columns = ["lane", ">records", ">bytes", "offsets", "target topic"];
        let mut lanes = Table::new(if routed { &columns[..] } else { &columns[..4] });
        for lane in &self.lanes {
            let offsets = lane.offsets.as_ref().map(|range| format!("{}–{}", range.first, range.last));
            let cells =
                [lane.source.clone(), lane.records.shown(), shown::size(lane.bytes), offsets.unwrap_or_default()];
            lanes.row(cells.into_iter().chain(lane.target_topic.clone()));
        }
        let _ = writeln!(out, "{lanes}");
        self.write_files(&mut out);
        for layout in &self.layouts {
            layout.write(&mut out);
        }
        out
    }

    fn write_files(&self, out: &mut String) {
        let mut files = Table::new(&["lane", "files in order", ">records", ">bytes", "from offset"]);
        for lane in &self.lanes {
            for file in lane.files.iter().take(FILES_SHOWN) {
                files.row([
                    lane.source.clone(),
                    file.path.clone(),
                    file.records.shown(),
                    shown::size(file.bytes),
                    file.first_offset.map(|offset| offset.to_string()).unwrap_or_default(),
                ]);
            }
            if let Some(more) = lane.files.len().checked_sub(FILES_SHOWN).filter(|more| *more > 0) {
                let more = format!("… and {} (all with `--output json`)", shown::more_files(more));
                files.row([lane.source.clone(), more, String::new(), String::new(), String::new()]);
            }
        }
        let _ = writeln!(out, "{files}");
    }
}

impl LaneDocument {
    fn new(lane: &Lane, target: Option<&Target>) -> Self {
        Self {
            source: lane.source.to_string(),
            topic: lane.source.topic.to_string(),
            partition: lane.source.partition,
            target_topic: target.map(|target| target.topic(&lane.source.topic).to_owned()),
            records: lane.records.into(),
            bytes: lane.bytes,
            offsets: lane.offsets.map(|(first, last)| RangeDocument { first, last }),
            files: lane.pieces.iter().map(FileDocument::new).collect(),
        }
    }
}

impl FileDocument {
    fn new(piece: &Piece) -> Self {
        Self {
            path: piece.entry.path.to_string(),
            bytes: piece.bytes,
            records: piece.rows.into(),
            first_offset: piece.first_offset(),
            last_offset: piece.last_offset(),
        }
    }
}

impl LayoutDocument {
    fn new(layout: &Layout) -> Self {
        let columns = layout.schema.iter().cloned().map(|(name, kind)| ColumnDocument { name, kind });
        Self {
            format: match layout.format {
                Format::Parquet => "parquet",
                Format::Avro => "avro",
                Format::JsonLines => "json-lines",
            },
            files: layout.files,
            example: layout.example.to_string(),
            columns: columns.collect(),
            mapping: layout.mapping.clone(),
            lost: layout.lost.clone(),
        }
    }

    fn write(&self, out: &mut String) {
        let _ = writeln!(out, "{}: {}, for instance `{}`", self.format, shown::files(self.files), self.example);
        for column in &self.columns {
            let _ = writeln!(out, "  column {}: {}", column.name, column.kind);
        }
        for mapping in &self.mapping {
            let _ = writeln!(out, "  {mapping}");
        }
        for lost in &self.lost {
            let _ = writeln!(out, "  lost: {lost}");
        }
        out.push('\n');
    }
}
