//! Files in the native layout, by our own writers.

use anabranch::read::Format;
use anabranch::write::TimestampType;
use anabranch::write::avro::AvroWriter;
use anabranch::write::json_lines::{JsonLinesWriter, LinesCompression};
use anabranch::write::parquet::ParquetWriter;
use arrow_avro::compression::CompressionCodec;

use crate::record::{Record, batch};
use crate::subject::Subject;

/// The records in every format and compression, several blocks where the format has them.
pub(crate) fn subjects(name: &str, records: &[Record]) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for compression in [LinesCompression::None, LinesCompression::Gzip, LinesCompression::Zstd] {
        let mut writer = JsonLinesWriter::new(Vec::new(), compression).unwrap();
        for records in records.chunks(3) {
            writer.write(&batch(records), Some(TimestampType::Create)).unwrap();
        }
        let name = format!("{name} in JSON Lines ({compression:?})");
        subjects.push(Subject::new(&name, Format::JsonLines, writer.finish().unwrap(), records));
    }
    for codec in [None, Some(CompressionCodec::Deflate), Some(CompressionCodec::ZStandard)] {
        let mut writer = AvroWriter::with_codec(Vec::new(), codec).unwrap();
        for records in records.chunks(3) {
            writer.write(&batch(records), Some(TimestampType::LogAppend)).unwrap();
        }
        let name = format!("{name} in Avro ({codec:?})");
        subjects.push(Subject::new(&name, Format::Avro, writer.finish().unwrap(), records));
    }
    let mut writer = ParquetWriter::new(Vec::new()).unwrap();
    for records in records.chunks(3) {
        writer.write(&batch(records), None).unwrap();
    }
    let name = format!("{name} in Parquet");
    subjects.push(Subject::new(&name, Format::Parquet, writer.finish().unwrap(), records));
    subjects
}
