//! Handing one record to librdkafka without an allocation or a lock of our own.
//!
//! `BaseProducer::send` of the `rdkafka` crate copies the topic's name for each record, and librdkafka
//! then looks it up under a write lock that all lanes share. A topic's handle saves both. Its flush is gone
//! around too ([`send_now`]); nothing else of the crate is, and nothing outside this file is unsafe.

use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

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

/// Has what waits in the producer's queues sent at once, rather than when `linger.ms` has passed; waits for its
/// acknowledgement, or `patience` if that is shorter.
///
/// `Producer::flush` of the `rdkafka` crate asks librdkafka for no time at all, in which the threads that send do not
/// come to look whether they are to hurry.
pub(super) fn send_now(producer: &ThreadedProducer<Context>, patience: Duration) {
    let milliseconds = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client lives. Delivery reports are events here, which another thread serves, so this only waits.
    // Whether everything was acknowledged in time is for the caller's own books.
    unsafe { librdkafka::rd_kafka_flush(producer.client().native_ptr(), milliseconds) };
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
