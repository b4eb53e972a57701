#include "tap.h"

#include "crypto/digest.h"
#include "crypto/random.h"

#include <string.h>

static void prints_hex(void)
{
    char hex[9];

    hy_digest_hex("\x00\x0f\xa0\xff", 4, hex);
    CHECK_TEXT(hex, "000fa0ff");
    hy_digest_hex(NULL, 0, hex);
    CHECK_TEXT(hex, "");
}

/* FIPS 180-2, appendix A */
static void sha1_known_answers(void)
{
    static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char hex[HY_SHA1_HEX_CHARS + 1];

    CHECK_INT(hy_digest_sha1_hex("abc", 3, hex), 0);
    CHECK_TEXT(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK_INT(hy_digest_sha1_hex(text, strlen(text), hex), 0);
    CHECK_TEXT(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK_INT(hy_digest_sha1_hex(NULL, 0, hex), 0);
    CHECK_TEXT(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* FIPS 180-2, appendix B */
static void sha256_known_answers(void)
{
    uint8_t hash[HY_SHA256_BYTES];
    char hex[2 * HY_SHA256_BYTES + 1];

    CHECK_INT(hy_digest_sha256("abc", 3, hash), 0);
    hy_digest_hex(hash, sizeof hash, hex);
    CHECK_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_INT(hy_digest_sha256(NULL, 0, hash), 0);
    hy_digest_hex(hash, sizeof hash, hex);
    CHECK_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block) */
static void hmac_known_answers(void)
{
    static const char long_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t key[131], mac[HY_SHA256_BYTES];
    char hex[2 * HY_SHA256_BYTES + 1];

    memset(key, 0x0b, 20);
    CHECK_INT(hy_digest_hmac_sha256(key, 20, "Hi There", 8, mac), 0);
    hy_digest_hex(mac, sizeof mac, hex);
    CHECK_TEXT(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK_INT(hy_digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac), 0);
    hy_digest_hex(mac, sizeof mac, hex);
    CHECK_TEXT(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    CHECK_INT(hy_digest_hmac_sha256(key, sizeof key, long_text, strlen(long_text), mac), 0);
    hy_digest_hex(mac, sizeof mac, hex);
    CHECK_TEXT(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* A null key after another one is the empty key, not the one of the call before. */
static void hmac_without_a_key(void)
{
    uint8_t mac[HY_SHA256_BYTES];
    char hex[2 * HY_SHA256_BYTES + 1];

    CHECK_INT(hy_digest_hmac_sha256("before", 6, "", 0, mac), 0);
    CHECK_INT(hy_digest_hmac_sha256(NULL, 0, "", 0, mac), 0);
    hy_digest_hex(mac, sizeof mac, hex);
    CHECK_TEXT(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void blake2b16_known_answers(void)
{
    uint8_t hash[HY_BLAKE2B16_BYTES];
    char hex[2 * HY_BLAKE2B16_BYTES + 1];

    hy_digest_blake2b16("abc", 3, hash);
    hy_digest_hex(hash, sizeof hash, hex);
    CHECK_TEXT(hex, "cf4ab791c62b8d2b2109c90275287816");
    hy_digest_blake2b16(NULL, 0, hash);
    hy_digest_hex(hash, sizeof hash, hex);
    CHECK_TEXT(hex, "cae66941d9efbd404e4d88758ea67670");
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(prints_hex);
    RUN(sha1_known_answers);
    RUN(sha256_known_answers);
    RUN(hmac_known_answers);
    RUN(hmac_without_a_key);
    RUN(blake2b16_known_answers);
    return hy_tap_end();
}
