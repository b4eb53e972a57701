/*
 * instant.h - instants as text: RFC 3339, always printed in UTC with milliseconds.
 *
 * Everywhere inside an instant is an int64_t of milliseconds since the Unix epoch; 0 = none.
 */
#ifndef HY_BASE_INSTANT_H
#define HY_BASE_INSTANT_H

#include <stdint.h>

enum { HY_INSTANT_TEXT_BYTES = 32 };

/* "2026-03-01T08:00:00.123Z"; returns `into`. Instants outside years 0000 to 9999 are clamped. */
const char *hy_instant_print(int64_t ms, char into[HY_INSTANT_TEXT_BYTES]);

/* Reads RFC 3339 with any offset ("2026-03-01T16:00:00+08:00", lower-case t and z and a blank in
 * place of T too). Fractions beyond milliseconds are cut. HY_E_INVALID when it is anything else. */
int hy_instant_parse(const char *text, int64_t *ret_ms);

/* Civil date arithmetic in the proleptic Gregorian calendar. `month` 1-12, `day` 1-31. */
int64_t hy_days_from_civil(int year, int month, int day);
void hy_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day);

#endif
