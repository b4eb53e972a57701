/*
 * form.h - bodies of the kind application/x-www-form-urlencoded.
 */
#ifndef HY_API_FORM_H
#define HY_API_FORM_H

#include "base/arena.h"

#include <stddef.h>

enum { HY_FORM_FIELDS_MAX = 64, HY_FORM_BYTES_MAX = 64 << 10 };

struct hy_form_field {
    const char *name;
    const char *value; /* "" when the field has no "=" */
};

struct hy_form {
    struct hy_form_field *fields; /* in order, in the arena */
    size_t count;
};

/* HY_E_LIMIT: more bytes or fields than the maxima. HY_E_INVALID: a "%" without two hex digits, a
 * NUL, or bytes that are not UTF-8. HY_E_NOMEM. */
int hy_form_parse(struct hy_arena *arena, const char *bytes, size_t size, struct hy_form *ret_form);

/* The first field of that name; null when there is none. */
const char *hy_form_get(const struct hy_form *form, const char *name);

#endif
