#include "crypto/apikey.h"

#include "crypto/random.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

enum { PREFIX_CHARS = 3, RANDOM_BYTES = 32 };

void hy_apikey_new(char ret_key[HY_APIKEY_CHARS + 1])
{
    uint8_t bytes[RANDOM_BYTES];

    hy_random_bytes(bytes, sizeof bytes);
    memcpy(ret_key, "hy_", PREFIX_CHARS);
    sodium_bin2base64(ret_key + PREFIX_CHARS, HY_APIKEY_CHARS + 1 - PREFIX_CHARS, bytes,
                      sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    hy_wipe(bytes, sizeof bytes);
}

void hy_apikey_hash(const struct hy_seal *seal, const char *key,
                    uint8_t ret_hash[HY_APIKEY_HASH_BYTES])
{
    hy_seal_hash(seal, "apikey", key, strlen(key), ret_hash);
}
