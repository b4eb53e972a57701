#include "store/transfer/tables.h"

/*
 * Lists that PostgreSQL keeps as tables of their own are what the file has an index for: see the comments of
 * both schemas. States: 0 queued, 1 waiting, 2 sending, 5 failed, 6 unknown; kinds of grants: 2 and 3 are
 * counters; answers: 0 accept.
 */
#define HOLDS        "grant_id > 0 AND state IN (0, 2, 6)"
#define MS_OF_BUCKET "16777216"
#define MS_OF_WEEK   "604800000"

const struct hy_transfer_table hy_transfer_tables[] = {
    {"settings of the store", "meta", "name:t value:t", "meta WHERE name <> 'transfer'", "name"},
    {"apps", "app",
     "no:i id:t platform:t settings:t secret:b callback:b created_at_ms:i updated_at_ms:i "
     "deleted_at_ms:i",
     "app", "no"},
    {"tokens", "token",
     "app_no:i version:i access:b obtained_at_ms:i expires_at_ms:i refreshing_until_ms:i "
     "failures:i last_error:t "
     "day:i calls:i forced_calls:i forced_at_ms:i",
     "token", "app_no"},
    {"keys", "api_key", "id:i name:t hash:b scopes:i created_at_ms:i revoked_at_ms:i", "api_key",
     "id"},
    {"schedules", "schedule",
     "id:i app_no:i name:t cron:t timezone:t misfire:i job:t message:t broadcast:t max_late_s:i "
     "paused:o "
     "created_at_ms:i next_run_ms:i last_run_ms:i last_fired_at_ms:i last_result:t",
     "schedule", "id"},
    {"templates", "template",
     "app_no:i id:t kind:i title:t content:t example:t choices:t synced_at_ms:i", "template",
     "app_no, id"},
    {"template lists", "template_sync", "app_no:i kind:i synced_at_ms:i", "template_sync",
     "app_no, kind"},
    {"ended sessions", "session_cut", "app_no:i user:t at_ms:i", "session_cut", "app_no, user"},
    {"pauses", "pause", "app_no:i channel:i until_ms:i since_ms:i probe:o reason:t", "pause",
     "app_no, channel"},
    {"audit", "audit", "id:i at_ms:i key_id:i who:t address:t action:t subject:t detail:t", "audit",
     "id"},
    {"webhooks", "webhook",
     "id:i url:t events:i app_no:i secret:b old_secret:b old_until_ms:i paused:o created_at_ms:i "
     "failing_since_ms:i disabled_at_ms:i last_error:t",
     "webhook", "id"},
    {"broadcasts", "broadcast",
     "id:i app_no:i state:i winding_up:o collected:o total:i fed:i duplicates:i rate_per_s:i "
     "send_at_ms:i "
     "created_at_ms:i started_at_ms:i ended_at_ms:i reach:o collect_from:t reason:t name:t "
     "schedule_name:t "
     "template_kind:i urgent:o policy:i on_missing:i expires_at_ms:i template_id:t data:t page:t "
     "emphasis:t "
     "miniprogram_state:t lang:t tag:t extra:t key:b body:b",
     "broadcast", "id"},
    {"counts of broadcasts", "broadcast_tally", "broadcast_id:i state:i node:i number:i",
     "(SELECT *, 0 AS node FROM broadcast_tally)", "broadcast_id, state"},
    {"audiences", "audience", "broadcast_id:i user:t data:t", "audience", "broadcast_id, user"},
    {"grants", "grant",
     "id:i app_no:i user:t kind:i template_id:t credential:t state:i reason:t uses_total:i "
     "uses_left:i "
     "uses_reserved:i in_doubt:o refusals:i retry_at_ms:i obtained_at_ms:i expires_at_ms:i",
     "\"grant\"", "id"},
    {"reach by counters", "reach_counter", "app_no:i template_id:t node:i users:i uses:i",
     "(SELECT *, 0 AS node FROM reach_counter)", "app_no, template_id"},
    /* The sums of all minutes are a row of minute -1 there, and sums of tallies in the file. */
    {"reach by receipts", "reach_receipt", "app_no:i minute:i node:i users:i uses:i",
     "(SELECT app_no, minute, 0 AS node, users, uses FROM reach_receipt UNION ALL SELECT app_no, "
     "-1, "
     "0, sum(users), sum(uses) FROM reach_receipt GROUP BY app_no)",
     "app_no, minute"},
    {"answers", "answer",
     "id:i app_no:i user:t template_id:t kind:i uses:i told_backend:i told_page:i told_event:i "
     "at_ms:i",
     "answer", "id"},
    /* The newest one of a user who never declined is his counter's, and not stored in the file; one of a
     * user who did is, unless his counter is newer. */
    {"newest answers of who declined", "newest_answer",
     "app_no:i user:t template_id:t kind:i at_ms:i withdrawn_at_ms:i",
     "(SELECT d.app_no, d.user, d.template_id, iif(g.obtained_at_ms > d.at_ms, 0, d.kind) AS kind, "
     "max(d.at_ms, coalesce(g.obtained_at_ms, 0)) AS at_ms, d.withdrawn_at_ms FROM declined d LEFT "
     "JOIN "
     "\"grant\" g ON g.app_no = d.app_no AND g.user = d.user AND g.template_id = d.template_id AND "
     "g.kind >= 2)",
     "app_no, user, template_id"},
    {"newest answers of who did not", "newest_answer",
     "app_no:i user:t template_id:t kind:i at_ms:i withdrawn_at_ms:i",
     "(SELECT g.id, g.app_no, g.user, g.template_id, 0 AS kind, g.obtained_at_ms AS at_ms, 0 AS "
     "withdrawn_at_ms "
     "FROM \"grant\" g WHERE g.kind >= 2 AND NOT EXISTS (SELECT 1 FROM declined d WHERE d.app_no = "
     "g.app_no AND "
     "d.user = g.user AND d.template_id = g.template_id))",
     "id"},
    /* The file knows the bucket of the instant: its end, for nothing may be forgotten too early. */
    {"identities", "seen", "app_no:i key:b at_ms:i",
     "(SELECT bucket, app_no, key, (bucket + 1) * " MS_OF_BUCKET " - 1 AS at_ms FROM seen)",
     "bucket, app_no, key", "app_no, key", "at_ms"},
    {"events", "event", "id:i app_no:i name:t user:t raw:t created_at_ms:i received_at_ms:i",
     "event", "id"},
    {"messages", "message",
     "id:i app_no:i user:t template_id:t data:t page:t emphasis:t miniprogram_state:t lang:t tag:t "
     "extra:t "
     "template_kind:i urgent:o broadcast_id:i state:i reason:t policy:i on_missing:i "
     "accepted_at_ms:i send_at_ms:i "
     "expires_at_ms:i due_at_ms:i settled_at_ms:i grant_id:i holds:o attempt_count:i in_doubt:o "
     "msgid:i",
     "(SELECT id, app_no, user, template_id, data, page, emphasis, miniprogram_state, lang, tag, "
     "extra, "
     "template_kind, queue % 2 = 0 AS urgent, broadcast_id, state, reason, policy, on_missing, "
     "accepted_at_ms, "
     "send_at_ms, expires_at_ms, max(due_at_ms, parked_due_ms) AS due_at_ms, settled_at_ms, "
     "grant_id, "
     "(" HOLDS ") AS holds, attempt_count, in_doubt, msgid FROM message)",
     "id"},
    {"attempts", "attempt",
     "message_id:i number:i at_ms:i took_ms:i grant_id:i grant_move:i verdict:i hint:i flags:i "
     "msgid:i errcode:t "
     "errmsg:t rid:t",
     "(SELECT message_id, number, at_ms, took_ms, grant_id, flags >> 4 AS grant_move, verdict, "
     "hint, flags & 15 AS "
     "flags, msgid, errcode, errmsg, rid FROM attempt)",
     "message_id, number"},
    {"due messages", "due", "app_no:i queue:i due_at_ms:i message_id:i",
     "(SELECT app_no, queue, due_at_ms, id AS message_id FROM message INDEXED BY message_due WHERE "
     "due_at_ms > 0)",
     "app_no, queue, due_at_ms, message_id"},
    {"parked messages", "parked", "app_no:i user:t due_at_ms:i message_id:i",
     "(SELECT app_no, user, parked_due_ms AS due_at_ms, id AS message_id FROM message INDEXED BY "
     "message_parked "
     "WHERE parked_due_ms > 0)",
     "app_no, user, due_at_ms, message_id"},
    {"waiting messages", "waiting", "app_no:i user:t message_id:i",
     "(SELECT app_no, user, id AS message_id FROM message INDEXED BY message_waiting WHERE state = "
     "1)",
     "app_no, user, message_id"},
    /* Nobody's. The lease is over or soon will be; when it ended says how old the request may be. */
    {"messages under way", "sending", "app_no:i user:t message_id:i node:i lease_until_ms:i",
     "(SELECT app_no, user, id AS message_id, 0 AS node, lease_until_ms FROM message WHERE state = "
     "2 AND "
     "id IN (SELECT j.value FROM claimed c, json_each(c.messages) j))",
     "message_id"},
    {"messages that expire", "expiry", "expires_at_ms:i message_id:i",
     "(SELECT expires_at_ms, id AS message_id FROM message INDEXED BY message_expiry WHERE "
     "expires_at_ms > 0 AND "
     "state <= 1)",
     "expires_at_ms, message_id"},
    {"messages set aside", "held", "broadcast_id:i message_id:i",
     "(SELECT broadcast_id, id AS message_id FROM message INDEXED BY message_open WHERE "
     "broadcast_id > 0 AND state "
     "<= 1 AND state = 0 AND due_at_ms = 0 AND parked_due_ms = 0)",
     "broadcast_id, message_id"},
    {"dead letters", "dead", "app_no:i message_id:i",
     "(SELECT app_no, id AS message_id FROM message INDEXED BY message_dead WHERE state >= 5 AND "
     "state <= 6 AND "
     "(state = 5 OR (due_at_ms = 0 AND parked_due_ms = 0)))",
     "app_no, message_id"},
    {"idempotency keys", "idempotency",
     "bucket:i key:b body:b message_id:i at_ms:i state:i reason:t", "idempotency", "bucket, key",
     "key", "at_ms"},
    /* The file has no weeks (those of ids: src/store/postgres/partition.h), so they are counted. */
    {"counts of messages", "tally", "app_no:i state:i week:i node:i number:i",
     "(SELECT app_no, state, (id >> 22) / " MS_OF_WEEK
     " AS week, 0 AS node, count(*) AS number FROM message "
     "GROUP BY 1, 2, 3)",
     "app_no, state, week"},
    {"messages that await an event", "awaiting",
     "app_no:i user:t message_id:i left_at_ms:i noted_at_ms:i",
     "(SELECT bucket, app_no, user, message_id, left_at_ms, left_at_ms AS noted_at_ms FROM "
     "awaiting)",
     "bucket, app_no, user, message_id", "app_no, \"user\", message_id", "left_at_ms"},
    {"events that came early", "early",
     "id:i app_no:i user:t template_id:t msgid:i delivered:o reason:t created_at_ms:i "
     "received_at_ms:i",
     "early", "id"},
    {"messages that count for caps", "heard",
     "app_no:i user:t message_id:i at_ms:i until_ms:i template_id:t", "heard",
     "bucket, app_no, user, message_id"},
    {"outcomes", "outbox",
     "id:i due_at_ms:i claimed_by:i attempts:i webhook_id:i type:i app_no:i at_ms:i message_id:i "
     "msgid:i event_id:i "
     "uses:i reason:t user:t template_id:t",
     "(SELECT *, 0 AS claimed_by FROM outbox)", "id"},
    {0}};

