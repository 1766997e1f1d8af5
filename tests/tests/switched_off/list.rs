//! Which tests fail without which mechanism.

/// A mechanism that can be switched off.
pub(crate) struct Switch {
    /// Its name in `host/src`.
    pub(crate) mechanism: &'static str,
    /// The tests that fail then, each with its binary.
    pub(crate) tests: &'static [(&'static str, &'static str)],
}

const fn switch(mechanism: &'static str, tests: &'static [(&'static str, &'static str)]) -> Switch {
    Switch { mechanism, tests }
}

const EXACTLY_ONCE: &str = "exactly_once";
const LONG: &str = "long";
const POLICIES: &str = "policies";

const KILLED: (&str, &str) = (EXACTLY_ONCE, "whatever_is_killed_and_whenever_each_record_arrives_once_and_in_order");
const CONFIGS: (&str, &str) = (EXACTLY_ONCE, "whatever_is_killed_topics_get_back_the_configs_that_they_had");
const SIGNAL: (&str, &str) = (EXACTLY_ONCE, "a_signal_commits_within_seconds_and_the_same_command_goes_on");
const SECOND_COPY: (&str, &str) = (EXACTLY_ONCE, "a_second_copy_takes_over_and_the_first_one_stops");
const LATE_SECOND_COPY: (&str, &str) = (EXACTLY_ONCE, "a_second_copy_is_noticed_after_a_long_pause_too");
const EXPIRED: (&str, &str) = (EXACTLY_ONCE, "a_transaction_that_expired_is_no_second_copy");
const FOREIGN: (&str, &str) = (EXACTLY_ONCE, "a_topic_of_another_program_and_a_later_version_are_told");
const CHANGES: (&str, &str) = (EXACTLY_ONCE, "changes_of_what_is_restored_are_refused_unless_allowed_by_name");
const NEW_TOPIC: (&str, &str) = (EXACTLY_ONCE, "a_target_topic_that_was_created_anew_or_is_gone_is_refused");
const NEW_TOPIC_UNDER_WAY: (&str, &str) = (EXACTLY_ONCE, "a_topic_that_is_made_anew_under_a_running_restore_ends_it");
const NEW_FILES: (&str, &str) = (EXACTLY_ONCE, "files_that_came_to_a_complete_lane_are_read_where_that_is_allowed");
const NOT_AGAIN: (&str, &str) = (EXACTLY_ONCE, "what_is_done_is_not_read_again");
const STORES: (&str, &str) = (EXACTLY_ONCE, "whatever_a_store_does_each_record_arrives_once_and_in_order");
const TAMPERED: (&str, &str) = (EXACTLY_ONCE, "each_way_to_tamper_with_a_target_is_found_and_named");
const COPIES: (&str, &str) = (EXACTLY_ONCE, "with_provenance_copies_are_found_wherever_they_lie");
const GONE: (&str, &str) = (EXACTLY_ONCE, "what_is_gone_by_now_is_not_established_and_no_difference");
const KEPT_WHOLE: (&str, &str) = (POLICIES, "a_rejected_record_is_kept_whole_in_files_and_restored_after_the_mend");
const KEPT_ONCE: (&str, &str) = (POLICIES, "whenever_it_is_killed_each_dead_letter_is_kept_once");
const TRIED_AGAIN: (&str, &str) = (POLICIES, "a_dead_letter_is_kept_once_where_its_transaction_is_tried_again");
const LEFT_OUT: (&str, &str) =
    (POLICIES, "whatever_the_cause_what_is_left_out_is_left_out_whole_and_all_else_is_restored");
const REFUSED: (&str, &str) = (LONG, "what_the_broker_refuses_is_found_and_left_out");
const CEILING: (&str, &str) = (POLICIES, "more_than_the_job_allows_stops_it_and_counts_go_on");

