/*
 * envelope.h - what WeChat's callbacks are signed and wrapped with.
 *
 * Every callback shows a `signature` over the token, the timestamp and the nonce. In safe mode the
 * body is a text named Encrypt, and `msg_signature` covers that text, too. A receiver does, in this
 * order:
 *
 *   parts = {timestamp, nonce, encrypt};
 *   hy_envelope_verify(token, parts, 3, msg_signature)       refused: answer, and stop
 *   hy_envelope_open(key, appid, encrypt, arena, &message, &size)
 *
 * Encrypt is the base64 of AES-256-CBC over
 *
 *   16 random bytes | 4 bytes size of the message, big-endian | message | appid | padding
 *
 * with the first 16 bytes of the key as IV and PKCS#7 padding to a multiple of 32 (not of AES's 16:
 * 1 to 32 bytes). There is no tag in it. A changed message may open as another message, and only
 * the signature tells: never open what was not verified.
 *
 * The form is WeChat's. For secrets of our own there is seal.h. Nothing here keeps state; any
 * thread may call. All texts end with a zero byte. On failure results are untouched.
 */
#ifndef HY_CRYPTO_ENVELOPE_H
#define HY_CRYPTO_ENVELOPE_H

#include "base/arena.h"
#include "crypto/digest.h"

#include <stddef.h>
#include <stdint.h>

enum {
    HY_ENVELOPE_KEY_CHARS = 43,
    HY_ENVELOPE_KEY_BYTES = 32,
    HY_ENVELOPE_RANDOM_BYTES = 16,
    HY_ENVELOPE_PARTS_MAX = 3,
    HY_ENVELOPE_TEXT_MAX = 1 << 20, /* characters of an Encrypt */
};

/* What may be wrong with an EncodingAESKey. */
enum hy_envelope_key_fault {
    HY_ENVELOPE_KEY_LENGTH = 1,   /* not 43 characters */
    HY_ENVELOPE_KEY_ALPHABET = 2, /* a character other than A-Z a-z 0-9 + / */
};

/*
 * The key behind the EncodingAESKey that the console of WeChat shows. 43 characters carry two bits
 * more than 32 bytes need; in keys of WeChat they are seldom zero, and they mean nothing. Returns 0
 * or one of hy_envelope_key_fault. Whoever asks wipes the key (hy_wipe).
 */
int hy_envelope_key_parse(const char *text, uint8_t ret_key[HY_ENVELOPE_KEY_BYTES]);

/*
 * SHA-1, in lower-case hex, of the token and the parts, sorted as bytes and joined with nothing in
 * between. Parts in any order: {timestamp, nonce} for `signature`, {timestamp, nonce, encrypt} for
 * `msg_signature`. HY_E_INVALID for a null, more than HY_ENVELOPE_PARTS_MAX parts or an empty
 * token, with which anybody could sign; HY_E_NOMEM; HY_E_IO when OpenSSL refuses SHA-1.
 */
int hy_envelope_signature(const char *token, const char *const parts[], size_t count,
                          char ret_hex[HY_SHA1_HEX_CHARS + 1]);

/* Is `shown` that signature? HY_OK, HY_E_DENIED (also for a null), or the errors above. The time
 * does not depend on where the two differ. */
int hy_envelope_verify(const char *token, const char *const parts[], size_t count,
                       const char *shown);

/*
 * The message inside an Encrypt whose msg_signature was verified, in arena memory and followed by a
 * zero byte that is not counted.
 *
 * HY_E_INVALID  not base64 as an encoder writes it, or not a multiple of 32 bytes, or no appid
 *               given: what anybody can see without the key;
 * HY_E_LIMIT    more than HY_ENVELOPE_TEXT_MAX characters;
 * HY_E_DENIED   padding, size or appid do not fit. Another key, another appid or changed bytes:
 *               which of them is not told, so that nobody can find out the plain text by asking;
 * HY_E_NOMEM, HY_E_IO (OpenSSL refuses the cipher).
 */
int hy_envelope_open(const uint8_t key[HY_ENVELOPE_KEY_BYTES], const char *appid,
                     const char *encrypt, struct hy_arena *arena, char **ret_message,
                     size_t *ret_size);

/*
 * The Encrypt of a reply, in arena memory; hy_envelope_open gives the message again. `random` is
 * null but in tests that expect a known text: fresh bytes are used then. `message` may be null when
 * `size` is 0. HY_E_INVALID without an appid, HY_E_LIMIT when the text would be too long to open,
 * HY_E_NOMEM, HY_E_IO.
 */
int hy_envelope_seal(const uint8_t key[HY_ENVELOPE_KEY_BYTES], const char *appid,
                     const void *message, size_t size, const uint8_t *random,
                     struct hy_arena *arena, char **ret_encrypt);

#endif
