#include "base/json_scan.h"

#include "base/buf.h"
#include "base/json.h"

#include <string.h>

enum { DIGITS_MAX = 18 /* fit 64 bits whatever they are */ };

struct scan {
    const unsigned char *at, *end;
    struct hy_buf text; /* of the string that is being read, when it has escapes */
};

static json_t *scan_value(struct scan *s, int depth);

/* --- pieces ----------------------------------------------------------------------------------- */

/* The next byte that is no blank, or 0. */
static unsigned char peek(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
    return s->at < s->end ? *s->at : 0;
}

static bool take(struct scan *s, unsigned char byte)
{
    if (peek(s) != byte)
        return false;
    s->at++;
    return true;
}

/* Bytes of the character that begins with a byte above 0x7f; 0: it is none. */
static size_t long_character(const struct scan *s)
{
    unsigned char first = s->at[0];
    size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    unsigned lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    if (first < 0xc2 || first > 0xf4 || (size_t)(s->end - s->at) < size || s->at[1] < lowest ||
        s->at[1] > highest)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((s->at[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

/* Moves to the quote or backslash that ends a run of plain characters; false: something is wrong. */
static bool skip_plain(struct scan *s)
{
    while (s->at < s->end && *s->at != '"' && *s->at != '\\') {
        size_t size = *s->at < 0x80 ? *s->at >= 0x20 : long_character(s);

        if (size == 0)
            return false;
        s->at += size;
    }
    return s->at < s->end;
}

/* --- escapes ---------------------------------------------------------------------------------- */

/* Four hexadecimal digits; -1: they are not. */
static int32_t hex4(struct scan *s)
{
    int32_t code = 0;

    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        unsigned char c = *s->at++;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static bool is_half(int32_t code, int32_t first)
{
    return code >= first && code < first + 0x400;
}

/* Behind "\u". */
static bool unicode_escape(struct scan *s)
{
    int32_t code = hex4(s), low;
    char bytes[4];
    size_t size = 0;

    if (is_half(code, 0xd800)) {
        if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
            return false;
        s->at += 2;
        low = hex4(s);
        if (!is_half(low, 0xdc00))
            return false;
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
    }
    if (code <= 0 || is_half(code, 0xdc00))
        return false;
    if (code < 0x80) {
        bytes[size++] = (char)code;
    } else {
        int shift = code < 0x800 ? 6 : code < 0x10000 ? 12 : 18;

        bytes[size++] = (char)((shift == 6 ? 0xc0 : shift == 12 ? 0xe0 : 0xf0) | code >> shift);
        while (shift > 0) {
            shift -= 6;
            bytes[size++] = (char)(0x80 | (code >> shift & 0x3f));
        }
    }
    hy_buf_append(&s->text, bytes, size);
    return true;
}

/* Behind a backslash. */
static bool escape(struct scan *s)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    unsigned char name = s->at < s->end ? *s->at++ : 0;
    const char *known = name ? strchr(names, name) : NULL;

    if (name == 'u')
        return unicode_escape(s);
    if (!known)
        return false;
    hy_buf_putc(&s->text, bytes[known - names]);
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */

/* Behind the first quote. What comes back lives until the next string is read. */
static const char *scan_text(struct scan *s, size_t *ret_size)
{
    const unsigned char *from = s->at;

    if (!skip_plain(s))
        return NULL;
    if (*s->at == '"') {
        *ret_size = (size_t)(s->at++ - from);
        return (const char *)from;
    }
    hy_buf_clear(&s->text);
    while (*s->at == '\\') {
        hy_buf_append(&s->text, (const char *)from, (size_t)(s->at++ - from));
        if (!escape(s))
            return NULL;
        from = s->at;
        if (!skip_plain(s))
            return NULL;
    }
    hy_buf_append(&s->text, (const char *)from, (size_t)(s->at++ - from));
    *ret_size = s->text.size;
    return hy_buf_ok(&s->text) ? hy_buf_text(&s->text) : NULL;
}

static json_t *scan_string(struct scan *s)
{
    size_t size;
    const char *text = scan_text(s, &size);

    return text ? json_stringn_nocheck(text, size) : NULL;
}

static json_t *scan_number(struct scan *s)
{
    const unsigned char *first;
    bool negative = *s->at == '-';
    json_int_t value = 0;

    s->at += negative;
    for (first = s->at; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (s->at - first < DIGITS_MAX)
            value = value * 10 + (*s->at - '0');
    if (s->at == first || s->at - first > DIGITS_MAX || (*first == '0' && s->at - first > 1))
        return NULL;
    /* A fraction or an exponent is not what may stand behind a value: refused there. */
    return json_integer(negative ? -value : value);
}

static json_t *scan_word(struct scan *s, const char *word, json_t *value)
{
    size_t size = strlen(word);

    if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
        return NULL;
    s->at += size;
    return value;
}

/* Behind the brace. */
static bool fill_object(struct scan *s, json_t *object, int depth)
{
    size_t size, count = 0;

    if (take(s, '}'))
        return true;
    do {
        struct hy_buf held = {0};
        const char *key = take(s, '"') ? scan_text(s, &size) : NULL;
        json_t *value;
        int err;

        if (!key || !take(s, ':'))
            return false;
        if (key == s->text.data) { /* the value's strings need the buffer */
            held = s->text;
            hy_buf_init(&s->text, held.max);
        }
        value = scan_value(s, depth);
        err = value ? json_object_setn_new_nocheck(object, key, size, value) : -1;
        hy_buf_deinit(&held);
        if (err || json_object_size(object) != ++count)
            return false;
    } while (take(s, ','));
    return take(s, '}');
}

/* Behind the bracket. */
static bool fill_array(struct scan *s, json_t *array, int depth)
{
    if (take(s, ']'))
        return true;
    do {
        if (json_array_append_new(array, scan_value(s, depth)) != 0)
            return false;
    } while (take(s, ','));
    return take(s, ']');
}

static json_t *scan_inside(struct scan *s, int depth)
{
    bool is_object = *s->at++ == '{';
    json_t *value;

    if (depth == HY_JSON_DEPTH_MAX)
        return NULL;
    value = is_object ? json_object() : json_array();
    if (value && (is_object ? fill_object : fill_array)(s, value, depth + 1))
        return value;
    json_decref(value);
    return NULL;
}

/* `depth` levels are around it. */
static json_t *scan_value(struct scan *s, int depth)
{
    switch (peek(s)) {
    case '{':
    case '[': return scan_inside(s, depth);
    case '"': s->at++; return scan_string(s);
    case 't': return scan_word(s, "true", json_true());
    case 'f': return scan_word(s, "false", json_false());
    case 'n': return scan_word(s, "null", json_null());
    default: return s->at < s->end ? scan_number(s) : NULL;
    }
}

json_t *hy_json_scan(const char *bytes, size_t size)
{
    struct scan s = {.at = (const unsigned char *)bytes,
                     .end = (const unsigned char *)bytes + size};
    unsigned char first = peek(&s);
    json_t *root;

    if (first != '{' && first != '[')
        return NULL;
    hy_buf_init(&s.text, size + 1);
    root = scan_inside(&s, 0);
    peek(&s);
    if (root && s.at != s.end) {
        json_decref(root);
        root = NULL;
    }
    hy_buf_deinit(&s.text);
    return root;
}
