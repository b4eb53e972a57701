/*
 * template.h - the fields of a message template, and what may be said in each.
 *
 * A template's text has a line such as "Place:{{thing1.DATA}}" for each field. The key is the name
 * of a type and a number; the type decides what the platform accepts as the value:
 *
 *   thing              any text                                      20
 *   short_thing        any text                                       5   official account
 *   const              any text; from a list that is not told        20   official account
 *   number             0-9, with decimals                            32
 *   letter             Latin letters                                 32
 *   symbol             symbols: no letters, digits, blanks            5
 *   character_string   Latin letters, 0-9, symbols, blanks           32
 *   time               [date] 15:01 or 15:01:09, a range with ~
 *   date               date [time], a range with ~
 *   amount             digits, decimals, sign before, yuan after     10 digits
 *   phone_number       0-9, symbols, blanks                          17
 *   car_number         Latin letters, 0-9; Han first or last          8
 *   name               Han, Latin letters, symbols, blanks           20, with any Han 10
 *   phrase             Han                                            5
 *   enum_string, enum  one of the template's own values
 *   keyword            any text, line breaks too                          retired templates
 *   (any other)        any text, line breaks too
 *
 * A date is year, month and day, year and month, or month and day, either marked in Chinese or
 * joined by one of - / . all through. Lengths are counted in Unicode code points, not bytes. The
 * rules are those that WeChat publishes; where they are silent the value passes, because the
 * platform has the last word and a false refusal has no way round.
 *
 * Everything here is pure: no clock, no locale, no I/O.
 */
#ifndef HY_DOMAIN_TEMPLATE_H
#define HY_DOMAIN_TEMPLATE_H

#include "base/json.h"
#include "domain/message.h"

enum { HY_TEMPLATE_TEXT_BYTES = 8192, HY_TEMPLATE_FIELDS_MAX = 20, HY_TEMPLATE_KEY_BYTES = 32 };

enum hy_template_type {
    HY_TEMPLATE_UNKNOWN,
    HY_TEMPLATE_THING,
    HY_TEMPLATE_SHORT_THING,
    HY_TEMPLATE_CONST,
    HY_TEMPLATE_NUMBER,
    HY_TEMPLATE_LETTER,
    HY_TEMPLATE_SYMBOL,
    HY_TEMPLATE_CHARACTER_STRING,
    HY_TEMPLATE_TIME,
    HY_TEMPLATE_DATE,
    HY_TEMPLATE_AMOUNT,
    HY_TEMPLATE_PHONE_NUMBER,
    HY_TEMPLATE_CAR_NUMBER,
    HY_TEMPLATE_NAME,
    HY_TEMPLATE_PHRASE,
    HY_TEMPLATE_ENUM,
    HY_TEMPLATE_KEYWORD,
    HY_TEMPLATE_TYPES /* how many */
};

/* The spelling in a key, "unknown" for the first; ended by a null, the index is the enum value. */
extern const char *const hy_template_type_names[];

struct hy_template_field {
    const char *key; /* "thing1" */
    enum hy_template_type type;
    const char *label;              /* what the user reads before the value; may be "" */
    const char *const *enum_values; /* ended by a null; null = not known, then anything passes */
};

/* A template of an account, as its platform tells it. */
struct hy_template {
    int64_t app_no;
    const char *id;             /* the platform's */
    enum hy_template_kind kind; /* never ANY */
    const char *title;
    const char *content;
    const char *example; /* or null */
    const char *choices; /* compact JSON: {"enum_string2":["a","b"]}, or null */
    int64_t synced_at_ms;
};

/* "thing1" is a thing; a name without a number, or of no known type, is HY_TEMPLATE_UNKNOWN. */
enum hy_template_type hy_template_type_of(const char *key);

/* What the type allows, for people: "up to 5 Han characters". */
const char *hy_template_type_rule(enum hy_template_type type);

/* The largest number of characters (of an amount: digits) in any value; 0 = no limit. */
size_t hy_template_type_max(enum hy_template_type type);

/*
 * Reads a template's text into fields, in its order, all in the arena. A label loses the blanks
 * around it and its colon, ASCII or full-width; a line without a mark is decoration. enum_values is
 * null: the platform tells them elsewhere. On an error nothing is returned:
 * HY_E_INVALID  not UTF-8, no field at all, a mark that is not {{key.DATA}}, one key twice;
 * HY_E_LIMIT    HY_TEMPLATE_TEXT_BYTES or more, or above HY_TEMPLATE_FIELDS_MAX fields;
 * HY_E_NOMEM.
 */
int hy_template_parse(const char *content, struct hy_arena *arena,
                      struct hy_template_field **ret_fields, size_t *ret_count);

/*
 * Adds a violation of the field `path` for each rule that `value` breaks:
 *   utf8, not_empty      and then nothing else
 *   control_character    in most types line breaks are among them; actual is the code point
 *   max_length           limit and actual are counts
 *   characters           a character that the type may not hold; actual is the code point
 *   format               the right characters, but no number, time, date, amount, car number
 *   one_of               not among enum_values
 */
void hy_template_check_value(const struct hy_template_field *field, const char *value,
                             struct hy_violations *v, const char *path);

/*
 * Holds `data`, {"thing1": "text" or {"value": "text"}}, against the fields. Besides the above:
 * "required" for a field without value, "unknown_field" with the nearest key for one that the
 * template hasn't, "type" for what isn't text. Paths are "data.thing1".
 */
void hy_template_check(const struct hy_template_field *fields, size_t count, const json_t *data,
                       struct hy_violations *v);

/*
 * `value` made short enough for its type: cut between two characters as a reader sees them (an
 * emoji with its modifiers is one) and ended by an ellipsis within the limit; an unchanged copy
 * when it is not too long. What comes back always passes the check.
 *
 * Null when out of memory, when the value breaks another rule in what would be kept, when the first
 * visible character alone is too long, and for every type but thing, short_thing and name: a part
 * of a number, date or code says something else than the whole, a phrase can't hold an ellipsis.
 */
const char *hy_template_cut(enum hy_template_type type, const char *value, struct hy_arena *arena);

#endif
