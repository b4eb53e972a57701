/*
 * form.h - form-urlencoded bodies, which older SDKs still send to the template calls.
 */
#ifndef HY_SIM_FORM_H
#define HY_SIM_FORM_H

#include "base/json.h"

/* An object of texts; a name that comes more than once, or ends in "[]" or "[2]" as PHP writes
 * lists, has an array of texts. Null when out of memory or not UTF-8. The caller owns it. */
json_t *hy_sim_form_read(const char *bytes, size_t size);

#endif
