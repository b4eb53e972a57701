/*
 * statements.h - every SQL text of the backend, prepared once a connection, by name.
 *
 * No text is ever put together from input. Plans are pinned with INDEXED BY where a wrong one would
 * walk a table: such a statement fails to prepare, at open, when its index is gone.
 */
#ifndef HY_STORE_SQLITE_STATEMENTS_H
#define HY_STORE_SQLITE_STATEMENTS_H

struct hy_sqlite;

enum hy_sql {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_SAVEPOINT_UNDO,
    SQL_SAVEPOINT_END,
    /* messages */
    SQL_MESSAGE_INSERT,
    SQL_MESSAGE_SAVE,
    SQL_MESSAGE_FULL,
    SQL_MESSAGE_BRIEF,
    SQL_MESSAGE_EXISTS,
    SQL_MESSAGE_LAST,
    SQL_MESSAGE_BUCKET_ABOVE,
    SQL_MESSAGE_BUCKET_BELOW,
    SQL_MESSAGE_DUE,
    SQL_MESSAGE_NEXT_DUE,
    SQL_MESSAGE_USER_SENDING,
    SQL_MESSAGE_NEXT_PARKED,
    SQL_MESSAGE_WAITING,
    SQL_MESSAGE_PARK,
    SQL_MESSAGE_UNPARK,
    SQL_MESSAGE_SENDING_IDS,
    SQL_MESSAGE_EXPIRED,
    SQL_MESSAGE_NEXT_EXPIRY,
    SQL_MESSAGE_APP_DUE,
    SQL_MESSAGE_APP_WAITING,
    SQL_MESSAGE_APP_PARKED,
    SQL_MESSAGE_OF_USER,
    SQL_MESSAGE_LOWER_BUCKET,
    SQL_MESSAGE_BUCKET_TOP,
    SQL_MESSAGE_WALK,
    SQL_ATTEMPT_INSERT,
    SQL_ATTEMPTS,
    /* tally */
    SQL_TALLY_ADD,
    SQL_TALLIES,
    SQL_TALLY_GRANTS,
    /* idempotency */
    SQL_KEY_FIND,
    SQL_KEY_ADD,
    SQL_KEY_BOUNDS,
    SQL_KEY_CUT,
    SQL_KEY_TRIM,
    SQL_KEY_TRIM_ALL,
    /* grants */
    SQL_GRANT_INSERT,
    SQL_GRANT_SAVE,
    SQL_GRANT_GET,
    SQL_GRANT_FREE,
    SQL_GRANT_OF_USER,
    SQL_GRANT_BY_CREDENTIAL,
    SQL_GRANT_EXPIRING,
    SQL_GRANT_DELETE,
    /* apps, keys, facts, tokens, schedules */
    SQL_APP_INSERT,
    SQL_APP_UPDATE,
    SQL_APP_DELETE,
    SQL_APP_IN_USE,
    SQL_APP_BY_ID,
    SQL_APP_GET,
    SQL_APPS,
    SQL_API_KEY_INSERT,
    SQL_API_KEY_BY_HASH,
    SQL_API_KEY_IN_USE,
    SQL_API_KEY_REVOKE,
    SQL_API_KEYS,
    SQL_META_PUT,
    SQL_META_GET,
    SQL_TOKEN_GET,
    SQL_TOKEN_PUT,
    SQL_TOKEN_DELETE,
    SQL_TOKENS,
    SQL_SCHEDULE_INSERT,
    SQL_SCHEDULE_UPDATE,
    SQL_SCHEDULE_BY_NAME,
    SQL_SCHEDULE_GET,
    SQL_SCHEDULE_DELETE,
    SQL_SCHEDULE_DELETE_OF_APP,
    SQL_SCHEDULE_FIRE,
    SQL_SCHEDULE_RESULT,
    SQL_SCHEDULES,
    SQL_COUNT
};

/* Prepares all; HY_E_CORRUPT when one does not fit the schema. */
int hy_sqlite_prepare(struct hy_sqlite *s, char *ret_explain, unsigned long explain_size);
void hy_sqlite_finalize(struct hy_sqlite *s);

#endif
