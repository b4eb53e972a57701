/*
 * ticket.h - a signed text that somebody else keeps: only we can make one, anybody may carry it.
 *
 * A ticket is base64url (no padding) of
 *
 *   payload | 32 bytes keyed BLAKE2b of it (hy_seal_hash) under the ticket's purpose
 *
 * The payload can be read by whoever holds the ticket; it cannot be changed. A payload has one text
 * and no other: spare bits of the last character are refused.
 */
#ifndef HY_CRYPTO_TICKET_H
#define HY_CRYPTO_TICKET_H

#include "crypto/seal.h"

enum {
    HY_TICKET_PAYLOAD_MAX = 256,
    HY_TICKET_TEXT_BYTES = 4 * (HY_TICKET_PAYLOAD_MAX + 32) / 3 + 3
};

/* HY_E_LIMIT: an empty payload, more than HY_TICKET_PAYLOAD_MAX bytes, or `text_bytes` are too few. */
int hy_ticket_make(const struct hy_seal *seal, const char *purpose, const void *payload,
                   size_t size, char *ret_text, size_t text_bytes);

/* HY_E_DENIED: not made by us for this purpose. The time does not depend on where it differs. */
int hy_ticket_open(const struct hy_seal *seal, const char *purpose, const char *text,
                   uint8_t ret_payload[HY_TICKET_PAYLOAD_MAX], size_t *ret_size);

#endif
