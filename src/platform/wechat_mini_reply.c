#include "platform/wechat_mini.h"

#include "platform/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOKEN_BYTES_MAX = 512,
    EXPIRES_IN_MAX_S = 86400,
    DIGITS_MAX = 18, /* of a number that came as text: always fits 64 bits */
};

/* --- errmsg ----------------------------------------------------------------------------------- */

/*
 * The id of the request stands inside errmsg, in a different dress each few years:
 *   invalid openid rid: 65f1a2b3-1a2b3c4d-5e6f7081          (", rid: " on some paths)
 *   argument invalid! hint: [AbC01] data.thing2.value invalid
 *   invalid code, hints: [ req_id: AbC01 ]
 */
struct id_mark {
    const char *text;
    char closing; /* 0: the id ends with the word */
};

static const struct id_mark id_marks[] = {{"rid: ", 0}, {"hint: [", ']'}, {"hints: [", ']'}};

/* Where an id and its dress stand within an errmsg. */
struct id_place {
    const char *from, *to; /* what is cut out */
    const char *id, *id_end;
};

static bool place_id(const char *errmsg, const struct id_mark *mark, struct id_place *ret_place)
{
    static const char word[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    static const char inner[] = "req_id:";
    struct id_place p = {.from = strstr(errmsg, mark->text)};

    if (!p.from || (p.from > errmsg && p.from[-1] != ' '))
        return false;
    p.id = p.from + strlen(mark->text);
    p.id_end = mark->closing ? strchr(p.id, mark->closing) : p.id + strspn(p.id, word);
    if (!p.id_end || (!mark->closing && *p.id_end && *p.id_end != ' '))
        return false;
    p.to = p.id_end + (mark->closing != 0);
    while (p.from > errmsg && (p.from[-1] == ' ' || p.from[-1] == ','))
        p.from--;
    p.id += strspn(p.id, " ");
    if (strncmp(p.id, inner, sizeof inner - 1) == 0)
        p.id += sizeof inner - 1;
    *ret_place = p;
    return true;
}

static void put_rid(struct hy_judgement *j, const char *id, const char *end)
{
    while (id < end && *id == ' ')
        id++;
    while (end > id && end[-1] == ' ')
        end--;
    hy_text_append_clean(j->rid, sizeof j->rid, 0, id, end);
}

static void put_errmsg(struct hy_judgement *j, const char *errmsg)
{
    const char *end = errmsg + strlen(errmsg);
    struct id_place p = {.from = end, .to = end};
    size_t used;

    for (size_t i = 0; i < sizeof id_marks / sizeof *id_marks; i++) {
        if (place_id(errmsg, &id_marks[i], &p)) {
            put_rid(j, p.id, p.id_end);
            break;
        }
    }
    used = hy_text_append_clean(j->errmsg, sizeof j->errmsg, 0, errmsg, p.from);
    hy_text_append_clean(j->errmsg, sizeof j->errmsg, used, p.to, end);
}

/* --- what came over the wire ------------------------------------------------------------------ */

/*
 * A status that is not 2xx was written by something on the way, or by a platform that was not
 * itself. Below 500 it says that the request was not carried out; from 500 on it says nothing.
 */
static void judge_status(int status, struct hy_judgement *j)
{
    snprintf(j->errmsg, sizeof j->errmsg, "HTTP status %d", status);
    if (status == 429) {
        j->verdict = HY_VERDICT_RATE;
        j->hint = HY_HINT_NEXT_MINUTE;
    } else if (status >= 300 && status < 500) {
        j->verdict = HY_VERDICT_TRANSIENT;
    }
}

/* The JSON object of a 2xx answer, which the caller owns; null when there is none, and then the
 * judgement is complete. It starts as unknown: whatever is not understood may have been sent. */
static json_t *open_reply(const struct hy_http_response *response, struct hy_judgement *j)
{
    char reason[160];
    json_t *root;

    *j = (struct hy_judgement){.verdict = HY_VERDICT_UNKNOWN};
    if (response->outcome != HY_HTTP_ANSWERED) {
        j->not_sent = response->outcome == HY_HTTP_NOT_SENT;
        if (j->not_sent)
            j->verdict = HY_VERDICT_TRANSIENT;
        put_errmsg(j, response->error ? response->error : "");
        return NULL;
    }
    if (response->status < 200 || response->status > 299) {
        judge_status(response->status, j);
        return NULL;
    }
    if (response->body_size == 0) {
        put_errmsg(j, "the reply is empty");
        return NULL;
    }
    root = hy_json_parse(response->body, response->body_size, reason, sizeof reason);
    if (root && json_is_object(root))
        return root;
    put_errmsg(j, root ? "the reply is not a JSON object" : reason);
    json_decref(root);
    return NULL;
}

/* A whole number, or its decimal digits as text: some paths and some proxies write them so. */
static bool read_number(const json_t *value, int64_t *ret_number)
{
    const char *text = json_string_value(value);
    size_t digits;

    if (json_is_integer(value)) {
        *ret_number = json_integer_value(value);
        return true;
    }
    if (!text)
        return false;
    digits = strspn(text + (text[0] == '-'), "0123456789");
    if (digits == 0 || digits > DIGITS_MAX || text[digits + (text[0] == '-')])
        return false;
    *ret_number = strtoll(text, NULL, 10);
    return true;
}

/* --- the codes -------------------------------------------------------------------------------- */

/*
 * A code that the table does not know is a refusal whose reason we do not know. Trying again later,
 * slower and slower, loses no message and sends none twice, and somebody has days to look.
 */
static void judge_code(const char *api, int64_t code, struct hy_judgement *j)
{
    const struct hy_code *row;

    snprintf(j->errcode, sizeof j->errcode, "%lld", (long long)code);
    j->answered = true;
    if (code == 0) {
        j->verdict = HY_VERDICT_OK;
        return;
    }
    row = hy_platform_code(&hy_platform_wechat_mini, api, j->errcode);
    j->verdict = row ? row->verdict : HY_VERDICT_TRANSIENT;
    j->hint = row ? row->hint : HY_HINT_NONE;
    j->grant_used = j->verdict == HY_VERDICT_GRANT_GONE && code == 41029;
    j->grant_refused = j->verdict == HY_VERDICT_GRANT_GONE && code == 43101;
}

static void read_texts(const json_t *root, struct hy_judgement *j)
{
    const char *errmsg = json_string_value(json_object_get(root, "errmsg"));
    const char *rid = json_string_value(json_object_get(root, "rid"));

    if (errmsg)
        put_errmsg(j, errmsg);
    if (rid && !j->rid[0])
        put_rid(j, rid, rid + strlen(rid));
}

void hy_wechat_mini_judge_send(const char *api, const struct hy_http_response *response,
                               struct hy_judgement *ret_judgement)
{
    HY_JSON_SCOPED json_t *root = open_reply(response, ret_judgement);
    int64_t code, msgid;

    if (!root)
        return;
    read_texts(root, ret_judgement);
    if (!read_number(json_object_get(root, "errcode"), &code)) {
        put_errmsg(ret_judgement, "the reply has no errcode that is a number");
        return;
    }
    judge_code(api, code, ret_judgement);
    if (ret_judgement->verdict == HY_VERDICT_OK &&
        read_number(json_object_get(root, "msgid"), &msgid) && msgid > 0)
        ret_judgement->msgid = msgid;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static bool is_token(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return length > 0 && length <= TOKEN_BYTES_MAX;
}

/* A token call that worked carries no errcode; 0 beside the token is taken too. */
static void read_token(const json_t *root, struct hy_arena *arena, struct hy_token_reply *reply)
{
    const char *token = json_string_value(json_object_get(root, "access_token"));
    struct hy_judgement *j = &reply->judgement;
    int64_t expires_in_s;

    if (!token || !is_token(token)) {
        put_errmsg(j, "the reply has neither an errcode nor a usable access_token");
    } else if (!read_number(json_object_get(root, "expires_in"), &expires_in_s) ||
               expires_in_s < 1) {
        put_errmsg(j, "the reply has no usable expires_in");
    } else {
        reply->access_token = hy_arena_strdup(arena, token);
        if (!reply->access_token)
            return;
        reply->expires_in_s = expires_in_s < EXPIRES_IN_MAX_S ? expires_in_s : EXPIRES_IN_MAX_S;
        j->verdict = HY_VERDICT_OK;
        j->answered = true;
    }
}

void hy_wechat_mini_judge_token(enum hy_token_mode mode, const struct hy_http_response *response,
                                struct hy_arena *arena, struct hy_token_reply *ret_reply)
{
    const char *api = mode == HY_TOKEN_CLASSIC ? HY_WECHAT_API_TOKEN : HY_WECHAT_API_STABLE_TOKEN;
    HY_JSON_SCOPED json_t *root = NULL;
    json_t *errcode;
    int64_t code = 0;

    *ret_reply = (struct hy_token_reply){0};
    root = open_reply(response, &ret_reply->judgement);
    if (!root)
        return;
    read_texts(root, &ret_reply->judgement);
    errcode = json_object_get(root, "errcode");
    if (errcode && !read_number(errcode, &code)) {
        put_errmsg(&ret_reply->judgement, "the errcode of the reply is not a number");
        return;
    }
    if (code != 0)
        judge_code(api, code, &ret_reply->judgement);
    else
        read_token(root, arena, ret_reply);
}
