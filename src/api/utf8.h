/*
 * utf8.h - where one character ends and the next begins.
 */
#ifndef HY_API_UTF8_H
#define HY_API_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at `at` (1 to 4), 0 when the `left` bytes there do not begin with a whole
 * and shortest form of U+0000 to U+10FFFF without surrogates. */
size_t hy_utf8_step(const char *at, size_t left);

/* The whole run is UTF-8. */
bool hy_utf8_ok(const char *bytes, size_t size);

#endif
