/*
 * submission.h - checks of what callers ask to be sent, that messages and broadcasts share.
 */
#ifndef HY_ENGINE_SUBMISSION_H
#define HY_ENGINE_SUBMISSION_H

#include "base/json.h"
#include "domain/message.h"
#include "platform/platform.h"

/* send_at within a year, expires_at behind it. With a key (or null) the past is no fault: the
 * request may be a repeat, which the store answers. */
void hy_check_instants(int64_t send_at_ms, int64_t expires_at_ms, const char *key, int64_t now_ms,
                       struct hy_violations *v);

/* The key of the body or of the header: either may be null, and both must not differ. */
const char *hy_choose_key(const char *key, const char *header_key, struct hy_violations *v);

/* There is no such app, or none was named (null). */
void hy_refuse_app(const char *name, struct hy_violations *v);

/* Members for the platform that we don't know, into m->extra. An empty object is none. */
void hy_read_extra(const json_t *extra, const struct hy_platform *platform, struct hy_violations *v,
                   struct hy_message *m);

/* Fingerprints of HY_FINGERPRINT_BYTES. HY_E_NOMEM. */

/* The meaning of the request, whatever the order of its fields: everything but the key. */
int hy_print_body(const json_t *body, struct hy_arena *arena, uint8_t *ret_print);
/* Keys of different apps don't meet. */
int hy_print_key(int64_t app_no, const char *key, struct hy_arena *arena, uint8_t *ret_print);

#endif
