//! Which leaves of a Parquet file give which part of a record, and how they are read.

use std::sync::Arc;

use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::SchemaDescriptor;

use super::constant;
use super::schema::{Node, is_list, is_map, is_repeated, leaf_count, nodes};
use crate::read::mapping::{Kind, Mapping, Role, ValueSource};
use crate::read::{Placing, ReadError, ReadSettings};

/// Where keys or values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nowhere: all are null.
    None,
    /// A leaf of bytes.
    Leaf(BytesLeaf),
    /// JSON text of a column of any other type, or of several as a row.
    Json(JsonSource),
}

/// A leaf of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BytesLeaf {
    /// The leaf.
    pub(super) leaf: usize,
    /// Whether it is `FIXED_LEN_BYTE_ARRAY`.
    pub(super) fixed: bool,
    /// Whether it is text, which may stand for bytes in an encoding.
    pub(super) text: bool,
}

/// Columns that become JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonSource {
    /// Their leaves.
    pub(super) leaves: Vec<usize>,
    /// For one column: in how many structs it lies. `None` for a row of several columns.
    pub(super) depth: Option<usize>,
}

/// Where headers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeaderSource {
    /// Nowhere.
    None,
    /// A list or a map.
    List {
        /// The leaf of the names.
        names: BytesLeaf,
        /// The leaf of the values.
        values: BytesLeaf,
        /// The definition level from which on there is an entry.
        entry: i16,
    },
    /// A struct with a field for each name; a null field is no header.
    Struct(Vec<(String, BytesLeaf)>),
}

/// A leaf of a single number or text, whose physical type says how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScalarLeaf {
    /// The leaf.
    pub(super) leaf: usize,
    /// Its physical type.
    pub(super) physical: PhysicalType,
}

/// What is read from where.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) key: Content,
    pub(super) value: Content,
    pub(super) headers: HeaderSource,
    pub(super) timestamp: Option<ScalarLeaf>,
    pub(super) partition: Option<ScalarLeaf>,
    pub(super) offset: Option<ScalarLeaf>,
    pub(super) topic: Option<BytesLeaf>,
    /// The topic of every row, where the statistics of all row groups prove it; `topic` is `None` then.
    pub(super) topic_of_all: Option<String>,
    /// The partition of every row, likewise.
    pub(super) partition_of_all: Option<i64>,
    /// The leaf that tells who set a record's timestamp; only its statistics are looked at, because Kafka
    /// has the type by topic and not by record.
    pub(super) timestamp_type: Option<usize>,
    /// Columns of a record's place that are there but null in every row.
    pub(super) blank: Vec<String>,
}

impl Shape {
    /// The leaves that are read as rows of text, and not by page.
    pub(super) fn leaves_as_text(&self) -> Vec<usize> {
        let sources = [&self.key, &self.value].into_iter().filter_map(|content| match content {
            Content::Json(source) => Some(&source.leaves),
            Content::None | Content::Leaf(_) => None,
        });
        sources.flatten().copied().collect()
    }

