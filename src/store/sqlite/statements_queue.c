#include "store/sqlite/statements.h"

/* Read by hy_broadcast_read(), in this order. */
#define BROADCAST                                                                                  \
    "id, app_no, state, winding_up, collected, total, fed, duplicates, rate_per_s, send_at_ms, "   \
    "created_at_ms, started_at_ms, ended_at_ms, reach, collect_from, reason, name, "               \
    "schedule_name, template_kind, urgent, policy, on_missing, expires_at_ms, template_id, data, " \
    "page, emphasis, miniprogram_state, lang, tag, extra"

/* Read by hy_outbox_read(). */
#define OUTCOME                                                                                    \
    "id, webhook_id, type, app_no, at_ms, message_id, reason, msgid, event_id, user, "             \
    "template_id, uses, attempts, due_at_ms"

#define UNFINISHED "((state >= 1 AND state <= 3) OR winding_up = 1)"
#define HELD       "broadcast_id > 0 AND state <= 1 AND state = 0 AND due_at_ms = 0 AND parked_due_ms = 0"
#define DEAD       "state >= 5 AND state <= 6"
/* Unknown ones with a due time are not. */
#define DEAD_NOW DEAD " AND (state = 5 OR (due_at_ms = 0 AND parked_due_ms = 0))"

/*
 * SQL_..._OLD are the looks of the verb retain: ids above ?1, at most ?2 of them, each with whether it
 * may go (older than ?3) and whether it is so young that nothing behind it is older. Where instants don't
 * grow with ids the latter is 0.
 */
