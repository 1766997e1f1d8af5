//! Files as other tools write them, from `tests/fixtures`.

use std::io::Write as _;
use std::path::Path;

use anabranch::job::{ColumnNames, Encoding, Encodings};
use anabranch::read::Format;

use crate::record::{Record, awkward, record};
use crate::subject::Subject;

fn fixture(name: &str, records: &[Record]) -> Subject {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    let content = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let format = if name.ends_with("avro") { Format::Avro } else { Format::JsonLines };
    Subject::new(name, format, content, records)
}

fn base64() -> Encodings {
    Encodings { key: Encoding::Base64, value: Encoding::Base64, headers: Encoding::Base64 }
}

pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for codec in ["null", "deflate", "zstandard", "snappy"] {
        subjects.push(fixture(&format!("avro/native.{codec}.avro"), &awkward()));
    }
    subjects.push(fixture(
        "avro/data-keep.avro",
        &[
            record(Some(b"k"), Some(b"v"), &[("a", Some(b"1"))], 5).at("t", 0, 9),
            record(None, None, &[], 6).at("t", 0, 12),
        ],
    ));
    subjects.push(fixture(
        "avro/lenses.avro",
        &[
            record(Some(b"k"), Some(br#"{"id":7,"note":null}"#), &[("trace", Some(b"x"))], 5).at("t", 1, 3),
            record(None, None, &[], 6).at("t", 1, 4),
        ],
    ));
    let bare = |value: Option<&[u8]>| record(None, value, &[], -1);
    subjects.push(fixture("avro/bare-bytes.avro", &[bare(Some(b"one")), bare(Some(b"")), bare(Some(b"\xff"))]));
    subjects.push(fixture("avro/bare-string.avro", &[bare(Some(b"one")), bare(None), bare(Some(b""))]));

    subjects.push(fixture(
        "json_lines/kcat.jsonl",
        &[
            record(
                Some(b"a"),
                Some(br#"{"id":1}"#),
                &[("h", Some(b"1")), ("h", Some(b"2")), ("g", None), ("h", Some(b""))],
                1_700_000_000_123,
            )
            .at("orders", 3, 1042),
            record(None, None, &[], 0).at("orders", 3, 1043),
            record(Some(b""), Some(b""), &[], -1).at("orders", 3, 1045),
        ],
    ));
    subjects.push(Subject {
        encoding: base64(),
        ..fixture(
            "json_lines/aiven.jsonl",
            &[
                record(Some(b"k"), Some(b"one"), &[("h", Some(b"1")), ("h", None)], 1_577_836_801_000).at_offset(7),
                record(None, None, &[], 1_577_836_801_500).at_offset(8),
            ],
        )
    });
    subjects.push(fixture(
        "json_lines/lenses.jsonl",
        &[
            record(
                Some(b"k"),
                Some(br#"{"id":12345678901234567890,"b":1.50,"a":"\u00e9"}"#),
                &[("trace", Some(b"x")), ("count", Some(b"3"))],
                1_700_000_000_123,
            )
            .at("orders", 1, 3),
            record(None, Some(b"[1, 2]"), &[], 1_700_000_000_124).at("orders", 1, 4),
        ],
    ));
    subjects.push(Subject {
        encoding: base64(),
        ..fixture(
            "json_lines/guardian.jsonl",
            &[
                record(Some(b"key"), Some(b"\x00\xff\xfe"), &[], 1_700_000_000_123).at("orders", 0, 11),
                record(Some(b"key"), None, &[], 1_700_000_000_124).at("orders", 0, 12),
            ],
        )
    });
    subjects.push(Subject {
        encoding: Encodings { headers: Encoding::Base64, ..Encodings::default() },
        ..fixture(
            "json_lines/huantt.jsonl",
            &[record(Some(b"k"), Some(b"v"), &[("h", Some(b"1")), ("h", Some(b""))], 1_577_836_801_000)
                .at("orders", 0, 5)],
        )
    });
    subjects.push(fixture(
        "json_lines/full-record.jsonl",
        &[record(Some(b"k"), Some(b"v"), &[("h", Some(b"1")), ("h", None)], 5).at("orders", 2, 6)],
    ));
    subjects.push(mapped());
    subjects
}

/// Columns of any name, by the job; hexadecimal text.
fn mapped() -> Subject {
    let content =
        "{\"at\":\"1970-01-01T00:00:00.007Z\",\"where\":{\"lane\":2,\"no\":8},\"id\":\"00ff\",\"body\":\"\"}\n";
    let due = Record { partition: Some(2), offset: Some(8), ..record(Some(b"\x00\xff"), Some(b""), &[], 7) };
    let name = |name: &str| Some(name.to_owned());
    Subject {
        columns: ColumnNames {
            key: name("id"),
            value: name("body"),
            timestamp: name("at"),
            partition: name("where.lane"),
            offset: name("where.no"),
            ..ColumnNames::default()
        },
        encoding: Encodings { key: Encoding::Hex, ..Encodings::default() },
        ..Subject::new("mapped.jsonl", Format::JsonLines, content, &[due])
    }
}

/// The same two records behind every way to end lines and begin a file.
pub(crate) fn line_ends() -> Vec<Subject> {
    let (one, two) = (r#"{"key":"a","value":"1"}"#, r#"{"key":"b","value":null}"#);
    let due = [record(Some(b"a"), Some(b"1"), &[], -1), record(Some(b"b"), None, &[], -1)];
    let gzip = |content: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |content: &str| zstd::encode_all(content.as_bytes(), 0).unwrap();
    let (first, rest) = one.split_at(10);
    [
        ("no last newline", format!("{one}\n{two}").into_bytes()),
        ("CRLF", format!("{one}\r\n{two}\r\n").into_bytes()),
        ("a byte-order mark", format!("\u{feff}{one}\n{two}\n").into_bytes()),
        ("blank lines", format!("\n\n{one}\n  \r\n{two}\n\n").into_bytes()),
        ("members of gzip that end within a line", [gzip(first), gzip(&format!("{rest}\n{two}\n"))].concat()),
        ("frames of zstd that end within a line", [zstd(first), zstd(&format!("{rest}\n{two}\n"))].concat()),
    ]
    .into_iter()
    .map(|(name, content)| Subject::new(name, Format::JsonLines, content, &due))
    .collect()
}
