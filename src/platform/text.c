#include "platform/text.h"

#include <string.h>

static const uint32_t replacement = 0xfffd;

/* Bytes that a character with this first byte has; 0 for a byte that starts none. */
static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t hy_text_next(const char *at, const char *end, uint32_t *ret_char)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*at;
    size_t length = length_of(first);
    uint32_t c = length > 1 ? first & (0xffu >> (length + 1)) : first;

    *ret_char = replacement;
    if (length == 0 || length > (size_t)(end - at))
        return 1;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 1;
        c = c << 6 | (at[i] & 0x3f);
    }
    if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 1;
    *ret_char = c;
    return length;
}

size_t hy_text_chars(const char *text)
{
    const char *end = text + strlen(text);
    size_t count = 0;
    uint32_t c;

    for (; text < end; count++)
        text += (unsigned char)*text < 0x80 ? 1 : hy_text_next(text, end, &c);
    return count;
}

const char *hy_text_skip_plain(const char *at, const char *end)
{
    while (at<end && * at> ' ' && *at < 0x7f)
        at++;
    return at;
}

bool hy_text_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static bool is_word_byte(char c, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(more, c));
}

bool hy_text_is_word(const char *text, const char *more)
{
    const char *at = text;

    while (is_word_byte(*at, more))
        at++;
    return at > text && !*at;
}

static size_t put(char *into, size_t size, size_t used, const char *bytes, size_t count)
{
    if (count >= size - used)
        return used;
    memcpy(into + used, bytes, count);
    into[used + count] = 0;
    return used + count;
}

size_t hy_text_append_clean(char *into, size_t size, size_t used, const char *text, const char *end)
{
    while (text < end) {
        const char *from = text;
        size_t before = used;
        uint32_t c;

        while (text < end && is_word_byte(*text, "-_"))
            text++;
        if (text - from >= HY_TEXT_SECRET_RUN) {
            used = put(into, size, used, "***", 3);
        } else if (text > from) {
            size_t room = size - used - 1, run = (size_t)(text - from);

            used = put(into, size, used, from, run < room ? run : room);
            if (run > room)
                break;
        } else {
            size_t length = hy_text_next(text, end, &c);

            text += length;
            if (hy_text_is_control(c))
                used = put(into, size, used, " ", 1);
            else if (c == replacement)
                used = put(into, size, used, "?", 1);
            else
                used = put(into, size, used, from, length);
        }
        if (used == before)
            break; /* full */
    }
    return used;
}
