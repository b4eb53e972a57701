/*
 * inbox.h - what the phones received: the newest of each phone, and not more than so many bytes of
 * all together. What is dropped stays counted.
 *
 * A message is kept as the request that brought it, byte for byte; whoever looks at a phone pays
 * for taking it apart.
 */
#ifndef HY_SIM_INBOX_H
#define HY_SIM_INBOX_H

#include <stddef.h>
#include <stdint.h>

struct hy_sim_user;

enum { HY_SIM_PHONE_MESSAGES_MAX = 200 };

struct hy_sim_message {
    struct hy_sim_message *next;          /* of the same phone, newer */
    struct hy_sim_message *older, *newer; /* of all phones */
    struct hy_sim_user *user;
    int64_t at_ms;
    uint64_t msgid; /* 0: a legacy message, which has none */
    size_t size;
    char request[]; /* JSON text, with a final zero */
};

struct hy_sim_phone {
    struct hy_sim_message *oldest, *newest;
    uint32_t kept;
    uint32_t received; /* ever */
};

struct hy_sim_inbox {
    struct hy_sim_message *oldest, *newest;
    size_t bytes, max_bytes;
    uint64_t kept, dropped;
};

void hy_sim_inbox_init(struct hy_sim_inbox *inbox, size_t max_bytes);

/* HY_E_NOMEM: the message was not put. The newest message of all is kept whatever its size. */
int hy_sim_inbox_put(struct hy_sim_inbox *inbox, struct hy_sim_user *user, int64_t at_ms,
                     uint64_t msgid, const char *request, size_t size);

void hy_sim_inbox_clear(struct hy_sim_inbox *inbox);

#endif
