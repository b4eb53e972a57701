/*
 * wechat_mini.h - the parts of the WeChat mini-program adapter, for its own files only.
 *
 *   wechat_mini.c                 the table: facts, codes, functions
 *   wechat_mini_check.c           what operators set: apps, secrets of callbacks; users
 *   wechat_mini_check_message.c   what callers send
 *   wechat_mini_credential.c      what the page hands in as form_id or prepay_id
 *   wechat_mini_request.c         requests for tokens, messages, logins
 *   wechat_mini_reply.c           what is answered to them
 *   wechat_mini_template.c        requests about templates
 *   wechat_mini_template_reply.c  what is answered to them
 *   wechat_mini_quota.c           both about what is left of a day's calls
 *
 * What other adapters of WeChat would do the same way is in wechat_wire.h (requests and replies),
 * wechat_fault.h (violations) and wechat_callback.h (callbacks). The contracts stand in platform.h;
 * the facts behind them, and what was chosen where they are unsure, in
 * docs/platforms/wechat_mini.md.
 */
#ifndef HY_PLATFORM_WECHAT_MINI_H
#define HY_PLATFORM_WECHAT_MINI_H

#include "platform/platform.h"

extern const struct hy_platform hy_platform_wechat_mini;

/* Row groups of codes/wechat_mini.tsv. */
#define HY_WECHAT_API_TOKEN           "token"
#define HY_WECHAT_API_STABLE_TOKEN    "stable_token"
#define HY_WECHAT_API_TEMPLATE_SEND   "template_send"
#define HY_WECHAT_API_SUBSCRIBE_SEND  "subscribe_send"
#define HY_WECHAT_API_LOGIN           "login"
#define HY_WECHAT_API_TEMPLATE_MANAGE "template_manage"
#define HY_WECHAT_API_QUOTA           "quota"

void hy_wechat_mini_check_app(const char *id, const char *secret, struct hy_violations *v);
void hy_wechat_mini_check_user(const char *user, const char *field, struct hy_violations *v);
void hy_wechat_mini_check_callback(const char *token, const char *aes_key, struct hy_violations *v);
void hy_wechat_mini_check_extra(const json_t *extra, struct hy_violations *v);
void hy_wechat_mini_check_message(const struct hy_message *message, const json_t *data,
                                  struct hy_violations *v, const char **ret_data);
const char *hy_wechat_mini_check_credential(enum hy_grant_kind kind, const char *credential,
                                            struct hy_arena *arena, const char **ret_clean);

int hy_wechat_mini_build_token(const struct hy_token_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request);
int hy_wechat_mini_build_send(const struct hy_send_ask *ask, struct hy_arena *arena,
                              struct hy_http_request *ret_request, const char **ret_api);
int hy_wechat_mini_build_login(const struct hy_login_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request);
int hy_wechat_mini_build_template(const struct hy_template_ask *ask, struct hy_arena *arena,
                                  struct hy_http_request *ret_request);

void hy_wechat_mini_judge_token(enum hy_token_mode mode, const struct hy_http_response *response,
                                struct hy_arena *arena, struct hy_token_reply *ret_reply);
void hy_wechat_mini_judge_send(const char *api, const struct hy_http_response *response,
                               struct hy_judgement *ret_judgement);
enum hy_channel hy_wechat_mini_channel_of(const char *api);
const char *hy_wechat_mini_refused_field(const char *errmsg, const json_t *data);
void hy_wechat_mini_judge_login(const struct hy_http_response *response, struct hy_arena *arena,
                                struct hy_login_reply *ret_reply);
void hy_wechat_mini_judge_template(const struct hy_template_ask *ask,
                                   const struct hy_http_response *response, struct hy_arena *arena,
                                   struct hy_template_reply *ret_reply);

int hy_wechat_mini_build_quota(const struct hy_quota_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request);
void hy_wechat_mini_judge_quota(const struct hy_http_response *response,
                                struct hy_quota_reply *ret_reply);

/* Does it look like an openid? A null does not. */
bool hy_wechat_mini_is_user(const char *user);

/* Bytes of a key without its ".DATA" tail: "keyword1.DATA" and "keyword1" both give 8. */
size_t hy_wechat_mini_key_length(const char *key);

#endif
