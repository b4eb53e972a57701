#include "tap.h"

#include "crypto/random.h"
#include "crypto/secret.h"

static void compares_bytes(void)
{
    unsigned char a[32], b[32];

    hy_random_bytes(a, sizeof a);
    memcpy(b, a, sizeof b);
    CHECK(hy_secret_equal(a, b, sizeof a));
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] ^= (unsigned char)(1 << i % 8);
        CHECK(!hy_secret_equal(a, b, sizeof a));
        b[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    CHECK(hy_secret_equal(a, b, 0));
}

static void compares_texts_of_any_length(void)
{
    CHECK(hy_secret_text_equal("", ""));
    CHECK(hy_secret_text_equal("0123456789abcdef", "0123456789abcdef"));
    CHECK(!hy_secret_text_equal("0123456789abcdef", "0123456789abcdeF"));
    CHECK(!hy_secret_text_equal("0123456789abcdef", "0123456789abcde"));
    CHECK(!hy_secret_text_equal("", "0"));
}

static void nothing_equals_null(void)
{
    CHECK(!hy_secret_text_equal(NULL, ""));
    CHECK(!hy_secret_text_equal("", NULL));
    CHECK(!hy_secret_text_equal(NULL, NULL));
}

static void wipes_what_was_asked(void)
{
    char text[] = "keep SECRET keep";

    hy_wipe(text + 5, 6);
    CHECK_INT(memcmp(text, "keep \0\0\0\0\0\0 keep", sizeof text), 0);
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(compares_bytes);
    RUN(compares_texts_of_any_length);
    RUN(nothing_equals_null);
    RUN(wipes_what_was_asked);
    return hy_tap_end();
}
