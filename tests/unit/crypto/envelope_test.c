#include "tap.h"

#include "base/err.h"
#include "crypto/envelope.h"
#include "crypto/random.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32, CIPHER_MAX = HY_ENVELOPE_TEXT_MAX / 4 * 3, HEAD = HY_ENVELOPE_RANDOM_BYTES + 4 };

/* The sample of WeChat's manual: a debugging event in safe mode, and a reply to it. */
static const char APPID[] = "wxba5fad812f8e6fb9";
static const char EVENT_ENCRYPT[] =
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZq"
    "zDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pe"
    "de2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebu"
    "fAlr7F9mFUPAJGj04=";
static const char EVENT_MESSAGE[] =
    "{\"ToUserName\":\"gh_97417a04a28d\",\"FromUserName\":\"o9AgO5Kd5ggOC-bXrbNODIiE3bGY\","
    "\"CreateTime\":1714112445,\"MsgType\":\"event\",\"Event\":\"debug_demo\","
    "\"debug_str\":\"hello world\"}";
static const char EVENT_SIGNATURE[] = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3";
static const char *const EVENT_PARTS[] = {"1714112445", "415670741", EVENT_ENCRYPT};

static const uint8_t ZERO_KEY[HY_ENVELOPE_KEY_BYTES];
static const uint8_t RANDOM[] = "0123456789abcdef";

static struct hy_arena arena;

static int open_text(const char *encrypt, char **ret_message, size_t *ret_size)
{
    return hy_envelope_open(ZERO_KEY, APPID, encrypt, &arena, ret_message, ret_size);
}

static int refusal(const char *encrypt)
{
    char *message = NULL;
    size_t size = 77;
    int r = open_text(encrypt, &message, &size);

    CHECK(r == HY_OK || (!message && size == 77));
    return r;
}

/* Bytes encrypted under the zero key as they are, right or wrong. */
static char *encrypt_raw(const uint8_t *plain, size_t size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *bytes = hy_arena_alloc(&arena, size + 1);
    char *text = hy_arena_alloc(&arena, size / 3 * 4 + 5);
    int done = 0;
    int ok = context && bytes && text &&
             EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, ZERO_KEY, ZERO_KEY) == 1 &&
             EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
             EVP_EncryptUpdate(context, bytes, &done, plain, (int)size) == 1;

    EVP_CIPHER_CTX_free(context);
    CHECK(ok);
    EVP_EncodeBlock((unsigned char *)text, bytes, done);
    return text;
}

static void keys_parse(void)
{
    static const char hex_of_classic[] =
        "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051";
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char hex[2 * HY_ENVELOPE_KEY_BYTES + 1];
    const char *c;

    CHECK_INT(hy_envelope_key_parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", key), 0);
    CHECK(memcmp(key, ZERO_KEY, sizeof key) == 0);

    /* E, F, G and H differ in the spare bits alone. */
    for (c = "EFGH"; *c; c++) {
        char text[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF_";

        text[HY_ENVELOPE_KEY_CHARS - 1] = *c;
        CHECK_INT(hy_envelope_key_parse(text, key), 0);
        hy_digest_hex(key, sizeof key, hex);
        CHECK_TEXT(hex, hex_of_classic);
    }
    CHECK_INT(hy_envelope_key_parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFI", key), 0);
    hy_digest_hex(key, sizeof key, hex);
    CHECK(strcmp(hex, hex_of_classic) != 0);
}

static void bad_keys_are_named(void)
{
    static const struct {
        const char *text;
        int fault;
    } cases[] = {
        {NULL, HY_ENVELOPE_KEY_LENGTH},
        {"", HY_ENVELOPE_KEY_LENGTH},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEF", HY_ENVELOPE_KEY_LENGTH},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=", HY_ENVELOPE_KEY_LENGTH},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=", HY_ENVELOPE_KEY_ALPHABET},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEF-", HY_ENVELOPE_KEY_ALPHABET},
        {" bcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", HY_ENVELOPE_KEY_ALPHABET},
        {"abcdefghijklmnopqrst\nvwxyz0123456789ABCDEFG", HY_ENVELOPE_KEY_ALPHABET},
        {"abcdefghijklmnopqrst\xc3\xa4wxyz0123456789ABCDEFG", HY_ENVELOPE_KEY_ALPHABET},
    };
    uint8_t key[HY_ENVELOPE_KEY_BYTES] = {9}, before[HY_ENVELOPE_KEY_BYTES] = {9};
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(hy_envelope_key_parse(cases[i].text, key), cases[i].fault);
        CHECK(memcmp(key, before, sizeof key) == 0);
    }
}

