#include "crypto/ticket.h"

#include "base/err.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

enum { WHOLE_MAX = HY_TICKET_PAYLOAD_MAX + HY_SEAL_HASH_BYTES };

static const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

int hy_ticket_make(const struct hy_seal *seal, const char *purpose, const void *payload,
                   size_t size, char *ret_text, size_t text_bytes)
{
    uint8_t whole[WHOLE_MAX];

    if (size == 0 || size > HY_TICKET_PAYLOAD_MAX ||
        text_bytes < sodium_base64_encoded_len(size + HY_SEAL_HASH_BYTES, variant))
        return HY_E_LIMIT;
    memcpy(whole, payload, size);
    hy_seal_hash(seal, purpose, payload, size, whole + size);
    sodium_bin2base64(ret_text, text_bytes, whole, size + HY_SEAL_HASH_BYTES, variant);
    return 0;
}

int hy_ticket_open(const struct hy_seal *seal, const char *purpose, const char *text,
                   uint8_t ret_payload[HY_TICKET_PAYLOAD_MAX], size_t *ret_size)
{
    uint8_t whole[WHOLE_MAX], hash[HY_SEAL_HASH_BYTES];
    size_t size = 0, length = strnlen(text, HY_TICKET_TEXT_BYTES);
    const char *end = NULL;

    if (sodium_base642bin(whole, sizeof whole, text, length, NULL, &size, &end, variant) != 0 ||
        end != text + length || text[length] != 0 || size <= sizeof hash)
        return HY_E_DENIED;
    size -= sizeof hash;
    hy_seal_hash(seal, purpose, whole, size, hash);
    if (!hy_secret_equal(whole + size, hash, sizeof hash))
        return HY_E_DENIED;
    memcpy(ret_payload, whole, size);
    *ret_size = size;
    return 0;
}
