//! What goes around the `rdkafka` crate to librdkafka itself. Nothing outside this folder is unsafe.
//!
//! - Handing over a record without an allocation or a lock of our own ([`TopicHandle`]): `BaseProducer::send` copies the
//!   topic's name for each record, and librdkafka then looks it up under a write lock that all lanes share.
//! - [`flush`], which the crate calls with no time to wait.
//! - [`PartitionReader`]: the simple consumer, which needs no consumer group and no right to one.
//! - [`describe_topics`] and [`alter_configs`], which the crate does not have.

mod configs;
mod topics;

use std::ffi::{CStr, CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};
use rdkafka_sys as librdkafka;
use rdkafka_sys::rd_kafka_vtype_t::{
    RD_KAFKA_VTYPE_END, RD_KAFKA_VTYPE_HEADERS, RD_KAFKA_VTYPE_KEY, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_OPAQUE,
    RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_RKT, RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_VALUE,
};
use rdkafka_sys::types::{RDKafkaHeaders, RDKafkaTopic};

use super::context::Context;
use crate::batch::{Header, OutputRow, RowHeaders};
pub(super) use configs::alter_configs;
pub(crate) use configs::{Alteration, NotAltered};
pub(crate) use topics::Description;
pub(super) use topics::describe_topics;

/// A topic as librdkafka knows it.
pub(super) struct TopicHandle {
    topic: NonNull<RDKafkaTopic>,
    /// Keeps the client alive that the topic belongs to.
    producer: ThreadedProducer<Context>,
}

// SAFETY: librdkafka's handles may be used from any thread ("The library is completely thread-safe",
// its INTRODUCTION.md), and the producer is Send and Sync itself.
unsafe impl Send for TopicHandle {}
// SAFETY: as above.
unsafe impl Sync for TopicHandle {}

impl TopicHandle {
    /// The handle of a topic; `None` for a name that cannot be one.
    pub(super) fn new(producer: &ThreadedProducer<Context>, name: &str) -> Option<Self> {
        let name = CString::new(name).ok()?;
        // SAFETY: the client lives, `name` is a C string that librdkafka copies, and no configuration
        // means the client's own.
        let topic =
            unsafe { librdkafka::rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        Some(Self { topic: NonNull::new(topic)?, producer: producer.clone() })
    }

    /// Enters a copy of the record into the producer's queue, with `more` headers behind its own; never blocks.
    ///
    /// # Errors
    /// librdkafka's code: `QueueFull` where there is no room at the moment.
    pub(super) fn produce(
        &self,
        row: &OutputRow<'_>,
        partition: i32,
        timestamp: i64,
        ticket: usize,
        more: &[Header<'_>],
    ) -> Result<(), RDKafkaErrorCode> {
        let (key, key_length) = parts(row.key);
        let (value, value_length) = parts(row.value);
        let headers = HeaderList::new(row.headers.clone(), more);
        // SAFETY: client and topic live as long as `self`. Each tag is followed by the arguments that
        // rdkafka.h gives for it, in C's types, and END closes the list. With F_COPY librdkafka keeps no
        // pointer to key or value; a null pointer is a null, a pointer with length 0 is empty. The opaque
        // is a number to it.
        let code = unsafe {
            librdkafka::rd_kafka_producev(
                self.producer.client().native_ptr(),
                RD_KAFKA_VTYPE_RKT,
                self.topic.as_ptr(),
                RD_KAFKA_VTYPE_PARTITION,
                partition,
                RD_KAFKA_VTYPE_MSGFLAGS,
                librdkafka::RD_KAFKA_MSG_F_COPY,
                RD_KAFKA_VTYPE_VALUE,
                value,
                value_length,
                RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                RD_KAFKA_VTYPE_OPAQUE,
                ticket as *mut c_void,
                RD_KAFKA_VTYPE_TIMESTAMP,
                timestamp,
                RD_KAFKA_VTYPE_HEADERS,
                headers.0,
                RD_KAFKA_VTYPE_END,
            )
        };
        match RDKafkaErrorCode::from(code) {
            RDKafkaErrorCode::NoError => {
                headers.given_away();
                Ok(())
            }
            code => Err(code),
        }
    }
}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: the handle came from `rd_kafka_topic_new`, is given back once, and its client still lives.
        unsafe { librdkafka::rd_kafka_topic_destroy(self.topic.as_ptr()) }
    }
}

