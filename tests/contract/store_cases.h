/* store_cases.h - the parts of the store's contract suite; each runs its cases on rig's store. */
#ifndef HY_TESTS_CONTRACT_STORE_CASES_H
#define HY_TESTS_CONTRACT_STORE_CASES_H

#include "store_rig.h"

void store_admit_cases(void);
void store_twins_cases(void);
void store_claim_cases(void);
void store_doubt_cases(void);
void store_settle_cases(void);
void store_end_cases(void);
void store_grants_cases(void);
void store_counters_cases(void);
void store_suspect_cases(void);
void store_outrun_cases(void);
void store_tells_cases(void);
void store_events_cases(void);
void store_hear_cases(void);
void store_reach_cases(void);
void store_timeline_cases(void);
void store_templates_cases(void);
void store_apps_cases(void);
void store_schedules_cases(void);
void store_reads_cases(void);
void store_queues_cases(void);
void store_caps_cases(void);
void store_retry_cases(void);
void store_dead_cases(void);
void store_broadcasts_cases(void);
void store_held_cases(void);
void store_audience_cases(void);
void store_feed_cases(void);
void store_outbox_cases(void);
void store_webhooks_cases(void);
void store_retain_cases(void);
void store_audit_cases(void);
void store_pauses_cases(void);
void store_rewind_cases(void);
void store_undo_cases(void);
void store_under_way_cases(void);
void store_threads_cases(void);
void store_nodes_cases(void);
void store_reopen_cases(void); /* durable stores only */
void store_model_cases(void);
void store_races_cases(void);      /* shared stores only */
void store_bulk_races_cases(void); /* shared stores only */

#endif
