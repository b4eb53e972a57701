/*
 * out.h - writes JSON answers straight into a buffer, without building a tree first.
 *
 *   struct hy_out out;
 *   hy_out_init(&out);
 *   hy_out_begin(&out, NULL, '{');
 *   hy_out_text(&out, "id", "m0...");
 *   hy_out_end(&out, '}');
 *
 * Commas are put by themselves. `name` is null inside arrays and for the outermost value. A value
 * that there is none of (a null text, the instant 0) writes nothing at all: absent fields are left
 * out of answers. Output is compact, raw UTF-8; bytes that are not UTF-8 become U+FFFD.
 */
#ifndef HY_API_OUT_H
#define HY_API_OUT_H

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { HY_OUT_MAX_BYTES = 64 << 20 };

struct hy_out {
    struct hy_buf buf;
    bool comma; /* the next value follows another one */
};

void hy_out_init(struct hy_out *out);
void hy_out_deinit(struct hy_out *out);

/* '{' or '[', and its counterpart. */
void hy_out_begin(struct hy_out *out, const char *name, char bracket);
void hy_out_end(struct hy_out *out, char bracket);

void hy_out_text(struct hy_out *out, const char *name, const char *text);
void hy_out_int(struct hy_out *out, const char *name, int64_t number);
void hy_out_bool(struct hy_out *out, const char *name, bool value);
void hy_out_null(struct hy_out *out, const char *name);
void hy_out_instant(struct hy_out *out, const char *name, int64_t ms);

/* An id as the API shows it, a letter and the number: "k12". 0 writes nothing. */
void hy_out_id(struct hy_out *out, const char *name, char letter, int64_t id);

/* `json` is a whole JSON text already. */
void hy_out_raw(struct hy_out *out, const char *name, const char *json);

/* `text` as a number when it is a whole number as JSON writes it, else as text; null and "" write
 * nothing. */
void hy_out_number_or_text(struct hy_out *out, const char *name, const char *text);

/* Every field of a struct that hy_json_read() fills by `fields`, under the same names. Values,
 * objects and arrays that were only borrowed are left out. */
void hy_out_fields(struct hy_out *out, const struct hy_json_field *fields, const void *source);

/* Reads what hy_out_id() wrote; HY_E_NOT_FOUND when `text` is not such an id. */
int hy_out_id_parse(const char *text, char letter, int64_t *ret_id);

#endif