    /// Every leaf that is read.
    pub(super) fn leaves(&self) -> Vec<usize> {
        let mut leaves = Vec::new();
        for content in [&self.key, &self.value] {
            match content {
                Content::None => {}
                Content::Leaf(leaf) => leaves.push(leaf.leaf),
                Content::Json(source) => leaves.extend(&source.leaves),
            }
        }
        match &self.headers {
            HeaderSource::None => {}
            HeaderSource::List { names, values, .. } => leaves.extend([names.leaf, values.leaf]),
            HeaderSource::Struct(fields) => leaves.extend(fields.iter().map(|(_, leaf)| leaf.leaf)),
        }
        leaves.extend([self.timestamp, self.partition, self.offset].into_iter().flatten().map(|leaf| leaf.leaf));
        leaves.extend(self.topic.map(|leaf| leaf.leaf));
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// Resolves the job's names of columns against the file.
    ///
    /// # Errors
    /// What does not fit, with the key of the job file.
    pub(super) fn resolve(
        path: &Arc<str>,
        settings: &ReadSettings,
        metadata: &ParquetMetaData,
    ) -> Result<(Self, Mapping), ReadError> {
        let schema = metadata.file_metadata().schema_descr();
        let nodes = nodes(schema);
        let columns = nodes.iter().map(|node| node.column.clone()).collect();
        let mapping = Mapping::resolve(path, &settings.columns, columns)?;
        let fail = |role: Role, message: String| ReadError::Mapping {
            path: Arc::clone(path),
            message: format!("{message}; name another column in `backup.columns.{}`, or `-` for none", role.name()),
        };
        let node = |index: Option<usize>| {
            index.and_then(|index| nodes.get(index)).filter(|node| node.column.kind != Kind::Null)
        };
        let mut blank = Vec::new();
        let mut placed = |node: Option<&Node>| -> Option<usize> {
            let node = node?;
            if is_blank(metadata, node.leaves.start) {
                blank.push(node.column.name.clone());
                return None;
            }
            Some(node.leaves.start)
        };
        let scalar = |leaf: usize| ScalarLeaf { leaf, physical: schema.column(leaf).physical_type() };
        let partition = placed(node(mapping.partition)).map(scalar);
        let offset = placed(node(mapping.offset)).map(scalar);
        let topic = placed(node(mapping.topic)).map(|leaf| bytes_leaf(schema, leaf, Kind::Text));

        let value = match &mapping.value {
            ValueSource::Column(index) => node(Some(*index)).map_or(Content::None, |node| content(schema, node)),
            ValueSource::Row(row) => Content::Json(JsonSource {
                leaves: row.iter().filter_map(|index| nodes.get(*index)).flat_map(|node| node.leaves.clone()).collect(),
                depth: None,
            }),
            ValueSource::None => Content::None,
        };
        let headers = match node(mapping.headers) {
            Some(node) => headers(schema, node).map_err(|message| fail(Role::Headers, message))?,
            None => HeaderSource::None,
        };
        // A column that is the same in every row need not be read.
        let topic_of_all = topic.and_then(|leaf: BytesLeaf| constant::text(metadata, leaf.leaf));
        let partition_of_all = partition.and_then(|leaf| constant::integer(metadata, leaf.leaf));
        let shape = Self {
            key: node(mapping.key).map_or(Content::None, |node| content(schema, node)),
            value,
            headers,
            timestamp: node(mapping.timestamp).map(|node| scalar(node.leaves.start)),
            partition: partition.filter(|_| partition_of_all.is_none()),
            offset,
            topic: topic.filter(|_| topic_of_all.is_none()),
            topic_of_all,
            partition_of_all,
            timestamp_type: node(mapping.timestamp_type).map(|node| node.leaves.start),
            blank,
        };
        Ok((shape, mapping))
    }

    /// Which columns of a record's place there are.
    pub(super) fn placing(&self) -> Placing {
        Placing {
            topic: self.topic.is_some() || self.topic_of_all.is_some(),
            partition: self.partition.is_some() || self.partition_of_all.is_some(),
            offset: self.offset.is_some(),
        }
    }
}

/// Whether the footer says that a leaf is null in every row.
fn is_blank(metadata: &ParquetMetaData, leaf: usize) -> bool {
    metadata.file_metadata().num_rows() > 0
        && metadata.row_groups().iter().filter(|group| group.num_rows() > 0).all(|group| {
            let chunk = group.columns().get(leaf);
            let nulls = chunk.and_then(|chunk| chunk.statistics()).and_then(|statistics| statistics.null_count_opt());
            nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
        })
}

fn bytes_leaf(schema: &SchemaDescriptor, leaf: usize, kind: Kind) -> BytesLeaf {
    let fixed = schema.column(leaf).physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY;
    BytesLeaf { leaf, fixed, text: kind == Kind::Text }
}

fn content(schema: &SchemaDescriptor, node: &Node) -> Content {
    match node.column.kind {
        kind @ (Kind::Bytes | Kind::Text) => Content::Leaf(bytes_leaf(schema, node.leaves.start, kind)),
        _ => Content::Json(JsonSource {
            leaves: node.leaves.clone().collect(),
            depth: Some(node.column.steps.len() - 1),
        }),
    }
}

/// The names that the fields of a header go by, without regard to case.
const NAMES: [&str; 3] = ["key", "headerkey", "name"];
const VALUES: [&str; 2] = ["value", "headervalue"];

fn headers(schema: &SchemaDescriptor, node: &Node) -> Result<HeaderSource, String> {
    let column = &node.column;
    let unfit = |why: &str| format!("column `{}` is {}, {why}", column.name, column.type_name);
    if column.kind == Kind::Struct {
        let inner = super::schema::nodes(schema);
        let fields = inner.iter().filter(|field| {
            field.column.steps.len() == column.steps.len() + 1 && field.column.steps.starts_with(&column.steps)
        });
        let fields = fields.map(|field| match field.column.kind {
            kind @ (Kind::Bytes | Kind::Text) => {
                Ok((field.definition.name().to_owned(), bytes_leaf(schema, field.leaves.start, kind)))
            }
            _ => Err(unfit(&format!("and its field `{}` is neither bytes nor text", field.definition.name()))),
        });
        return fields.collect::<Result<_, _>>().map(HeaderSource::Struct);
    }
    let definition = &node.definition;
    // The rules for old lists are the format's own (`LogicalTypes.md`, "Backward-compatibility rules").
    let element = if is_repeated(definition) {
        Some(definition)
    } else if is_list(definition) || is_map(definition) {
        definition.get_fields().first().filter(|inner| is_repeated(inner) && inner.is_group()).map(|repeated| {
            match repeated.get_fields() {
                [only] if only.is_group() && !is_repeated(only) => only,
                _ => repeated,
            }
        })
    } else {
        None
    };
    let Some(element) = element.filter(|element| element.is_group()) else {
        return Err(unfit("which is no list of structs and no map"));
    };
    let mut leaf = node.leaves.start;
    let (mut names, mut values) = (None, None);
    for field in element.get_fields() {
        let name = field.name().to_lowercase();
        let is_bytes = field.is_primitive()
            && !is_repeated(field)
            && matches!(field.get_physical_type(), PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY);
        let kind = super::schema::kind(field);
        let found = || match is_bytes && matches!(kind, Kind::Bytes | Kind::Text) {
            true => Ok(bytes_leaf(schema, leaf, kind)),
            false => Err(unfit(&format!("and its `{}` is neither bytes nor text", field.name()))),
        };
        if NAMES.contains(&name.as_str()) && names.is_none() {
            names = Some(found()?);
        } else if VALUES.contains(&name.as_str()) && values.is_none() {
            values = Some(found()?);
        }
        leaf += leaf_count(field);
    }
    let (Some(names), Some(values)) = (names, values) else {
        return Err(unfit("whose entries have no `key` and `value`"));
    };
    let leaf = schema.column(names.leaf);
    if leaf.max_rep_level() != 1 {
        return Err(unfit("which lies within another list"));
    }
    Ok(HeaderSource::List { names, values, entry: leaf.repeated_ancestor_def_level() })
}
