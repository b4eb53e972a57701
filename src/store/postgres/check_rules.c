/*
 * What must always hold, each as a statement that finds what breaks it: one or two numbers for the sentence.
 *
 * States: 0 queued, 1 waiting, 2 sending, 3 sent, 4 delivered, 5 failed, 6 unknown, 7 expired, 8 canceled;
 * of grants: 0 available, 1 spent, 4 suspect; kinds: 0 and 1 are receipts, 3 is always; of broadcasts: 3
 * paused, 4 done, 5 canceled.
 *
 * Lists and messages are compared as wholes (FULL JOIN, EXCEPT): what isn't asked by an index is asked once.
 */
#include "store/postgres/check.h"

#define MINUTE "CASE WHEN expires_at_ms = 0 THEN 1::bigint << 40 ELSE expires_at_ms / 60000 END"
#define QUEUE                                                                                      \
    "CASE WHEN template_kind = 1 THEN 4 ELSE 0 END + CASE WHEN broadcast_id > 0 THEN 2 ELSE 0 "    \
    "END + "                                                                                       \
    "CASE WHEN urgent THEN 0 ELSE 1 END"
/* Queued ones without a due time are held; of the others it says when they are tried again. */
#define BY_TIME "due_at_ms > 0 AND state IN (0, 1, 6)"

