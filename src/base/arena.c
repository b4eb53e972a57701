#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reset keeps the newest chunk: an arena that is used again and again and needs more than the first
 * one settles on one of the later size, and asks for no memory any more. */
enum { CHUNK_BYTES = 4096, LATER_CHUNK_BYTES = 8192, ALIGNMENT = 16 };

struct hy_arena_chunk {
    struct hy_arena_chunk *next;
    size_t size;
    size_t used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

void hy_arena_init(struct hy_arena *a)
{
    *a = (struct hy_arena){0};
}

static void free_chunks(struct hy_arena_chunk *c)
{
    while (c) {
        struct hy_arena_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void hy_arena_deinit(struct hy_arena *a)
{
    free_chunks(a->chunks);
    *a = (struct hy_arena){0};
}

void hy_arena_reset(struct hy_arena *a)
{
    if (a->chunks) {
        free_chunks(a->chunks->next);
        a->chunks->next = NULL;
        a->chunks->used = 0;
    }
    a->used_bytes = 0;
}

static struct hy_arena_chunk *add_chunk(struct hy_arena *a, size_t need)
{
    size_t usual = (a->chunks ? LATER_CHUNK_BYTES : CHUNK_BYTES) - sizeof(struct hy_arena_chunk);
    size_t size = need > CHUNK_BYTES / 2 ? need : usual;
    struct hy_arena_chunk *c = malloc(sizeof *c + size);

    if (!c)
        return NULL;
    c->size = size;
    c->used = 0;
    /* A large piece goes behind the current chunk, whose free rest stays in use. */
    if (need > CHUNK_BYTES / 2 && a->chunks) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
    }
    return c;
}

void *hy_arena_take(struct hy_arena *a, size_t bytes)
{
    struct hy_arena_chunk *c = a->chunks;
    size_t need;
    void *piece;

    if (bytes > SIZE_MAX / 2)
        return NULL;
    need = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!c || c->size - c->used < need)
        c = add_chunk(a, need);
    if (!c)
        return NULL;
    piece = c->bytes + c->used;
    c->used += need;
    a->used_bytes += need;
    return piece;
}

void *hy_arena_alloc(struct hy_arena *a, size_t bytes)
{
    void *piece = hy_arena_take(a, bytes);

    return piece ? memset(piece, 0, bytes) : NULL;
}

void *hy_arena_array(struct hy_arena *a, size_t count, size_t item_bytes)
{
    if (item_bytes && count > SIZE_MAX / 2 / item_bytes)
        return NULL;
    return hy_arena_alloc(a, count * item_bytes);
}

char *hy_arena_memdup(struct hy_arena *a, const void *bytes, size_t count)
{
    char *copy = count < SIZE_MAX ? hy_arena_take(a, count + 1) : NULL;

    if (copy && count)
        memcpy(copy, bytes, count);
    if (copy)
        copy[count] = 0;
    return copy;
}

char *hy_arena_strdup(struct hy_arena *a, const char *text)
{
    return text ? hy_arena_memdup(a, text, strlen(text)) : NULL;
}

char *hy_arena_vprintf(struct hy_arena *a, const char *format, va_list args)
{
    char shortly[128], *text;
    va_list again;
    int length;

    va_copy(again, args);
    length = vsnprintf(shortly, sizeof shortly, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    if ((size_t)length < sizeof shortly)
        return hy_arena_memdup(a, shortly, (size_t)length);
    text = hy_arena_alloc(a, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *hy_arena_printf(struct hy_arena *a, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = hy_arena_vprintf(a, format, args);
    va_end(args);
    return text;
}
