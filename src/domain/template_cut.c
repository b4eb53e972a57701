/* Shortening a value; see template.h. */
#include "domain/template_rules.h"

#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

static const char ellipsis[] = "…";

static size_t chars_between(const char *at, const char *end)
{
    size_t count = 0;

    for (; at < end; count++)
        hy_template_next(&at);
    return count;
}

/* Bytes of the whole visible characters that have at most `max` code points together. */
static size_t head_bytes(UBreakIterator *characters, const char *value, size_t max)
{
    size_t chars = 0, bytes = 0;

    for (;;) {
        int32_t next = ubrk_next(characters);

        if (next == UBRK_DONE)
            return bytes;
        chars += chars_between(value + bytes, value + next);
        if (chars > max)
            return bytes;
        bytes = (size_t)next;
    }
}

/* The root locale: no answer depends on the machine's settings. 0 when ICU failed. */
static size_t find_head(const char *value, size_t max)
{
    UErrorCode status = U_ZERO_ERROR;
    UText text = UTEXT_INITIALIZER;
    UBreakIterator *characters = ubrk_open(UBRK_CHARACTER, "", NULL, 0, &status);
    size_t bytes = 0;

    utext_openUTF8(&text, value, -1, &status);
    ubrk_setUText(characters, &text, &status);
    if (U_SUCCESS(status))
        bytes = head_bytes(characters, value, max);
    ubrk_close(characters);
    utext_close(&text);
    return bytes;
}

static size_t without_blanks(const char *value, size_t bytes)
{
    static const char wide_blank[] = "　";
    size_t wide = sizeof wide_blank - 1;

    for (;;) {
        if (bytes > 0 && value[bytes - 1] == ' ')
            bytes--;
        else if (bytes >= wide && memcmp(value + bytes - wide, wide_blank, wide) == 0)
            bytes -= wide;
        else
            return bytes;
    }
}

static bool passes(enum hy_template_type type, const char *value, struct hy_arena *arena)
{
    struct hy_template_field field = {.key = "", .type = type, .label = ""};
    struct hy_violations v;

    hy_violations_init(&v, arena);
    hy_template_check_value(&field, value, &v, "");
    return !hy_violations_any(&v);
}

const char *hy_template_cut(enum hy_template_type type, const char *value, struct hy_arena *arena)
{
    size_t max, bytes;
    char *cut;

    if (!hy_template_may_cut(type) || !hy_template_is_utf8(value))
        return NULL;
    max = hy_template_max(type, value);
    if (hy_template_chars(value) <= max) {
        cut = hy_arena_strdup(arena, value);
    } else {
        bytes = without_blanks(value, find_head(value, max - 1));
        cut = bytes ? hy_arena_printf(arena, "%.*s%s", (int)bytes, value, ellipsis) : NULL;
    }
    return cut && passes(type, cut, arena) ? cut : NULL;
}
