/*
 * callback.h - what must hold for any body of a well-signed callback, for the two targets that make
 * them: of XML and of JSON.
 *
 *  - Plain and sealed it reads as the same.
 *  - An event's raw text is JSON that we read ourselves; posted again, it is the same event with the
 *    same items and identities.
 *  - Items are whole.
 */
#ifndef HY_TESTS_FUZZ_CALLBACK_H
#define HY_TESTS_FUZZ_CALLBACK_H

#include "unit/platform/callback_kit.h"

#include "crypto/random.h"

#include <stdint.h>

static inline void expect(int truth)
{
    if (!truth)
        abort();
}

static inline struct hy_callback callback_read(struct kit *kit)
{
    struct hy_callback c;

    kit_ready(kit);
    memset(&c, 0xa5, sizeof c);
    expect(hy_platform_find("wechat_mini")->read_callback(&kit->ask, kit->arena, &c) == 0);
    return c;
}

static inline void callback_check_items(const struct hy_callback *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct hy_callback_item *item = &c->items[i];

        expect(c->user && item->template_id[0] && item->identity[0]);
        expect(strncmp(item->identity, c->name, strlen(c->name)) == 0);
        expect(item->msgid >= 0);
        expect(item->kind == HY_CALLBACK_ANSWER ? (unsigned)item->answer < HY_ANSWERS
                                                : item->delivered == !item->reason);
    }
}

static inline void callback_check(const struct hy_callback *c)
{
    json_t *raw;

    expect(!c->why == (c->verdict == HY_CALLBACK_EVENT || c->verdict == HY_CALLBACK_ECHO));
    expect(!c->reply == (c->verdict == HY_CALLBACK_DENIED || c->verdict == HY_CALLBACK_MALFORMED));
    if (c->verdict != HY_CALLBACK_EVENT) {
        expect(!c->raw && c->count == 0);
        return;
    }
    raw = hy_json_parse(c->raw, strlen(c->raw), NULL, 0);
    expect(json_is_object(raw) && c->name[0] && c->identity[0] && c->created_at_ms > 0);
    json_decref(raw);
    callback_check_items(c);
}

static inline void callback_same(const struct hy_callback *a, const struct hy_callback *b)
{
    expect(a->verdict == b->verdict && a->count == b->count);
    if (a->verdict != HY_CALLBACK_EVENT)
        return;
    expect(strcmp(a->raw, b->raw) == 0 && strcmp(a->identity, b->identity) == 0);
    expect(a->created_at_ms == b->created_at_ms);
    for (size_t i = 0; i < a->count; i++)
        expect(strcmp(a->items[i].identity, b->items[i].identity) == 0);
}

/* A callback with this body; a zero byte within it ends it. */
static inline void callback_try(enum kit_format format, const char *body, struct hy_arena *arena)
{
    struct kit plain = kit_new(arena), sealed = kit_new(arena), again = kit_new(arena);
    struct hy_callback first, second;

    expect(hy_crypto_init() == 0);
    plain.ask.mode = HY_CALLBACK_PLAIN;
    kit_post(&plain, body);
    first = callback_read(&plain);
    callback_check(&first);
    if (first.verdict != HY_CALLBACK_EVENT)
        return;

    sealed.ask.aes_key = KIT_KEY;
    kit_post_sealed(&sealed, format, "", body);
    second = callback_read(&sealed);
    callback_same(&first, &second);

    again.ask.mode = HY_CALLBACK_PLAIN;
    kit_post(&again, first.raw);
    second = callback_read(&again);
    callback_same(&first, &second);
}

#endif