const struct hy_pg_rule hy_pg_rules[] = {
    /* --- grants */
    {"grant %lld has uses that do not add up (0 <= reserved <= left <= total)",
     {"check_uses",
      "SELECT id, 0 FROM \"grant\" WHERE uses_reserved < 0 OR uses_reserved > uses_left OR "
      "uses_left > uses_total"}},
    {"grant %lld is spent with uses left, or has none left and is not spent",
     {"check_spent", "SELECT id, 0 FROM \"grant\" WHERE (uses_left = 0) <> (state = 1)"}},
    {"grant %lld is suspect without an instant at which it is tried again, or not suspect with one",
     {"check_suspect", "SELECT id, 0 FROM \"grant\" WHERE (state = 4) <> (retry_at_ms > 0) OR "
                       "(state = 4 AND refusals < 1)"}},
    {"grant %lld is a counter without a template, or a receipt with one",
     {"check_kind", "SELECT id, 0 FROM \"grant\" WHERE (kind >= 2) <> (template_id IS NOT NULL) OR "
                    "(kind <= 1) <> (credential IS NOT NULL)"}},
    {"grant %lld has %lld uses reserved, but that is not the number of messages that hold one",
     {"check_reserved",
      "SELECT g.id, g.uses_reserved FROM \"grant\" g LEFT JOIN (SELECT grant_id, count(*) AS held "
      "FROM message WHERE holds GROUP BY grant_id) h ON h.grant_id = g.id "
      "WHERE g.kind <> 3 AND g.uses_reserved <> coalesce(h.held, 0)"}},
    {"message %lld holds a use of grant %lld, which is another user's or does not exist",
     {"check_holder",
      "SELECT m.id, m.grant_id FROM message m LEFT JOIN \"grant\" g ON g.id = m.grant_id "
      "WHERE m.holds AND (g.id IS NULL OR g.app_no <> m.app_no OR g.\"user\" <> m.\"user\")"}},
    {"message %lld names grant %lld, but its state says otherwise of whether it holds a use",
     {"check_named",
      "SELECT id, grant_id FROM message WHERE holds <> (grant_id > 0 AND state IN (0, 2, 6)) OR "
      "(grant_id > 0 AND state IN (1, 5, 7, 8))"}},

    /* --- lists */
    {"message %lld is due at %lld, but stands in no list of what is due, or in the wrong one",
     {"check_due_listed",
      "SELECT id, due_at_ms FROM (SELECT id, app_no, " QUEUE
      " AS queue, \"user\", due_at_ms FROM message "
      "WHERE " BY_TIME ") m WHERE NOT EXISTS (SELECT FROM due d WHERE d.message_id = m.id AND "
      "d.app_no = m.app_no AND d.queue = m.queue AND d.due_at_ms = m.due_at_ms) AND "
      "NOT EXISTS (SELECT FROM parked p WHERE p.message_id = m.id AND p.app_no = m.app_no AND "
      "p.\"user\" = m.\"user\" AND p.due_at_ms = m.due_at_ms)"}},
    {"message %lld stands in %lld lists of what is due, but is not due",
     {"check_due_lists", "SELECT l.message_id, count(*) FROM (SELECT message_id FROM due UNION ALL "
                         "SELECT message_id FROM parked) l "
                         "LEFT JOIN message m ON m.id = l.message_id GROUP BY l.message_id "
                         "HAVING count(*) > 1 OR count(m.id) FILTER (WHERE m.due_at_ms > 0 AND "
                         "m.state IN (0, 1, 6)) = 0"}},
    {"message %lld has a due time in state %lld, in which nothing is due",
     {"check_due_state",
      "SELECT id, state FROM message WHERE due_at_ms > 0 AND state NOT IN (0, 1, 6)"}},
    {"message %lld waits in state %lld and the list of those who wait does not say so, or the "
     "other way round",
     {"check_waiting", "SELECT coalesce(m.id, w.message_id), coalesce(m.state, -1) FROM (SELECT * "
                       "FROM message WHERE state = 1) m "
                       "FULL JOIN waiting w ON w.message_id = m.id AND w.app_no = m.app_no AND "
                       "w.\"user\" = m.\"user\" "
                       "WHERE m.id IS NULL OR w.message_id IS NULL"}},
    {"message %lld is in sending (state %lld) and the list of those does not say so, or the other "
     "way round",
     {"check_sending", "SELECT coalesce(m.id, s.message_id), coalesce(m.state, -1) FROM (SELECT * "
                       "FROM message WHERE state = 2) m "
                       "FULL JOIN sending s ON s.message_id = m.id AND s.app_no = m.app_no AND "
                       "s.\"user\" = m.\"user\" "
                       "WHERE m.id IS NULL OR s.message_id IS NULL"}},
    {"message %lld expires at %lld and the list of those does not say so, or the other way round",
     {"check_expiry",
      "SELECT coalesce(m.id, e.message_id), coalesce(m.expires_at_ms, e.expires_at_ms) FROM "
      "(SELECT id, expires_at_ms FROM message WHERE state IN (0, 1) AND expires_at_ms > 0) m "
      "FULL JOIN expiry e ON e.message_id = m.id AND e.expires_at_ms = m.expires_at_ms "
      "WHERE m.id IS NULL OR e.message_id IS NULL"}},
    {"message %lld of broadcast %lld is queued without a due time and not held, or the other way "
     "round",
     {"check_held",
      "SELECT coalesce(m.id, h.message_id), coalesce(m.broadcast_id, h.broadcast_id) FROM "
      "(SELECT id, broadcast_id FROM message WHERE state = 0 AND due_at_ms = 0) m FULL JOIN held h "
      "ON h.message_id = m.id AND h.broadcast_id = m.broadcast_id WHERE m.id IS NULL OR "
      "h.message_id IS NULL"}},
    {"message %lld is held, but its broadcast %lld goes on",
     {"check_held_on",
      "SELECT h.message_id, b.id FROM held h JOIN broadcast b ON b.id = h.broadcast_id "
      "WHERE b.state NOT IN (3, 5)"}},
    {"message %lld is dead (state %lld) and the list of those does not say so, or the other way "
     "round",
     {"check_dead",
      "SELECT coalesce(m.id, d.message_id), coalesce(m.state, -1) FROM "
      "(SELECT id, app_no, state FROM message WHERE state = 5 OR (state = 6 AND due_at_ms = 0)) m "
      "FULL JOIN dead d ON d.message_id = m.id AND d.app_no = m.app_no "
      "WHERE m.id IS NULL OR d.message_id IS NULL"}},
    {"message %lld is parked for ever: its user has none in sending and none that is due",
     {"check_parked",
      "SELECT p.message_id, 0 FROM parked p LEFT JOIN sending s ON s.app_no = p.app_no AND "
      "s.\"user\" = p.\"user\" LEFT JOIN (SELECT DISTINCT m.app_no, m.\"user\" FROM due d "
      "JOIN message m ON m.id = d.message_id) o ON o.app_no = p.app_no AND o.\"user\" = p.\"user\" "
      "WHERE s.message_id IS NULL AND o.app_no IS NULL"}},

    /* --- messages */
    {"message %lld has a wrong settled_at_ms for state %lld",
     {"check_settled",
      "SELECT id, state FROM message WHERE (settled_at_ms <> 0) <> (state IN (3, 4, 5, 7, 8))"}},
    {"message %lld counts %lld attempts, but other ones are stored",
     {"check_attempts",
      "SELECT coalesce(m.id, a.message_id), coalesce(m.attempt_count, 0) FROM (SELECT id, "
      "attempt_count FROM "
      "message WHERE attempt_count > 0) m FULL JOIN (SELECT message_id, count(*) AS n, max(number) "
      "AS last "
      "FROM attempt GROUP BY message_id) a ON a.message_id = m.id "
      "WHERE m.id IS NULL OR a.n IS NULL OR m.attempt_count <> a.n OR m.attempt_count <> a.last"}},
    {"message %lld is awaited by an event, but is another user's, or in state %lld",
     {"check_awaiting", "SELECT a.message_id, coalesce(m.state, -1) FROM awaiting a LEFT JOIN "
                        "message m ON m.id = a.message_id "
                        "WHERE m.id IS NULL OR m.app_no <> a.app_no OR m.\"user\" <> a.\"user\" OR "
                        "m.state NOT IN (2, 3, 6)"}},

    /* --- counts */
    {"the tally of app %lld is wrong for messages in state %lld",
     {"check_tally",
      "SELECT app_no, state FROM (SELECT app_no, state, ((id >> 22) / 604800000)::integer AS week, "
      "count(*) AS number FROM message GROUP BY 1, 2, 3 UNION ALL "
      "SELECT app_no, state, week, -number FROM tally) t GROUP BY app_no, state, week HAVING "
      "sum(number) <> 0"}},
    {"the reach of app %lld is wrong for the uses of receipts that expire in minute %lld",
     {"check_reach_uses", "SELECT app_no, minute FROM (SELECT app_no, " MINUTE
                          " AS minute, sum(uses_left - uses_reserved) AS uses "
                          "FROM \"grant\" WHERE kind <= 1 AND state = 0 GROUP BY 1, 2 UNION ALL "
                          "SELECT app_no, minute, -uses FROM reach_receipt WHERE minute >= 0) t "
                          "GROUP BY 1, 2 HAVING sum(uses) <> 0"}},
    {"the reach of app %lld is wrong for the users whose last receipt expires in minute %lld",
     {"check_reach_users",
      "SELECT app_no, minute FROM (SELECT app_no, max(" MINUTE
      ") AS minute, 1 AS users FROM \"grant\" "
      "WHERE kind <= 1 AND state = 0 AND uses_left > uses_reserved GROUP BY app_no, \"user\" UNION "
      "ALL "
      "SELECT app_no, minute, -users FROM reach_receipt WHERE minute >= 0) t GROUP BY 1, 2 "
      "HAVING sum(users) <> 0"}},
    {"the reach of app %lld by receipts is not the sum of all minutes",
     {"check_reach_sums",
      "SELECT app_no, 0 FROM (SELECT app_no, CASE WHEN minute >= 0 THEN users ELSE -users END AS "
      "users, "
      "CASE WHEN minute >= 0 THEN uses ELSE -uses END AS uses FROM reach_receipt) t "
      "GROUP BY app_no HAVING sum(users) <> 0 OR sum(uses) <> 0"}},
    {"the reach of app %lld is wrong for a template's counters, of which grant %lld is one",
     {"check_reach_counters",
      "SELECT app_no, max(id) FROM (SELECT app_no, template_id, "
      "(uses_left > uses_reserved AND state = 0)::integer AS users, "
      "CASE WHEN state = 0 THEN uses_left - uses_reserved ELSE 0 END AS uses, id FROM \"grant\" "
      "WHERE kind >= 2 "
      "UNION ALL SELECT app_no, template_id, -users, -uses, 0 FROM reach_counter) t "
      "GROUP BY app_no, template_id HAVING sum(users) <> 0 OR sum(uses) <> 0"}},
    {"broadcast %lld has made %lld messages, but its tally says otherwise",
     {"check_fed",
      "SELECT b.id, b.fed FROM broadcast b LEFT JOIN (SELECT broadcast_id, sum(number) AS number "
      "FROM broadcast_tally GROUP BY 1) t ON t.broadcast_id = b.id "
      "WHERE b.fed <> coalesce(t.number, 0)"}},
    /* Of the other states some may be deleted: they stay counted. */
    {"the tally of broadcast %lld is wrong for messages in state %lld",
     {"check_broadcast_tally",
      "SELECT coalesce(m.broadcast_id, t.broadcast_id), coalesce(m.state, t.state) FROM "
      "(SELECT broadcast_id, state, count(*) AS number FROM message WHERE broadcast_id > 0 GROUP "
      "BY 1, 2) m "
      "FULL JOIN (SELECT broadcast_id, state, sum(number) AS number FROM broadcast_tally GROUP BY "
      "1, 2) t "
      "ON t.broadcast_id = m.broadcast_id AND t.state = m.state "
      "WHERE coalesce(m.number, 0) > coalesce(t.number, 0) OR (coalesce(m.state, t.state) IN (0, "
      "1, 2) AND "
      "coalesce(m.number, 0) <> coalesce(t.number, 0))"}},

    /* --- broadcasts, answers, outbox */
    {"broadcast %lld has users left that do not add up (total %lld)",
     {"check_audience",
      "SELECT b.id, b.total FROM broadcast b LEFT JOIN (SELECT broadcast_id, count(*) AS users "
      "FROM audience "
      "GROUP BY 1) a ON a.broadcast_id = b.id WHERE b.total < b.fed + coalesce(a.users, 0) OR "
      "(b.state <> 5 AND b.total <> b.fed + coalesce(a.users, 0)) OR "
      "(b.state >= 4 AND NOT b.winding_up AND coalesce(a.users, 0) > 0)"}},
    {"broadcast %lld is in state %lld and has something of another one",
     {"check_broadcast", "SELECT id, state FROM broadcast WHERE (state >= 4) <> (ended_at_ms > 0) "
                         "OR (winding_up AND state <> 5) OR "
                         "(reason IS NOT NULL AND state <> 3)"}},
    {"answer %lld has %lld uses, and was told other ones",
     {"check_answers",
      "SELECT id, uses FROM answer WHERE uses <> greatest(told_backend, told_page, told_event)"}},
    {"outcome %lld waits behind another one of message %lld and there is none, or does not and "
     "there is one",
     {"check_outbox",
      "SELECT id, message_id FROM (SELECT id, message_id, due_at_ms, message_id = 0 OR "
      "row_number() OVER "
      "(PARTITION BY webhook_id, message_id ORDER BY id) = 1 AS first FROM outbox) o "
      "WHERE first <> (due_at_ms > 0)"}},

    /* --- weeks */
    {"message %lld lies in no partition though week %lld has one",
     {"check_week",
      "SELECT m.id, w.no FROM message_rest m JOIN week w ON m.id >= week_id(w.no) AND "
      "m.id < week_id(w.no + 1)"}},
    {"week %lld has no partition, or a partition has no week",
     {"check_weeks",
      "SELECT coalesce(w.no, -1), 0 FROM week w FULL JOIN (SELECT c.relname FROM pg_inherits i "
      "JOIN pg_class c "
      "ON c.oid = i.inhrelid WHERE i.inhparent = 'message'::regclass AND c.relname <> "
      "'message_rest') p "
      "ON p.relname = week_table('message', w.no) WHERE w.no IS NULL OR p.relname IS NULL"}},
    {0},
};
