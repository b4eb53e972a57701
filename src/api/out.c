#include "api/out.h"

#include "api/utf8.h"
#include "base/err.h"
#include "base/instant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void hy_out_init(struct hy_out *out)
{
    hy_buf_init(&out->buf, HY_OUT_MAX_BYTES);
    out->comma = false;
}

void hy_out_deinit(struct hy_out *out)
{
    hy_buf_deinit(&out->buf);
}

static void put_escaped(struct hy_buf *b, unsigned char c)
{
    static const char letters[] = "\b\f\n\r\t\"\\";
    static const char *const escapes[] = {"\\b", "\\f", "\\n", "\\r", "\\t", "\\\"", "\\\\"};
    const char *letter = c ? strchr(letters, c) : NULL;

    if (letter)
        hy_buf_puts(b, escapes[letter - letters]);
    else
        hy_buf_printf(b, "\\u%04x", c);
}

/* Plain runs are copied whole. */
static void put_quoted(struct hy_buf *b, const char *text)
{
    size_t size = strlen(text), start = 0, i = 0;

    hy_buf_putc(b, '"');
    while (i < size) {
        unsigned char c = (unsigned char)text[i];
        size_t step = c < 0x80 ? 1 : hy_utf8_step(text + i, size - i);

        if (step && c >= 0x20 && c != '"' && c != '\\') {
            i += step;
            continue;
        }
        hy_buf_append(b, text + start, i - start);
        if (step)
            put_escaped(b, c);
        else
            hy_buf_puts(b, "\xef\xbf\xbd");
        start = ++i;
    }
    hy_buf_append(b, text + start, size - start);
    hy_buf_putc(b, '"');
}

static void put_name(struct hy_out *out, const char *name)
{
    if (out->comma)
        hy_buf_putc(&out->buf, ',');
    out->comma = true;
    if (!name)
        return;
    put_quoted(&out->buf, name);
    hy_buf_putc(&out->buf, ':');
}

void hy_out_begin(struct hy_out *out, const char *name, char bracket)
{
    put_name(out, name);
    hy_buf_putc(&out->buf, bracket);
    out->comma = false;
}

void hy_out_end(struct hy_out *out, char bracket)
{
    hy_buf_putc(&out->buf, bracket);
    out->comma = true;
}

void hy_out_text(struct hy_out *out, const char *name, const char *text)
{
    if (!text)
        return;
    put_name(out, name);
    put_quoted(&out->buf, text);
}

void hy_out_int(struct hy_out *out, const char *name, int64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number);

    put_name(out, name);
    hy_buf_append(&out->buf, digits, (size_t)size);
}

void hy_out_bool(struct hy_out *out, const char *name, bool value)
{
    put_name(out, name);
    hy_buf_puts(&out->buf, value ? "true" : "false");
}

void hy_out_null(struct hy_out *out, const char *name)
{
    put_name(out, name);
    hy_buf_puts(&out->buf, "null");
}

void hy_out_instant(struct hy_out *out, const char *name, int64_t ms)
{
    char text[HY_INSTANT_TEXT_BYTES];

    if (ms)
        hy_out_text(out, name, hy_instant_print(ms, text));
}

void hy_out_id(struct hy_out *out, const char *name, char letter, int64_t id)
{
    char text[24];

    if (!id)
        return;
    snprintf(text, sizeof text, "%c%" PRId64, letter, id);
    hy_out_text(out, name, text);
}

void hy_out_raw(struct hy_out *out, const char *name, const char *json)
{
    if (!json)
        return;
    put_name(out, name);
    hy_buf_puts(&out->buf, json);
}

static void put_json(struct hy_out *out, const char *name, json_t *value)
{
    put_name(out, name);
    if (value)
        hy_json_write(&out->buf, value);
    else
        out->buf.failed = true;
    json_decref(value);
}

static bool is_whole_number(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t count = strspn(digits, "0123456789");

    return count > 0 && count <= 18 && digits[count] == 0 && (digits[0] != '0' || count == 1) &&
           strcmp(text, "-0") != 0;
}

void hy_out_number_or_text(struct hy_out *out, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    if (is_whole_number(text))
        hy_out_raw(out, name, text);
    else
        hy_out_text(out, name, text);
}

static void put_field(struct hy_out *out, const struct hy_json_field *f, const void *slot)
{
    switch (f->type) {
    case HY_JSON_TEXT: hy_out_text(out, f->name, *(const char *const *)slot); break;
    case HY_JSON_INT: hy_out_int(out, f->name, *(const int64_t *)slot); break;
    case HY_JSON_BOOL: hy_out_bool(out, f->name, *(const bool *)slot); break;
    case HY_JSON_INSTANT: hy_out_instant(out, f->name, *(const int64_t *)slot); break;
    case HY_JSON_ENUM: hy_out_text(out, f->name, f->choices[*(const int *)slot]); break;
    case HY_JSON_VALUE:
    case HY_JSON_OBJECT:
    case HY_JSON_ARRAY: break;
    case HY_JSON_OWN: put_json(out, f->name, f->own->print(slot)); break;
    }
}

void hy_out_fields(struct hy_out *out, const struct hy_json_field *fields, const void *source)
{
    for (; fields->name; fields++)
        if (!fields->secret)
            put_field(out, fields, (const char *)source + fields->offset);
}

int hy_out_id_parse(const char *text, char letter, int64_t *ret_id)
{
    int64_t id = 0;
    size_t count = strlen(text);

    if (text[0] != letter || text[1] < '1' || text[1] > '9' || count > 19 ||
        strspn(text + 1, "0123456789") != count - 1)
        return HY_E_NOT_FOUND;
    for (const char *digit = text + 1; *digit; digit++)
        id = id * 10 + (*digit - '0');
    *ret_id = id;
    return 0;
}
