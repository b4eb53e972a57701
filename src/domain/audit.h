/*
 * audit.h - who did what: one line for every change that somebody made with a key, written in the
 * transaction of the change itself.
 */
#ifndef HY_DOMAIN_AUDIT_H
#define HY_DOMAIN_AUDIT_H

#include <stdint.h>

struct hy_audit {
    int64_t id; /* given by the store */
    int64_t at_ms;
    int64_t key_id;
    const char *who;     /* the key's name */
    const char *address; /* of the caller */
    const char *action;  /* "app.create", "webhook.rotate", "message.retry" */
    const char *subject; /* "wx0000000000000001", "b12", or null */
    const char *detail;  /* compact JSON object: what was asked for, without secrets; or null */
    /* In, when a verb gives the number: where it will stand, and the letter before it ('b', 'w').
     * Then `subject` is made of it. */
    const int64_t *made_id;
    char letter;
};

#endif
