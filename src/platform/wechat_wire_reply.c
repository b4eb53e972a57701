#include "platform/wechat_wire.h"

#include "platform/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 19 }; /* of a number that came as text: as many as 64 bits can have */

enum { SYSTEM_BUSY = -1, RECEIPT_USED = 41029, REFUSED = 43101, OVERLAPPED = 43108 };

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
    j->strained = status >= 500;
    if (status == 429) {
        j->verdict = HY_VERDICT_RATE;
        j->hint = HY_HINT_NEXT_MINUTE;
    } else if (status >= 300 && status < 500) {
        j->verdict = HY_VERDICT_TRANSIENT;
    }
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

json_t *hy_wechat_open_reply(const struct hy_http_response *response, struct hy_judgement *j)
{
    char reason[160];
    json_t *root;

    *j = (struct hy_judgement){.verdict = HY_VERDICT_UNKNOWN};
    if (response->outcome != HY_HTTP_ANSWERED) {
        j->not_sent = response->outcome == HY_HTTP_NOT_SENT;
        if (j->not_sent)
            j->verdict = HY_VERDICT_TRANSIENT;
        else
            j->strained = true; /* a time-out; one who has too much to do resets, too */
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
    if (root && json_is_object(root)) {
        read_texts(root, j);
        return root;
    }
    put_errmsg(j, root ? "the reply is not a JSON object" : reason);
    json_decref(root);
    return NULL;
}

bool hy_wechat_read_number(const json_t *value, int64_t *ret_number)
{
    const char *text = json_string_value(value);
    size_t digits;
    int64_t number;

    if (json_is_integer(value)) {
        *ret_number = json_integer_value(value);
        return true;
    }
    if (!text)
        return false;
    digits = strspn(text + (text[0] == '-'), "0123456789");
    if (digits == 0 || digits > DIGITS_MAX || text[digits + (text[0] == '-')])
        return false;
    errno = 0;
    number = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *ret_number = number;
    return true;
}

/* --- the codes -------------------------------------------------------------------------------- */

void hy_wechat_judge_code(const struct hy_platform *platform, const char *api, int64_t code,
                          struct hy_judgement *j)
{
    const struct hy_code *row;

    snprintf(j->errcode, sizeof j->errcode, "%lld", (long long)code);
    j->answered = true;
    if (code == 0) {
        j->verdict = HY_VERDICT_OK;
        return;
    }
    row = hy_platform_code(platform, api, j->errcode);
    j->verdict = row ? row->verdict : HY_VERDICT_TRANSIENT;
    j->hint = row ? row->hint : HY_HINT_NONE;
    j->grant_used = j->verdict == HY_VERDICT_GRANT_GONE && code == RECEIPT_USED;
    j->grant_refused = j->verdict == HY_VERDICT_GRANT_GONE && code == REFUSED;
    j->overlapped = j->verdict == HY_VERDICT_TRANSIENT && code == OVERLAPPED;
    j->strained = code == SYSTEM_BUSY;
}

bool hy_wechat_judge_optional_code(const struct hy_platform *platform, const char *api,
                                   const json_t *root, struct hy_judgement *j)
{
    const json_t *errcode = json_object_get(root, "errcode");
    int64_t code;

    if (!errcode)
        return true;
    if (!hy_wechat_read_number(errcode, &code)) {
        hy_wechat_not_understood(j, "the errcode of the reply is not a number");
        return false;
    }
    if (code == 0)
        return true;
    hy_wechat_judge_code(platform, api, code, j);
    return j->verdict == HY_VERDICT_OK;
}

void hy_wechat_understood(struct hy_judgement *j)
{
    j->verdict = HY_VERDICT_OK;
    j->answered = true;
}

void hy_wechat_not_understood(struct hy_judgement *j, const char *why)
{
    j->verdict = HY_VERDICT_UNKNOWN;
    j->answered = j->overlapped = j->strained = false;
    j->hint = HY_HINT_NONE;
    put_errmsg(j, why);
}