/// Waits until nothing that was handed over is awaited any more; what is collected for a batch is sent at once, rather
/// than when `linger.ms` has passed.
///
/// `Producer::flush` of the `rdkafka` crate asks librdkafka for no time at all, in which the threads that send do not
/// come to look whether they are to hurry.
///
/// # Errors
/// librdkafka's code, where that took longer than `patience`.
pub(super) fn flush(producer: &ThreadedProducer<Context>, patience: Duration) -> Result<(), RDKafkaErrorCode> {
    // SAFETY: the client lives. Its events are served by the producer's own thread meanwhile.
    let code = unsafe { librdkafka::rd_kafka_flush(producer.client().native_ptr(), milliseconds(patience)) };
    match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(code),
    }
}

/// Reads a partition from an offset on, in no group: `each` gets offset, key and value of one record after the
/// other until the end of the log is reached, and says whether to go on.
///
/// # Errors
/// librdkafka's code, where the partition cannot be read or nothing comes within `patience`.
pub(crate) fn read_partition(
    client: &Arc<BaseConsumer<Context>>,
    topic: &str,
    partition: i32,
    from: i64,
    patience: Duration,
    mut each: impl FnMut(i64, Option<&[u8]>, Option<&[u8]>) -> bool,
) -> Result<(), RDKafkaErrorCode> {
    let reader = PartitionReader::open(client, topic, partition, from, patience)?;
    loop {
        match reader.next(patience)? {
            Step::Record(record) if each(record.offset(), record.key(), record.value()) => {}
            Step::Record(_) | Step::End(_) => return Ok(()),
            Step::Silence => return Err(RDKafkaErrorCode::OperationTimedOut),
        }
    }
}

/// A partition that is read by the simple consumer. One client reads a partition once at a time.
pub(crate) struct PartitionReader {
    topic: NonNull<RDKafkaTopic>,
    partition: i32,
    /// Keeps the client alive that the topic belongs to.
    _client: Arc<BaseConsumer<Context>>,
}

// SAFETY: librdkafka's handles may be used from any thread ("The library is completely thread-safe", its
// INTRODUCTION.md), and the consumer is Send itself.
unsafe impl Send for PartitionReader {}

/// What comes next of a partition.
pub(crate) enum Step {
    /// A record.
    Record(Fetched),
    /// All that there is for now was read, up to this offset.
    End(i64),
    /// Nothing came in time.
    Silence,
}

impl PartitionReader {
    /// Begins to read at `from`.
    ///
    /// # Errors
    /// librdkafka's code, where there is no such partition.
    pub(crate) fn open(
        client: &Arc<BaseConsumer<Context>>,
        topic: &str,
        partition: i32,
        from: i64,
        patience: Duration,
    ) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the client lives, and `name` is a C string that librdkafka copies.
        let handle =
            unsafe { librdkafka::rd_kafka_topic_new(client.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        let handle = NonNull::new(handle).ok_or(RDKafkaErrorCode::InvalidTopic)?;
        let reader = Self { topic: handle, partition, _client: Arc::clone(client) };
        // Where the partition's leader is not known yet, librdkafka looks again after half a second. A failure is told by
        // what follows.
        let _ = client.client().fetch_metadata(Some(topic), patience);
        // SAFETY: the topic lives until `reader` is dropped, after the last use of what it gives.
        let begun = unsafe { librdkafka::rd_kafka_consume_start(reader.topic.as_ptr(), partition, from) };
        if begun == 0 { Ok(reader) } else { Err(RDKafkaErrorCode::UnknownPartition) }
    }

    /// Waits for the next record.
    ///
    /// # Errors
    /// librdkafka's code, where the partition cannot be read.
    pub(crate) fn next(&self, patience: Duration) -> Result<Step, RDKafkaErrorCode> {
        // SAFETY: the topic lives as long as `self`.
        let message =
            unsafe { librdkafka::rd_kafka_consume(self.topic.as_ptr(), self.partition, milliseconds(patience)) };
        let Some(message) = NonNull::new(message) else { return Ok(Step::Silence) };
        let fetched = Fetched(message);
        match RDKafkaErrorCode::from(fetched.message().err) {
            RDKafkaErrorCode::NoError => Ok(Step::Record(fetched)),
            RDKafkaErrorCode::PartitionEOF => Ok(Step::End(fetched.offset())),
            code => Err(code),
        }
    }
}

impl Drop for PartitionReader {
    fn drop(&mut self) {
        // SAFETY: the handle came from `rd_kafka_topic_new` and is given back once; stopping what was not begun is an
        // error that changes nothing.
        unsafe {
            librdkafka::rd_kafka_consume_stop(self.topic.as_ptr(), self.partition);
            librdkafka::rd_kafka_topic_destroy(self.topic.as_ptr());
        }
    }
}

/// A record that was read.
pub(crate) struct Fetched(NonNull<librdkafka::rd_kafka_message_t>);

impl Fetched {
    fn message(&self) -> &librdkafka::rd_kafka_message_t {
        // SAFETY: the message is ours until it is destroyed with `self`.
        unsafe { self.0.as_ref() }
    }

