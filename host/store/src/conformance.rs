//! The promises of the port as tests, written once and run by each adapter. What differs between databases
//! (locks, damage, durability under a kill) is tested by the adapters themselves.

pub mod acts; // what people do about deliveries
pub mod batches; // one act on many deliveries
pub mod callbacks; // answers that targets give
pub mod configuration; // connections and flows
pub mod connectors; // installed revisions
pub mod contents; // bytes under their digest
pub mod deliveries; // work that waits
pub mod failures; // runs that stand for others
pub mod feeds; // polls, and the items that they find
pub mod fixtures; // what the tests begin with
pub mod journal; // what must happen once
pub mod leases; // who is doing it
pub mod numbers; // numbers that are handed out once
pub mod order; // one after the other
pub mod pauses; // connections at which nothing begins
pub mod publications; // files that were published
pub mod reports; // what sources are told
pub mod retention; // what is given up in time
pub mod runs; // submissions and what became of them
pub mod schedules; // what happens again and again
pub mod secrets; // sealed values
pub mod settlements; // how an attempt ended, and what follows
pub mod skips; // steps that are passed by
pub mod tokens; // who may ask
pub mod wakeups; // who is told of new work, and the end of it
pub mod watching; // what those see who watch a host

/// Makes a test of each promise. Takes a closure whose future opens a new, empty store as `Arc<dyn Store>`.
///
/// ```ignore
/// sluse_store::conformance!(|| async { Arc::new(SqliteStore::temporary(clock()).unwrap()) as Arc<dyn Store> });
/// ```
#[macro_export]
macro_rules! conformance {
    ($open:expr) => {
        $crate::conformance_tests! {
            $open;
            configuration {
                what_was_applied_is_read_back,
                an_unchanged_connection_keeps_its_version,
                a_changed_connection_gets_a_new_version,
                attempt_limits_are_kept_with_their_time,
                what_is_not_named_stays,
                a_flow_version_outlives_a_newer_one,
                a_flow_may_return_to_an_earlier_version,
                a_flow_of_the_host_s_own_is_kept_and_present_nowhere,
                apply_is_all_or_nothing,
            }
            connectors {
                a_revision_is_installed_inactive,
                installing_the_same_digest_again_changes_nothing,
                a_revision_without_its_bytes_is_refused,
                activation_retires_the_one_before,
                activating_the_active_one_changes_nothing,
                a_revision_of_another_connector_is_not_activated,
                at_most_one_revision_is_active_at_every_moment,
                revisions_are_listed_by_connector_the_latest_first,
            }
            contents {
                contents_are_read_back,
                contents_are_kept_once,
                an_empty_content_is_a_content,
                an_unfinished_content_leaves_nothing,
                a_content_is_read_from_any_offset,
                a_missing_content_is_none,
                a_content_that_is_given_up_is_gone,
                a_content_that_something_refers_to_stays,
                a_content_that_somebody_else_is_on_the_way_with_stays,
            }
            retention {
                a_run_is_given_up_with_everything_once_it_has_been_closed_for_long_enough,
                what_is_not_closed_stays_however_old,
                a_journal_goes_before_its_run,
                a_journal_stays_while_its_delivery_is_open,
                files_go_before_their_run,
                a_content_goes_with_the_last_that_refers_to_it,
                what_is_given_up_is_looked_through_in_pages,
                what_comes_behind_rows_of_a_clock_that_was_ahead_goes_in_time,
                what_the_clock_said_is_known_to_whoever_comes_next,
                a_key_is_free_again_once_its_run_is_gone,
            }
            runs {
                an_accepted_run_is_read_back,
                accepting_and_claiming_is_one_step,
                a_run_may_begin_with_a_person_s_work,
                a_run_without_its_flow_version_is_refused,
                a_run_without_its_file_is_refused,
                the_same_submission_is_the_same_run,
                the_same_key_with_another_body_is_a_conflict,
                the_same_key_in_another_flow_is_another_run,
                concurrent_submissions_with_one_key_are_one_run,
                a_submission_without_a_key_is_always_new,
                files_are_added_behind_the_submitted_ones,
                runs_are_listed_in_pages_the_latest_first,
                runs_are_filtered_by_flow_and_state,
                a_made_up_page_is_refused,
            }
            deliveries {
                one_claim_wins,
                concurrent_claims_share_the_work,
                the_longest_due_is_claimed_first,
                a_claim_takes_no_more_than_asked,
                what_is_not_due_waits,
                what_has_no_active_revision_waits_for_one,
                what_cannot_begin_does_not_hide_what_can,
                what_is_for_nobody_is_refused,
                a_connection_without_room_waits_and_holds_up_nobody,
                a_connection_gets_no_more_than_its_room,
                connections_share_what_is_claimed,
                activation_is_seen_by_the_next_claim,
                a_connection_moved_to_another_connector_is_seen_by_the_next_claim,
                a_clock_that_steps_back_stalls_nothing,
                deliveries_are_listed_by_state,
                deliveries_are_filtered,
            }
            leases {
                an_old_lease_is_refused,
                a_lease_number_grows_with_each_claim,
                a_renewed_lease_does_not_lapse,
                a_lost_lease_is_named_when_renewed,
                lapsed_work_is_reported_until_settled,
                lapsed_work_is_not_claimed,
                the_first_who_settles_a_lapsed_lease_wins,
            }
            settlements {
                a_settled_delivery_is_read_back,
                a_settled_delivery_never_changes,
                a_final_run_never_changes,
                a_stale_settlement_writes_nothing,
                a_following_delivery_appears_with_the_settlement,
                a_following_delivery_is_claimed_with_the_settlement,
                a_following_delivery_that_cannot_be_mapped_is_a_person_s_work,
                a_retry_is_due_later_and_keeps_its_attempts,
                an_attempt_that_never_began_is_taken_back,
                what_is_over_before_an_attempt_began_does_not_count_it,
                attention_shows_on_delivery_and_run,
                a_failed_step_closes_the_run,
                what_a_settlement_causes_comes_with_it,
                what_was_caused_once_is_not_caused_again,
                a_stale_settlement_causes_nothing,
                a_settlement_that_causes_what_cannot_be_accepted_is_not_written,
                attempts_name_the_revision_that_they_ran_on,
                the_timeline_is_ordered_by_time,
            }
            callbacks {
                what_waits_is_claimed_when_its_time_has_come,
                an_answer_ends_the_wait,
                an_answer_before_the_wait_is_kept_for_it,
                the_same_answer_again_changes_nothing,
                an_answer_that_came_late_is_taken_when_it_comes_again,
                the_first_answer_of_a_phase_is_the_one,
                what_comes_after_the_wait_is_late_and_changes_nothing,
                what_is_over_takes_no_answer,
                a_message_is_taken_once,
                nothing_is_known_of_a_phase_that_has_not_begun,
                a_delivery_may_wait_more_than_once,
                a_wait_that_is_taken_back_goes_on,
                a_lost_resumption_is_given_as_one,
                what_is_tried_again_behind_a_wait_is_the_same_round,
                what_did_not_happen_behind_a_wait_is_another_round,
                a_clock_that_steps_back_keeps_a_wait_as_long_as_it_was,
            }
            order {
                one_of_a_key_is_worked_on_at_a_time,
                what_is_behind_is_not_claimed_with_its_acceptance,
                a_key_goes_in_the_order_of_acceptance,
                a_retry_holds_its_key,
                attention_holds_its_key,
                a_head_that_waits_for_an_answer_holds_its_key,
                a_failure_that_closes_lets_go_of_its_key,
                a_following_delivery_queues_up_behind_those_that_came_before,
                activation_does_not_free_what_is_behind,
                a_head_that_begins_as_a_person_s_work_holds_its_key,
            }
            acts {
                what_is_asked_for_again_can_be_claimed,
                who_did_what_and_why_is_kept,
                what_did_not_happen_may_be_sent_again,
                an_edited_input_is_used_and_the_one_before_is_kept,
                what_was_resolved_goes_on,
                what_was_closed_closes_its_run,
                what_an_act_causes_comes_with_it_or_not_at_all,
                what_a_first_step_causes_comes_with_its_run_or_not_at_all,
                a_queue_is_kept_with_what_waits_for_it,
                an_act_on_what_has_changed_is_refused,
                one_of_two_who_act_at_once_wins,
                a_head_that_is_closed_by_hand_lets_go_of_its_key,
                a_head_that_is_resolved_by_hand_lets_go_of_its_key,
                a_head_that_is_skipped_lets_the_others_go_on,
                what_waits_behind_a_head_and_is_closed_holds_nobody_up,
            }
            batches {
                a_batch_is_read_back,
                batches_are_listed_in_pages_the_latest_first,
                a_batch_is_for_what_fits_and_was_there_when_it_began,
                an_act_of_a_batch_takes_it_further,
                a_batch_comes_to_each_delivery_once,
                a_batch_is_given_up_once_it_has_ended,
                what_changed_meanwhile_takes_no_batch_further,
                a_batch_that_is_stopped_does_nothing_more,
            }
            journal {
                what_was_noted_is_read_back,
                a_note_closes_what_came_before,
                a_settlement_closes_what_was_noted,
                a_journal_goes_on_over_attempts,
                nobody_notes_without_the_lease,
                a_stale_settlement_closes_nothing,
            }
            numbers {
                a_number_is_handed_out_once,
                a_delivery_is_given_the_same_numbers_on_every_attempt,
                a_sequence_ends_with_its_last_number,
                nobody_reserves_without_the_lease,
                concurrent_reservations_never_share_a_number,
            }
            publications {
                a_publication_is_read_back,
                a_name_is_good_for_one_file,
                an_attempt_that_came_to_nothing_leaves_its_name,
                what_is_not_known_is_not_ended,
                nobody_publishes_without_the_lease,
                what_is_over_is_tidied_away,
                what_a_person_says_was_not_published_was_not,
                what_is_only_tried_again_stays_in_doubt,
                what_a_person_resolves_was_published,
            }
            pauses {
                a_pause_is_read_back_until_it_ends,
                a_pause_goes_on_for_another_reason,
                what_is_not_there_is_not_paused,
            }
            schedules {
                a_schedule_is_read_back,
                a_tick_and_its_run_are_one_step,
                a_tick_is_fired_by_one_host,
                a_queued_tick_starts_its_run_once,
                what_is_missed_is_one_row,
                nothing_is_fired_beside_what_was_not_seen,
                another_cadence_is_planned_anew,
                what_is_switched_off_does_not_begin,
            }
            feeds {
                items_cursor_and_runs_are_one_step,
                an_item_starts_one_run_ever,
                a_key_outlives_its_run_and_its_tick,
                a_connection_is_polled_once_at_a_time,
                a_poll_that_lapsed_is_due_again_and_its_holder_is_refused,
                a_clock_that_steps_back_stalls_no_poll,
                a_poll_whose_schedule_goes_elsewhere_is_not_made_again,
                a_stale_page_writes_nothing,
                another_connector_begins_a_feed_anew,
                a_poll_that_never_began_is_not_counted,
            }
            reports {
                a_source_is_told_once_of_each_change,
                a_report_that_nobody_has_begun_is_written_over,
                reports_of_a_group_never_overtake,
                what_is_held_when_it_begins_is_told,
                what_a_person_does_is_told,
                a_report_is_reported_to_nobody,
            }
            watching {
                a_success_is_known_and_ends_what_failed,
                tries_in_a_row_are_counted_over_ticks,
                a_success_is_known_for_longer_than_its_tick,
                a_tick_that_starts_a_run_has_succeeded,
                what_waits_is_counted_by_connection,
                commits_are_counted,
            }
            skips {
                what_was_skipped_is_kept_with_the_step_that_begins,
                a_run_whose_last_steps_are_skipped_has_succeeded,
                what_is_skipped_too_late_is_not_written,
                a_run_may_begin_behind_its_first_steps,
                a_run_all_of_whose_steps_are_skipped_has_succeeded_from_the_beginning,
            }
            failures {
                what_stands_for_a_failed_run_begins_with_its_failure,
                a_failed_run_is_given_another_once_whatever_becomes_of_it,
                a_failure_that_was_not_written_is_given_nothing,
                what_stands_for_a_run_has_its_files,
                a_failed_run_is_kept_while_what_stands_for_it_is_open,
                its_success_closes_what_waits_for_a_person,
                what_it_was_not_to_close_goes_on_waiting,
                a_failure_of_both_goes_on_waiting,
                what_may_have_happened_goes_on_waiting,
                what_has_sent_what_may_have_happened_goes_on_waiting,
                what_is_tried_again_meanwhile_goes_on,
                what_fails_anew_meanwhile_goes_on_waiting,
                whoever_waits_behind_what_it_closes_goes_on,
                a_source_is_told_of_what_stands_for_its_item,
                an_item_is_held_while_what_stands_for_it_waits_for_a_person,
                an_item_whose_own_run_waits_is_held_when_the_other_fails,
                an_item_that_does_not_fit_begins_with_what_stands_for_it,
            }
            wakeups {
                accepted_work_wakes,
                claimed_work_does_not_wake,
                a_retry_wakes,
                a_following_delivery_wakes,
                activation_wakes_what_waited_for_it,
                a_healthy_store_says_so,
                a_closed_store_takes_no_more_work,
            }
            secrets {
                a_secret_is_read_back,
                a_secret_version_must_follow_the_last_one,
                a_secret_version_is_never_reused,
                a_removed_secret_is_gone_and_its_origins_stay,
                one_of_two_writers_of_a_secret_wins,
                what_failed_to_sign_in_is_known_until_it_is_forgotten,
                of_what_failed_to_sign_in_the_latest_are_kept,
                confirming_an_origin_again_changes_nothing,
                a_withdrawn_origin_is_remembered_as_such,
                withdrawing_what_was_never_confirmed_changes_nothing,
                a_withdrawn_origin_is_confirmed_again_only_when_meant,
            }
            tokens {
                a_token_is_read_back,
                tokens_are_listed_the_oldest_first,
                a_token_is_revoked_once,
                the_last_admin_token_is_not_revoked,
                of_two_revocations_at_once_one_leaves_an_admin_token,
                a_token_is_not_created_twice,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($open:expr; $($area:ident { $($test:ident),+ $(,)? })+) => {
        $(mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let store = $open().await;
                    $crate::conformance::$area::$test(store).await;
                }
            )+
        })+
    };
}
