#include "store/sqlite/statements.h"

#include "base/err.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/query.h"

#include <stdio.h>

/* Read by hy_message_read() and hy_message_read_brief(), in this order. */
#define MESSAGE_BRIEF                                                                              \
    "id, app_no, user, template_id, state, reason, policy, on_missing, accepted_at_ms, "           \
    "send_at_ms, expires_at_ms, due_at_ms, parked_due_ms, settled_at_ms, grant_id, "               \
    "attempt_count, in_doubt, msgid, template_kind, queue, broadcast_id, lease_until_ms"
#define MESSAGE_WALKED "id, app_no, state, user, template_id, tag, reason"
#define MESSAGE_FULL   MESSAGE_BRIEF ", data, page, emphasis, miniprogram_state, lang, tag, extra"

/* Gathered by hy_message_insert(). */
#define MESSAGE_INSERT                                                                             \
    "INSERT INTO message (id, state, due_at_ms, parked_due_ms, lease_until_ms, grant_id, "         \
    "attempt_count, in_doubt, msgid, settled_at_ms, reason, app_no, bucket, policy, on_missing, "  \
    "accepted_at_ms, send_at_ms, expires_at_ms, user, template_id, data, page, emphasis, "         \
    "miniprogram_state, lang, tag, extra, template_kind, queue, broadcast_id) "

#define ATTEMPT_INSERT                                                                             \
    "INSERT INTO attempt (message_id, number, at_ms, took_ms, grant_id, verdict, hint, flags, "    \
    "msgid, errcode, errmsg, rid) "

/* Read by hy_grant_read(). */
#define GRANT                                                                                      \
    "id, app_no, user, kind, template_id, credential, state, reason, uses_total, uses_left, "      \
    "uses_reserved, in_doubt, obtained_at_ms, expires_at_ms, refusals, retry_at_ms"

/* Of a receipt with free uses: see reach.h. */
#define MINUTE "iif(expires_at_ms = 0, 1 << 40, expires_at_ms / 60000)"

/* Read by hy_answer_read(). */
#define ANSWER                                                                                     \
    "id, app_no, user, template_id, kind, uses, told_backend, told_page, told_event, at_ms"

#define EVENT      "id, app_no, name, user, raw, created_at_ms, received_at_ms"
#define EVENT_BARE "id, app_no, name, user, NULL, created_at_ms, received_at_ms"

#define TEMPLATE "app_no, id, kind, title, content, example, choices, synced_at_ms"

#define TOKEN                                                                                      \
    "app_no, version, access, obtained_at_ms, expires_at_ms, refreshing_until_ms, failures, "      \
    "last_error, day, calls, forced_calls, forced_at_ms"

