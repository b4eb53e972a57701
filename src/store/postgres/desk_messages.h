/*
 * desk_messages.h - what the desk keeps of a message: its files desk_messages.c (reading) and
 * desk_lists.c (writing) share it.
 */
#ifndef HY_STORE_POSTGRES_DESK_MESSAGES_H
#define HY_STORE_POSTGRES_DESK_MESSAGES_H

#include "store/postgres/desk_wants.h"

/* All of a message that changes, and what its rows in the lists follow from; hy_mem_message.stored. */
struct hy_desk_image {
    struct hy_message
        m; /* texts that never change are the record's; the reason of a stored one is in
                            the desk's arena, the user's name that of hy_mem_user */
    bool parked, held;
    bool holds;                   /* a use of m.grant_id */
    int64_t node, lease_until_ms; /* sending */
};

struct hy_desk_image hy_desk_image(const struct hy_pg *pg, const struct hy_mem_message *m);
/* From now on that is what is stored. */
void hy_desk_image_keep(struct hy_pg *pg, struct hy_mem_message *m);

/* Queues what differs: desk_write.c, and of the rows in the lists desk_lists.c. */
void hy_desk_write_messages(struct hy_pg *pg);

/* A message that differs from what is stored; before: null = new. */
struct hy_desk_change {
    struct hy_mem_message *m;
    const struct hy_desk_image *before;
    struct hy_desk_image now;
};
void hy_desk_write_lists(struct hy_pg *pg, const struct hy_desk_change *changes, size_t count);

#endif
