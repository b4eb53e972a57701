/*
 * key.h - API keys and what they may do.
 */
#ifndef HY_DOMAIN_KEY_H
#define HY_DOMAIN_KEY_H

#include <stdint.h>

enum hy_scope {
    HY_SCOPE_ADMIN = 1,  /* everything */
    HY_SCOPE_SEND = 2,   /* messages, broadcasts, schedules: write and read */
    HY_SCOPE_READ = 4,   /* every GET but tokens and keys */
    HY_SCOPE_TOKEN = 8,  /* token calls */
    HY_SCOPE_CLIENT = 16 /* reports of permissions (POST /v1/grants); ending a user's sessions */
};

/* The word of bit i; ended by a null. */
extern const char *const hy_scope_names[];

enum { HY_KEY_HASH_BYTES = 32 };

struct hy_key {
    int64_t id;
    const char *name;
    uint8_t hash[HY_KEY_HASH_BYTES]; /* keyed hash; the key itself is kept nowhere */
    unsigned scopes;                 /* of enum hy_scope */
    int64_t created_at_ms;
    int64_t revoked_at_ms; /* 0 = in use */
};

/* Who showed a key. */
enum { HY_KEY_NAME_BYTES = 65 };
struct hy_key_holder {
    int64_t id;
    char name[HY_KEY_NAME_BYTES];
};

#endif
