"""Which tests run when: three sets, told from where a test stands. tests/README.md says how to choose.

The longest place that a test's id begins with decides; a mark on the test itself (`@pytest.mark.slow`) comes before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

FAST = "fast"  # starts no process and opens no port; held to it by tests/conftest.py
STANDARD = "standard"
SLOW = "slow"
SETS = (FAST, STANDARD, SLOW)

SAMPLED = "sampled"
"""Of each test function the first case is STANDARD and the others are SLOW: for matrices that may grow."""

FIRST = (
    "tests/rehearsal/test_runbook.py",
    "tests/test_package.py",
    "tests/rehearsal/test_secrets.py",
    "tests/rehearsal/test_with_database.py",
    "tests/rehearsal/test_guard.py",
    "tests/rehearsal/test_on_cloud_build.py",
    "tests/hostile/test_random_kills.py",
)
"""Those that take longest run first, so that no worker waits for them at the end."""

PLACES = {
    "tests/": STANDARD,
    "tests/test_package.py": STANDARD,
    "tests/test_documents.py": FAST,
    "tests/test_gcloud_named.py": FAST,
    "tests/unit/": FAST,
    "tests/unit/test_init_file.py": STANDARD,
    "tests/report/": FAST,
    "tests/report/test_browser.py": SLOW,
    "tests/report/test_webhook.py": STANDARD,
    "tests/report/test_senders.py": STANDARD,
    "tests/report/test_commands.py::test_a_release_leaves_its_reports_and_a_summary": STANDARD,
    "tests/report/test_report.py::test_a_hundred_thousand_lines": SLOW,
    "tests/source/test_contents.py": FAST,
    "tests/source/test_dockerignore.py": FAST,
    "tests/source/test_entrypoint.py": FAST,
    "tests/source/test_start_scripts.py": FAST,
    "tests/source/test_small_repositories.py": FAST,
    "tests/source/test_check_words.py": FAST,
    "tests/source/test_file_kinds.py": FAST,
    "tests/source/test_health_path.py": FAST,
    "tests/source/test_last_image.py": FAST,
    "tests/source/imports/": FAST,
    "tests/source/imports/test_truth.py": SLOW,
    "tests/source/test_gcloudignore.py::test_drops_what_gcloud_drops": SLOW,
    "tests/combinations/": SLOW,
    "tests/combinations/test_combinations.py::test_every_idiom_is_drawn": FAST,
    "tests/demo/": FAST,
    "tests/demo/test_load.py": STANDARD,
    "tests/demo/test_repository.py": STANDARD,
    "tests/drivers/test_": FAST,
    "tests/drivers/test_clients.py": STANDARD,
    "tests/drivers/test_identity.py": STANDARD,
    "tests/drivers/test_fact_cache.py": STANDARD,
    "tests/drivers/test_policy.py": STANDARD,
    "tests/drivers/test_parse_workers.py": STANDARD,
    "tests/local_cloud/test_metadata_server.py": FAST,
    "tests/local_cloud/test_stand_in.py": FAST,
    "tests/drivers/builds/test_cloud_build.py::test_pips_own_words_are_the_reason": SLOW,
    "tests/drivers/builds/test_cloud_build.py::test_other_arguments_are_another_image": SLOW,
    "tests/drivers/builds/test_cloud_build.py::test_rebuild_builds": SLOW,
    "tests/drivers/builds/test_handover.py::test_no_value_is_left_in_the_build_or_the_bucket": SAMPLED,
    "tests/drivers/builds/test_local.py": SAMPLED,
    "tests/drivers/builds/test_findings.py": FAST,
    "tests/drivers/builds/test_tool_build.py": FAST,
    "tests/drivers/builds/test_guard_build.py": FAST,
    "tests/drivers/builds/test_failure_line.py": FAST,
    "tests/drivers/builds/test_request.py": FAST,
    "tests/drivers/builds/test_request.py::test_the_scripts_of_the_check_are_shell_and_mount_nothing": STANDARD,
    "tests/drivers/cloud_run/test_failed_candidate.py": SLOW,  # by the command: rehearsal/test_catalogue.py
    "tests/drivers/cloud_run/test_faults.py": SLOW,  # rehearsal/test_faults.py
    "tests/drivers/cloud_run/test_lease.py": SLOW,  # rehearsal/test_busy.py, test_others.py
    "tests/drivers/cloud_run/test_races.py": SLOW,
    "tests/drivers/cloud_run/test_traffic.py": SLOW,  # rehearsal/test_traffic.py, test_by_hand.py
    "tests/local_cloud/emulator/profile/test_gate.py": FAST,
    "tests/local_cloud/emulator/reach/": FAST,
    "tests/local_cloud/emulator/profile/test_production.py": SLOW,
    "tests/local_cloud/conformance/": SLOW,
    "tests/local_cloud/emulator/run/": SAMPLED,
    "tests/local_cloud/emulator/run/test_database.py": SLOW,
    "tests/local_cloud/emulator/run/test_invocation.py": SLOW,
    "tests/local_cloud/emulator/run/test_scaling.py": SLOW,
    "tests/local_cloud/emulator/jobs/": SLOW,
    "tests/local_cloud/emulator/rest/": SLOW,
    "tests/local_cloud/emulator/rest/test_payload.py": FAST,
    "tests/local_cloud/emulator/rest/test_knative.py": FAST,
    "tests/local_cloud/emulator/rest/test_v1_schema.py": FAST,
    "tests/local_cloud/emulator/wire/test_process.py": SAMPLED,
    "tests/local_cloud/emulator/wire/test_whole.py::test_a_crash_at_start_is_told_by_operation_condition_and_log": SLOW,
    "tests/local_cloud/engines/test_command_errors.py": FAST,
    "tests/local_cloud/engines/test_instructions.py::test_two_stores_make_the_same_digest": SLOW,
    "tests/cli/test_cost.py": SAMPLED,
    "tests/cli/test_cost.py::test_a_whole_release_fits_into_memory": SLOW,
    "tests/cli/test_gcloud_commands.py": SLOW,
    "tests/cli/test_encodings.py": SAMPLED,
    "tests/in_image/test_broken_images.py::test_a_loop_without_end_at_import": SAMPLED,
    "tests/hostile/test_fuzz.py": SAMPLED,
    "tests/hostile/test_random_kills.py": SLOW,
    "tests/hostile/test_hostile_files.py": SAMPLED,
    "tests/in_image/test_without_network.py": SAMPLED,
    "tests/rehearsal/": SAMPLED,
    "tests/rehearsal/test_approve.py": SLOW,
    "tests/rehearsal/test_job.py": SLOW,
    "tests/rehearsal/test_job_target.py": SLOW,
    "tests/rehearsal/test_by_hand.py::test_accepted_it_goes_on_from_what_serves": SLOW,
    "tests/rehearsal/test_by_hand.py::test_what_was_accepted_is_put_back_without_the_candidate": SLOW,
    "tests/rehearsal/test_by_hand.py::test_held_it_can_be_rolled_back": SLOW,
    "tests/rehearsal/test_catalogue.py::test_images_that_cannot_start": SLOW,
    "tests/rehearsal/test_first_release.py::test_after_that_a_good_one_gets_all_traffic": SLOW,
    "tests/rehearsal/test_first_release.py::test_it_fails_after_its_promotion_and_a_person_must_decide": SLOW,
    "tests/rehearsal/test_guard.py": SLOW,
    "tests/rehearsal/test_on_cloud_build.py": SLOW,
    "tests/rehearsal/test_groups.py::test_resuming_all_goes_on_with_those_that_are_unfinished": SLOW,
    "tests/rehearsal/test_hold_and_status.py::test_a_hold_does_not_refuse_its_own_holder_what_ends_a_release": SLOW,
    "tests/rehearsal/test_hold_and_status.py::test_a_hold_does_not_take_a_release_its_lease": SLOW,
    "tests/rehearsal/test_hold_and_status.py::test_all_services_of_a_file_are_held_and_let_go_together": SLOW,
    "tests/rehearsal/test_readers.py::test_a_quiet_service_is_told_by_our_own_requests": SLOW,
    "tests/rehearsal/test_ready.py::test_a_ready_release_can_be_given_up": SLOW,
    "tests/rehearsal/test_ready.py::test_resumed_from_another_machine": SLOW,
    "tests/rehearsal/test_ready.py::test_a_first_release_has_all_traffic_whatever_was_asked": SLOW,
    "tests/rehearsal/test_rollback.py::test_a_rollback_that_is_refused_says_what_serves": SLOW,
    "tests/rehearsal/test_rollback.py::test_a_target_that_does_not_answer_well_only_with_now": SLOW,
    "tests/rehearsal/test_rollback.py::test_the_choice_is_listed_with_outcome_and_date_the_good_first": SLOW,
    "tests/rehearsal/test_rollback.py::test_to_a_failed_revision_only_with_force": SLOW,
    "tests/rehearsal/test_rollback.py::test_what_the_service_forgot_is_put_back_all_the_same": SLOW,
    "tests/rehearsal/test_traffic.py::test_a_restore_that_is_refused_is_held_and_says_what_serves": SLOW,
    "tests/rehearsal/test_traffic.py::test_inconclusive_as_only_the_front_end_answers": SLOW,
    "tests/rehearsal/test_traffic.py::test_slow_at_a_quarter": SLOW,
    "tests/rehearsal/test_cloud_away.py": SLOW,
    "tests/rehearsal/test_elsewhere.py": SLOW,
    "tests/rehearsal/test_identity.py": SLOW,
    "tests/rehearsal/test_faults.py": SLOW,
    "tests/rehearsal/test_judged_by_gcloud.py": SLOW,
    "tests/rehearsal/test_kills.py": SLOW,
    "tests/rehearsal/test_profiles.py": SLOW,
    "tests/rehearsal/test_token_away.py": SLOW,
    "tests/rehearsal/test_with_database.py": SLOW,
    "tests/unit/diagnose/test_logs.py::test_a_hundred_thousand_lines": SLOW,
    "tests/unit/diagnose/test_logs.py::test_no_evidence_however_broken_raises": STANDARD,
    "tests/unit/test_config.py::test_any_text_is_read_or_refused_in_words": STANDARD,
    "tests/test_dev.py::test_installs_with_pip_when_there_is_no_uv": SLOW,
    "tests/in_image/test_every_python.py": SLOW,
    "tests/rehearsal/test_rollback.py::test_a_release_that_builds_is_taken_over_or_named_and_never_goes_live": SLOW,
    "tests/rehearsal/test_hold_and_status.py::test_a_failed_image_is_not_released_again_without_force": SLOW,
    "tests/rehearsal/test_failed_requests.py::test_a_bake_that_ends_before_its_requests_could_time_out": SLOW,
    "tests/rehearsal/test_catalogue.py::test_a_library_that_no_machine_here_can_install": SLOW,
}

OTHER_ENGINES = frozenset({"docker", "podman"})
"""The standard set runs the engine that works everywhere; that the others do the same is a matrix of its own."""


def may_hold(wanted: str, file: str, text: str, places: Mapping[str, str] = PLACES) -> bool:
    """Whether a test of that set may stand in a file ("tests/unit/test_x.py") with that text.

    So no worker need import, for the fast or the slow set, what the others need.
    """
    within = {places[max((place for place in places if file.startswith(place)), key=len)]}
    within |= {found for place, found in places.items() if place.startswith(file)}
    if wanted == SLOW and (SAMPLED in within or "engine" in text):  # which another test's engine may be
        return True
    return wanted in within or f"mark.{wanted}" in text


def set_of(
    test: str,
    *,
    first: bool,
    marks: Collection[str] = (),
    engines: Collection[object] = (),
    places: Mapping[str, str] = PLACES,
) -> str:
    """The set of a test by its id ("tests/unit/test_x.py::test_y[1]").

    `first`: it is the first case of its function. `marks` are the names of its own marks; `engines` those of the
    engines that it is repeated for.
    """
    marked = next((each for each in SETS if each in marks), None)
    if marked:
        return marked
    if not OTHER_ENGINES.isdisjoint(engines):
        return SLOW
    found = places[max((place for place in places if test.startswith(place)), key=len)]
    if found == SAMPLED:
        return STANDARD if first else SLOW
    return found
