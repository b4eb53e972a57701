/*
 * json_scan.h - reads the JSON that nearly everybody sends, into the same tree that jansson would build.
 *
 * jansson takes a text byte by byte through three functions, 150 instructions each: a third of what it
 * costs to take a message. This reads what it is sure of, and leaves all else to jansson, which also
 * finds the words for what is wrong: it never takes what jansson refuses with JSON_REJECT_DUPLICATES.
 */
#ifndef HY_BASE_JSON_SCAN_H
#define HY_BASE_JSON_SCAN_H

#include <jansson.h>
#include <stddef.h>

/* The caller's own, or null: ask jansson. It does not read numbers with a fraction, an exponent or more
 * than 18 digits, anything deeper than HY_JSON_DEPTH_MAX, and nothing that is wrong; and there may have
 * been no memory. */
json_t *hy_json_scan(const char *bytes, size_t size);

#endif