/* --- ids -------------------------------------------------------------------------------------- */

#define GIVEN(table)                                                                               \
    "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = '" table                    \
    "'), 0), coalesce((SELECT max(id) FROM \"" table "\"), 0))"
#define LARGEST(table, column) "SELECT coalesce(max(" column "), 0) FROM " table
#define SET_IDENTITY(table, column)                                                                \
    "SELECT setval(pg_get_serial_sequence('" table "', '" column "'), $1, false)"
#define SET(sequence) "SELECT setval('" sequence "', $1, false)"

const struct hy_transfer_sequence hy_transfer_sequences[] = {
    {LARGEST("app", "no"), SET_IDENTITY("app", "no")},
    {LARGEST("api_key", "id"), SET_IDENTITY("api_key", "id")},
    {GIVEN("schedule"), SET_IDENTITY("schedule", "id")},
    {GIVEN("audit"), SET_IDENTITY("audit", "id")},
    {GIVEN("broadcast"), SET_IDENTITY("broadcast", "id")},
    {GIVEN("webhook"), SET_IDENTITY("webhook", "id")},
    {LARGEST("early", "id"), SET_IDENTITY("early", "id")},
    {GIVEN("grant"), SET("grant_id")},
    {LARGEST("answer", "id"), SET("answer_id")},
    {GIVEN("event"), SET("event_id")},
    {GIVEN("outbox"), SET("outbox_id")},
    {0}};
