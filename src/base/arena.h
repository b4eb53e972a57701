/*
 * arena.h - memory with the lifetime of one request or one batch.
 *
 * An arena hands out pieces that are freed all together. It is used by one thread at a time.
 * Running out of memory returns null from every function here; callers turn that into HY_E_NOMEM.
 */
#ifndef HY_BASE_ARENA_H
#define HY_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct hy_arena_chunk;

struct hy_arena {
    struct hy_arena_chunk *chunks; /* newest first */
    size_t used_bytes;             /* handed out since init or reset */
};

/* Embedded: no allocation happens until the first piece is asked for. */
void hy_arena_init(struct hy_arena *a);
void hy_arena_deinit(struct hy_arena *a);

/* Forgets all pieces; keeps one chunk for the next round. */
void hy_arena_reset(struct hy_arena *a);

/* Aligned for any type; what it holds is left from others. */
void *hy_arena_take(struct hy_arena *a, size_t bytes);

/* The same, zeroed. */
void *hy_arena_alloc(struct hy_arena *a, size_t bytes);
void *hy_arena_array(struct hy_arena *a, size_t count, size_t item_bytes);

/* Copies that end with a zero byte. A null `text` gives null. */
char *hy_arena_strdup(struct hy_arena *a, const char *text);
char *hy_arena_memdup(struct hy_arena *a, const void *bytes, size_t count);
char *hy_arena_printf(struct hy_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *hy_arena_vprintf(struct hy_arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
