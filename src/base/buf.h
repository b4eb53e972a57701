/*
 * buf.h - a growing run of bytes with a stated maximum.
 *
 * The bytes are always followed by a zero byte, so `data` can be read as text. Once an append did
 * not fit (maximum or memory) the buffer is marked `failed`, further appends do nothing, and the
 * one check belongs at the end: hy_buf_ok().
 */
#ifndef HY_BASE_BUF_H
#define HY_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct hy_buf {
    char *data; /* null until the first append */
    size_t size;
    size_t capacity;
    size_t max; /* bytes, without the final zero */
    bool failed;
};

void hy_buf_init(struct hy_buf *b, size_t max_bytes);
void hy_buf_deinit(struct hy_buf *b);
void hy_buf_clear(struct hy_buf *b); /* empties, keeps the memory, forgets `failed` */

/* hy_buf_append() where there may be no room yet. */
void hy_buf_append_growing(struct hy_buf *b, const void *bytes, size_t count);

/* In the caller, who often knows the length: most pieces are a few bytes. */
static inline void hy_buf_append(struct hy_buf *b, const void *bytes, size_t count)
{
    if (b->failed || count >= b->capacity - b->size || count > b->max - b->size || !count) {
        hy_buf_append_growing(b, bytes, count);
        return;
    }
    memcpy(b->data + b->size, bytes, count);
    b->size += count;
    b->data[b->size] = 0;
}

static inline void hy_buf_puts(struct hy_buf *b, const char *text)
{
    hy_buf_append(b, text, strlen(text));
}

static inline void hy_buf_putc(struct hy_buf *b, char c)
{
    hy_buf_append(b, &c, 1);
}

void hy_buf_printf(struct hy_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `text` with every byte outside A-Za-z0-9-._~ as %XX (RFC 3986). */
void hy_buf_put_urlencoded(struct hy_buf *b, const char *text);

static inline bool hy_buf_ok(const struct hy_buf *b)
{
    return !b->failed;
}

/* The text so far; "" when empty. Valid until the next change. */
static inline const char *hy_buf_text(const struct hy_buf *b)
{
    return b->data ? b->data : "";
}

/* Hands the memory to the caller, who frees it with free(); the buffer is empty afterwards. */
char *hy_buf_take(struct hy_buf *b, size_t *ret_size);

#endif
