#include "domain/tzif.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    TYPES_MAX = 256, /* their index is one byte */
    CHANGES_MAX = 4096,
};

/* Outside of every instant we handle. */
static const int64_t far_s = INT64_MAX / 4000;

/* What the header of a block says; the block of version 1 has 4-byte times, the other 8. */
struct block {
    uint32_t isut, isstd, leaps, times, types, chars;
    size_t time_bytes;
};

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t get_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)get_u32(at) << 32 | get_u32(at + 4));
}

static bool read_header(const uint8_t *at, size_t size, size_t time_bytes, struct block *ret_block)
{
    if (size < HEADER_BYTES || memcmp(at, "TZif", 4) != 0 || at[4] < '2' || at[4] > '4')
        return false;
    *ret_block = (struct block){
        .isut = get_u32(at + 20),
        .isstd = get_u32(at + 24),
        .leaps = get_u32(at + 28),
        .times = get_u32(at + 32),
        .types = get_u32(at + 36),
        .chars = get_u32(at + 40),
        .time_bytes = time_bytes,
    };
    /* A file with leap seconds counts other seconds than everybody else here does. */
    return ret_block->isut <= TYPES_MAX && ret_block->isstd <= TYPES_MAX && ret_block->leaps == 0 &&
           ret_block->times <= CHANGES_MAX && ret_block->types <= TYPES_MAX &&
           ret_block->chars <= HY_ZONE_FILE_MAX_BYTES;
}

static size_t block_bytes(const struct block *b)
{
    return b->times * (b->time_bytes + 1) + b->types * (size_t)TYPE_BYTES + b->chars + b->isstd +
           b->isut;
}

static bool read_offset(const uint8_t *type, int32_t *ret_offset_s)
{
    int32_t offset_s = (int32_t)get_u32(type);

    if (offset_s <= -HY_TZ_OFFSET_MAX_S || offset_s >= HY_TZ_OFFSET_MAX_S)
        return false;
    *ret_offset_s = offset_s;
    return true;
}

static bool read_changes(const uint8_t *at, const struct block *b, struct hy_zone *zone)
{
    const uint8_t *indexes = at + b->times * (size_t)8;
    const uint8_t *types = indexes + b->times;
    int64_t before_s = INT64_MIN;

    if (b->types == 0 || !read_offset(types, &zone->first_offset_s))
        return false;
    for (size_t i = 0; i < b->times; i++) {
        struct hy_zone_change *c = &zone->changes[i];

        c->at_s = get_i64(at + i * 8);
        if (i > 0 && c->at_s <= before_s)
            return false;
        before_s = c->at_s;
        if (indexes[i] >= b->types || !read_offset(types + indexes[i] * TYPE_BYTES, &c->offset_s))
            return false;
        /* Some files start at the big bang; milliseconds have to fit. */
        if (c->at_s > far_s || c->at_s < -far_s)
            c->at_s = c->at_s > 0 ? far_s : -far_s;
    }
    zone->count = b->times;
    return true;
}

/* "\n", the rule or nothing, "\n", the end. */
static bool read_footer(const char *at, size_t size, struct hy_zone *zone)
{
    if (size < 2 || at[0] != '\n' || at[size - 1] != '\n')
        return false;
    if (size == 2)
        return true;
    zone->has_rule = true;
    return hy_tzrule_parse(at + 1, size - 2, &zone->rule) == 0;
}

/* Finds the second block (the first repeats it with 32-bit times) and where it ends. */
static bool find_block(const uint8_t *bytes, size_t size, struct block *ret_block, size_t *ret_at,
                       size_t *ret_end)
{
    struct block b;
    size_t at;

    if (!read_header(bytes, size, 4, &b))
        return false;
    at = HEADER_BYTES + block_bytes(&b);
    if (at > size || !read_header(bytes + at, size - at, 8, &b))
        return false;
    at += HEADER_BYTES;
    if (block_bytes(&b) > size - at)
        return false;
    *ret_block = b;
    *ret_at = at;
    *ret_end = at + block_bytes(&b);
    return true;
}

int hy_zone_parse(const char *name, const void *bytes, size_t size, struct hy_zone **ret_zone)
{
    const uint8_t *data = bytes;
    struct hy_zone *zone;
    struct block b;
    size_t at, end;

    if (!name || strlen(name) >= HY_ZONE_NAME_BYTES)
        return HY_E_INVALID;
    if (size > HY_ZONE_FILE_MAX_BYTES || !find_block(data, size, &b, &at, &end))
        return HY_E_CORRUPT;
    zone = calloc(1, sizeof *zone + b.times * sizeof zone->changes[0]);
    if (!zone)
        return HY_E_NOMEM;
    memcpy(zone->name, name, strlen(name) + 1);
    if (!read_changes(data + at, &b, zone) ||
        !read_footer((const char *)data + end, size - end, zone)) {
        free(zone);
        return HY_E_CORRUPT;
    }
    *ret_zone = zone;
    return 0;
}
