/*
 * json.h - the one way JSON of others comes in and ours goes out, on jansson.
 *
 * Reading is strict: UTF-8 checked, duplicate keys refused, no NUL inside texts, nothing after the
 * document, at most HY_JSON_DEPTH_MAX levels. Integers are 64 bit. Writing is compact, raw UTF-8
 * (WeChat refuses \uXXXX in places), without a final newline.
 */
#ifndef HY_BASE_JSON_H
#define HY_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/violation.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { HY_JSON_DEPTH_MAX = 32 };

/* Parses `size` bytes. On failure null, and `ret_reason` (when given, any size) says what and where
 * in one sentence without quoting the input. The caller owns the value: json_decref(). */
json_t *hy_json_parse(const char *bytes, size_t size, char *ret_reason, size_t reason_size);

/*
 * The same into `arena`, for a value that is read and dies with it, at a fifth less: no part has a
 * block of its own. The value is immortal (json_decref() does nothing), its parts must not outlive
 * the arena however often they are counted, and it must not be changed: a change frees.
 */
json_t *hy_json_parse_in(struct hy_arena *arena, const char *bytes, size_t size, char *ret_reason,
                         size_t reason_size);

/* Why the last hy_json_parse() of this thread gave null: there was no memory, which says nothing
 * about the text. */
bool hy_json_starved(void);

/* All of it, or null when there was no memory for all of it. */
json_t *hy_json_copy(const json_t *value);

/* Appends the compact text of `value`. */
void hy_json_write(struct hy_buf *out, const json_t *value);

/* Appends a text with its quotes; `out` fails when it is not UTF-8. */
void hy_json_write_text(struct hy_buf *out, const char *text);

/* Compact text in the arena, null when out of memory. */
char *hy_json_text(struct hy_arena *arena, const json_t *value);

/* Frees at the end of a scope: HY_JSON_SCOPED json_t *root = ...; */
void hy_json_scope_end(json_t **value);
#define HY_JSON_SCOPED __attribute__((cleanup(hy_json_scope_end)))

/*
 * Reading an object by a table.
 *
 * A resource describes its fields once; the same table reads the body, refuses unknown fields with
 * the nearest known name, and names the field of every fault. Texts are copied into the arena.
 *
 *   struct demo { const char *name; int64_t count; bool loud; int64_t at_ms; };
 *   static const struct hy_json_field fields[] = {
 *       {.name = "name", .type = HY_JSON_TEXT, .offset = offsetof(struct demo, name),
 *        .required = true, .max = 64},
 *       {.name = "count", .type = HY_JSON_INT, .offset = offsetof(struct demo, count),
 *        .min = 1, .max = 10},
 *       {0}};
 */
enum hy_json_type {
    HY_JSON_TEXT,    /* const char *: 1..max bytes of text (max 0: 1024; min 0 means 1) */
    HY_JSON_INT,     /* int64_t within min..max (both 0: any) */
    HY_JSON_BOOL,    /* bool */
    HY_JSON_INSTANT, /* int64_t ms: RFC 3339 text or Unix seconds as a number */
    HY_JSON_ENUM,    /* int: index of the text in `choices` */
    HY_JSON_VALUE,   /* json_t *: borrowed from the object, any type; checked by the caller */
    HY_JSON_OBJECT,  /* json_t *: borrowed, an object */
    HY_JSON_ARRAY,   /* json_t *: borrowed, an array with min..max items (max 0: any) */
    HY_JSON_OWN,     /* any: read and printed by the field's own functions */
};

struct hy_json_field;

/* How a field of HY_JSON_OWN is read and printed. */
struct hy_json_own {
    /* Adds what is wrong with `value` to `v`, or fills `slot`. */
    void (*read)(const struct hy_json_field *field, const json_t *value, void *slot,
                 struct hy_violations *v);
    json_t *(*print)(const void *slot); /* a new value; null: out of memory */
};

struct hy_json_field {
    const char *name; /* null ends the table */
    enum hy_json_type type;
    size_t offset;
    bool required;
    bool secret; /* the value is never repeated in a violation */
    int64_t min, max;
    const char *const *choices;    /* HY_JSON_ENUM, ended by a null */
    const struct hy_json_own *own; /* HY_JSON_OWN */
};

enum { HY_JSON_FIELDS_MAX = 32 };

/*
 * Fills `target` from `object`; a field that is absent or null keeps what `target` held. Bit i of
 * the returned mask is set when field i was present (null counts as absent). Faults are added to
 * `v`; a target field with a fault is untouched.
 */
uint32_t hy_json_read(const json_t *object, const struct hy_json_field *fields, void *target,
                      struct hy_violations *v);

/*
 * Reads item number `index` of the array that is field `name` by a table: its faults are named
 * "name.index.field".
 */
uint32_t hy_json_read_item(const json_t *item, const char *name, size_t index,
                           const struct hy_json_field *fields, void *target,
                           struct hy_violations *v);

/* Adds that `field` is `value` instead of what is wanted: "text", "a whole number". */
void hy_json_wrong_type(struct hy_violations *v, const char *field, const char *wanted,
                        const json_t *value);

/* The name of `names` (ended by null) closest to `name` by edit distance, or null when none is
 * near enough to be a likely slip. */
const char *hy_nearest_name(const char *name, const char *const *names);

#endif