const char *const hy_sql_queue_texts[SQL_COUNT] = {
    [SQL_MESSAGE_RELEASE] = "UPDATE message INDEXED BY message_open SET due_at_ms = ?2 "
                            "WHERE broadcast_id = ?1 AND " HELD,
    [SQL_MESSAGE_RECAP] =
        "UPDATE message INDEXED BY message_due SET due_at_ms = ?2 WHERE app_no = ?1 AND "
        "due_at_ms > 0 AND due_at_ms > ?2 AND reason IN ('cap.app', 'cap.template')",
    [SQL_MESSAGE_AGAIN] = "UPDATE message SET send_at_ms = ?1, expires_at_ms = ?2 WHERE id = ?3",
    [SQL_MESSAGE_DEAD] = "SELECT id, state, reason, template_id, tag, broadcast_id "
                         "FROM message INDEXED BY message_dead WHERE app_no = ?1 AND " DEAD_NOW
                         " AND id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_MESSAGE_DEAD_IDS] = "SELECT id FROM message INDEXED BY message_dead WHERE app_no = ?1 "
                             "AND " DEAD_NOW " AND id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_MESSAGE_DEAD_APP] = "SELECT app_no FROM message INDEXED BY message_dead "
                             "WHERE app_no > ?1 AND " DEAD " ORDER BY app_no LIMIT 1",
    [SQL_MESSAGE_AHEAD] =
        "SELECT id, state, 0 FROM message INDEXED BY message_due WHERE due_at_ms > 0 AND "
        "due_at_ms > ?1 AND (state = 6 OR (state = 0 AND send_at_ms <= ?2)) UNION ALL "
        "SELECT id, state, 1 FROM message INDEXED BY message_parked WHERE parked_due_ms > 0 AND "
        "parked_due_ms > ?1 AND (state = 6 OR (state = 0 AND send_at_ms <= ?2)) "
        "ORDER BY 1 LIMIT ?3",
    [SQL_MESSAGE_REWIND] = "UPDATE message SET due_at_ms = ?1 WHERE id = ?2",
    [SQL_MESSAGE_REWIND_PARKED] = "UPDATE message SET parked_due_ms = ?1 WHERE id = ?2",
    [SQL_MESSAGE_OLD] =
        "SELECT id, accepted_at_ms < ?3 AND settled_at_ms < ?3 AND (state IN (3, 4, 5, 7, 8) OR "
        "(state = 6 AND due_at_ms = 0 AND parked_due_ms = 0)), accepted_at_ms >= ?3 AND id >= ?4 "
        "FROM message WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_MESSAGE_DELETE] = "DELETE FROM message WHERE id = ?1",
    [SQL_ATTEMPT_LAST] =
        "SELECT errmsg FROM attempt WHERE message_id = ?1 ORDER BY number DESC LIMIT 1",
    [SQL_ATTEMPT_DELETE] = "DELETE FROM attempt WHERE message_id = ?1",

    [SQL_HEARD_BOUNDS] = "SELECT (SELECT min(bucket) FROM heard), (SELECT max(bucket) FROM heard)",
    [SQL_HEARD_FIND] = "SELECT 1 FROM heard WHERE bucket = ?1 AND app_no = ?2 AND user = ?3 AND "
                       "message_id = ?4 AND until_ms > ?5",
    [SQL_HEARD_ADD] =
        "INSERT OR REPLACE INTO heard (bucket, app_no, user, message_id, at_ms, until_ms, "
        "template_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_HEARD_OF_USER] =
        "SELECT at_ms, template_id FROM heard WHERE bucket = ?1 AND app_no = ?2 AND user = ?3 "
        "AND until_ms > ?4",
    [SQL_HEARD_OLD] = "SELECT bucket, app_no, user, message_id FROM heard WHERE bucket < ?1 "
                      "ORDER BY bucket, app_no, user, message_id LIMIT ?2",
    [SQL_HEARD_DELETE] = "DELETE FROM heard WHERE bucket = ?1 AND app_no = ?2 AND user = ?3 AND "
                         "message_id = ?4",
    [SQL_AWAITING_FIRST] = "SELECT bucket FROM awaiting ORDER BY bucket LIMIT 1",

    [SQL_BROADCAST_INSERT] =
        "INSERT INTO broadcast (app_no, state, winding_up, collected, total, fed, duplicates, "
        "rate_per_s, send_at_ms, created_at_ms, started_at_ms, ended_at_ms, reach, collect_from, "
        "reason, name, schedule_name, template_kind, urgent, policy, on_missing, expires_at_ms, "
        "template_id, data, page, emphasis, miniprogram_state, lang, tag, extra, key, body) "
        "VALUES (?1, ?2, 0, ?3, 0, 0, 0, ?4, ?5, ?6, ?7, 0, ?8, NULL, NULL, ?9, ?10, ?11, ?12, "
        "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
    [SQL_BROADCAST_GET] = "SELECT " BROADCAST " FROM broadcast WHERE id = ?1",
    [SQL_BROADCAST_BY_KEY] = "SELECT id, state, body FROM broadcast INDEXED BY broadcast_key "
                             "WHERE key = ?1",
    [SQL_BROADCAST_SAVE] =
        "UPDATE broadcast SET state = ?1, winding_up = ?2, collected = ?3, total = ?4, fed = ?5, "
        "duplicates = ?6, started_at_ms = ?7, ended_at_ms = ?8, collect_from = ?9, reason = ?10 "
        "WHERE id = ?11",
    [SQL_BROADCAST_CHANGE] =
        "UPDATE broadcast SET name = ?1, rate_per_s = ?2, send_at_ms = ?3, template_kind = ?4, "
        "urgent = ?5, policy = ?6, on_missing = ?7, expires_at_ms = ?8, template_id = ?9, "
        "data = ?10, page = ?11, emphasis = ?12, miniprogram_state = ?13, lang = ?14, tag = ?15, "
        "extra = ?16 WHERE id = ?17",
    [SQL_BROADCAST_RENAME] = "UPDATE broadcast SET name = ?1, rate_per_s = ?2 WHERE id = ?3",
    [SQL_BROADCAST_DELETE] = "DELETE FROM broadcast WHERE id = ?1",
    [SQL_BROADCAST_OLD] =
        "SELECT id, state >= 4 AND winding_up = 0 AND ended_at_ms < ?3 AND NOT EXISTS (SELECT 1 "
        "FROM message INDEXED BY message_broadcast WHERE broadcast_id = broadcast.id AND "
        "broadcast_id > 0), 0 FROM broadcast WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_BROADCASTS] = "SELECT " BROADCAST " FROM broadcast WHERE id < ?1 AND "
                       "(?2 = 0 OR app_no = ?2) ORDER BY id DESC LIMIT ?3",
    [SQL_BROADCASTS_UNFINISHED] =
        "SELECT " BROADCAST " FROM broadcast INDEXED BY broadcast_unfinished WHERE " UNFINISHED
        " AND id < ?1 AND (?2 = 0 OR app_no = ?2) ORDER BY id DESC LIMIT ?3",
    [SQL_BROADCASTS_CANCEL] = "UPDATE broadcast SET state = 5, winding_up = 1, reason = NULL, "
                              "ended_at_ms = ?1 WHERE app_no = ?2 AND state < 4",
    [SQL_BROADCAST_TALLY_ADD] =
        "INSERT INTO broadcast_tally (broadcast_id, state, number) VALUES (?1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET number = number + excluded.number",
    [SQL_BROADCAST_TALLY] = "SELECT state, number FROM broadcast_tally WHERE broadcast_id = ?1",
    [SQL_BROADCAST_TALLY_DELETE] = "DELETE FROM broadcast_tally WHERE broadcast_id = ?1",
    [SQL_AUDIENCE_ADD] =
        "INSERT OR IGNORE INTO audience (broadcast_id, user, data) VALUES (?1, ?2, ?3)",
    [SQL_AUDIENCE] = "SELECT user, data FROM audience WHERE broadcast_id = ?1 "
                     "ORDER BY user LIMIT ?2",
    [SQL_AUDIENCE_AFTER] = "SELECT user, data FROM audience WHERE broadcast_id = ?1 AND "
                           "user > ?3 ORDER BY user LIMIT ?2",
    [SQL_AUDIENCE_CUT] = "DELETE FROM audience WHERE broadcast_id = ?1 AND user <= ?2",
    [SQL_AUDIENCE_ANY] = "SELECT EXISTS (SELECT 1 FROM audience WHERE broadcast_id = ?1)",
    /* 2: a counter, of which more has to be known. */
    [SQL_GRANT_OLD] = "SELECT id, (state IN (1, 3) AND uses_reserved = 0 AND obtained_at_ms < ?3) "
                      "* iif(kind >= 2, 2, 1), 0 FROM \"grant\" WHERE id > ?1 ORDER BY id "
                      "LIMIT ?2",
    [SQL_MESSAGE_IN_BUCKET] =
        "SELECT 1 FROM message INDEXED BY message_user WHERE bucket = ?1 AND app_no = ?2 AND "
        "user = ?3 AND template_id = ?4 LIMIT 1",
    [SQL_ANSWER_IN_BUCKET] =
        "SELECT 1 FROM answer INDEXED BY answer_user WHERE bucket = ?1 AND app_no = ?2 AND "
        "user = ?3 AND template_id = ?4 LIMIT 1",

    [SQL_WEBHOOK_INSERT] =
        "INSERT INTO webhook (url, events, app_no, paused, secret, old_secret, old_until_ms, "
        "created_at_ms, failing_since_ms, disabled_at_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0)",
    [SQL_WEBHOOK_UPDATE] = "UPDATE webhook SET url = ?1, events = ?2, app_no = ?3, paused = ?4, "
                           "secret = coalesce(?5, secret), old_secret = coalesce(?6, old_secret), "
                           "old_until_ms = iif(?6 IS NULL, old_until_ms, ?7) WHERE id = ?8",
    [SQL_WEBHOOK_ENABLE] =
        "UPDATE webhook SET disabled_at_ms = 0, failing_since_ms = 0 WHERE id = ?1",
    [SQL_WEBHOOK_EXISTS] = "SELECT 1 FROM webhook WHERE id = ?1",
    [SQL_WEBHOOK_STATE] = "UPDATE webhook SET failing_since_ms = ?1, disabled_at_ms = ?2, "
                          "last_error = ?3 WHERE id = ?4",
    [SQL_WEBHOOK_DELETE] = "DELETE FROM webhook WHERE id = ?1",
    [SQL_WEBHOOKS] = "SELECT id, url, events, app_no, secret, old_secret, old_until_ms, paused, "
                     "created_at_ms, failing_since_ms, disabled_at_ms, last_error FROM webhook "
                     "ORDER BY id",
    [SQL_HOOKS] = "SELECT id, app_no, events FROM webhook WHERE disabled_at_ms = 0 ORDER BY id",
    [SQL_OUTBOX_ADD] =
        "INSERT INTO outbox (webhook_id, type, app_no, at_ms, message_id, reason, msgid, "
        "event_id, user, template_id, uses, attempts, due_at_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12)",
    [SQL_OUTBOX_BEHIND] = "SELECT 1 FROM outbox INDEXED BY outbox_message WHERE message_id = ?1 "
                          "AND message_id > 0 AND webhook_id = ?2 LIMIT 1",
    [SQL_OUTBOX_ALL] = "SELECT webhook_id, at_ms FROM outbox",
    [SQL_OUTBOX_DUE] =
        "SELECT " OUTCOME " FROM outbox INDEXED BY outbox_due WHERE webhook_id = ?1 AND "
        "due_at_ms > 0 AND due_at_ms <= ?2 ORDER BY due_at_ms, id LIMIT ?3",
    [SQL_OUTBOX_NEXT_DUE] = "SELECT due_at_ms FROM outbox INDEXED BY outbox_due WHERE "
                            "webhook_id = ?1 AND due_at_ms > 0 ORDER BY due_at_ms LIMIT 1",
    [SQL_OUTBOX_LEASE] = "UPDATE outbox SET due_at_ms = ?1 WHERE id = ?2",
    [SQL_OUTBOX_GET] = "SELECT webhook_id, message_id, due_at_ms FROM outbox WHERE id = ?1",
    [SQL_OUTBOX_RETRY] = "UPDATE outbox SET due_at_ms = ?1, attempts = attempts + 1 WHERE id = ?2",
    [SQL_OUTBOX_NEXT] = "SELECT id, due_at_ms, at_ms FROM outbox INDEXED BY outbox_message WHERE "
                        "message_id = ?1 AND message_id > 0 AND webhook_id = ?2 ORDER BY id "
                        "LIMIT 1",
    [SQL_OUTBOX_FREE] = "UPDATE outbox SET due_at_ms = ?1 WHERE id = ?2",
    [SQL_OUTBOX_HURRY] = "UPDATE outbox SET due_at_ms = ?2 WHERE id IN (SELECT id FROM outbox "
                         "INDEXED BY outbox_due WHERE webhook_id = ?1 AND due_at_ms > ?2 LIMIT ?3)",
    [SQL_OUTBOX_DELETE] = "DELETE FROM outbox WHERE id = ?1",
    [SQL_OUTBOX_OF_WEBHOOK] =
        "SELECT id FROM outbox INDEXED BY outbox_due WHERE webhook_id = ?1 LIMIT ?2",
    [SQL_OUTBOX_OLD] = "SELECT id, at_ms < ?3, at_ms >= ?3 FROM outbox WHERE id > ?1 ORDER BY id "
                       "LIMIT ?2",
    [SQL_EVENT_GET] =
        "SELECT id, app_no, name, user, raw, created_at_ms, received_at_ms FROM event "
        "WHERE id = ?1",
    [SQL_EVENT_OLD] =
        "SELECT id, received_at_ms < ?3 AND NOT EXISTS (SELECT 1 FROM outbox INDEXED BY "
        "outbox_event WHERE event_id = event.id AND event_id > 0), received_at_ms >= ?3 "
        "FROM event WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_EVENT_DELETE] = "DELETE FROM event WHERE id = ?1",
    [SQL_ANSWER_OLD] = "SELECT id, at_ms < ?3, 0 FROM answer WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_ANSWER_DELETE] = "DELETE FROM answer WHERE id = ?1",

    [SQL_PAUSE_PUT] = "INSERT OR REPLACE INTO pause (app_no, channel, until_ms, since_ms, probe, "
                      "reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_PAUSE_DELETE] = "DELETE FROM pause WHERE app_no = ?1 AND channel = ?2",
    [SQL_PAUSE_DELETE_OF_APP] = "DELETE FROM pause WHERE app_no = ?1",
    [SQL_PAUSES] = "SELECT app_no, channel, until_ms, since_ms, probe, reason FROM pause "
                   "ORDER BY app_no, channel",
    [SQL_AUDIT_ADD] = "INSERT INTO audit (at_ms, key_id, who, address, action, subject, detail) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_AUDITS] = "SELECT id, at_ms, key_id, who, address, action, subject, detail FROM audit "
                   "WHERE id < ?1 AND (?2 IS NULL OR substr(action, 1, length(?2)) = ?2) AND "
                   "(?3 IS NULL OR subject = ?3) ORDER BY id DESC LIMIT ?4",
    [SQL_AUDIT_OLD] = "SELECT id, at_ms < ?3, at_ms >= ?3 FROM audit WHERE id > ?1 ORDER BY id "
                      "LIMIT ?2",
    [SQL_AUDIT_DELETE] = "DELETE FROM audit WHERE id = ?1",
    [SQL_FREE_PAGES] = "SELECT freelist_count, auto_vacuum FROM pragma_freelist_count, "
                       "pragma_auto_vacuum",
};
