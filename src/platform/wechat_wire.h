/*
 * wechat_wire.h - how one speaks with WeChat's API: pieces of requests, and the frame that all its
 * replies come in. For the adapters of WeChat only.
 */
#ifndef HY_PLATFORM_WECHAT_WIRE_H
#define HY_PLATFORM_WECHAT_WIRE_H

#include "platform/platform.h"

/* --- requests --------------------------------------------------------------------------------- */

enum { HY_WECHAT_URL_BYTES_MAX = 4096, HY_WECHAT_BODY_BYTES_MAX = 1024 * 1024 };

/* True when there is a text that is not empty, and of at most `max_bytes`. */
bool hy_wechat_given(const char *text);
bool hy_wechat_given_up_to(const char *text, size_t max_bytes);

/* A JSON text, quoted. */
void hy_wechat_put_text(struct hy_buf *b, const char *text);

/* ,"name":"text" (the first member of an object is written without it); nothing when not given. */
void hy_wechat_put_member(struct hy_buf *b, const char *name, const char *text);

/* name=value, escaped. */
void hy_wechat_put_param(struct hy_buf *b, const char *name, const char *value);

/* base_url, path, and access_token as the first parameter. */
void hy_wechat_put_url(struct hy_buf *b, const char *base_url, const char *path,
                       const char *access_token);

/* Makes a request of both and gives up the buffers; GET when `body` is null. HY_E_NOMEM. */
int hy_wechat_finish(struct hy_buf *url, struct hy_buf *body, struct hy_arena *arena,
                     struct hy_http_request *ret_request);

/* --- replies ---------------------------------------------------------------------------------- */

/* The JSON object of a 2xx answer, which the caller owns, with errmsg and rid read into the
 * judgement. Null when there is none, and then the judgement is complete. It starts as unknown:
 * whatever is not understood may have been carried out. */
json_t *hy_wechat_open_reply(const struct hy_http_response *response, struct hy_judgement *j);

/* A whole number, or its decimal digits as text: some paths and some proxies write them so. False
 * for anything else, also for what does not fit 64 bits. */
bool hy_wechat_read_number(const json_t *value, int64_t *ret_number);

/*
 * Judges by the row (api, code) of the platform's table; 0 is ok. A code that the table does not
 * know is a refusal whose reason we do not know. Trying again later, slower and slower, loses no
 * message and sends none twice, and somebody has days to look.
 */
void hy_wechat_judge_code(const struct hy_platform *platform, const char *api, int64_t code,
                          struct hy_judgement *j);

/*
 * The errcode of calls whose success may carry none: judged when there is one, else the verdict
 * stays open (HY_VERDICT_UNKNOWN) for the caller, who looks for what the call was to bring. True
 * when it may be there: no errcode, 0, or a code that counts as ok.
 */
bool hy_wechat_judge_optional_code(const struct hy_platform *platform, const char *api,
                                   const json_t *root, struct hy_judgement *j);

/* What such a call was to bring is there: ok. */
void hy_wechat_understood(struct hy_judgement *j);

/* It is not: unknown. `why` is one of our own sentences. */
void hy_wechat_not_understood(struct hy_judgement *j, const char *why);

#endif
