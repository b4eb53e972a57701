/*
 * json_load.h - libjansson's parser for a process that may run out of memory; for json.c alone.
 *
 * The parser must not be told that there is no memory: it goes on without the byte that it could not
 * keep, misses a text's end and writes past a block, or aborts (docs/decisions/0031). So it is left
 * at once, by a jump out of its allocator, and the blocks that it had are given back.
 */
#ifndef HY_BASE_JSON_LOAD_H
#define HY_BASE_JSON_LOAD_H

#include "base/arena.h"

#include <jansson.h>
#include <stdbool.h>

/* json_loadb() that refuses keys given twice. Null with hy_json_short_of_memory() true: there was no
 * memory, nothing is kept and `error` says nothing. Any thread, any number at once. With an `arena`
 * (may be null) all that the parser asks for comes from there, and nothing is given back to it: what
 * is left of a parse that was left, too, and what the tree holds must never reach libjansson's free. */
json_t *hy_json_load(const char *bytes, size_t size, struct hy_arena *arena, json_error_t *error);

/* Makes libjansson take its memory here: once, by whoever comes first; hy_json_load() does it. */
void hy_json_watch_memory(void);

/* Whether libjansson got no memory, in this thread, since hy_json_load() began or the flag was
 * cleared. */
bool hy_json_short_of_memory(void);
void hy_json_clear_short_of_memory(void);

#endif
