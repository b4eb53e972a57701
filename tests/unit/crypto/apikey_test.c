#include "tap.h"

#include "base/err.h"
#include "crypto/apikey.h"
#include "crypto/digest.h"

#include <stdint.h>

static struct hy_seal *seal_of(uint8_t first_byte)
{
    uint8_t key[HY_MASTER_KEY_BYTES] = {first_byte};
    struct hy_seal *seal;

    CHECK_INT(hy_seal_from_key(key, &seal), 0);
    return seal;
}

static void has_the_stated_shape(void)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char key[HY_APIKEY_CHARS + 1];

    for (int i = 0; i < 1000; i++) {
        hy_apikey_new(key);
        CHECK_INT(strlen(key), 46);
        CHECK_INT(strncmp(key, "hy_", 3), 0);
        CHECK_INT(strspn(key + 3, letters), 43);
    }
}

static void differs_every_time(void)
{
    char keys[100][HY_APIKEY_CHARS + 1];

    for (int i = 0; i < 100; i++) {
        hy_apikey_new(keys[i]);
        for (int k = 0; k < i; k++)
            CHECK(strcmp(keys[i], keys[k]) != 0);
    }
}

static void hash_needs_the_master_key(void)
{
    struct hy_seal *one = seal_of(1), *two = seal_of(2);
    uint8_t a[HY_APIKEY_HASH_BYTES], b[HY_APIKEY_HASH_BYTES];

    hy_apikey_hash(one, "sixteen letters!", a);
    hy_apikey_hash(two, "sixteen letters!", b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    hy_apikey_hash(one, "sixteen letters?", b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    hy_apikey_hash(one, "sixteen letters!", b);
    CHECK_INT(memcmp(a, b, sizeof a), 0);
    hy_seal_close(one);
    hy_seal_close(two);
}

/* Stores of an older release keep these hashes: the value is part of the format. */
static void hash_is_the_same_in_every_release(void)
{
    struct hy_seal *seal = seal_of(1);
    uint8_t hash[HY_APIKEY_HASH_BYTES];
    char hex[2 * HY_APIKEY_HASH_BYTES + 1];

    hy_apikey_hash(seal, "sixteen letters!", hash);
    hy_digest_hex(hash, sizeof hash, hex);
    CHECK_TEXT(hex, "01900dcab5df58500416cb37f779644e0259c2d06b47c71b323e4617a5d8ab16");
    hy_seal_close(seal);
}

int main(void)
{
    RUN(has_the_stated_shape);
    RUN(differs_every_time);
    RUN(hash_needs_the_master_key);
    RUN(hash_is_the_same_in_every_release);
    return hy_tap_end();
}
