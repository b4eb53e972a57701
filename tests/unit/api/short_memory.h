/*
 * short_memory.h - an allocator that gives nothing at the n-th call. The program is linked with
 * --wrap for the functions that allocate; the tests' own files call the real ones (tests/meson.build).
 * libjansson gets its memory from the program (base/json_load.c); libcurl, SQLite, ICU and OpenSSL are not
 * judged.
 */
#ifndef HY_TESTS_API_SHORT_MEMORY_H
#define HY_TESTS_API_SHORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Counts from now on; the `nth` call, from 1, gets nothing, with `for_ever` all later ones neither. */
void short_memory_begin(size_t nth, bool for_ever);
/* Between the two nothing is counted and everything given. */
void short_memory_pause(void);
void short_memory_resume(void);
size_t short_memory_calls(void); /* counted since it began */

/* Everything is given again. True when a call got nothing. */
bool short_memory_end(void);

#endif
