#include "sim/ids.h"

#include "base/instant.h"

#include <inttypes.h>
#include <stdio.h>

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alnum[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char hex[] = "0123456789abcdef";
static const char digits[] = "0123456789";

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void hy_sim_ids_init(struct hy_sim_ids *ids, uint64_t seed)
{
    for (uint64_t i = 0; i < HY_SIM_STREAM_COUNT; i++)
        ids->state[i] = mix(mix(seed) + i);
}

/* The splitmix64 generator: guessable, and that is fine where every secret is a toy. */
uint64_t hy_sim_random(struct hy_sim_ids *ids, enum hy_sim_stream stream)
{
    ids->state[stream] += 0x9e3779b97f4a7c15u;
    return mix(ids->state[stream]);
}

/* Fills `count` characters and a final zero; ten characters a draw. */
static void fill(struct hy_sim_ids *ids, enum hy_sim_stream stream, const char *alphabet,
                 uint64_t letters, char *into, size_t count)
{
    uint64_t word = 0;

    for (size_t i = 0; i < count; i++) {
        if (i % 10 == 0)
            word = hy_sim_random(ids, stream);
        into[i] = alphabet[word % letters];
        word /= letters;
    }
    into[count] = 0;
}

void hy_sim_openid(struct hy_sim_ids *ids, char into[HY_SIM_OPENID_BYTES])
{
    into[0] = 'o';
    fill(ids, HY_SIM_STREAM_OPENID, base64url, 64, into + 1, HY_SIM_OPENID_BYTES - 2);
}

void hy_sim_template_id(struct hy_sim_ids *ids, char into[HY_SIM_TEMPLATE_ID_BYTES])
{
    fill(ids, HY_SIM_STREAM_TEMPLATE, base64url, 64, into, HY_SIM_TEMPLATE_ID_BYTES - 1);
}

void hy_sim_token_text(struct hy_sim_ids *ids, char into[HY_SIM_TOKEN_BYTES])
{
    into[0] = '6';
    into[1] = '1';
    into[2] = '_';
    fill(ids, HY_SIM_STREAM_TOKEN, base64url, 64, into + 3, HY_SIM_TOKEN_BYTES - 4);
}

void hy_sim_form_id(struct hy_sim_ids *ids, char into[HY_SIM_FORM_ID_BYTES])
{
    fill(ids, HY_SIM_STREAM_FORM, hex, 16, into, HY_SIM_FORM_ID_BYTES - 1);
}

void hy_sim_prepay_id(struct hy_sim_ids *ids, int64_t now_ms, char into[HY_SIM_PREPAY_ID_BYTES])
{
    static const int64_t shanghai_s = INT64_C(8) * 3600, day_s = 86400;
    int64_t s = now_ms / 1000 + shanghai_s, in_day = s % day_s;
    char random[HY_SIM_PREPAY_ID_BYTES - 16];
    int year, month, day;

    fill(ids, HY_SIM_STREAM_PAYMENT, digits, 10, random, sizeof random - 1);
    hy_civil_from_days(s / day_s, &year, &month, &day);
    snprintf(into, HY_SIM_PREPAY_ID_BYTES, "wx%04u%02u%02u%02u%02u%02u%s", (unsigned)year % 10000,
             (unsigned)month % 100, (unsigned)day % 100, (unsigned)(in_day / 3600 % 24),
             (unsigned)(in_day / 60 % 60), (unsigned)(in_day % 60), random);
}

void hy_sim_code_text(struct hy_sim_ids *ids, char into[HY_SIM_CODE_BYTES])
{
    fill(ids, HY_SIM_STREAM_CODE, alnum, 62, into, HY_SIM_CODE_BYTES - 1);
}

/* 16 bytes as standard base64: 22 characters, of which the last holds two bits, and the padding. */
void hy_sim_session_key(struct hy_sim_ids *ids, char into[HY_SIM_SESSION_KEY_BYTES])
{
    fill(ids, HY_SIM_STREAM_SESSION, base64, 64, into, 22);
    into[21] = base64[hy_sim_random(ids, HY_SIM_STREAM_SESSION) % 4 * 16];
    into[22] = into[23] = '=';
    into[24] = 0;
}

void hy_sim_rid(struct hy_sim_ids *ids, int64_t now_ms, char into[HY_SIM_RID_BYTES])
{
    uint64_t random = hy_sim_random(ids, HY_SIM_STREAM_RID);

    snprintf(into, HY_SIM_RID_BYTES, "%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32,
             (uint32_t)(now_ms / 1000), (uint32_t)random, (uint32_t)(random >> 32));
}

void hy_sim_original_id(struct hy_sim_ids *ids, char into[HY_SIM_ORIGINAL_ID_BYTES])
{
    into[0] = 'g';
    into[1] = 'h';
    into[2] = '_';
    fill(ids, HY_SIM_STREAM_APP, hex, 16, into + 3, HY_SIM_ORIGINAL_ID_BYTES - 4);
}

void hy_sim_nonce(struct hy_sim_ids *ids, char into[HY_SIM_NONCE_BYTES])
{
    fill(ids, HY_SIM_STREAM_PUSH, digits, 10, into, HY_SIM_NONCE_BYTES - 1);
}

void hy_sim_salt(struct hy_sim_ids *ids, char into[HY_SIM_SALT_BYTES])
{
    fill(ids, HY_SIM_STREAM_PUSH, hex, 16, into, HY_SIM_SALT_BYTES - 1);
}

void hy_sim_echostr(struct hy_sim_ids *ids, char into[HY_SIM_ECHOSTR_BYTES])
{
    fill(ids, HY_SIM_STREAM_PUSH, digits, 10, into, HY_SIM_ECHOSTR_BYTES - 1);
}

uint64_t hy_sim_msgid(struct hy_sim_ids *ids)
{
    static const uint64_t lowest = UINT64_C(1) << 60;

    return lowest + hy_sim_random(ids, HY_SIM_STREAM_MSGID) % (lowest * 3);
}
