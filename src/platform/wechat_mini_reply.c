#include "platform/wechat_mini.h"

#include "platform/wechat_wire.h"

#include <string.h>

enum { TOKEN_BYTES_MAX = 512, EXPIRES_IN_MAX_S = 86400 };

/* --- sending ---------------------------------------------------------------------------------- */

void hy_wechat_mini_judge_send(const char *api, const struct hy_http_response *response,
                               struct hy_judgement *ret_judgement)
{
    HY_JSON_SCOPED json_t *root = hy_wechat_open_reply(response, ret_judgement);
    int64_t code, msgid;

    if (!root)
        return;
    if (!hy_wechat_read_number(json_object_get(root, "errcode"), &code)) {
        hy_wechat_not_understood(ret_judgement, "the reply has no errcode that is a number");
        return;
    }
    hy_wechat_judge_code(&hy_platform_wechat_mini, api, code, ret_judgement);
    if (ret_judgement->verdict == HY_VERDICT_OK &&
        hy_wechat_read_number(json_object_get(root, "msgid"), &msgid) && msgid > 0)
        ret_judgement->msgid = msgid;
}

/* Each send call has a quota of its own. */
enum hy_channel hy_wechat_mini_channel_of(const char *api)
{
    return strcmp(api, HY_WECHAT_API_TEMPLATE_SEND) == 0 ? HY_CHANNEL_TEMPLATE
                                                         : HY_CHANNEL_SUBSCRIBE;
}

static bool is_key_byte(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/*
 * "argument invalid! data.thing2.value invalid", cut after 48 bytes, so that of a long key the end
 * may be missing, and everything behind a key as well. Only what stands before ".value" is looked
 * at: the words behind it changed over the years ("is emtpy").
 */
const char *hy_wechat_mini_refused_field(const char *errmsg, const json_t *data)
{
    const char *mark = errmsg ? strstr(errmsg, "data.") : NULL;
    const char *key, *found = NULL;
    size_t length = 0;
    json_t *item;
    bool whole;

    if (!mark || (mark > errmsg && is_key_byte(mark[-1])))
        return NULL;
    mark += strlen("data.");
    while (is_key_byte(mark[length]))
        length++;
    whole = mark[length] == '.';
    json_object_foreach((json_t *)data, key, item)
    {
        if (strncmp(key, mark, length) != 0 || (whole && key[length]))
            continue;
        if (found)
            return NULL;
        found = key;
    }
    return found;
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
        hy_wechat_not_understood(j, "the reply has neither an errcode nor a usable access_token");
    } else if (!hy_wechat_read_number(json_object_get(root, "expires_in"), &expires_in_s) ||
               expires_in_s < 1) {
        hy_wechat_not_understood(j, "the reply has no usable expires_in");
    } else {
        reply->access_token = hy_arena_strdup(arena, token);
        if (!reply->access_token)
            return;
        reply->expires_in_s = expires_in_s < EXPIRES_IN_MAX_S ? expires_in_s : EXPIRES_IN_MAX_S;
        hy_wechat_understood(j);
    }
}

void hy_wechat_mini_judge_token(enum hy_token_mode mode, const struct hy_http_response *response,
                                struct hy_arena *arena, struct hy_token_reply *ret_reply)
{
    const char *api = mode == HY_TOKEN_CLASSIC ? HY_WECHAT_API_TOKEN : HY_WECHAT_API_STABLE_TOKEN;
    HY_JSON_SCOPED json_t *root = NULL;

    *ret_reply = (struct hy_token_reply){0};
    root = hy_wechat_open_reply(response, &ret_reply->judgement);
    if (root &&
        hy_wechat_judge_optional_code(&hy_platform_wechat_mini, api, root, &ret_reply->judgement))
        read_token(root, arena, ret_reply);
}

/* --- logging in ------------------------------------------------------------------------------- */

/* The session_key beside the openid is the user's secret and of no use here: it is not even looked
 * at. */
void hy_wechat_mini_judge_login(const struct hy_http_response *response, struct hy_arena *arena,
                                struct hy_login_reply *ret_reply)
{
    HY_JSON_SCOPED json_t *root = NULL;
    const char *openid;

    *ret_reply = (struct hy_login_reply){0};
    root = hy_wechat_open_reply(response, &ret_reply->judgement);
    if (!root || !hy_wechat_judge_optional_code(&hy_platform_wechat_mini, HY_WECHAT_API_LOGIN, root,
                                                &ret_reply->judgement))
        return;
    openid = json_string_value(json_object_get(root, "openid"));
    if (!hy_wechat_mini_is_user(openid)) {
        hy_wechat_not_understood(&ret_reply->judgement, "the reply has no usable openid");
        return;
    }
    ret_reply->user = hy_arena_strdup(arena, openid);
    if (ret_reply->user)
        hy_wechat_understood(&ret_reply->judgement);
    else
        hy_wechat_not_understood(&ret_reply->judgement, "out of memory");
}
