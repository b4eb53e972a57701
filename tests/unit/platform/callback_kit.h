/*
 * callback_kit.h - makes callbacks as WeChat would send them: signed, and sealed when wanted.
 *
 *   struct kit kit = kit_new(&arena);                      GET or POST, token, times: all set
 *   kit_post(&kit, body);  or  kit_post(&kit, kit_seal(&kit, KIT_XML, KIT_SAFE, message));
 *   platform->read_callback(&kit.ask, &arena, &callback);
 */
#ifndef HY_TESTS_CALLBACK_KIT_H
#define HY_TESTS_CALLBACK_KIT_H

#include "crypto/envelope.h"
#include "platform/platform.h"

#include <stdlib.h>
#include <string.h>

#define KIT_APP       "wx0000000000000001"
#define KIT_TOKEN     "AAAAA"
#define KIT_KEY       "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define KIT_TIMESTAMP "1714112445"
#define KIT_NOW_MS    1714112446000

enum kit_format { KIT_XML, KIT_JSON };
enum { KIT_PARAMS_MAX = 8 };

struct kit {
    struct hy_callback_ask ask;
    struct hy_arena *arena;
    size_t count;
    const char *names[KIT_PARAMS_MAX], *values[KIT_PARAMS_MAX];
};

static inline const char *kit_query(void *self, const char *name)
{
    struct kit *kit = self;

    for (size_t i = 0; i < kit->count; i++) {
        if (strcmp(kit->names[i], name) == 0)
            return kit->values[i];
    }
    return NULL;
}

/* Sets a parameter; a null takes it away. */
static inline void kit_set(struct kit *kit, const char *name, const char *value)
{
    size_t i = 0;

    while (i < kit->count && strcmp(kit->names[i], name) != 0)
        i++;
    if (i == KIT_PARAMS_MAX)
        abort();
    kit->names[i] = name;
    kit->values[i] = value;
    kit->count += i == kit->count;
}

static inline const char *kit_signature(const struct kit *kit, const char *const *parts,
                                        size_t count)
{
    char hex[HY_SHA1_HEX_CHARS + 1];

    if (hy_envelope_signature(kit->ask.token, parts, count, hex) != 0)
        abort();
    return hy_arena_strdup(kit->arena, hex);
}

/* Signs timestamp, nonce and, unless it is null, `encrypt` with the token of `ask`. */
static inline void kit_sign(struct kit *kit, const char *encrypt)
{
    const char *parts[] = {kit_query(kit, "timestamp"), kit_query(kit, "nonce"), encrypt};

    kit_set(kit, "signature", kit_signature(kit, parts, 2));
    if (encrypt)
        kit_set(kit, "msg_signature", kit_signature(kit, parts, 3));
}

/* The copy of a kit needs its own `self`. */
static inline void kit_ready(struct kit *kit)
{
    kit->ask.self = kit;
}

static inline struct kit kit_new(struct hy_arena *arena)
{
    return (struct kit){.arena = arena,
                        .ask = {.method = "GET",
                                .query = kit_query,
                                .body = "",
                                .app_id = KIT_APP,
                                .token = KIT_TOKEN,
                                .now_ms = KIT_NOW_MS},
                        .names = {"timestamp", "nonce"},
                        .values = {KIT_TIMESTAMP, "415670741"},
                        .count = 2};
}

static inline void kit_post(struct kit *kit, const char *body)
{
    kit_ready(kit);
    kit->ask.method = "POST";
    kit->ask.body = body;
    kit->ask.body_size = strlen(body);
    kit_sign(kit, NULL);
}

/* POSTs `message` sealed; `plain` is what stands beside Encrypt, with a comma or a tag in front:
 * "" in safe mode, the members of the message in compatible mode. */
static inline void kit_post_sealed(struct kit *kit, enum kit_format format, const char *plain,
                                   const char *message)
{
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char *encrypt, *body;

    if (hy_envelope_key_parse(KIT_KEY, key) != 0 ||
        hy_envelope_seal(key, kit->ask.app_id, message, strlen(message),
                         (const uint8_t *)"aaaabbbbccccdddd", kit->arena, &encrypt) != 0)
        abort();
    body = format == KIT_XML
               ? hy_arena_printf(kit->arena,
                                 "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>"
                                 "<Encrypt><![CDATA[%s]]></Encrypt>%s</xml>",
                                 encrypt, plain)
               : hy_arena_printf(kit->arena,
                                 "{\"ToUserName\":\"gh_0123456789ab\",\"Encrypt\":\"%s\"%s}",
                                 encrypt, plain);
    if (!body)
        abort();
    kit_post(kit, body);
    kit_set(kit, "encrypt_type", "aes");
    kit_sign(kit, encrypt);
}

#endif
