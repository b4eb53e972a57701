/*
 * in.h - what in.c and line.c share.
 */
#ifndef HY_ENGINE_BROADCAST_IN_H
#define HY_ENGINE_BROADCAST_IN_H

#include "engine/broadcasts.h"
#include "engine/internal.h"

/*
 * Holds what draft->make.broadcast.message says, with `data` (of any type, borrowed), against its
 * template: faults into `v`; without any, the message's data and template_kind are set. `part`: the
 * lines bring the rest of the data, and it may be null.
 */
void hy_broadcast_fit(struct hy_engine *engine, const struct hy_app_entry *app, json_t *data,
                      bool part, enum hy_repair repair, struct hy_violations *v,
                      struct hy_broadcast_draft *draft);

#endif
