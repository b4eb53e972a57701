#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hy_buf_init(struct hy_buf *b, size_t max_bytes)
{
    *b = (struct hy_buf){.max = max_bytes};
}

void hy_buf_deinit(struct hy_buf *b)
{
    free(b->data);
    *b = (struct hy_buf){.max = b->max};
}

void hy_buf_clear(struct hy_buf *b)
{
    b->size = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = 0;
}

static bool reserve(struct hy_buf *b, size_t more)
{
    size_t capacity = b->capacity ? b->capacity : 128;
    char *data;

    if (b->failed || more > b->max - b->size)
        return false;
    if (b->data && b->size + more < b->capacity)
        return true;
    while (capacity <= b->size + more)
        capacity *= 2;
    data = realloc(b->data, capacity);
    if (!data)
        return false;
    b->data = data;
    b->capacity = capacity;
    return true;
}

void hy_buf_append_growing(struct hy_buf *b, const void *bytes, size_t count)
{
    if (!reserve(b, count)) {
        b->failed = true;
        return;
    }
    if (count)
        memcpy(b->data + b->size, bytes, count);
    b->size += count;
    b->data[b->size] = 0;
}

void hy_buf_printf(struct hy_buf *b, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0 || !reserve(b, (size_t)length)) {
        b->failed = true;
    } else {
        vsnprintf(b->data + b->size, (size_t)length + 1, format, args);
        b->size += (size_t)length;
    }
    va_end(args);
}

void hy_buf_put_urlencoded(struct hy_buf *b, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    while (*text) {
        size_t run = strspn(text, plain);
        unsigned char c = (unsigned char)text[run];

        hy_buf_append(b, text, run);
        text += run;
        if (c) {
            hy_buf_append(b, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
            text++;
        }
    }
}

char *hy_buf_take(struct hy_buf *b, size_t *ret_size)
{
    char *data = b->data;

    *ret_size = b->size;
    b->data = NULL;
    b->size = b->capacity = 0;
    return data;
}
