//! The backup that the tests restore, in each format's native layout.

use std::fs::{self, File};
use std::path::Path;

use anabranch::write::TimestampType;
use anabranch::write::avro::AvroWriter;
use anabranch::write::json_lines::{JsonLinesWriter, LinesCompression};
use anabranch_tests::orders::Orders;

/// What is in it.
pub(crate) const ORDERS: Orders = Orders { records: 6000, partitions: 3, files: 3, headers: true };

/// The format of its files.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    Parquet,
    Avro,
    Lines,
}

pub(crate) fn write(folder: &Path, layout: Layout) {
    if let Layout::Parquet = layout {
        return ORDERS.write(folder).unwrap();
    }
    let records = ORDERS.records / ORDERS.partitions as u64;
    let a_file = records.div_ceil(ORDERS.files);
    for partition in 0..ORDERS.partitions {
        for first in (0..records).step_by(a_file as usize) {
            let batch = ORDERS.batch(partition, first, (first + a_file).min(records));
            // Nothing of the name tells the order, so that it can only come from the offsets.
            let path = folder.join(format!("file{}of{partition}", records - first));
            let (file, created) = (File::create(path).unwrap(), Some(TimestampType::Create));
            match layout {
                Layout::Avro => {
                    let mut writer = AvroWriter::new(file).unwrap();
                    writer.write(&batch, created).unwrap();
                    writer.finish().unwrap();
                }
                Layout::Lines | Layout::Parquet => {
                    let mut writer = JsonLinesWriter::new(file, LinesCompression::Gzip).unwrap();
                    writer.write(&batch, created).unwrap();
                    writer.finish().unwrap();
                }
            }
        }
    }
}

/// The files below a folder, their paths relative to it.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files
}
