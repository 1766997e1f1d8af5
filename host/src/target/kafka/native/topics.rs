//! What a cluster says of topics beyond their metadata: ids, replicas, and what the user may do with them.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka_sys as librdkafka;
use rdkafka_sys::rd_kafka_AclOperation_t::{RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_OPERATION_WRITE};

use super::milliseconds;
use crate::target::kafka::context::Context;

/// Operations that there are on a topic: read, write, create, delete, alter, describe, and describe and alter its configs.
const OPERATIONS: usize = 8;

/// A topic as [`describe_topics`] tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    /// Its id (KIP-516), where the cluster knows ids.
    pub(crate) id: Option<String>,
    /// What the user may do (KIP-430); `None` where the cluster does not tell.
    pub(crate) operations: Option<Operations>,
    pub(crate) partitions: Vec<Partition>,
}

/// What a user may do with a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operations {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// Whether that is everything that can be done with a topic.
    pub(crate) all: bool,
}

/// Who has a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) number: i32,
    pub(crate) has_leader: bool,
    pub(crate) replicas: usize,
    /// Those of them that have everything.
    pub(crate) in_sync: usize,
}

/// What the cluster tells of these topics, by name; of one that is not there, or not to be seen, nothing.
pub(crate) fn describe_topics(
    client: &Client<Context>,
    names: &[Arc<str>],
    patience: Duration,
) -> BTreeMap<String, Description> {
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(&**name).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let mut described = BTreeMap::new();
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
        let refused = librdkafka::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        if !refused.is_null() {
            librdkafka::rd_kafka_error_destroy(refused);
        }
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
                let name = librdkafka::rd_kafka_TopicDescription_name(topic);
                if librdkafka::rd_kafka_error_code(librdkafka::rd_kafka_TopicDescription_error(topic))
                    == librdkafka::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
                {
                    described.insert(text(name), description(topic));
                }
            }
        }
        if !event.is_null() {
            librdkafka::rd_kafka_event_destroy(event);
        }
        librdkafka::rd_kafka_queue_destroy(queue);
        librdkafka::rd_kafka_AdminOptions_destroy(options);
        librdkafka::rd_kafka_TopicCollection_destroy(topics);
    }
    described
}

/// What a description says.
///
/// # Safety
/// It must live.
unsafe fn description(topic: *const librdkafka::rd_kafka_TopicDescription_t) -> Description {
    // SAFETY: the caller's promise; what lies within the description lives as long as it, and lists are as long as they
    // say (rdkafka.h).
    unsafe {
        let id = librdkafka::rd_kafka_TopicDescription_topic_id(topic);
        let is_known = !id.is_null()
            && (librdkafka::rd_kafka_Uuid_most_significant_bits(id) != 0
                || librdkafka::rd_kafka_Uuid_least_significant_bits(id) != 0);
        let mut count = 0;
        let allowed = librdkafka::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
        let operations = (!allowed.is_null()).then(|| {
            let allowed = std::slice::from_raw_parts(allowed, count);
            Operations {
                read: allowed.contains(&RD_KAFKA_ACL_OPERATION_READ),
                write: allowed.contains(&RD_KAFKA_ACL_OPERATION_WRITE),
                all: allowed.len() >= OPERATIONS,
            }
        });
        let mut count = 0;
        let found = librdkafka::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let partitions = (0..count).map(|index| {
            let partition = *found.add(index);
            let (mut replicas, mut in_sync) = (0, 0);
            librdkafka::rd_kafka_TopicPartitionInfo_replicas(partition, &raw mut replicas);
            librdkafka::rd_kafka_TopicPartitionInfo_isr(partition, &raw mut in_sync);
            let has_leader = !librdkafka::rd_kafka_TopicPartitionInfo_leader(partition).is_null();
            let number = librdkafka::rd_kafka_TopicPartitionInfo_partition(partition);
            Partition { number, has_leader, replicas, in_sync }
        });
        Description {
            id: is_known.then(|| text(librdkafka::rd_kafka_Uuid_base64str(id))),
            operations,
            partitions: partitions.collect(),
        }
    }
}

/// # Safety
/// It must be a C string that lives.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
