/*
 * store_contract.c - one suite for every store: store-contract memory: | sqlite: | postgresql: [threads]
 *
 * With `threads` only the cases in which threads run: what is worth a run with TSan.
 *
 * What is asked here is what the headers in src/store promise; a backend that passes may be used.
 */
#include "store_cases.h"

#include <string.h>

int main(int argc, char **argv)
{
    rig.threads_only = argc == 3 && strcmp(argv[2], "threads") == 0;
    if (argc < 2 || argc > 2 + rig.threads_only || !rig_init(argv[1])) {
        fprintf(
            stderr,
            "usage: %s memory:|sqlite:|postgresql: [threads] (needs a directory in $TMPDIR, or a "
            "server in $HY_POSTGRES_URL)\n",
            argv[0]);
        return 2;
    }
    store_admit_cases();
    store_twins_cases();
    store_claim_cases();
    store_doubt_cases();
    store_settle_cases();
    store_end_cases();
    store_grants_cases();
    store_counters_cases();
    store_suspect_cases();
    store_outrun_cases();
    store_tells_cases();
    store_events_cases();
    store_hear_cases();
    store_reach_cases();
    store_timeline_cases();
    store_templates_cases();
    store_apps_cases();
    store_schedules_cases();
    store_reads_cases();
    store_queues_cases();
    store_caps_cases();
    store_retry_cases();
    store_dead_cases();
    store_broadcasts_cases();
    store_held_cases();
    store_audience_cases();
    store_feed_cases();
    store_outbox_cases();
    store_webhooks_cases();
    store_retain_cases();
    store_audit_cases();
    store_pauses_cases();
    store_rewind_cases();
    store_undo_cases();
    store_under_way_cases();
    store_threads_cases();
    store_model_cases();
    store_nodes_cases();
    if (rig_durable())
        store_reopen_cases();
    if (rig_shared()) {
        store_races_cases();
        store_bulk_races_cases();
    }
    rig_deinit();
    return hy_tap_end();
}
