/*
 * ids.h - ids in the shapes that WeChat's have, and every other chance, from one seed.
 *
 * Each kind draws from a stream of its own, so the third user of a seed has the same openid however
 * many tokens were made before.
 */
#ifndef HY_SIM_IDS_H
#define HY_SIM_IDS_H

#include <stddef.h>
#include <stdint.h>

enum hy_sim_stream {
    HY_SIM_STREAM_OPENID,
    HY_SIM_STREAM_TEMPLATE,
    HY_SIM_STREAM_TOKEN,
    HY_SIM_STREAM_FORM,
    HY_SIM_STREAM_PAYMENT,
    HY_SIM_STREAM_CODE,
    HY_SIM_STREAM_SESSION,
    HY_SIM_STREAM_MSGID,
    HY_SIM_STREAM_RID,
    HY_SIM_STREAM_FAULT,
    HY_SIM_STREAM_APP,
    HY_SIM_STREAM_PUSH,
    HY_SIM_STREAM_COUNT
};

struct hy_sim_ids {
    uint64_t state[HY_SIM_STREAM_COUNT];
};

/* Sizes with the final zero. */
enum {
    HY_SIM_OPENID_BYTES = 29,
    HY_SIM_TEMPLATE_ID_BYTES = 44,
    HY_SIM_TOKEN_BYTES = 137,
    HY_SIM_FORM_ID_BYTES = 33,
    HY_SIM_PREPAY_ID_BYTES = 37,
    HY_SIM_CODE_BYTES = 33,
    HY_SIM_SESSION_KEY_BYTES = 25,
    HY_SIM_RID_BYTES = 27,
    HY_SIM_ORIGINAL_ID_BYTES = 16,
    HY_SIM_NONCE_BYTES = 11,
    HY_SIM_SALT_BYTES = 17,
    HY_SIM_ECHOSTR_BYTES = 20
};

void hy_sim_ids_init(struct hy_sim_ids *ids, uint64_t seed);

uint64_t hy_sim_random(struct hy_sim_ids *ids, enum hy_sim_stream stream);

void hy_sim_openid(struct hy_sim_ids *ids, char into[HY_SIM_OPENID_BYTES]);
void hy_sim_template_id(struct hy_sim_ids *ids, char into[HY_SIM_TEMPLATE_ID_BYTES]);
void hy_sim_token_text(struct hy_sim_ids *ids, char into[HY_SIM_TOKEN_BYTES]);
void hy_sim_form_id(struct hy_sim_ids *ids, char into[HY_SIM_FORM_ID_BYTES]);
void hy_sim_prepay_id(struct hy_sim_ids *ids, int64_t now_ms, char into[HY_SIM_PREPAY_ID_BYTES]);
void hy_sim_code_text(struct hy_sim_ids *ids, char into[HY_SIM_CODE_BYTES]);
void hy_sim_session_key(struct hy_sim_ids *ids, char into[HY_SIM_SESSION_KEY_BYTES]);
void hy_sim_rid(struct hy_sim_ids *ids, int64_t now_ms, char into[HY_SIM_RID_BYTES]);
void hy_sim_original_id(struct hy_sim_ids *ids, char into[HY_SIM_ORIGINAL_ID_BYTES]);

void hy_sim_nonce(struct hy_sim_ids *ids, char into[HY_SIM_NONCE_BYTES]);
void hy_sim_salt(struct hy_sim_ids *ids, char into[HY_SIM_SALT_BYTES]);
void hy_sim_echostr(struct hy_sim_ids *ids, char into[HY_SIM_ECHOSTR_BYTES]);

/* 19 digits, beyond 2^60 and below 2^62. */
uint64_t hy_sim_msgid(struct hy_sim_ids *ids);

#endif
