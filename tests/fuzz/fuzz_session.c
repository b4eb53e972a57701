/*
 * The text of a session, whatever it is: one that nobody of us signed never opens, and what is signed
 * is either a session, which prints as the same bytes again, or refused.
 */
#include "base/arena.h"
#include "crypto/random.h"
#include "crypto/ticket.h"
#include "engine/page/session.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hy_seal *open_seal(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES];
    struct hy_seal *seal = NULL;
    int err = hy_crypto_init();

    hy_random_bytes(key, sizeof key); /* unknown to whoever guesses */
    if (!err)
        err = hy_seal_from_key(key, &seal);
    assert(!err);
    (void)err;
    return seal;
}

static void refuse_text(const struct hy_seal *seal, const uint8_t *data, size_t size)
{
    uint8_t payload[HY_TICKET_PAYLOAD_MAX];
    struct hy_arena arena;
    char *text;
    size_t opened;
    int err;

    hy_arena_init(&arena);
    text = hy_arena_memdup(&arena, data, size);
    err = hy_ticket_open(seal, "session", text, payload, &opened);
    assert(err);
    (void)err;
    hy_arena_deinit(&arena);
}

static void read_payload(const struct hy_seal *seal, const uint8_t *data, size_t size)
{
    uint8_t payload[HY_TICKET_PAYLOAD_MAX], again[HY_SESSION_PAYLOAD_MAX];
    char text[HY_TICKET_TEXT_BYTES];
    struct hy_session session;
    size_t opened = 0;
    int err = hy_ticket_make(seal, "session", data, size, text, sizeof text);

    if (err)
        return;
    err = hy_ticket_open(seal, "session", text, payload, &opened);
    assert(!err && opened == size && memcmp(payload, data, size) == 0);
    if (hy_session_parse(payload, opened, &session) != 0)
        return;
    opened = hy_session_print(&session, again);
    assert(opened == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hy_seal *seal;

    if (!seal)
        seal = open_seal();
    refuse_text(seal, data, size);
    read_payload(seal, data, size);
    return 0;
}
