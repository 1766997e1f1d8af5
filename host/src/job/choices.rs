//! Settings that are one of a few words, and the words.

use super::{Delivery, Encoding, FileFormat, Order, PartitionStrategy, Policy, Subject, Tombstones, ValueEncoding};
use crate::read::Format;

/// Words and what they mean.
pub type Choices<T> = &'static [(&'static str, T)];

/// `backup.format`.
pub const FORMATS: Choices<Format> =
    &[("parquet", Format::Parquet), ("avro", Format::Avro), ("json-lines", Format::JsonLines)];

/// `backup.encoding`.
pub const ENCODINGS: Choices<Encoding> =
    &[("text", Encoding::Text), ("base64", Encoding::Base64), ("hex", Encoding::Hex)];

/// `target.partition`, where it is no table.
pub const PARTITIONS: Choices<PartitionStrategy> = &[
    ("same", PartitionStrategy::Same),
    ("key", PartitionStrategy::Key),
    ("round-robin", PartitionStrategy::RoundRobin),
];

/// `target.order`.
pub const ORDERS: Choices<Order> = &[("key", Order::Key), ("timestamp", Order::Timestamp), ("none", Order::None)];

/// `target.delivery`.
pub const DELIVERIES: Choices<Delivery> =
    &[("exactly-once", Delivery::ExactlyOnce), ("at-least-once", Delivery::AtLeastOnce)];

/// The policies of `[rejected]`.
pub const POLICIES: Choices<Policy> =
    &[("fail", Policy::Fail), ("skip", Policy::Skip), ("dead-letter", Policy::DeadLetter)];

/// `select.tombstones`.
pub const TOMBSTONES: Choices<Tombstones> = &[("only", Tombstones::Only), ("none", Tombstones::None)];

/// `schema.value.encoding`.
pub const VALUE_ENCODINGS: Choices<ValueEncoding> = &[
    ("raw", ValueEncoding::Raw),
    ("json", ValueEncoding::Json),
    ("avro", ValueEncoding::Avro),
    ("json-schema", ValueEncoding::JsonSchema),
    ("protobuf", ValueEncoding::Protobuf),
    ("rewrite-ids", ValueEncoding::RewriteIds),
];

/// `schema.value.subject`.
pub const SUBJECTS: Choices<Subject> =
    &[("topic", Subject::Topic), ("record", Subject::Record), ("topic-record", Subject::TopicRecord)];

/// `rejected.format`.
pub const FILE_FORMATS: Choices<FileFormat> =
    &[("parquet", FileFormat::Parquet), ("json-lines", FileFormat::JsonLines)];

/// The words.
pub fn names<T>(choices: Choices<T>) -> Vec<&'static str> {
    choices.iter().map(|(name, _)| *name).collect()
}

/// What a word means.
pub fn choose<T: Clone>(choices: Choices<T>, word: &str) -> Option<T> {
    choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| choice.clone())
}
