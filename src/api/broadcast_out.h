/*
 * broadcast_out.h - a broadcast as the API shows it, and the one that a path names.
 */
#ifndef HY_API_BROADCAST_OUT_H
#define HY_API_BROADCAST_OUT_H

#include "api/call.h"
#include "engine/broadcasts.h"

/* Its fields, without braces: some answers have more. */
void hy_broadcast_write(struct hy_call *call, struct hy_out *out, const struct hy_broadcast *b);

/* What `repair` changed: nothing when there is nothing. */
void hy_broadcast_write_repaired(struct hy_out *out, const struct hy_repair_note *repairs,
                                 size_t count);

/* Reads the broadcast of the path into `find`, then `next` runs; false: 404 was answered. */
bool hy_broadcast_find(struct hy_call *call, struct hy_broadcasts *find, hy_call_step *next);

/* What was found; null: 404 or 503 was answered. */
const struct hy_broadcast *hy_broadcast_found(struct hy_call *call,
                                              const struct hy_broadcasts *find);

#endif
