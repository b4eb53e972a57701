#include "api/why.h"

#include "api/message_out.h"

#include <stdio.h>
#include <string.h>

struct row {
    const char *reason; /* with a final dot: all that begin so */
    struct hy_why en, zh;
};

/* Of messages that are unknown: the same words mean something else there. */
static const struct row doubts[] = {
    {"grant_gone.",
     {"A request had no clear answer, and WeChat refused the permission afterwards: perhaps "
      "because the "
      "first one had used it.",
      "Ask the user before you retry: it may be the second time."},
     {"之前的请求没有明确答复，随后微信拒绝了该授权：可能正是第一次请求用掉了它。",
      "重试之前请先向用户确认，否则可能重复发送。"}},
    {"transient.",
     {"WeChat answered with an error of its own again and again; such a request may still have "
      "been "
      "carried out.",
      "Ask the user before you retry: it may be the second time."},
     {"微信多次返回自身错误；这样的请求仍有可能已被执行。",
      "重试之前请先向用户确认，否则可能重复发送。"}},
    {"unknown.no_answer",
     {"The request left and no answer came: WeChat may have sent the message, or not.",
      "Nothing, if once too few is better than twice. With policy=at_least_once it is sent again; "
      "with "
      "a callback_token WeChat's own event settles it."},
     {"请求已发出但没有收到回复：微信可能已发送，也可能没有。",
      "若宁可少发也不重发，则无需处理。policy=at_least_once 会重发；配置 callback_token "
      "后由微信的事件确认结果。"}},
    {"unknown.grant_over",
     {"An earlier request had no clear answer, and the permission that could prove it is over.",
      "Nothing can find it out any more; ask the user, or send a new message."},
     {"之前的请求没有明确答复，而可以验证它的授权已经失效。",
      "已无法查明；可询问用户，或发送新消息。"}},
    {"unknown",
     {"WeChat's answer said neither yes nor no, for example because something on the way wrote it.",
      "Look at the answer in the message's attempts, then at proxies between here and WeChat; ask "
      "the "
      "user before you retry."},
     {"微信的回复既非成功也非失败，例如它是由中间代理写的。",
      "请查看该消息的发送记录，并检查到微信之间的代理；重试之前请先向用户确认。"}},
    {0}};

static const struct row reasons[] = {
    {"no_grant.never",
     {"This user has never permitted a message of this template.",
      "Ask with wx.requestSubscribeMessage in a tap and report the answer; with on_missing=wait "
      "the "
      "message goes the moment the user accepts."},
     {"该用户从未授权过这个模板的消息。",
      "在用户点击时调用 wx.requestSubscribeMessage 并上报结果；on_missing=wait "
      "的消息会在用户同意的那一刻发出。"}},
    {"no_grant.used_up",
     {"Every permission that this user gave is used, or promised to an earlier message.",
      "Ask again at the next tap; one accept is one message."},
     {"该用户给过的授权都已用完，或已预留给更早的消息。",
      "在下一次点击时再次请求授权；每同意一次可发一条消息。"}},
    {"no_grant.expired",
     {"The form_ids or payments that permitted a message are older than 7 days, less the margin.",
      "Send sooner after the user's action, or collect a new permission."},
     {"用于授权的 form_id 或支付凭证已超过 7 天（减去安全余量）。",
      "在用户操作后尽早发送，或重新收集授权。"}},
    {"no_grant.withdrawn",
     {"The user has switched this message off in the mini program's settings.",
      "Respect it. If the user accepts again, messages go again."},
     {"用户已在小程序设置中关闭了这类消息。", "请尊重用户的选择；用户再次同意后即可恢复发送。"}},
    {"no_grant.revoked",
     {"WeChat has refused this user's permission twice: it is gone although it was never used.",
      "Ask again at the next tap."},
     {"微信两次拒绝了该用户的授权：授权未使用但已失效。", "在下一次点击时再次请求授权。"}},
    {"no_grant.suspect",
     {"WeChat refused (43101) although the ledger holds a permission; it can be wrong, so the "
      "permission is kept and tried once more, later.",
      "Wait for the second try, or let the user accept again: then it goes at once."},
     {"账本中有授权，但微信拒绝了 (43101)；拒绝可能有误，因此授权保留，稍后再试一次。",
      "等待第二次尝试，或让用户再次同意：同意后立即发送。"}},
    {"in_doubt",
     {"It was ended while an earlier request had no clear answer: it may have arrived.",
      "Nothing can find it out any more."},
     {"消息结束时，之前的请求还没有明确答复：它可能已送达。", "已无法查明。"}},
    {"event.",
     {"WeChat took the message, and told later that it did not arrive.",
      "The code is that of WeChat's event: most often the user has switched messages off."},
     {"微信接受了消息，但随后通知未能送达。",
      "代码来自微信的推送事件：最常见的原因是用户关闭了消息。"}},
    {"expired",
     {"Its time (expires_at) was over before it could go.",
      "Give it more time, or look at why it had to wait: no permission, or a paused app."},
     {"在能够发送之前已超过有效期 (expires_at)。",
      "延长有效期，或检查等待的原因：没有授权，或应用已暂停。"}},
    {"transient.not_sent",
     {"WeChat could not be reached, for longer than it was tried: nothing was sent.",
      "Look at name resolution, the network and proxies of this machine; then retry."},
     {"在重试期限内始终无法连接微信：没有发送任何内容。",
      "请检查本机的域名解析、网络和代理，然后重试。"}},
    {"transient",
     {"WeChat refused with an error of its own for longer than it was tried.",
      "Look for an incident notice of WeChat; then retry."},
     {"微信在重试期限内始终返回自身错误。", "请查看微信官方的故障公告，然后重试。"}},
    {0}};

