/*
 * limits.h - how often somebody may call: token buckets, by address and by user.
 *
 * A bucket holds one minute's worth and fills evenly. The table has a fixed size; when a place is
 * needed, the fullest bucket near it is forgotten, which is the one that says least. All on the
 * server's thread.
 */
#ifndef HY_API_LIMITS_H
#define HY_API_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_limits;

/* Null when out of memory. */
struct hy_limits *hy_limits_new(void);
void hy_limits_free(struct hy_limits *limits);

/*
 * Takes one of `per_min` of whoever `key` (any bytes) is; each `kind` has buckets of its own. 0:
 * take it; otherwise the seconds after which there will be one again.
 */
int64_t hy_limits_take(struct hy_limits *limits, char kind, const void *key, size_t size,
                       int64_t per_min, int64_t now_ms);

/* What was taken turned out to cost nothing. */
void hy_limits_give_back(struct hy_limits *limits, char kind, const void *key, size_t size,
                         int64_t per_min, int64_t now_ms);

/* --- addresses -------------------------------------------------------------------------------- */

enum { HY_ADDRESS_BYTES = 16 };

/* An address as IPv6 (an IPv4 one mapped into it); a port and brackets are let through. False: it
 * is no address. */
bool hy_address_parse(const char *text, uint8_t ret_address[HY_ADDRESS_BYTES]);

/* As people write it: IPv4 as such, otherwise IPv6. */
enum { HY_ADDRESS_TEXT_BYTES = 46 };
void hy_address_print(const uint8_t address[HY_ADDRESS_BYTES], char into[HY_ADDRESS_TEXT_BYTES]);

/* The part of it that one subscriber has: all of an IPv4 one, the first 64 bits of an IPv6 one. */
void hy_address_cut(uint8_t address[HY_ADDRESS_BYTES]);

#endif