/// All of them, in the order of `docs/guarantees.md`.
pub(crate) const SWITCHES: &[Switch] = &[
    switch("progress-is-written", &[KILLED, SIGNAL]),
    switch("progress-with-the-data", &[KILLED]),
    switch("progress-is-read", &[SIGNAL]),
    switch("read-committed", &[(EXACTLY_ONCE, "progress_that_was_never_committed_counts_for_nothing")]),
    switch("fencing", &[SECOND_COPY]),
    switch("leading-id", &[(EXACTLY_ONCE, "of_two_copies_that_meet_at_the_start_of_one_the_other_goes_on")]),
    switch("run-id", &[SECOND_COPY, LATE_SECOND_COPY]),
    switch("expired-or-fenced", &[EXPIRED]),
    switch("rewind", &[EXPIRED]),
    switch("counts-go-back", &[TRIED_AGAIN]),
    switch("replay", &[(EXACTLY_ONCE, "state_is_built_again_where_a_restore_of_rows_goes_on_after_kill_9")]),
    switch("true-end-of-progress", &[(EXACTLY_ONCE, "another_job_s_open_transaction_is_waited_for_and_then_an_error")]),
    switch("signal-commits", &[SIGNAL]),
    switch("changed-plugins", &[CHANGES]),
    switch("changed-map", &[CHANGES]),
    switch(
        "changed-source",
        &[
            CHANGES,
            NEW_FILES,
            (EXACTLY_ONCE, "a_file_that_is_gone_is_named_and_what_it_held_is_not_passed_over_unasked"),
        ],
    ),
    switch("changed-target", &[NEW_TOPIC, (EXACTLY_ONCE, "more_partitions_than_before_are_refused_where_keys_decide")]),
    switch("topic-ids", &[NEW_TOPIC]),
    switch("log-ends", &[(LONG, "a_target_whose_log_ends_before_what_was_written_is_refused")]),
    switch("log-ends-under-way", &[NEW_TOPIC_UNDER_WAY]),
    switch(
        "changed-delivery",
        &[(EXACTLY_ONCE, "a_job_that_was_begun_exactly_once_does_not_go_on_at_least_once_unasked")],
    ),
    switch("lanes-grow-with-their-source", &[NEW_FILES]),
    switch("place-of-rows", &[(EXACTLY_ONCE, "a_place_of_rows_that_is_gone_is_an_error_and_not_the_end_of_the_lane")]),
    switch(
        "no-records-among-progress",
        &[(EXACTLY_ONCE, "the_topic_of_progress_takes_no_records_and_what_others_wrote_there_can_be_taken_away")],
    ),
    switch("configs-are-kept", &[CONFIGS]),
    switch("configs-are-put-back", &[CONFIGS]),
    switch("only-what-is-ours", &[(EXACTLY_ONCE, "what_somebody_else_changes_of_a_topic_meanwhile_stays")]),
    switch("foreign-records", &[FOREIGN]),
    switch("format-of-progress", &[FOREIGN]),
    switch("fit-topic-of-progress", &[FOREIGN]),
    switch("kept-survey", &[NOT_AGAIN]),
    switch("store-asked-again", &[STORES]),
    switch(
        "commit-by-age",
        &[(EXACTLY_ONCE, "a_store_that_stalls_for_longer_than_a_transaction_may_take_is_waited_for")],
    ),
    switch(
        "store-patience",
        &[(EXACTLY_ONCE, "a_store_that_does_not_come_back_ends_the_restore_and_the_same_command_goes_on")],
    ),
    switch("asked-again-for-an-id", &[(LONG, "a_cluster_that_does_not_answer_while_an_id_is_taken_again_is_got_over")]),
    switch(
        "signal-in-time",
        &[
            (EXACTLY_ONCE, "a_signal_ends_a_restore_within_seconds_also_where_the_store_does_not_answer"),
            (LONG, "a_signal_ends_a_restore_within_seconds_also_where_no_node_answers"),
        ],
    ),
    switch("etag", &[(EXACTLY_ONCE, "an_object_that_changes_in_the_middle_of_a_restore_is_refused_by_its_name")]),
    switch(
        "verify-what-is-committed",
        &[(EXACTLY_ONCE, "a_restore_is_compared_while_it_runs_halfway_and_at_its_end_and_is_not_disturbed")],
    ),
    switch("verify-contents", &[TAMPERED]),
    switch("verify-order", &[TAMPERED]),
    switch("verify-what-is-missing", &[TAMPERED]),
    switch("provenance-is-written", &[COPIES]),
    switch("verify-copies", &[COPIES]),
    switch("verify-elsewhere", &[COPIES]),
    switch("verify-what-is-gone", &[GONE]),
    switch("verify-compaction", &[GONE]),
    switch(
        "verify-what-compaction-left",
        &[(EXACTLY_ONCE, "with_provenance_what_is_left_of_a_compacted_target_has_to_be_what_it_says")],
    ),
    switch("verify-turns", &[(LONG, "records_dealt_out_by_turns_are_found_in_any_partition")]),
    switch(
        "verify-side-by-side",
        &[(EXACTLY_ONCE, "records_with_and_without_a_key_are_each_looked_for_where_they_may_lie")],
    ),
    switch(
        "merge-by-timestamp",
        &[
            (EXACTLY_ONCE, "merged_partitions_arrive_once_and_by_timestamp_whatever_is_killed_and_whenever"),
            (EXACTLY_ONCE, "merged_folders_arrive_once_and_by_timestamp_whatever_is_killed_and_whenever"),
        ],
    ),
    switch("changed-order", &[(EXACTLY_ONCE, "a_job_does_not_go_on_with_lanes_that_were_merged_or_are_now")]),
    switch("whole-records", &[KEPT_WHOLE, LEFT_OUT]),
    switch(
        "letters-are-stripped",
        &[
            KEPT_WHOLE,
            (POLICIES, "dead_letters_in_s3_are_as_good"),
            (POLICIES, "a_topic_of_dead_letters_has_the_records_as_they_were_and_why_they_are_there"),
        ],
    ),
    switch("letters-are-listed", &[KEPT_ONCE]),
    switch("unlisted-letters-are-removed", &[KEPT_ONCE]),
    switch("letters-are-taken-back", &[TRIED_AGAIN]),
    switch(
        "set-aside",
        &[
            LEFT_OUT,
            (POLICIES, "whatever_the_cause_a_topic_has_the_dead_letter_and_why"),
            (POLICIES, "whatever_the_cause_a_file_has_the_dead_letter_and_why"),
        ],
    ),
    switch("blame", &[LEFT_OUT]),
    switch("size-check", &[LEFT_OUT]),
    switch("key-check", &[(POLICIES, "what_a_topic_is_known_not_to_take_is_left_out")]),
    switch("suspects", &[REFUSED]),
    switch("guilt-is-kept", &[(POLICIES, "a_plugin_whose_state_is_a_whole_lane_is_not_asked_again_who_was_guilty")]),
    switch("ceiling", &[CEILING, (POLICIES, "a_plugin_that_rejects_everything_stops_the_job")]),
    switch("ceiling-over-runs", &[CEILING]),
    switch(
        "abort",
        &[
            (POLICIES, "whatever_the_cause_without_a_policy_the_job_ends_and_no_half_of_a_record_is_visible"),
            (POLICIES, "a_dead_letter_that_its_topic_does_not_take_stops_the_job"),
            (POLICIES, "a_store_that_fails_on_the_way_leaves_nothing_half_written"),
        ],
    ),
    switch("letters-are-tried-out", &[(POLICIES, "a_place_that_cannot_be_written_to_stops_the_job_before_it_starts")]),
];