static void check_signature(const char *token, const char *const parts[], size_t count,
                            const char *expected)
{
    char hex[HY_SHA1_HEX_CHARS + 1];

    CHECK_INT(hy_envelope_signature(token, parts, count, hex), 0);
    CHECK_TEXT(hex, expected);
    CHECK_INT(hy_envelope_verify(token, parts, count, expected), 0);
}

static void signature_known_answers(void)
{
    static const char *const url_check[] = {"1714036504", "1514711492"};
    static const char *const plain[] = {"1714037059", "486452656"};
    static const char *const reply[] = {
        "1713424427", "415670741",
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="};
    static const char *const classic[] = {
        "1409304348", "xxxxxx",
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="};

    check_signature("AAAAA", url_check, 2, "f464b24fc39322e44b38aa78f5edd27bd1441696");
    check_signature("AAAAA", plain, 2, "899cf89e464efb63f54ddac96b0a0a235f53aa78");
    check_signature("AAAAA", EVENT_PARTS, 2, "6c5c811b55cc85e0e1b54100749188c20beb3f5d");
    check_signature("AAAAA", EVENT_PARTS, 3, EVENT_SIGNATURE);
    check_signature("AAAAA", reply, 3, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1");
    check_signature("pamtest", classic, 3, "82c962d39941aa48552f90ef55aa323dc620cc10");
}

/* The order of the bytes, not of the arguments and not of a language: + 1 4 A, and é after z. */
static void signature_sorts_bytes(void)
{
    static const char *const turned[] = {EVENT_ENCRYPT, "415670741", "1714112445"};
    static const char *const letters[] = {"z", "\xc3\xa9", "B"};
    char joined[400], hex[HY_SHA1_HEX_CHARS + 1];

    check_signature("AAAAA", turned, 3, EVENT_SIGNATURE);
    snprintf(joined, sizeof joined, "%s1714112445415670741AAAAA", EVENT_ENCRYPT);
    CHECK_INT(hy_digest_sha1_hex(joined, strlen(joined), hex), 0);
    CHECK_TEXT(hex, EVENT_SIGNATURE);
    CHECK_INT(hy_digest_sha1_hex("Baz\xc3\xa9", 5, hex), 0);
    check_signature("a", letters, 3, hex);
}

static void signature_needs_its_parts(void)
{
    static const char *const missing[] = {"1714112445", NULL};
    static const char *const many[] = {"1", "2", "3", "4"};
    char hex[HY_SHA1_HEX_CHARS + 1] = "as before";

    CHECK_INT(hy_envelope_signature(NULL, EVENT_PARTS, 3, hex), HY_E_INVALID);
    CHECK_INT(hy_envelope_signature("", EVENT_PARTS, 3, hex), HY_E_INVALID);
    CHECK_INT(hy_envelope_signature("AAAAA", missing, 2, hex), HY_E_INVALID);
    CHECK_INT(hy_envelope_signature("AAAAA", many, 4, hex), HY_E_INVALID);
    CHECK_TEXT(hex, "as before");
    CHECK_INT(hy_envelope_verify("AAAAA", missing, 2, hex), HY_E_INVALID);
}

/* Any one byte of the signature, the token or a part. */
static void verify_refuses_every_change(void)
{
    char shown[] = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", token[] = "AAAAA";
    char part[sizeof EVENT_ENCRYPT];
    const char *parts[3];
    size_t i, k;

    CHECK_INT(hy_envelope_verify(token, EVENT_PARTS, 3, NULL), HY_E_DENIED);
    CHECK_INT(hy_envelope_verify(token, EVENT_PARTS, 3, ""), HY_E_DENIED);
    CHECK_INT(hy_envelope_verify(token, EVENT_PARTS, 2, shown), HY_E_DENIED);
    for (i = 0; shown[i]; i++) {
        shown[i] ^= 1;
        CHECK_INT(hy_envelope_verify(token, EVENT_PARTS, 3, shown), HY_E_DENIED);
        shown[i] ^= 1;
    }
    for (i = 0; token[i]; i++) {
        token[i] ^= 1;
        CHECK_INT(hy_envelope_verify(token, EVENT_PARTS, 3, shown), HY_E_DENIED);
        token[i] ^= 1;
    }
    for (k = 0; k < 3; k++) {
        memcpy(parts, EVENT_PARTS, sizeof parts);
        strcpy(part, EVENT_PARTS[k]);
        parts[k] = part;
        for (i = 0; part[i]; i++) {
            part[i] ^= 1;
            CHECK_INT(hy_envelope_verify(token, parts, 3, shown), HY_E_DENIED);
            part[i] ^= 1;
        }
    }
    CHECK_INT(hy_envelope_verify(token, parts, 3, shown), 0);
    shown[HY_SHA1_HEX_CHARS - 1] = '\0';
    CHECK_INT(hy_envelope_verify(token, parts, 3, shown), HY_E_DENIED);
}

static void check_envelope(const char *key_text, const char *appid, const char *random,
                           const char *message, const char *encrypt)
{
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char *opened, *sealed;
    size_t size;

    CHECK_INT(hy_envelope_key_parse(key_text, key), 0);
    CHECK_INT(hy_envelope_open(key, appid, encrypt, &arena, &opened, &size), 0);
    CHECK_INT(size, strlen(message));
    CHECK_TEXT(opened, message);
    CHECK_INT(hy_envelope_seal(key, appid, message, size, (const uint8_t *)random, &arena, &sealed),
              0);
    CHECK_TEXT(sealed, encrypt);
}

static void envelope_known_answers(void)
{
    static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    CHECK_INT(strlen(EVENT_MESSAGE), 167);
    check_envelope(zero, APPID, "a8eedb185eb2fecf", EVENT_MESSAGE, EVENT_ENCRYPT);
    check_envelope(
        zero, APPID, "707722b803182950", "{\"demo_resp\":\"good luck\"}",
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==");
    check_envelope(
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6", "aaaabbbbccccdddd",
        "我是中文abcd123",
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==");
}

static void all_sizes_come_back(void)
{
    uint8_t message[100];
    char *sealed, *opened;
    size_t size, opened_size, i;

    for (i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 37); /* a zero among them */
    for (size = 0; size <= sizeof message; size++) {
        CHECK_INT(
            hy_envelope_seal(ZERO_KEY, APPID, size ? message : NULL, size, NULL, &arena, &sealed),
            0);
        CHECK_INT(open_text(sealed, &opened, &opened_size), 0);
        CHECK_INT(opened_size, size);
        CHECK(memcmp(opened, message, size) == 0 && opened[size] == '\0');
    }
}

static void fresh_random_bytes_each_time(void)
{
    char *first, *second;

    CHECK_INT(hy_envelope_seal(ZERO_KEY, APPID, "hi", 2, NULL, &arena, &first), 0);
    CHECK_INT(hy_envelope_seal(ZERO_KEY, APPID, "hi", 2, NULL, &arena, &second), 0);
    CHECK(strcmp(first, second) != 0);
}

static void another_key_or_appid_is_denied(void)
{
    static const char *const appids[] = {"wxba5fad812f8e6fb8", "wxba5fad812f8e6fb", "9",
                                         "wxba5fad812f8e6fb99", "xba5fad812f8e6fb9"};
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char *message = NULL;
    size_t size, i;

    for (i = 0; i < sizeof appids / sizeof appids[0]; i++)
        CHECK_INT(hy_envelope_open(ZERO_KEY, appids[i], EVENT_ENCRYPT, &arena, &message, &size),
                  HY_E_DENIED);
    for (i = 0; i < sizeof key; i++) {
        memset(key, 0, sizeof key);
        key[i] = 1;
        CHECK_INT(hy_envelope_open(key, APPID, EVENT_ENCRYPT, &arena, &message, &size),
                  HY_E_DENIED);
    }
    CHECK(!message);
    CHECK_INT(hy_envelope_open(ZERO_KEY, "", EVENT_ENCRYPT, &arena, &message, &size), HY_E_INVALID);
    CHECK_INT(hy_envelope_open(ZERO_KEY, NULL, EVENT_ENCRYPT, &arena, &message, &size),
              HY_E_INVALID);
    CHECK_INT(hy_envelope_seal(ZERO_KEY, "", "hi", 2, NULL, &arena, &message), HY_E_INVALID);
    CHECK_INT(hy_envelope_seal(ZERO_KEY, NULL, "hi", 2, NULL, &arena, &message), HY_E_INVALID);
}

/* A changed byte of CBC spoils its own block of 16 and one byte of the next. Where that touches the
 * size, the appid or the padding the envelope is denied; elsewhere it opens, but never as what was
 * sent: that is why the signature comes first. */
static void every_changed_byte_shows(void)
{
    uint8_t bytes[sizeof EVENT_ENCRYPT];
    char text[sizeof EVENT_ENCRYPT], *message;
    size_t total = 224, appid_at = HEAD + 167, size, i, block;
    int denied, r;

    CHECK_INT(
        EVP_DecodeBlock(bytes, (const unsigned char *)EVENT_ENCRYPT, sizeof EVENT_ENCRYPT - 1),
        total + 1); /* which counts the '=' */
    for (i = 0; i < total; i++) {
        bytes[i] ^= 0x10;
        EVP_EncodeBlock((unsigned char *)text, bytes, (int)total);
        bytes[i] ^= 0x10;
        block = i / 16;
        denied = i < 4 || block == 1 || (block + 1) * 16 > appid_at || i + 16 >= appid_at;
        r = open_text(text, &message, &size);
        CHECK_INT(r, denied ? HY_E_DENIED : HY_OK);
        CHECK(r != HY_OK || (size == 167 && memcmp(message, EVENT_MESSAGE, size) != 0));
    }
}

/* A block of 64 bytes made right, then each byte that is not random or message changed. */
static void wrong_insides_are_denied(void)
{
    uint8_t plain[2 * BLOCK];
    size_t bare = HEAD + 5 + strlen(APPID), i;
    int change;

    memcpy(plain, "0123456789abcdef\0\0\0\5hello", HEAD + 5);
    memcpy(plain + HEAD + 5, APPID, strlen(APPID));
    memset(plain + bare, (int)(sizeof plain - bare), sizeof plain - bare);
    CHECK_INT(refusal(encrypt_raw(plain, sizeof plain)), HY_OK);
    for (i = HY_ENVELOPE_RANDOM_BYTES; i < sizeof plain; i++) {
        for (change = 1; change < 256; change++) {
            if (i >= HEAD && i < HEAD + 5)
                continue;
            plain[i] ^= (uint8_t)change;
            CHECK_INT(refusal(encrypt_raw(plain, sizeof plain)), HY_E_DENIED);
            plain[i] ^= (uint8_t)change;
        }
        hy_arena_reset(&arena);
    }
}

/* Right padding of each width around nothing that could be an envelope. */
static void padding_alone_is_denied(void)
{
    uint8_t plain[BLOCK];
    int pad;

    for (pad = 0; pad < 256; pad++) {
        memset(plain, 0, sizeof plain);
        memset(plain + sizeof plain - (pad < BLOCK ? pad : BLOCK), pad, pad < BLOCK ? pad : BLOCK);
        CHECK_INT(refusal(encrypt_raw(plain, sizeof plain)), HY_E_DENIED);
    }
}

/* An envelope that fits but for its 33 bytes of padding, all alike; and one of 32. */
static void padding_ends_at_a_block(void)
{
    uint8_t plain[3 * BLOCK];
    size_t pad, message_size;

    for (pad = 32; pad <= 33; pad++) {
        message_size = sizeof plain - pad - HEAD - strlen(APPID);
        memset(plain, 0, sizeof plain);
        plain[HEAD - 1] = (uint8_t)message_size;
        memcpy(plain + HEAD + message_size, APPID, strlen(APPID));
        memset(plain + sizeof plain - pad, (int)pad, pad);
        CHECK_INT(refusal(encrypt_raw(plain, sizeof plain)), pad == 32 ? HY_OK : HY_E_DENIED);
    }
}

/* No room for the appid, and a stated size that would be right if sizes wrapped at 32 bits. */
static void sizes_do_not_wrap(void)
{
    uint8_t plain[BLOCK];
    size_t bare;
    uint32_t stated;

    for (bare = 0; bare < BLOCK; bare++) {
        memset(plain, (int)(sizeof plain - bare), sizeof plain);
        stated = (uint32_t)bare - HEAD - (uint32_t)strlen(APPID);
        if (bare >= HEAD)
            memcpy(plain + HEAD - 4,
                   (const uint8_t[]){(uint8_t)(stated >> 24), (uint8_t)(stated >> 16),
                                     (uint8_t)(stated >> 8), (uint8_t)stated},
                   4);
        CHECK_INT(refusal(encrypt_raw(plain, sizeof plain)), HY_E_DENIED);
    }
}

static void odd_base64_is_invalid(void)
{
    static const char *const texts[] = {
        "", "=", "====", "A", "AA", "AAA", "AAAA", "AA==", "not base64", "\xff\xff\xff\xff",
        /* 32 bytes need 44 characters with one '=' and no bits set besides */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAA\r\nAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAAA=",
        "-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        /* 16, 31, 33 and 48 bytes */
        "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    size_t i;

    CHECK_INT(refusal("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), HY_E_DENIED);
    CHECK_INT(refusal(NULL), HY_E_INVALID);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_INT(refusal(texts[i]), HY_E_INVALID);
}

/* Only the 64 characters themselves, in each of the four places of a group. */
static void no_byte_stands_for_another(void)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    size_t place;
    int c;

    for (place = 0; place < 4; place++) {
        for (c = 1; c < 256; c++) {
            text[place] = (char)c;
            CHECK_INT(refusal(text), strchr(set, c) ? HY_E_DENIED : HY_E_INVALID);
        }
        text[place] = 'A';
    }
}

static void every_cut_is_refused(void)
{
    char text[sizeof EVENT_ENCRYPT];
    size_t i;

    for (i = 0; i < strlen(EVENT_ENCRYPT); i++) {
        memcpy(text, EVENT_ENCRYPT, i);
        text[i] = '\0';
        CHECK(refusal(text) < 0);
    }
}

static void the_largest_opens_and_no_larger(void)
{
    size_t largest = CIPHER_MAX - 1 - HEAD - strlen(APPID), size;
    char *message = hy_arena_alloc(&arena, largest + 1), *sealed, *opened, *longer;

    CHECK(message != NULL);
    memset(message, 'm', largest + 1);
    CHECK_INT(hy_envelope_seal(ZERO_KEY, APPID, message, largest, RANDOM, &arena, &sealed), 0);
    CHECK_INT(strlen(sealed), HY_ENVELOPE_TEXT_MAX);
    CHECK_INT(open_text(sealed, &opened, &size), 0);
    CHECK_INT(size, largest);
    CHECK(memcmp(opened, message, size) == 0);

    sealed = NULL;
    CHECK_INT(hy_envelope_seal(ZERO_KEY, APPID, message, largest + 1, RANDOM, &arena, &sealed),
              HY_E_LIMIT);
    CHECK_INT(hy_envelope_seal(ZERO_KEY, APPID, message, SIZE_MAX, RANDOM, &arena, &sealed),
              HY_E_LIMIT);
    CHECK(!sealed);
    longer = hy_arena_alloc(&arena, HY_ENVELOPE_TEXT_MAX + 2);
    CHECK(longer != NULL);
    memset(longer, 'A', HY_ENVELOPE_TEXT_MAX + 1);
    CHECK_INT(refusal(longer), HY_E_LIMIT);
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    hy_arena_init(&arena);
    RUN(keys_parse);
    RUN(bad_keys_are_named);
    RUN(signature_known_answers);
    RUN(signature_sorts_bytes);
    RUN(signature_needs_its_parts);
    RUN(verify_refuses_every_change);
    RUN(envelope_known_answers);
    RUN(all_sizes_come_back);
    RUN(fresh_random_bytes_each_time);
    RUN(another_key_or_appid_is_denied);
    RUN(every_changed_byte_shows);
    RUN(wrong_insides_are_denied);
    RUN(padding_alone_is_denied);
    RUN(padding_ends_at_a_block);
    RUN(sizes_do_not_wrap);
    RUN(odd_base64_is_invalid);
    RUN(no_byte_stands_for_another);
    RUN(every_cut_is_refused);
    RUN(the_largest_opens_and_no_larger);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
