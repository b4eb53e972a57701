/*
 * text.h - looking at texts of others character by character, for the adapters.
 *
 * Characters are Unicode code points. Bytes that are no UTF-8 count as one character each, so that
 * every function here ends on any input.
 */
#ifndef HY_PLATFORM_TEXT_H
#define HY_PLATFORM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `at` (`at` < `end`); 1 and U+FFFD when it is not valid UTF-8. */
size_t hy_text_next(const char *at, const char *end, uint32_t *ret_char);

/* How many characters. */
size_t hy_text_chars(const char *text);

/* The first byte from `at` on that is no printing ASCII: what text nearly always consists of. */
const char *hy_text_skip_plain(const char *at, const char *end);

/* True for characters that move a terminal or break a line: C0, DEL, C1, U+2028, U+2029. */
bool hy_text_is_control(uint32_t character);

/* True when `text` is not empty and has only ASCII letters, digits and bytes of `more`. */
bool hy_text_is_word(const char *text, const char *more);

/*
 * Appends `text`..`end` to `into`, which holds `used` bytes of text and has room for `size` with
 * the final zero: control characters become blanks, broken UTF-8 becomes "?", a long run of
 * letters, digits, - and _ becomes ***, because it may be a token or a secret that was echoed. Cut
 * to fit between characters. Returns the new `used`.
 */
size_t hy_text_append_clean(char *into, size_t size, size_t used, const char *text,
                            const char *end);

enum { HY_TEXT_SECRET_RUN = 32 }; /* the shortest run that is masked: a secret has 32 characters */

#endif
