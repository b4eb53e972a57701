/*
 * What must be the same in both stores, beside the number of rows of each table: sums over what could go
 * wrong by a mistake in one of the texts of tables.c. They are asked of the tables themselves, so a count
 * that is kept (tally) is compared with what it counts.
 */
#include "store/transfer/tables.h"

#define STATE_NAME                                                                                 \
    "CASE m.state WHEN 0 THEN 'queued' WHEN 1 THEN 'waiting' WHEN 2 THEN 'sending' WHEN 3 THEN "   \
    "'sent' "                                                                                      \
    "WHEN 4 THEN 'delivered' WHEN 5 THEN 'failed' WHEN 6 THEN 'unknown' WHEN 7 THEN 'expired' "    \
    "WHEN 8 THEN 'canceled' ELSE 'in no known state' END"
#define KIND_NAME                                                                                  \
    "CASE g.kind WHEN 0 THEN 'form_id' WHEN 1 THEN 'prepay_id' WHEN 2 THEN 'once' ELSE 'always' "  \
    "END"
#define GRANT_STATE                                                                                \
    "CASE g.state WHEN 0 THEN 'available' WHEN 1 THEN 'spent' WHEN 2 THEN 'expired' WHEN 3 THEN "  \
    "'revoked' "                                                                                   \
    "WHEN 4 THEN 'suspect' ELSE 'in no known state' END"
/* Any text: how many characters; and of ids what is left by a prime, so that no sum is too large. */
#define CHARS(column) "CAST(coalesce(sum(length(" column ")), 0) AS bigint)"
#define SUM(column)   "CAST(coalesce(sum(" column "), 0) AS bigint)"
#define IDS(column)   "CAST(coalesce(sum((" column ") % 1000003), 0) AS bigint)"

const struct hy_transfer_figure hy_transfer_figures[] = {
    {"SELECT 'messages of ' || a.id || ', ' || " STATE_NAME
     " AS what, count(*) FROM message m JOIN app a "
     "ON a.no = m.app_no GROUP BY 1 ORDER BY 1"},
    {"SELECT 'counted for ' || a.id || ', ' || " STATE_NAME
     " AS what, " SUM("m.number") " FROM tally m JOIN app a "
                                  "ON a.no = m.app_no WHERE m.state >= 0 GROUP BY 1 ORDER BY 1"},
    {"SELECT 'attempts that messages tell of', " SUM("attempt_count") " FROM message"},
    {"SELECT 'grants of ' || a.id || ', ' || " KIND_NAME " || ' ' || " GRANT_STATE
     " AS what, count(*) "
     "FROM \"grant\" g JOIN app a ON a.no = g.app_no GROUP BY 1 ORDER BY 1"},
    {"SELECT 'uses left of ' || a.id || ', ' || " KIND_NAME
     " AS what, " SUM("g.uses_left") " FROM \"grant\" g JOIN "
                                     "app a ON a.no = g.app_no GROUP BY 1 ORDER BY 1"},
    {"SELECT 'uses reserved of ' || a.id || ', ' || " KIND_NAME
     " AS what, " SUM("g.uses_reserved") " FROM \"grant\" g "
                                         "JOIN app a ON a.no = g.app_no GROUP BY 1 ORDER BY 1"},
    {"SELECT 'messages that hold a use', count(*) FROM message WHERE grant_id > 0 AND state IN (0, "
     "2, 6)",
     "SELECT 'messages that hold a use', count(*) FROM message WHERE holds"},
    {"SELECT 'messages that are due later or now', count(*) FROM message WHERE due_at_ms > 0 OR "
     "parked_due_ms > 0",
     "SELECT 'messages that are due later or now', (SELECT count(*) FROM due) + (SELECT count(*) "
     "FROM parked)"},
    {"SELECT 'messages in sending', count(*) FROM message WHERE state = 2",
     "SELECT 'messages in sending', count(*) FROM sending"},
    {"SELECT 'urgent messages', count(*) FROM message WHERE queue % 2 = 0",
     "SELECT 'urgent messages', count(*) FROM message WHERE urgent"},
    {"SELECT 'ids of messages', " IDS("id") " FROM message"},
    {"SELECT 'instants of messages', " IDS(
        "accepted_at_ms + send_at_ms + expires_at_ms + settled_at_ms") " FROM message"},
    {"SELECT 'characters in messages', " CHARS(
        "coalesce(data, '') || coalesce(\"user\", '') || coalesce(page, '') || "
        "coalesce(tag, '') || coalesce(reason, '') || coalesce(extra, '') || coalesce(template_id, "
        "'')") " FROM message"},
    {"SELECT 'what attempts took, in ms', " SUM("took_ms") " FROM attempt"},
    {"SELECT 'characters in attempts', " CHARS(
        "coalesce(errcode, '') || coalesce(errmsg, '') || coalesce(rid, '')") " FROM attempt"},
    {"SELECT 'characters in grants', " CHARS(
        "\"user\" || coalesce(template_id, '') || coalesce(credential, '') || "
        "coalesce(reason, '')") " FROM \"grant\""},
    {"SELECT 'uses that were answered', " SUM("uses") " FROM answer"},
    {"SELECT 'answers that were told', " SUM(
        "told_backend + told_page + told_event") " FROM answer"},
    {"SELECT 'characters in events', " CHARS("raw") " FROM event"},
    {"SELECT 'users in audiences', " CHARS("\"user\"") " FROM audience"},
    {"SELECT 'messages that broadcasts made', " SUM("fed") " FROM broadcast"},
    {"SELECT 'messages that broadcasts counted', " SUM("number") " FROM broadcast_tally"},
    {"SELECT 'tries of outcomes', " SUM("attempts") " FROM outbox"},
    {"SELECT 'characters in templates', " CHARS("coalesce(content, '')") " FROM template"},
    {"SELECT 'bytes of sealed secrets', " CHARS("secret") " FROM app"},
    {"SELECT 'characters in the audit', " CHARS(
        "action || coalesce(subject, '') || coalesce(detail, '')") " FROM audit"},
    {"SELECT 'idempotency keys for messages', " IDS(
        "message_id") " FROM (SELECT message_id, at_ms, "
                      "max(at_ms) OVER (PARTITION BY key) AS last FROM idempotency) k WHERE at_ms "
                      "= last"},
    {0}};
