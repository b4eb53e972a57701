#include "tap.h"

#include "base/err.h"
#include "crypto/random.h"
#include "crypto/ticket.h"

static struct hy_seal *seal, *other;
static char text[HY_TICKET_TEXT_BYTES];
static uint8_t opened[HY_TICKET_PAYLOAD_MAX];
static size_t size;

static void set_up(void)
{
    uint8_t key[HY_MASTER_KEY_BYTES] = {1};

    CHECK_INT(hy_seal_from_key(key, &seal), 0);
    key[0] = 2;
    CHECK_INT(hy_seal_from_key(key, &other), 0);
    size = 0;
}

static void tear_down(void)
{
    hy_seal_close(seal);
    hy_seal_close(other);
}

static void opens_what_it_made(void)
{
    uint8_t payload[HY_TICKET_PAYLOAD_MAX];

    set_up();
    hy_random_bytes(payload, sizeof payload);
    for (size_t n = 1; n <= sizeof payload; n++) {
        CHECK_INT(hy_ticket_make(seal, "session", payload, n, text, sizeof text), 0);
        CHECK_INT(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  strlen(text));
        CHECK_INT(hy_ticket_open(seal, "session", text, opened, &size), 0);
        CHECK_INT(size, n);
        CHECK_INT(memcmp(opened, payload, n), 0);
    }
    tear_down();
}

static void is_for_one_key_and_one_purpose(void)
{
    set_up();
    CHECK_INT(hy_ticket_make(seal, "session", "abc", 3, text, sizeof text), 0);
    CHECK_INT(hy_ticket_open(other, "session", text, opened, &size), HY_E_DENIED);
    CHECK_INT(hy_ticket_open(seal, "apikey", text, opened, &size), HY_E_DENIED);
    CHECK_INT(size, 0);
    tear_down();
}

/* Also the spare bits of the last character: there is one text for each ticket. */
static void no_character_can_be_changed(void)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.";

    set_up();
    for (size_t n = 1; n <= 3; n++) {
        CHECK_INT(hy_ticket_make(seal, "session", "abc", n, text, sizeof text), 0);
        for (size_t i = 0; text[i]; i++) {
            char kept = text[i];

            for (const char *c = alphabet; *c; c++) {
                text[i] = *c;
                CHECK_INT(hy_ticket_open(seal, "session", text, opened, &size),
                          *c == kept ? 0 : HY_E_DENIED);
            }
            text[i] = kept;
        }
    }
    tear_down();
}

static void nothing_can_be_cut_or_added(void)
{
    char longer[HY_TICKET_TEXT_BYTES * 2];

    set_up();
    CHECK_INT(hy_ticket_make(seal, "session", "abcdef", 6, text, sizeof text), 0);
    for (size_t n = 0; n < strlen(text); n++) {
        snprintf(longer, sizeof longer, "%.*s", (int)n, text);
        CHECK_INT(hy_ticket_open(seal, "session", longer, opened, &size), HY_E_DENIED);
    }
    snprintf(longer, sizeof longer, "%s=", text);
    CHECK_INT(hy_ticket_open(seal, "session", longer, opened, &size), HY_E_DENIED);
    snprintf(longer, sizeof longer, "%sAAAA", text);
    CHECK_INT(hy_ticket_open(seal, "session", longer, opened, &size), HY_E_DENIED);
    memset(longer, 'A', sizeof longer);
    longer[sizeof longer - 1] = 0;
    CHECK_INT(hy_ticket_open(seal, "session", longer, opened, &size), HY_E_DENIED);
    longer[HY_TICKET_TEXT_BYTES] = 0;
    CHECK_INT(hy_ticket_open(seal, "session", longer, opened, &size), HY_E_DENIED);
    tear_down();
}

static void bounds_are_kept(void)
{
    uint8_t payload[HY_TICKET_PAYLOAD_MAX + 1] = {0};

    set_up();
    CHECK_INT(hy_ticket_make(seal, "session", payload, sizeof payload, text, sizeof text),
              HY_E_LIMIT);
    CHECK_INT(hy_ticket_make(seal, "session", payload, 0, text, sizeof text), HY_E_LIMIT);
    CHECK_INT(hy_ticket_make(seal, "session", payload, 16, text, 64), HY_E_LIMIT);
    CHECK_INT(hy_ticket_make(seal, "session", payload, 16, text, 65), 0);
    tear_down();
}

int main(void)
{
    hy_crypto_init();
    RUN(opens_what_it_made);
    RUN(is_for_one_key_and_one_purpose);
    RUN(no_character_can_be_changed);
    RUN(nothing_can_be_cut_or_added);
    RUN(bounds_are_kept);
    return hy_tap_end();
}
