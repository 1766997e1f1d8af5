//! What goes around the `rdkafka` crate to librdkafka itself. Nothing outside this file is unsafe.
//!
//! - Handing over a record without an allocation or a lock of our own ([`TopicHandle`]): `BaseProducer::send` copies the
//!   topic's name for each record, and librdkafka then looks it up under a write lock that all lanes share.
//! - [`flush`], which the crate calls with no time to wait.
//! - [`read_partition`]: the simple consumer, which needs no consumer group and no right to one.
//! - [`topic_ids`], which the crate does not have.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};
use rdkafka_sys as librdkafka;
use rdkafka_sys::rd_kafka_vtype_t::{
    RD_KAFKA_VTYPE_END, RD_KAFKA_VTYPE_HEADERS, RD_KAFKA_VTYPE_KEY, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_OPAQUE,
    RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_RKT, RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_VALUE,
};
use rdkafka_sys::types::{RDKafkaHeaders, RDKafkaTopic};

use super::context::Context;
use crate::batch::{OutputRow, RowHeaders};

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

    /// Enters a copy of the record into the producer's queue; never blocks.
    ///
    /// # Errors
    /// librdkafka's code: `QueueFull` where there is no room at the moment.
    pub(super) fn produce(
        &self,
        row: &OutputRow<'_>,
        partition: i32,
        timestamp: i64,
        ticket: usize,
    ) -> Result<(), RDKafkaErrorCode> {
        let (key, key_length) = parts(row.key);
        let (value, value_length) = parts(row.value);
        let headers = HeaderList::new(row.headers.clone());
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
    client: &Client<Context>,
    topic: &str,
    partition: i32,
    from: i64,
    patience: Duration,
    mut each: impl FnMut(i64, Option<&[u8]>, Option<&[u8]>) -> bool,
) -> Result<(), RDKafkaErrorCode> {
    let (name, text) = (CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?, topic);
    // SAFETY: the client lives, and `name` is a C string that librdkafka copies.
    let topic = unsafe { librdkafka::rd_kafka_topic_new(client.native_ptr(), name.as_ptr(), ptr::null_mut()) };
    let reading = Reading { topic: NonNull::new(topic).ok_or(RDKafkaErrorCode::InvalidTopic)?, partition };
    // Where the partition's leader is not known yet, librdkafka looks again after half a second. A failure is told by what
    // follows.
    let _ = client.fetch_metadata(Some(text), patience);
    // SAFETY: the topic lives until `reading` is dropped, after the last use of what it gives.
    let begun = unsafe { librdkafka::rd_kafka_consume_start(reading.topic.as_ptr(), partition, from) };
    if begun != 0 {
        return Err(RDKafkaErrorCode::UnknownPartition);
    }
    loop {
        // SAFETY: as above.
        let message =
            unsafe { librdkafka::rd_kafka_consume(reading.topic.as_ptr(), partition, milliseconds(patience)) };
        let Some(message) = NonNull::new(message) else { return Err(RDKafkaErrorCode::OperationTimedOut) };
        // SAFETY: the message is ours until it is destroyed below, and what lies in it is not used after that. Key and
        // payload are as long as it says, and null where there is none.
        let (code, goes_on) = unsafe {
            let record = message.as_ref();
            let bytes = |bytes: *mut c_void, length: usize| {
                (!bytes.is_null()).then(|| std::slice::from_raw_parts(bytes.cast::<u8>().cast_const(), length))
            };
            let code = RDKafkaErrorCode::from(record.err);
            let goes_on = code != RDKafkaErrorCode::NoError
                || each(record.offset, bytes(record.key, record.key_len), bytes(record.payload, record.len));
            librdkafka::rd_kafka_message_destroy(message.as_ptr());
            (code, goes_on)
        };
        match code {
            RDKafkaErrorCode::NoError if goes_on => {}
            RDKafkaErrorCode::NoError | RDKafkaErrorCode::PartitionEOF => return Ok(()),
            code => return Err(code),
        }
    }
}

/// A partition that is read.
struct Reading {
    topic: NonNull<RDKafkaTopic>,
    partition: i32,
}

impl Drop for Reading {
    fn drop(&mut self) {
        // SAFETY: the handle came from `rd_kafka_topic_new` and is given back once; stopping what was not begun is an
        // error that changes nothing.
        unsafe {
            librdkafka::rd_kafka_consume_stop(self.topic.as_ptr(), self.partition);
            librdkafka::rd_kafka_topic_destroy(self.topic.as_ptr());
        }
    }
}

fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// The ids of topics (KIP-516), as far as they are there and the cluster knows ids.
pub(super) fn topic_ids(client: &Client<Context>, names: &[Arc<str>], patience: Duration) -> BTreeMap<String, String> {
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(&**name).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let mut ids = BTreeMap::new();
    // SAFETY: the client lives; the names are C strings that the collection copies; everything that is made here is
    // destroyed here, after its last use, and what lies within the event is not used after it. The pointers of the result
    // are as many as it says, and its texts are C strings (rdkafka.h).
    unsafe {
        let client = client.native_ptr();
        let topics = librdkafka::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let options = librdkafka::rd_kafka_AdminOptions_new(
            client,
            librdkafka::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        let queue = librdkafka::rd_kafka_queue_new(client);
        librdkafka::rd_kafka_DescribeTopics(client, topics, options, queue);
        let event = librdkafka::rd_kafka_queue_poll(queue, milliseconds(patience));
        let result =
            if event.is_null() { ptr::null() } else { librdkafka::rd_kafka_event_DescribeTopics_result(event) };
        if !result.is_null() {
            let mut count = 0;
            let found = librdkafka::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            for index in 0..count {
                let topic = *found.add(index);
                let id = librdkafka::rd_kafka_TopicDescription_topic_id(topic);
                if id.is_null()
                    || librdkafka::rd_kafka_Uuid_most_significant_bits(id) == 0
                        && librdkafka::rd_kafka_Uuid_least_significant_bits(id) == 0
                {
                    continue;
                }
                let text = |text: *const c_char| CStr::from_ptr(text).to_string_lossy().into_owned();
                let name = librdkafka::rd_kafka_TopicDescription_name(topic);
                ids.insert(text(name), text(librdkafka::rd_kafka_Uuid_base64str(id)));
            }
        }
        if !event.is_null() {
            librdkafka::rd_kafka_event_destroy(event);
        }
        librdkafka::rd_kafka_queue_destroy(queue);
        librdkafka::rd_kafka_AdminOptions_destroy(options);
        librdkafka::rd_kafka_TopicCollection_destroy(topics);
    }
    ids
}

/// Where bytes lie and how many they are; null for none.
fn parts(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// librdkafka's list of headers, or null where there are none.
struct HeaderList(*mut RDKafkaHeaders);

impl HeaderList {
    fn new(headers: RowHeaders<'_>) -> Self {
        if headers.len() == 0 {
            return Self(ptr::null_mut());
        }
        // SAFETY: no precondition.
        let list = unsafe { librdkafka::rd_kafka_headers_new(headers.len()) };
        for header in headers {
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
