/*
 * session.h - what a session's text says, and which sessions are void. Only src/engine includes it.
 *
 * The text is a ticket (crypto/ticket.h) of purpose "session"; its payload:
 *
 *   1 byte version (1) | app_no | issued_at_ms | expires_at_ms, 8 bytes each, big-endian | user
 */
#ifndef HY_ENGINE_PAGE_SESSION_H
#define HY_ENGINE_PAGE_SESSION_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct hy_engine;

enum {
    HY_SESSION_USER_MAX = 128,
    HY_SESSION_HEAD_BYTES = 1 + 3 * 8,
    HY_SESSION_PAYLOAD_MAX = HY_SESSION_HEAD_BYTES + HY_SESSION_USER_MAX,
};

struct hy_session {
    int64_t app_no;
    int64_t issued_at_ms;
    int64_t expires_at_ms;
    char user[HY_SESSION_USER_MAX + 1];
};

/* The number of bytes; 0: the user is empty or longer than HY_SESSION_USER_MAX. */
size_t hy_session_print(const struct hy_session *session,
                        uint8_t ret_payload[HY_SESSION_PAYLOAD_MAX]);

/* HY_E_DENIED when the bytes are not what hy_session_print() gives. */
int hy_session_parse(const uint8_t *payload, size_t size, struct hy_session *ret_session);

/* --- cuts: from when on a session must be ----------------------------------------------------- */

struct hy_cut;

/* A hash table under its own lock. Cuts that no living session can be older than are dropped when
 * it would have to grow. */
struct hy_cuts {
    pthread_rwlock_t lock;
    struct hy_cut **buckets;
    size_t bucket_count;
    size_t count;
};

/* HY_E_NOMEM. */
int hy_cuts_init(struct hy_cuts *cuts);
void hy_cuts_deinit(struct hy_cuts *cuts);

/* Made ahead, so that a cut that is on disk cannot fail in memory. Null: out of memory. `user`
 * null: all users of the app. */
struct hy_cut *hy_cut_new(int64_t app_no, const char *user, int64_t at_ms);

/* Takes the cut; an earlier one of the same user counts no more. */
void hy_cuts_put(struct hy_cuts *cuts, struct hy_cut *cut, int64_t now_ms);

/* All that a store has. HY_E_NOMEM: some are missing. */
struct hy_session_cuts;
int hy_cuts_put_all(struct hy_engine *engine, const struct hy_session_cuts *read);

/* Sessions of this user issued before that instant are void; 0 = there was no cut. */
int64_t hy_cuts_at(struct hy_cuts *cuts, int64_t app_no, const char *user);

/* --- */

/* Start-up: reads the cuts from the store. */
int hy_sessions_load(struct hy_engine *engine);

/* A session from now on; `ret_text` has room for HY_SESSION_BYTES. HY_E_INVALID: no such user. */
int hy_session_issue(struct hy_engine *engine, int64_t app_no, const char *user, int64_t ttl_ms,
                     char *ret_text);

#endif
