/*
 * query.h - query parameters, read by the same tables as JSON bodies.
 *
 * A table of struct hy_json_field says what a call takes: numbers are written in digits, true and
 * false as words, instants as RFC 3339 (a "+" that the URL turned into a blank is understood) or
 * Unix seconds. An unknown name is refused with the nearest known one, a name given twice too.
 */
#ifndef HY_API_QUERY_H
#define HY_API_QUERY_H

#include "api/call.h"

/* A call that takes none. */
extern const struct hy_json_field hy_query_none[];

/* Fills `target`; false: 400 was answered. */
bool hy_query_read(struct hy_call *call, const struct hy_json_field *fields, void *target);

/* Only looks for names that `fields` does not have; false: 400 was answered. */
bool hy_query_names_ok(struct hy_call *call, const struct hy_json_field *fields);

/* One parameter as the JSON value that its field expects; text when it is nothing else. The caller
 * owns it. Null when out of memory. `field` may be null. */
json_t *hy_query_value(const struct hy_json_field *field, const char *text);

#endif
