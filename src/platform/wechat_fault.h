/*
 * wechat_fault.h - the violations that checks of WeChat's adapters add again and again, worded once.
 *
 * The value itself is never repeated: it may be a secret.
 */
#ifndef HY_PLATFORM_WECHAT_FAULT_H
#define HY_PLATFORM_WECHAT_FAULT_H

#include "base/json.h"
#include "base/violation.h"

/* Violations so far, stored or not: what grew meanwhile had faults. */
size_t hy_wechat_fault_count(const struct hy_violations *v);

void hy_wechat_fault_required(struct hy_violations *v, const char *field);

/* `shape` completes "must be ". */
void hy_wechat_fault_format(struct hy_violations *v, const char *field, const char *shape);

/* `unit` completes "at most 20 ". */
void hy_wechat_fault_too_long(struct hy_violations *v, const char *field, const char *rule,
                              size_t max, size_t actual, const char *unit);

/* `value` is not what is `wanted` ("an object"). */
void hy_wechat_fault_type(struct hy_violations *v, const char *field, const char *wanted,
                          const json_t *value);

/* True when `text` has min..max characters; otherwise that is told. */
bool hy_wechat_has_length(const char *text, size_t min, size_t max, const char *field,
                          struct hy_violations *v);

/* True when a control character was found, and told, that is not one of `allowed`. */
bool hy_wechat_has_control(const char *text, const char *allowed, const char *field,
                           struct hy_violations *v);

#endif
