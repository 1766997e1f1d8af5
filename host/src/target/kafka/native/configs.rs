//! Changing some configs of topics and leaving the others as they are (`IncrementalAlterConfigs`, KIP-339). The crate's
//! `alter_configs` sets everything back that it does not name.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as librdkafka;
use rdkafka_sys::rd_kafka_AlterConfigOpType_t::{
    RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET,
};

use super::milliseconds;
use crate::target::kafka::context::Context;

/// What is to become of some configs of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alteration {
    pub(crate) topic: Arc<str>,
    /// By name the value, or none for the cluster's default.
    pub(crate) configs: Vec<(String, Option<String>)>,
}

/// Why the configs of a topic were not changed.
#[derive(Clone, Debug)]
pub(crate) struct NotAltered {
    pub(crate) topic: String,
    pub(crate) code: RDKafkaErrorCode,
    /// The cluster's word.
    pub(crate) reason: String,
}

/// Changes these configs, those of one topic all or none; with `only_asks` nothing is changed. Gives what did not succeed.
///
/// # Errors
/// librdkafka's code and word, where there is no answer, or the cluster does not know this request (before 2.3).
pub(crate) fn alter_configs(
    client: &Client<Context>,
    alterations: &[Alteration],
    only_asks: bool,
    patience: Duration,
) -> Result<Vec<NotAltered>, (RDKafkaErrorCode, String)> {
    if alterations.is_empty() {
        return Ok(Vec::new());
    }
    let resources = Resources::of(alterations)?;
    // SAFETY: the client lives; the resources live until they are dropped behind the call, which copies them; options,
    // queue and event are made and destroyed here, and what lies within the event is not used after it. The pointers of the
    // result are as many as it says (rdkafka.h).
    unsafe {
        let client = client.native_ptr();
        let options = librdkafka::rd_kafka_AdminOptions_new(
            client,
            librdkafka::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
        );
        let mut said = [0; 256];
        let timeout = milliseconds(patience);
        librdkafka::rd_kafka_AdminOptions_set_request_timeout(options, timeout, said.as_mut_ptr(), said.len());
        librdkafka::rd_kafka_AdminOptions_set_validate_only(
            options,
            i32::from(only_asks),
            said.as_mut_ptr(),
            said.len(),
        );
        let queue = librdkafka::rd_kafka_queue_new(client);
        let mut pointers = resources.0.clone();
        librdkafka::rd_kafka_IncrementalAlterConfigs(client, pointers.as_mut_ptr(), pointers.len(), options, queue);
        // The request has its own time limit, so that there is an answer.
        let event = librdkafka::rd_kafka_queue_poll(queue, timeout.saturating_add(1000));
        let outcome = if event.is_null() {
            Err((RDKafkaErrorCode::OperationTimedOut, RDKafkaErrorCode::OperationTimedOut.to_string()))
        } else {
            outcome(event)
        };
        if !event.is_null() {
            librdkafka::rd_kafka_event_destroy(event);
        }
        librdkafka::rd_kafka_queue_destroy(queue);
        librdkafka::rd_kafka_AdminOptions_destroy(options);
        outcome
    }
}

/// What an answer says.
///
/// # Safety
/// The event must live.
unsafe fn outcome(event: *mut librdkafka::rd_kafka_event_t) -> Result<Vec<NotAltered>, (RDKafkaErrorCode, String)> {
    // SAFETY: the caller's promise; texts are null or C strings that live as long as the event.
    unsafe {
        let text = |text: *const std::ffi::c_char| {
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        let failed = |code: RDKafkaErrorCode, said| (code, text(said).unwrap_or_else(|| code.to_string()));
        let code = RDKafkaErrorCode::from(librdkafka::rd_kafka_event_error(event));
        if code != RDKafkaErrorCode::NoError {
            return Err(failed(code, librdkafka::rd_kafka_event_error_string(event)));
        }
        let result = librdkafka::rd_kafka_event_IncrementalAlterConfigs_result(event);
        if result.is_null() {
            return Err(failed(RDKafkaErrorCode::BadMessage, std::ptr::null()));
        }
        let mut count = 0;
        let found = librdkafka::rd_kafka_IncrementalAlterConfigs_result_resources(result, &raw mut count);
        let mut refused = Vec::new();
        for index in 0..count {
            let resource = *found.add(index);
            let code = RDKafkaErrorCode::from(librdkafka::rd_kafka_ConfigResource_error(resource));
            if code != RDKafkaErrorCode::NoError {
                let (code, reason) = failed(code, librdkafka::rd_kafka_ConfigResource_error_string(resource));
                let topic = text(librdkafka::rd_kafka_ConfigResource_name(resource)).unwrap_or_default();
                refused.push(NotAltered { topic, code, reason });
            }
        }
        Ok(refused)
    }
}

/// librdkafka's form of what is to be changed.
struct Resources(Vec<*mut librdkafka::rd_kafka_ConfigResource_t>);

impl Resources {
    fn of(alterations: &[Alteration]) -> Result<Self, (RDKafkaErrorCode, String)> {
        let invalid = |reason: String| (RDKafkaErrorCode::InvalidConfig, reason);
        let c_string = |text: &str| CString::new(text).map_err(|_| invalid(format!("`{text}` has a null byte")));
        let mut resources = Self(Vec::with_capacity(alterations.len()));
        for Alteration { topic, configs } in alterations {
            let topic = c_string(topic)?;
            // SAFETY: the name is a C string that librdkafka copies.
            let resource = unsafe {
                librdkafka::rd_kafka_ConfigResource_new(
                    librdkafka::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                    topic.as_ptr(),
                )
            };
            resources.0.push(resource);
            for (name, value) in configs {
                let operation = match value {
                    Some(_) => RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET,
                    None => RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE,
                };
                let (c_name, value) = (c_string(name)?, value.as_deref().map(c_string).transpose()?);
                let value = value.as_ref().map_or(std::ptr::null(), |value| value.as_ptr());
                // SAFETY: the resource is ours; name and value are C strings, or null for none, that librdkafka copies.
                // What comes back is null or an error that is ours.
                unsafe {
                    let refused = librdkafka::rd_kafka_ConfigResource_add_incremental_config(
                        resource,
                        c_name.as_ptr(),
                        operation,
                        value,
                    );
                    if !refused.is_null() {
                        librdkafka::rd_kafka_error_destroy(refused);
                        return Err(invalid(format!("`{name}` cannot be set so")));
                    }
                }
            }
        }
        Ok(resources)
    }
}

impl Drop for Resources {
    fn drop(&mut self) {
        for resource in &self.0 {
            // SAFETY: each came from `rd_kafka_ConfigResource_new` and is given back once.
            unsafe { librdkafka::rd_kafka_ConfigResource_destroy(*resource) }
        }
    }
}
