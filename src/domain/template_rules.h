/* template_rules.h - what the files of template.h share. Texts are UTF-8 and end with a zero. */
#ifndef HY_DOMAIN_TEMPLATE_RULES_H
#define HY_DOMAIN_TEMPLATE_RULES_H

#include "domain/template.h"

#include <stdint.h>

/* The code point at *at, negative when it is ill-formed; moves *at behind it. Not at the end. */
int32_t hy_template_next(const char **at);

bool hy_template_is_utf8(const char *text);
size_t hy_template_chars(const char *text);
bool hy_template_is_control(int32_t c); /* line and paragraph separators, too */

/* How many code points a value may have; 0 = no limit of that kind. */
size_t hy_template_max(enum hy_template_type type, const char *value);
bool hy_template_may_cut(enum hy_template_type type);

/* The grammars of time and date, in template_time.c. */
bool hy_template_is_time(const char *text);
bool hy_template_is_date(const char *text);

#endif
