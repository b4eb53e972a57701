/*
 * fields.h - the platform's rules for the values of subscribe templates, written down once more
 * than the product does: here they are the judge.
 */
#ifndef HY_SIM_FIELDS_H
#define HY_SIM_FIELDS_H

#include "sim/state.h"

/* Whether `key` is a type that the platform has, followed by a number ("thing1"). */
bool hy_sim_field_key_ok(const char *key);

/* Whether `value` (not empty, UTF-8) may stand in the field `key`. `choices` are an enum's. */
bool hy_sim_field_ok(const char *key, const char *value, hy_sim_texts choices);

#endif