static bool fits(const char *known, const char *reason)
{
    size_t size = strlen(known);

    return known[size - 1] == '.' ? strncmp(known, reason, size) == 0 : strcmp(known, reason) == 0;
}

static bool own_words(const struct row *rows, const char *reason, bool chinese,
                      struct hy_why *ret_why)
{
    for (; rows->reason; rows++) {
        if (fits(rows->reason, reason)) {
            *ret_why = chinese ? rows->zh : rows->en;
            return true;
        }
    }
    return false;
}

static bool words_of(enum hy_message_state state, const char *reason, bool chinese,
                     struct hy_why *ret_why)
{
    return (state == HY_MESSAGE_UNKNOWN && own_words(doubts, reason, chinese, ret_why)) ||
           own_words(reasons, reason, chinese, ret_why);
}

/* The sentence that says most: of a revoked counter who revoked it, of an expired message what it
 * was that did not come. */
static const char *name_reason(const struct hy_message *m, const struct hy_grant *counter)
{
    bool withdrawn = counter && counter->state == HY_GRANT_REVOKED && counter->reason &&
                     strcmp(counter->reason, "withdrawn") == 0;

    if (!m->reason)
        return hy_message_state_names[m->state];
    if (withdrawn && strcmp(m->reason, "no_grant.revoked") == 0)
        return "no_grant.withdrawn";
    return m->reason;
}

static bool words_of_code(const struct hy_code *code, bool chinese, struct hy_why *ret_why)
{
    if (!code)
        return false;
    ret_why->meaning = chinese ? code->meaning_zh : code->meaning_en;
    ret_why->fix = chinese ? code->fix_zh : code->fix_en;
    return true;
}

bool hy_why_message(const struct hy_platform *platform, const struct hy_message *message,
                    const struct hy_attempt *last, const struct hy_grant *counter, bool chinese,
                    struct hy_why *ret_why)
{
    const struct hy_code *code;

    if (words_of(message->state, name_reason(message, counter), chinese, ret_why))
        return true;
    code = last ? hy_message_code(platform, &last->judgement) : NULL;
    return words_of_code(code, chinese, ret_why);
}

/* "bad_payload.40037": the verdict, and the platform's code. */
static bool read_reason(const char *reason, struct hy_judgement *ret_judgement)
{
    size_t size = strcspn(reason, ".");

    for (int i = 0; reason[size] && hy_verdict_names[i]; i++) {
        if (strlen(hy_verdict_names[i]) == size &&
            strncmp(hy_verdict_names[i], reason, size) == 0) {
            *ret_judgement = (struct hy_judgement){.verdict = i};
            snprintf(ret_judgement->errcode, sizeof ret_judgement->errcode, "%s",
                     reason + size + 1);
            return true;
        }
    }
    return false;
}

bool hy_why_reason(const struct hy_platform *platform, enum hy_message_state state,
                   const char *reason, bool chinese, struct hy_why *ret_why)
{
    struct hy_judgement judgement;

    if (words_of(state, reason ? reason : hy_message_state_names[state], chinese, ret_why))
        return true;
    return reason && read_reason(reason, &judgement) &&
           words_of_code(hy_message_code(platform, &judgement), chinese, ret_why);
}

struct hy_why hy_why_burst(bool chinese)
{
    static const struct hy_why en = {"WeChat refuses many permissions (43101) that this ledger "
                                     "holds: users switched messages off, "
                                     "another program sends with the same AppID, or WeChat errs.",
                                     "Look whether something else sends with this AppID, and "
                                     "whether messages of the template are "
                                     "still allowed. No permission is given up while it lasts."};
    static const struct hy_why zh = {
        "微信正在拒绝 (43101) 账本中的大量授权：用户关闭了消息、其他程序在用同一 AppID "
        "发送，或微信出错。",
        "请检查是否有其他程序使用此 AppID "
        "发送，以及该模板是否仍可使用。在此期间不会作废任何授权。"};

    return chinese ? zh : en;
}
