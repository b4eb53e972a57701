/*
 * tzif_sample.h - small zone files (RFC 9636) made in memory, so that tests can have zones that no
 * government can change.
 */
#ifndef HY_TESTS_TZIF_SAMPLE_H
#define HY_TESTS_TZIF_SAMPLE_H

#include "base/buf.h"

#include <stdint.h>
#include <string.h>

struct tzif_sample {
    uint32_t leaps, times, types; /* as the header says; `types` 0 means 2 */
    int64_t at_s[4];
    uint8_t type[4];
    int32_t offset_s[2];
    const char *footer; /* with its line feeds */
};

static void tzif_put(struct hy_buf *b, uint64_t value, int bytes)
{
    while (bytes-- > 0)
        hy_buf_putc(b, (char)(value >> (8 * bytes) & 0xff));
}

static void tzif_put_header(struct hy_buf *b, uint32_t leaps, uint32_t times, uint32_t types)
{
    hy_buf_append(b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    tzif_put(b, 0, 4);
    tzif_put(b, 0, 4);
    tzif_put(b, leaps, 4);
    tzif_put(b, times, 4);
    tzif_put(b, types, 4);
    tzif_put(b, 4, 4);
}

/* The first block is the least one, as zic writes it today: one type and no changes. */
static void tzif_build(struct hy_buf *b, const struct tzif_sample *s)
{
    tzif_put_header(b, 0, 0, 1);
    hy_buf_append(b, "\0\0\0\0\0\0XXX\0", 10);
    tzif_put_header(b, s->leaps, s->times, s->types ? s->types : 2);
    for (uint32_t i = 0; i < s->times && i < 4; i++)
        tzif_put(b, (uint64_t)s->at_s[i], 8);
    for (uint32_t i = 0; i < s->times && i < 4; i++)
        tzif_put(b, s->type[i], 1);
    for (int i = 0; i < 2; i++) {
        tzif_put(b, (uint32_t)s->offset_s[i], 4);
        tzif_put(b, 0, 2);
    }
    hy_buf_append(b, "XXX", 4);
    hy_buf_puts(b, s->footer);
}

#endif
