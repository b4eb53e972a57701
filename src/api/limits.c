#include "api/limits.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SETS = 16384,
    WAYS = 4,
    WHOLE = 60000 /* parts of one call: a millisecond fills per_min of them */
};

struct bucket {
    uint64_t key; /* 0 = free */
    int64_t full; /* parts that it can hold */
    int64_t parts;
    int64_t at_ms;
};

struct hy_limits {
    uint64_t seed; /* so that nobody knows who shares a place with whom */
    struct bucket buckets[SETS][WAYS];
};

struct hy_limits *hy_limits_new(void)
{
    struct hy_limits *limits = calloc(1, sizeof *limits);

    if (limits && getentropy(&limits->seed, sizeof limits->seed) != 0)
        limits->seed = (uint64_t)(uintptr_t)limits;
    return limits;
}

void hy_limits_free(struct hy_limits *limits)
{
    free(limits);
}

/* FNV-1a with a seed, mixed at the end so that the low bits are as good as the high ones. */
static uint64_t hash_of(uint64_t seed, char kind, const uint8_t *bytes, size_t size)
{
    uint64_t hash = (14695981039346656037u ^ seed ^ (uint8_t)kind) * 1099511628211u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    hash ^= hash >> 33;
    return hash ? hash : 1;
}

/* A minute fills it. A clock that went back fills nothing. */
static void fill(struct bucket *b, int64_t per_min, int64_t now_ms)
{
    int64_t passed_ms = now_ms - b->at_ms;

    b->full = per_min * WHOLE;
    if (passed_ms >= 60000)
        b->parts = b->full;
    else if (passed_ms > 0)
        b->parts += per_min * passed_ms;
    if (b->parts > b->full)
        b->parts = b->full;
    b->at_ms = now_ms;
}

/* How full it is by now, in thousandths. */
static int64_t fullness(const struct bucket *b, int64_t now_ms)
{
    struct bucket now = *b;

    if (!b->key)
        return INT64_MAX;
    fill(&now, b->full / WHOLE, now_ms);
    return now.parts / (now.full / 1000);
}

static struct bucket *place_of(struct hy_limits *limits, uint64_t key, int64_t per_min,
                               int64_t now_ms)
{
    struct bucket *set = limits->buckets[key % SETS], *fullest = set;

    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (fullness(&set[i], now_ms) > fullness(fullest, now_ms))
            fullest = &set[i];
    }
    *fullest = (struct bucket){.key = key, .parts = per_min * WHOLE, .at_ms = now_ms};
    return fullest;
}

int64_t hy_limits_take(struct hy_limits *limits, char kind, const void *key, size_t size,
                       int64_t per_min, int64_t now_ms)
{
    struct bucket *b = place_of(limits, hash_of(limits->seed, kind, key, size), per_min, now_ms);

    fill(b, per_min, now_ms);
    if (b->parts >= WHOLE) {
        b->parts -= WHOLE;
        return 0;
    }
    return ((WHOLE - b->parts + per_min - 1) / per_min + 999) / 1000;
}

void hy_limits_give_back(struct hy_limits *limits, char kind, const void *key, size_t size,
                         int64_t per_min, int64_t now_ms)
{
    struct bucket *b = place_of(limits, hash_of(limits->seed, kind, key, size), per_min, now_ms);

    b->parts += WHOLE;
    fill(b, per_min, now_ms);
}

/* --- addresses -------------------------------------------------------------------------------- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const uint8_t address[HY_ADDRESS_BYTES])
{
    return memcmp(address, mapped, sizeof mapped) == 0;
}

static bool parse_plain(const char *text, uint8_t ret_address[HY_ADDRESS_BYTES])
{
    if (inet_pton(AF_INET6, text, ret_address) == 1)
        return true;
    if (inet_pton(AF_INET, text, ret_address + sizeof mapped) != 1)
        return false;
    memcpy(ret_address, mapped, sizeof mapped);
    return true;
}

bool hy_address_parse(const char *text, uint8_t ret_address[HY_ADDRESS_BYTES])
{
    const char *from = text + strspn(text, " \t"), *colon = strchr(from, ':');
    size_t size = strcspn(from, " \t");
    char plain[64];

    if (*from == '[')
        size = strcspn(++from, "]");
    else if (colon && !strchr(colon + 1, ':')) /* 192.0.2.1:8080 */
        size = (size_t)(colon - from);
    if (size >= sizeof plain)
        return false;
    memcpy(plain, from, size);
    plain[size] = 0;
    return parse_plain(plain, ret_address);
}

void hy_address_print(const uint8_t address[HY_ADDRESS_BYTES], char into[HY_ADDRESS_TEXT_BYTES])
{
    if (is_ipv4(address))
        inet_ntop(AF_INET, address + sizeof mapped, into, HY_ADDRESS_TEXT_BYTES);
    else
        inet_ntop(AF_INET6, address, into, HY_ADDRESS_TEXT_BYTES);
}

void hy_address_cut(uint8_t address[HY_ADDRESS_BYTES])
{
    if (!is_ipv4(address))
        memset(address + HY_ADDRESS_BYTES / 2, 0, HY_ADDRESS_BYTES / 2);
}