#define SCHEDULE                                                                                   \
    "id, app_no, name, cron, timezone, misfire, job, message, paused, created_at_ms, "             \
    "next_run_ms, last_run_ms, last_fired_at_ms, last_result, broadcast, max_late_s"

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT verb",
    [SQL_SAVEPOINT_UNDO] = "ROLLBACK TO verb",
    [SQL_SAVEPOINT_END] = "RELEASE verb",

    [SQL_MESSAGE_INSERT] =
        MESSAGE_INSERT "VALUES (?,?,?,0,0,?,0,0,0,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_MESSAGE_INSERT_MANY] =
        MESSAGE_INSERT "SELECT c1, c2, c3, 0, 0, c4, 0, 0, 0, c5, c6, c7, c8, c9, c10, c11, c12, "
                       "c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, c25 "
                       "FROM gathered",
    [SQL_MESSAGE_SAVE] =
        "UPDATE message SET state = ?1, due_at_ms = ?2, parked_due_ms = ?3, lease_until_ms = ?4, "
        "grant_id = ?5, attempt_count = ?6, in_doubt = ?7, msgid = ?8, settled_at_ms = ?9, "
        "reason = ?10 WHERE id = ?11",
    /* An UPDATE that finds its rows by many ids copies them into a table of its own first. What is
     * given for the columns that stay is never stored: a blob, which no row of the table may have, so
     * that a message that is not there is a fault, too. */
    [SQL_MESSAGE_SAVE_MANY] =
        "INSERT INTO message (state, due_at_ms, parked_due_ms, lease_until_ms, grant_id, "
        "attempt_count, in_doubt, msgid, settled_at_ms, reason, id, app_no, bucket, policy, "
        "on_missing, accepted_at_ms, send_at_ms, expires_at_ms, user) "
        "SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, x'', 0, 0, 0, 0, 0, 0, '' "
        "FROM gathered WHERE true ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
        "due_at_ms = excluded.due_at_ms, parked_due_ms = excluded.parked_due_ms, "
        "lease_until_ms = excluded.lease_until_ms, grant_id = excluded.grant_id, "
        "attempt_count = excluded.attempt_count, in_doubt = excluded.in_doubt, "
        "msgid = excluded.msgid, settled_at_ms = excluded.settled_at_ms, reason = excluded.reason",
    [SQL_MESSAGE_FULL] = "SELECT " MESSAGE_FULL " FROM message WHERE id = ?1",
    [SQL_MESSAGE_BRIEF] = "SELECT " MESSAGE_BRIEF " FROM message WHERE id = ?1",
    [SQL_MESSAGE_EXISTS] = "SELECT 1 FROM message WHERE id = ?1",
    [SQL_MESSAGE_LAST] = "SELECT id, bucket FROM message ORDER BY id DESC LIMIT 1",
    [SQL_MESSAGE_BUCKET_ABOVE] = "SELECT bucket FROM message WHERE id > ?1 ORDER BY id LIMIT 1",
    [SQL_MESSAGE_BUCKET_BELOW] =
        "SELECT bucket FROM message WHERE id < ?1 ORDER BY id DESC LIMIT 1",
    [SQL_MESSAGE_DUE] = "SELECT " MESSAGE_FULL " FROM message INDEXED BY message_due "
                        "WHERE app_no = ?1 AND queue = ?2 AND due_at_ms > 0 AND due_at_ms >= ?3 "
                        "AND due_at_ms <= ?4 ORDER BY due_at_ms, id",
    [SQL_MESSAGE_NEXT_DUE] =
        "SELECT due_at_ms FROM message INDEXED BY message_due WHERE app_no = ?1 AND queue = ?2 "
        "AND due_at_ms > 0 ORDER BY due_at_ms LIMIT 1",
    [SQL_CLAIMED] =
        "SELECT claimed.id, value FROM claimed, json_each(messages) ORDER BY claimed.id DESC",
    [SQL_CLAIMED_ADD] = "INSERT INTO claimed (messages) VALUES (?1)",
    [SQL_CLAIMED_DELETE] = "DELETE FROM claimed WHERE id = ?1",
    [SQL_MESSAGE_PARKED_ANY] = "SELECT EXISTS (SELECT 1 FROM message INDEXED BY message_parked "
                               "WHERE parked_due_ms > 0)",
    [SQL_MESSAGE_NEXT_PARKED] =
        "SELECT id FROM message INDEXED BY message_parked WHERE app_no = ?1 AND user = ?2 AND "
        "parked_due_ms > 0 ORDER BY parked_due_ms, id LIMIT 1",
    [SQL_MESSAGE_WAITING] =
        "SELECT " MESSAGE_BRIEF " FROM message INDEXED BY message_waiting "
        "WHERE app_no = ?1 AND user = ?2 AND state = 1 AND id > ?3 ORDER BY id LIMIT ?4",
    [SQL_MESSAGE_PARK] =
        "UPDATE message SET parked_due_ms = due_at_ms, due_at_ms = 0 WHERE id = ?1",
    [SQL_MESSAGE_UNPARK] =
        "UPDATE message SET due_at_ms = max(parked_due_ms, ?2), parked_due_ms = 0 WHERE id = ?1",
    [SQL_MESSAGE_EXPIRED] = "SELECT " MESSAGE_BRIEF " FROM message INDEXED BY message_expiry "
                            "WHERE expires_at_ms > 0 AND state <= 1 AND expires_at_ms <= ?1 "
                            "ORDER BY expires_at_ms, id LIMIT ?2",
    [SQL_MESSAGE_NEXT_EXPIRY] = "SELECT expires_at_ms FROM message INDEXED BY message_expiry "
                                "WHERE expires_at_ms > 0 AND state <= 1 "
                                "ORDER BY expires_at_ms LIMIT 1",
    [SQL_MESSAGE_APP_DUE] = "SELECT id FROM message INDEXED BY message_due WHERE app_no = ?1 AND "
                            "due_at_ms > 0",
    [SQL_MESSAGE_APP_WAITING] = "SELECT id FROM message INDEXED BY message_waiting "
                                "WHERE app_no = ?1 AND state = 1",
    [SQL_MESSAGE_APP_PARKED] = "SELECT id FROM message INDEXED BY message_parked "
                               "WHERE app_no = ?1 AND parked_due_ms > 0",
    [SQL_MESSAGE_APP_HELD] = "SELECT id FROM message INDEXED BY message_open WHERE broadcast_id IN "
                             "(SELECT id FROM broadcast WHERE app_no = ?1) AND broadcast_id > 0 "
                             "AND state <= 1 AND state = 0 AND "
                             "due_at_ms = 0 AND parked_due_ms = 0",
    [SQL_MESSAGE_OPEN] = "SELECT " MESSAGE_BRIEF " FROM message INDEXED BY message_open "
                         "WHERE broadcast_id = ?1 AND broadcast_id > 0 AND state <= 1 LIMIT ?2",
    [SQL_GRANT_ABOVE_USER] = "SELECT " GRANT " FROM \"grant\" INDEXED BY grant_user "
                             "WHERE app_no = ?1 AND user > ?2 ORDER BY user",
    [SQL_MESSAGE_OF_USER] =
        "SELECT " MESSAGE_FULL " FROM message INDEXED BY message_user "
        "WHERE bucket = ?1 AND app_no = ?2 AND user = ?3 AND id < ?4 AND (?5 < 0 OR state = ?5) "
        "AND (?6 IS NULL OR template_id = ?6) AND (?7 IS NULL OR tag = ?7) "
        "AND (?8 IS NULL OR substr(reason, 1, length(?8)) = ?8) "
        "AND (?9 = 0 OR broadcast_id = ?9) ORDER BY id DESC LIMIT ?10",
    [SQL_MESSAGE_LOWER_BUCKET] = "SELECT bucket FROM message INDEXED BY message_user "
                                 "WHERE bucket < ?1 ORDER BY bucket DESC LIMIT 1",
    [SQL_MESSAGE_BUCKET_TOP] =
        "SELECT max(id) FROM message INDEXED BY message_user WHERE bucket = ?1",
    [SQL_MESSAGE_WALK] = "SELECT " MESSAGE_WALKED " FROM message "
                         "WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    [SQL_MESSAGE_WALK_BROADCAST] =
        "SELECT " MESSAGE_WALKED " FROM message INDEXED BY message_broadcast "
        "WHERE id < ?1 AND broadcast_id = ?3 AND broadcast_id > 0 ORDER BY id DESC LIMIT ?2",
    [SQL_MESSAGE_WAITING_COUNT] =
        "SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_waiting WHERE app_no = ?1 "
        "AND user = ?2 AND state = 1 AND template_id = ?3 LIMIT ?4)",
    [SQL_ATTEMPT_INSERT] =
        ATTEMPT_INSERT "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_ATTEMPT_INSERT_MANY] =
        ATTEMPT_INSERT "SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 FROM gathered",
    [SQL_ATTEMPTS] = "SELECT number, at_ms, took_ms, grant_id, verdict, hint, flags, msgid, "
                     "errcode, errmsg, rid FROM attempt WHERE message_id = ?1 ORDER BY number",

    [SQL_TALLY_ADD] = "INSERT INTO tally (app_no, state, number) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (app_no, state) DO UPDATE SET number = number + excluded.number",
    [SQL_REACH_RECEIPT_ADD] =
        "INSERT INTO reach_receipt (app_no, minute, uses, users) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, users = users + excluded.users",
    [SQL_REACH_COUNTER_ADD] =
        "INSERT INTO reach_counter (app_no, template_id, uses, users) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, users = users + excluded.users",
    [SQL_REACH_RECEIPTS] =
        "SELECT coalesce((SELECT number FROM tally WHERE app_no = ?1 AND state = -2), 0) - "
        "coalesce(sum(users), 0), "
        "coalesce((SELECT number FROM tally WHERE app_no = ?1 AND state = -1), 0) - "
        "coalesce((SELECT sum(uses) FROM reach_counter WHERE app_no = ?1), 0) - "
        "coalesce(sum(uses), 0) FROM reach_receipt WHERE app_no = ?1 AND minute <= ?2",
    [SQL_REACH_COUNTERS] =
        "SELECT users, uses FROM reach_counter WHERE app_no = ?1 AND template_id = ?2",
    [SQL_REACH_TIDY] = "DELETE FROM reach_receipt WHERE app_no = ?1 AND minute < ?2 AND users = 0 "
                       "AND uses = 0",
    [SQL_TALLIES] = "SELECT app_no, state, number FROM tally WHERE state >= 0 AND number > 0 "
                    "ORDER BY app_no, state",
    [SQL_TALLY_GRANTS] = "SELECT coalesce(sum(number), 0) FROM tally WHERE state = -1",

    [SQL_KEY_FIND] = "SELECT at_ms, body, message_id, state, reason FROM idempotency "
                     "WHERE bucket = ?1 AND key = ?2",
    [SQL_KEY_ADD] = "INSERT OR REPLACE INTO idempotency (bucket, key, body, message_id, at_ms, "
                    "state, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_KEY_BOUNDS] = "SELECT (SELECT min(bucket) FROM idempotency), "
                       "(SELECT max(bucket) FROM idempotency)",
    [SQL_KEY_CUT] = "SELECT key FROM idempotency WHERE bucket = ?1 ORDER BY key LIMIT 1 OFFSET ?2",
    [SQL_KEY_TRIM] = "DELETE FROM idempotency WHERE bucket = ?1 AND key < ?2",
    [SQL_KEY_TRIM_ALL] = "DELETE FROM idempotency WHERE bucket = ?1",

    [SQL_GRANT_INSERT] =
        "INSERT INTO \"grant\" (app_no, user, kind, template_id, credential, state, reason, "
        "uses_total, uses_left, uses_reserved, in_doubt, obtained_at_ms, expires_at_ms, refusals, "
        "retry_at_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [SQL_GRANT_SAVE] = "UPDATE \"grant\" SET state = ?1, reason = ?2, uses_left = ?3, "
                       "uses_reserved = ?4, in_doubt = ?5, refusals = ?6, retry_at_ms = ?7, "
                       "kind = ?8, uses_total = ?9, obtained_at_ms = ?10 WHERE id = ?11",
    [SQL_GRANT_SAVE_MANY] =
        "INSERT INTO \"grant\" (state, reason, uses_left, uses_reserved, in_doubt, refusals, "
        "retry_at_ms, kind, uses_total, obtained_at_ms, id, app_no, expires_at_ms, user) "
        "SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, x'', 0, '' "
        "FROM gathered WHERE true ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
        "reason = excluded.reason, uses_left = excluded.uses_left, "
        "uses_reserved = excluded.uses_reserved, in_doubt = excluded.in_doubt, "
        "refusals = excluded.refusals, retry_at_ms = excluded.retry_at_ms, kind = excluded.kind, "
        "uses_total = excluded.uses_total, obtained_at_ms = excluded.obtained_at_ms",
    [SQL_GRANT_GET] = "SELECT " GRANT " FROM \"grant\" WHERE id = ?1",
    [SQL_GRANT_FREE] =
        "SELECT " GRANT " FROM \"grant\" INDEXED BY grant_user "
        "WHERE app_no = ?1 AND user = ?2 AND state IN (0, 4) AND uses_left > uses_reserved",
    [SQL_GRANT_OF_USER] = "SELECT " GRANT " FROM \"grant\" INDEXED BY grant_user "
                          "WHERE app_no = ?1 AND user = ?2 ORDER BY id DESC",
    [SQL_GRANT_COUNTER] = "SELECT " GRANT " FROM \"grant\" INDEXED BY grant_user "
                          "WHERE app_no = ?1 AND user = ?2 AND template_id = ?3 LIMIT 1",
    [SQL_GRANT_LAST_MINUTE] =
        "SELECT coalesce(max(" MINUTE "), 0) FROM \"grant\" INDEXED BY grant_user "
        "WHERE app_no = ?1 AND user = ?2 AND kind <= 1 AND state = 0 AND "
        "uses_left > uses_reserved AND id <> ?3",
    [SQL_GRANT_BY_CREDENTIAL] = "SELECT id FROM \"grant\" INDEXED BY grant_credential "
                                "WHERE app_no = ?1 AND credential = ?2",
    [SQL_GRANT_EXPIRING] =
        "SELECT " GRANT " FROM \"grant\" INDEXED BY grant_expiry "
        "WHERE app_no = ?1 AND expires_at_ms > 0 AND expires_at_ms > ?2 AND expires_at_ms <= ?3 "
        "AND uses_reserved = 0 AND (?4 OR state IN (0, 4)) ORDER BY expires_at_ms, id LIMIT ?5",
    [SQL_GRANT_DELETE] = "DELETE FROM \"grant\" WHERE id = ?1",

    [SQL_SEEN_FIND] = "SELECT 1 FROM seen WHERE bucket = ?1 AND app_no = ?2 AND key = ?3",
    [SQL_SEEN_ADD] = "INSERT INTO seen (bucket, app_no, key) VALUES (?1, ?2, ?3)",
    [SQL_SEEN_OLD] = "SELECT bucket, app_no, key FROM seen WHERE bucket < ?1 "
                     "ORDER BY bucket, app_no, key LIMIT ?2",
    [SQL_SEEN_DELETE] = "DELETE FROM seen WHERE bucket = ?1 AND app_no = ?2 AND key = ?3",
    [SQL_ANSWER_NEAR] =
        "SELECT " ANSWER " FROM answer INDEXED BY answer_user WHERE bucket = ?1 AND "
        "app_no = ?2 AND user = ?3 AND template_id = ?4 AND kind = ?5 AND "
        "at_ms BETWEEN ?6 AND ?7",
    [SQL_ANSWER_INSERT] =
        "INSERT INTO answer (app_no, user, template_id, kind, uses, told_backend, told_page, "
        "told_event, at_ms, bucket) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [SQL_ANSWER_SAVE] = "UPDATE answer SET uses = ?1, told_backend = ?2, told_page = ?3, "
                        "told_event = ?4 WHERE id = ?5",
    [SQL_ANSWER_OF_USER] = "SELECT " ANSWER " FROM answer INDEXED BY answer_user WHERE bucket = ?1 "
                           "AND app_no = ?2 AND user = ?3 ORDER BY at_ms DESC, id DESC LIMIT ?4",
    [SQL_ANSWER_LOWER_BUCKET] = "SELECT bucket FROM answer INDEXED BY answer_user "
                                "WHERE bucket < ?1 ORDER BY bucket DESC LIMIT 1",
    [SQL_DECLINED_PUT] = "INSERT OR REPLACE INTO declined (app_no, user, template_id, kind, at_ms, "
                         "withdrawn_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_DECLINED_GET] = "SELECT kind, at_ms, withdrawn_at_ms FROM declined WHERE app_no = ?1 AND "
                         "user = ?2 AND template_id = ?3",

    [SQL_EVENT_LAST] = "SELECT seq FROM sqlite_sequence WHERE name = 'event'",
    [SQL_EVENT_INSERT] = "INSERT INTO event (" EVENT ", bucket) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_EVENTS] = "SELECT " EVENT " FROM event WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_EVENTS_OF_APP] = "SELECT " EVENT " FROM event INDEXED BY event_app "
                          "WHERE id > ?1 AND app_no = ?3 ORDER BY id LIMIT ?2",
    [SQL_EVENT_OF_USER] =
        "SELECT " EVENT_BARE " FROM event INDEXED BY event_user WHERE bucket = ?1 AND "
        "app_no = ?2 AND user = ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_EVENT_LOWER_BUCKET] =
        "SELECT bucket FROM event INDEXED BY event_user "
        "WHERE bucket < ?1 AND user IS NOT NULL ORDER BY bucket DESC LIMIT 1",
    [SQL_AWAITING_ADD] =
        "INSERT OR REPLACE INTO awaiting (bucket, app_no, user, message_id, left_at_ms, msgid, "
        "template_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_AWAITING_OF_USER] = "SELECT message_id, left_at_ms, msgid FROM awaiting WHERE bucket = ?1 "
                             "AND app_no = ?2 AND user = ?3 AND template_id = ?4",
    [SQL_AWAITING_DELETE] = "DELETE FROM awaiting WHERE bucket = ?1 AND app_no = ?2 AND user = ?3 "
                            "AND message_id = ?4",
    /* What earlier attempts noted. */
    [SQL_AWAITING_AGAIN] = "DELETE FROM awaiting WHERE app_no = ?1 AND user = ?2 AND "
                           "message_id = ?3 AND bucket IN "
                           "(SELECT at_ms >> 24 FROM attempt WHERE message_id = ?3)",
    [SQL_AWAITING_LOWER_BUCKET] =
        "SELECT bucket FROM awaiting WHERE bucket < ?1 ORDER BY bucket DESC LIMIT 1",
    [SQL_AWAITING_OLD] = "SELECT bucket, app_no, user, message_id FROM awaiting WHERE bucket < ?1 "
                         "ORDER BY bucket, app_no, user, message_id LIMIT ?2",
    [SQL_EARLY_ANY] = "SELECT EXISTS (SELECT 1 FROM early)",
    [SQL_EARLY_ADD] = "INSERT INTO early (app_no, user, template_id, msgid, delivered, reason, "
                      "created_at_ms, received_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_EARLY_OF_USER] =
        "SELECT id, template_id, msgid, delivered, reason, created_at_ms FROM early "
        "INDEXED BY early_user WHERE app_no = ?1 AND user = ?2 ORDER BY id",
    [SQL_EARLY_DELETE] = "DELETE FROM early WHERE id = ?1",
    [SQL_EARLY_TIDY] =
        "DELETE FROM early WHERE id IN (SELECT id FROM early INDEXED BY "
        "early_received WHERE received_at_ms <= ?1 ORDER BY received_at_ms LIMIT ?2)",

    [SQL_TEMPLATE_PUT] =
        "INSERT OR REPLACE INTO template (" TEMPLATE ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_TEMPLATE_EXISTS] = "SELECT 1 FROM template WHERE app_no = ?1 AND id = ?2",
    [SQL_TEMPLATE_DELETE] = "DELETE FROM template WHERE app_no = ?1 AND id = ?2",
    [SQL_TEMPLATE_DELETE_OF_APP] = "DELETE FROM template WHERE app_no = ?1",
    [SQL_TEMPLATES] = "SELECT " TEMPLATE " FROM template WHERE (?1 = 0 OR app_no = ?1) AND app_no "
                      "IN (SELECT no FROM app WHERE deleted_at_ms = 0) "
                      "ORDER BY app_no, kind, title, id",
    [SQL_TEMPLATE_SYNC_PUT] = "INSERT OR REPLACE INTO template_sync (app_no, kind, synced_at_ms) "
                              "VALUES (?1, ?2, ?3)",
    [SQL_TEMPLATE_SYNC_DELETE] = "DELETE FROM template_sync WHERE app_no = ?1",
    [SQL_TEMPLATE_SYNCS] =
        "SELECT app_no, kind, synced_at_ms FROM template_sync WHERE (?1 = 0 OR app_no = ?1) AND "
        "app_no IN (SELECT no FROM app WHERE deleted_at_ms = 0) ORDER BY app_no, kind",
    [SQL_SESSION_CUT_PUT] =
        "INSERT OR REPLACE INTO session_cut (app_no, user, at_ms) VALUES (?1, ?2, ?3)",
    [SQL_SESSION_CUTS] = "SELECT app_no, nullif(user, ''), at_ms FROM session_cut "
                         "ORDER BY app_no, user",
    [SQL_SESSION_CUT_TIDY] = "DELETE FROM session_cut WHERE (app_no, user) IN "
                             "(SELECT app_no, user FROM session_cut WHERE at_ms <= ?1 LIMIT ?2)",

    [SQL_APP_INSERT] = "INSERT INTO app (id, platform, settings, secret, callback, created_at_ms, "
                       "updated_at_ms, deleted_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
    [SQL_APP_UPDATE] = "UPDATE app SET settings = ?1, secret = coalesce(?2, secret), "
                       "callback = coalesce(?3, callback), updated_at_ms = ?4 WHERE no = ?5",
    [SQL_APP_DELETE] = "UPDATE app SET deleted_at_ms = ?1, secret = NULL, callback = NULL "
                       "WHERE no = ?2 AND deleted_at_ms = 0",
    [SQL_APP_IN_USE] = "SELECT 1 FROM app WHERE no = ?1 AND deleted_at_ms = 0",
    [SQL_APP_BY_ID] = "SELECT no FROM app INDEXED BY app_id WHERE id = ?1 AND deleted_at_ms = 0",
    [SQL_APP_GET] = "SELECT 1 FROM app WHERE no = ?1",
    [SQL_APPS] = "SELECT no, id, platform, settings, secret, callback, created_at_ms, "
                 "updated_at_ms, deleted_at_ms FROM app ORDER BY no",
    [SQL_API_KEY_INSERT] = "INSERT INTO api_key (name, hash, scopes, created_at_ms, revoked_at_ms) "
                           "VALUES (?1, ?2, ?3, ?4, 0)",
    [SQL_API_KEY_BY_HASH] = "SELECT id FROM api_key INDEXED BY api_key_hash "
                            "WHERE hash = ?1 AND revoked_at_ms = 0",
    [SQL_API_KEY_IN_USE] = "SELECT 1 FROM api_key WHERE id = ?1 AND revoked_at_ms = 0",
    [SQL_API_KEY_REVOKE] = "UPDATE api_key SET revoked_at_ms = ?1 WHERE id = ?2",
    [SQL_API_KEYS] = "SELECT id, name, hash, scopes, created_at_ms, revoked_at_ms FROM api_key "
                     "WHERE revoked_at_ms = 0 ORDER BY id",
    [SQL_META_PUT] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
    [SQL_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_TOKEN_GET] = "SELECT " TOKEN " FROM token WHERE app_no = ?1",
    [SQL_TOKEN_PUT] = "INSERT OR REPLACE INTO token (" TOKEN
                      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_TOKEN_DELETE] = "DELETE FROM token WHERE app_no = ?1",
    [SQL_TOKENS] = "SELECT " TOKEN " FROM token ORDER BY app_no",
    [SQL_SCHEDULE_INSERT] = "INSERT INTO schedule (app_no, name, cron, timezone, misfire, job, "
                            "message, paused, created_at_ms, next_run_ms, last_run_ms, "
                            "last_fired_at_ms, last_result, broadcast, max_late_s) VALUES "
                            "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [SQL_SCHEDULE_UPDATE] =
        "UPDATE schedule SET name = ?1, cron = ?2, timezone = ?3, misfire = ?4, "
        "message = ?5, paused = ?6, next_run_ms = ?7, broadcast = ?8, max_late_s = ?9 "
        "WHERE id = ?10",
    [SQL_SCHEDULE_BY_NAME] = "SELECT id FROM schedule WHERE app_no = ?1 AND name = ?2",
    [SQL_SCHEDULE_GET] = "SELECT " SCHEDULE " FROM schedule WHERE id = ?1",
    [SQL_SCHEDULE_DELETE] = "DELETE FROM schedule WHERE id = ?1",
    [SQL_SCHEDULE_DELETE_OF_APP] = "DELETE FROM schedule WHERE app_no = ?1",
    [SQL_SCHEDULE_FIRE] = "UPDATE schedule SET last_run_ms = ?1, last_fired_at_ms = ?2, "
                          "next_run_ms = ?3, last_result = ?4 WHERE id = ?5",
    [SQL_SCHEDULE_RESULT] = "UPDATE schedule SET last_result = ?1 WHERE id = ?2",
    [SQL_SCHEDULES] = "SELECT " SCHEDULE " FROM schedule ORDER BY id",
};

