#include "tap.h"

#include "base/err.h"
#include "crypto/random.h"
#include "crypto/signature.h"

static struct hy_signature_key key;
static char text[HY_SIGNATURE_SECRET_TEXT_BYTES], signature[HY_SIGNATURE_TEXT_BYTES];

/* The one that the libraries of the specification are tested with. */
static void signs_as_the_published_example(void)
{
    static const char body[] = "{\"test\": 2432232314}";

    CHECK_INT(hy_signature_key_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key), 0);
    CHECK_INT(key.size, 24);
    CHECK_INT(hy_signature_sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body,
                                strlen(body), signature),
              0);
    CHECK_TEXT(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* Computed with Python's hmac module. */
static void signs_an_empty_body_and_bytes(void)
{
    static const char *const want[] = {"v1,CflFQMDLi+dL7J47t9AjU9XXY9daC7zxeugI52UJWC8=",
                                       "v1,TURqKrljuJGFBMm7tbSt1X9un4RcBlHZ3QBkuHVX8AI="};

    memset(key.bytes, 'k', sizeof key.bytes);
    key.size = HY_SIGNATURE_KEY_MAX;
    CHECK_INT(hy_signature_sign(&key, "e1", 0, "", 0, signature), 0);
    CHECK_TEXT(signature, want[0]);
    CHECK_INT(hy_signature_sign(&key, "e9223372036854775807", 1772323200, "a\0b", 3, signature), 0);
    CHECK_TEXT(signature, want[1]);
}

static void every_part_counts(void)
{
    char first[HY_SIGNATURE_TEXT_BYTES];

    hy_signature_key_make(&key);
    CHECK_INT(hy_signature_sign(&key, "e1", 17, "{}", 2, first), 0);
    CHECK_INT(hy_signature_sign(&key, "e2", 17, "{}", 2, signature), 0);
    CHECK(strcmp(first, signature) != 0);
    CHECK_INT(hy_signature_sign(&key, "e1", 18, "{}", 2, signature), 0);
    CHECK(strcmp(first, signature) != 0);
    CHECK_INT(hy_signature_sign(&key, "e1", 17, "{ ", 2, signature), 0);
    CHECK(strcmp(first, signature) != 0);
    key.bytes[31] ^= 1;
    CHECK_INT(hy_signature_sign(&key, "e1", 17, "{}", 2, signature), 0);
    CHECK(strcmp(first, signature) != 0);
}

static void an_id_that_is_too_long(void)
{
    char id[200];

    memset(id, 'e', sizeof id - 1);
    id[sizeof id - 1] = 0;
    CHECK_INT(hy_signature_sign(&key, id, 1, "", 0, signature), HY_E_INVALID);
}

static void prints_what_it_reads(void)
{
    struct hy_signature_key again;

    for (size_t size = HY_SIGNATURE_KEY_MIN; size <= HY_SIGNATURE_KEY_MAX; size++) {
        hy_random_bytes(key.bytes, sizeof key.bytes);
        key.size = size;
        CHECK(hy_signature_key_print(&key, text) == text);
        CHECK_INT(hy_signature_key_parse(text, &again), 0);
        CHECK_INT(again.size, size);
        CHECK_INT(memcmp(again.bytes, key.bytes, size), 0);
    }
}

static void made_keys_differ(void)
{
    struct hy_signature_key other;

    hy_signature_key_make(&key);
    hy_signature_key_make(&other);
    CHECK_INT(key.size, 32);
    CHECK(memcmp(key.bytes, other.bytes, key.size) != 0);
    CHECK_INT(strlen(hy_signature_key_print(&key, text)), 50);
}

static void refuses_what_is_no_secret(void)
{
    static const char *const bad[] = {
        "",
        "whsec_",
        "whsec",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",       /* 22 bytes and no padding */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=",     /* 23 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQQ",   /* padding missing */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQR==", /* bits left over */
        "whsec_MfKQ9r8GKYqrTwjUPD8I LPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        /* 65 bytes */
        "whsec_"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AA=",
    };

    memset(&key, 7, sizeof key);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (hy_signature_key_parse(bad[i], &key) != HY_E_INVALID)
            hy_tap_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
        CHECK_INT(key.bytes[0], 7);
    }
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(signs_as_the_published_example);
    RUN(signs_an_empty_body_and_bytes);
    RUN(every_part_counts);
    RUN(an_id_that_is_too_long);
    RUN(prints_what_it_reads);
    RUN(made_keys_differ);
    RUN(refuses_what_is_no_secret);
    return hy_tap_end();
}