    /// Its offset.
    pub(crate) fn offset(&self) -> i64 {
        self.message().offset
    }

    /// Its key.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: the key is as long as the message says, null where there is none, and lives as long as it.
        unsafe { bytes(self.message().key, self.message().key_len) }
    }

    /// Its value.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        // SAFETY: as for the key.
        unsafe { bytes(self.message().payload, self.message().len) }
    }

    /// Milliseconds since the epoch, -1 for none, and whether the broker set them.
    pub(crate) fn timestamp(&self) -> (i64, bool) {
        let mut kind = librdkafka::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives, and the kind is written to a place of ours.
        let timestamp = unsafe { librdkafka::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind) };
        (timestamp, kind == librdkafka::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
    }

    /// Its headers in order: name and value.
    pub(crate) fn each_header(&self, mut each: impl FnMut(&[u8], Option<&[u8]>)) {
        let mut list = ptr::null_mut();
        // SAFETY: the message lives, and keeps the list that it gives. Names are C strings and values as long as they say;
        // they live as long as the list.
        unsafe {
            if RDKafkaErrorCode::from(librdkafka::rd_kafka_message_headers(self.0.as_ptr(), &raw mut list))
                != RDKafkaErrorCode::NoError
            {
                return;
            }
            for index in 0..librdkafka::rd_kafka_header_cnt(list) {
                let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
                let code =
                    librdkafka::rd_kafka_header_get_all(list, index, &raw mut name, &raw mut value, &raw mut length);
                if RDKafkaErrorCode::from(code) == RDKafkaErrorCode::NoError {
                    each(CStr::from_ptr(name).to_bytes(), bytes(value.cast_mut(), length));
                }
            }
        }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        // SAFETY: the message is ours and destroyed once.
        unsafe { librdkafka::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

/// Bytes that librdkafka keeps; null is none.
///
/// # Safety
/// There must be as many, and they must live as long as the caller says.
unsafe fn bytes<'a>(bytes: *mut c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!bytes.is_null()).then(|| unsafe { std::slice::from_raw_parts(bytes.cast::<u8>().cast_const(), length) })
}

fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// Where bytes lie and how many they are; null for none.
fn parts(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// librdkafka's list of headers, or null where there are none.
struct HeaderList(*mut RDKafkaHeaders);

impl HeaderList {
    fn new(headers: RowHeaders<'_>, more: &[Header<'_>]) -> Self {
        let count = headers.len() + more.len();
        if count == 0 {
            return Self(ptr::null_mut());
        }
        // SAFETY: no precondition.
        let list = unsafe { librdkafka::rd_kafka_headers_new(count) };
        for header in headers.chain(more.iter().copied()) {
            let (value, length) = parts(header.value);
            // SAFETY: the list was made above and is ours alone; librdkafka copies name and value. It
            // refuses only a list that is read-only, which this one is not.
            unsafe {
                librdkafka::rd_kafka_header_add(
                    list,
                    header.name.as_ptr().cast(),
                    header.name.len() as isize,
                    value,
                    length as isize,
                );
            }
        }
        Self(list)
    }

    /// They belong to a record now.
    fn given_away(mut self) {
        self.0 = ptr::null_mut();
    }
}

impl Drop for HeaderList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list is ours: `given_away` has forgotten those that are not.
            unsafe { librdkafka::rd_kafka_headers_destroy(self.0) }
        }
    }
}