/* Called by SQLite for all that a statement is going to do. */
static int note_tables(void *touches, int action, const char *subject, const char *a, const char *b,
                       const char *c)
{
    (void)a, (void)b, (void)c;
    if (action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE ||
        action == SQLITE_DELETE)
        *(unsigned *)touches |= hy_gather_kinds_of(subject);
    if (action == SQLITE_SAVEPOINT || action == SQLITE_TRANSACTION)
        *(unsigned *)touches = HY_GATHER_ALL;
    return SQLITE_OK;
}

static int prepare(struct hy_sqlite *s, char *ret_explain, unsigned long explain_size)
{
    unsigned touches;

    sqlite3_set_authorizer(s->db, note_tables, &touches);
    for (int i = 0; i < SQL_COUNT; i++) {
        const char *text = texts[i] ? texts[i] : hy_sql_queue_texts[i];
        int rc;

        touches = 0;
        rc = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->stmts[i], NULL);
        s->touches[i] = touches;

        if (rc == SQLITE_ERROR) {
            snprintf(ret_explain, explain_size,
                     "%s: the tables are not those of this schema (%s); somebody changed them: put "
                     "back a copy that hongyan backup made",
                     sqlite3_db_filename(s->db, "main"), sqlite3_errmsg(s->db));
            return HY_E_CORRUPT;
        }
        if (rc != SQLITE_OK)
            return hy_sqlite_explain(s->db, rc, "reading the schema", ret_explain, explain_size);
    }
    return 0;
}

int hy_sqlite_prepare(struct hy_sqlite *s, char *ret_explain, unsigned long explain_size)
{
    int rc = hy_gather_register(s->db, s->gather), r;

    if (rc != SQLITE_OK)
        return hy_sqlite_explain(s->db, rc, "preparing", ret_explain, explain_size);
    r = prepare(s, ret_explain, explain_size);
    sqlite3_set_authorizer(s->db, NULL, NULL);
    return r;
}

void hy_sqlite_finalize(struct hy_sqlite *s)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(s->stmts[i]);
        s->stmts[i] = NULL;
    }
}
