/* hongyan doctor user: why did she not get it? */
#include "cli/client.h"
#include "cli/doctor.h"
#include "cli/view.h"

#include <string.h>

/* --- words ------------------------------------------------------------------------------------ */

static const struct {
    const char *word, *en, *zh;
} words[] = {
    {"grant_added", "gave a permission", "获得授权"},
    {"grant_suspect", "permission doubted, kept", "授权存疑，保留"},
    {"grant_revoked", "permission is gone", "授权失效"},
    {"grant_expired", "permission ran out of time", "授权过期"},
    {"message_accepted", "message handed over", "提交消息"},
    {"attempt", "sent to WeChat", "发送到微信"},
    {"settled", "message came to its end", "消息结束"},
    {"event", "WeChat told", "微信通知"},
    {"accept", "accepted", "用户同意"},
    {"reject", "refused", "用户拒绝"},
    {"ban", "template is banned", "模板被封禁"},
    {"filter", "not asked: same title", "标题重复，未询问"},
    {"withdraw", "switched it off", "用户关闭订阅"},
    {"balances", "BALANCES", "余额"},
    {"story", "STORY", "经过"},
    {"nothing", "Nothing is known of this user: no permission, no message.",
     "没有该用户的任何记录：没有授权，也没有消息。"},
    {"no_message", "No message for this user was ever handed over.", "从未提交过给该用户的消息。"},
    {"fine", "The last message went out; nothing speaks against it.",
     "最近一条消息已发出，未见异常。"},
    {"under_way", "The last message is on its way.", "最近一条消息正在发送。"},
    {"since", "A later message went out.", "之后的消息已发出。"},
    {"do", "What to do", "建议"},
    {"again", "next try", "下次尝试"},
    {"at", "AT", "时间"},
    {"what", "WHAT", "事件"},
    {"template", "TEMPLATE", "模板"},
    {"message", "MESSAGE", "消息"},
    {"balance", "BALANCE", "余额"},
    {"detail", "DETAIL", "说明"},
    {"kind", "KIND", "类型"},
    {"available", "AVAILABLE", "可用"},
    {"state", "STATE", "状态"},
    {"reason", "REASON", "原因"},
    {"retry", "RETRY", "重试"},
};

struct teller {
    struct hy_buf *out;
    struct hy_arena *arena;
    bool chinese;
};

/* The word itself when nothing is known of it. */
static const char *say(const struct teller *t, const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0)
            return t->chinese ? words[i].zh : words[i].en;
    }
    return word;
}

static const char *at(const struct teller *t, const json_t *object, const char *path)
{
    return hy_text_clean(t->arena, hy_view_at(t->arena, object, path));
}

/* --- tables ----------------------------------------------------------------------------------- */

static void tell_balances(const struct teller *t, const json_t *balances)
{
    static const char *const heads[] = {"template", "kind",   "available",
                                        "state",    "reason", "retry"};
    static const char *const paths[] = {"template", "kind",   "available",
                                        "state",    "reason", "retry_at"};
    enum { COLUMNS = sizeof heads / sizeof heads[0] };
    struct hy_table table;

    hy_buf_printf(t->out, "%s\n", say(t, "balances"));
    hy_table_init(&table, t->arena, t->out, COLUMNS);
    table.indent = "  ";
    table.right[2] = true;
    for (size_t i = 0; i < COLUMNS; i++)
        hy_table_add(&table, say(t, heads[i]));
    for (size_t row = 0; row < json_array_size(balances); row++) {
        for (size_t i = 0; i < COLUMNS; i++)
            hy_table_add(&table, at(t, json_array_get(balances, row), paths[i]));
    }
    hy_table_print(&table);
}

static const char *balance_text(const struct teller *t, const json_t *item)
{
    const char *before = at(t, item, "balance_before"), *after = at(t, item, "balance_after");

    if (*before == 0)
        return "";
    return strcmp(before, after) == 0 ? after : hy_arena_printf(t->arena, "%s > %s", before, after);
}

/* Adds a piece to a line of several. */
static const char *join(const struct teller *t, const char *text, const char *piece)
{
    const char *joined =
        *piece ? hy_arena_printf(t->arena, "%s%s%s", text, *text ? ", " : "", piece) : text;

    return joined ? joined : "";
}

/* A message that came to its end says so in a step of its own. */
static bool ends_later(const struct teller *t, const json_t *item)
{
    static const char *const open[] = {"queued", "waiting", "sending", "unknown"};
    const char *state = at(t, item, "state");

    if (strcmp(at(t, item, "type"), "message_accepted") != 0)
        return false;
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        if (strcmp(open[i], state) == 0)
            return false;
    }
    return true;
}

/* "0" says nothing that `ok` does not. */
static const char *detail_text(const struct teller *t, const json_t *item)
{
    static const char *const members[] = {"verdict", "errcode", "errmsg", "state",
                                          "reason",  "event",   "kind",   "told_by"};
    const char *errcode = at(t, item, "errcode"), *detail = "";
    bool ok = strcmp(errcode, "0") == 0, attempt = *at(t, item, "verdict") != 0;

    if (ends_later(t, item))
        return "";
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        bool idle = (ok && strncmp(members[i], "err", 3) == 0) ||
                    (attempt && strcmp(members[i], "state") == 0) ||
                    (*at(t, item, "message") && strcmp(members[i], "kind") == 0);

        detail = idle ? detail : join(t, detail, at(t, item, members[i]));
    }
    return detail;
}

static const char *what_text(const struct teller *t, const json_t *item)
{
    const char *answer = at(t, item, "answer"), *uses = at(t, item, "uses");
    const char *text = say(t, *answer ? answer : at(t, item, "type"));

    if (*answer && strcmp(uses, "1") != 0)
        text = hy_arena_printf(t->arena, "%s x%s", text, uses);
    return text;
}

static void tell_story(const struct teller *t, const json_t *items)
{
    static const char *const heads[] = {"at", "what", "template", "message", "balance", "detail"};
    struct hy_table table;

    hy_buf_printf(t->out, "\n%s\n", say(t, "story"));
    hy_table_init(&table, t->arena, t->out, sizeof heads / sizeof heads[0]);
    table.indent = "  ";
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        hy_table_add(&table, say(t, heads[i]));
    for (size_t row = 0; row < json_array_size(items); row++) {
        const json_t *item = json_array_get(items, row);

        hy_table_add(&table, at(t, item, "at"));
        hy_table_add(&table, what_text(t, item));
        hy_table_add(&table, at(t, item, "template"));
        hy_table_add(&table, at(t, item, "message"));
        hy_table_add(&table, balance_text(t, item));
        hy_table_add(&table, detail_text(t, item));
    }
    hy_table_print(&table);
}

/* --- the diagnosis ---------------------------------------------------------------------------- */

/* The newest message of the story, as it was handed over; null when there is none. */
static const json_t *newest_message(const json_t *items)
{
    for (size_t i = json_array_size(items); i > 0; i--) {
        const json_t *item = json_array_get(items, i - 1);
        const char *type = json_string_value(json_object_get(item, "type"));

        if (type && strcmp(type, "message_accepted") == 0)
            return item;
    }
    return NULL;
}

static bool went_out(const struct teller *t, const json_t *message)
{
    const char *state = at(t, message, "state");

    return strcmp(state, "sent") == 0 || strcmp(state, "delivered") == 0;
}

static void tell_why(const struct teller *t, const json_t *why)
{
    const char *reason = at(t, why, "reason"), *again = at(t, why, "due_at");

    hy_buf_printf(t->out, "\n%s: %s%s%s%s\n", at(t, why, "message"), at(t, why, "state"),
                  *reason ? " (" : "", reason, *reason ? ")" : "");
    if (*again)
        hy_buf_printf(t->out, "  %s: %s\n", say(t, "again"), again);
    if (*at(t, why, "meaning"))
        hy_buf_printf(t->out, "  %s\n", at(t, why, "meaning"));
    if (*at(t, why, "fix"))
        hy_buf_printf(t->out, "  %s: %s\n", say(t, "do"), at(t, why, "fix"));
}

static void diagnose(const struct teller *t, const json_t *answer)
{
    const json_t *items = json_object_get(answer, "items"), *why = json_object_get(answer, "why");
    const json_t *newest = newest_message(items);

    if (why)
        tell_why(t, why);
    if (why && newest && went_out(t, newest))
        hy_buf_printf(t->out, "  %s\n", say(t, "since"));
    if (!why)
        hy_buf_printf(t->out, "\n%s\n",
                      say(t, !newest               ? "no_message"
                             : went_out(t, newest) ? "fine"
                                                   : "under_way"));
}

void hy_doctor_tell(struct hy_buf *out, struct hy_arena *arena, const json_t *answer, bool chinese)
{
    struct teller t = {.out = out, .arena = arena, .chinese = chinese};
    const json_t *balances = json_object_get(answer, "balances");
    const json_t *items = json_object_get(answer, "items");

    if (json_array_size(balances) + json_array_size(items) == 0) {
        hy_buf_printf(out, "%s\n", say(&t, "nothing"));
        return;
    }
    tell_balances(&t, balances);
    tell_story(&t, items);
    diagnose(&t, answer);
}

/* --- the command ------------------------------------------------------------------------------ */

static const char *timeline_path(struct hy_cli *cli)
{
    const char *path;
    struct hy_buf text;

    hy_buf_init(&text, 8192);
    hy_buf_puts(&text, "/v1/users/");
    hy_buf_put_urlencoded(&text, hy_args_text(&cli->args, "app"));
    hy_buf_putc(&text, '/');
    hy_buf_put_urlencoded(&text, hy_args_text(&cli->args, "user"));
    hy_buf_puts(&text, "/timeline");
    path = hy_arena_strdup(&cli->arena, hy_buf_text(&text));
    hy_buf_deinit(&text);
    return path;
}

int hy_doctor_user(struct hy_cli *cli)
{
    struct hy_client_call call = {.method = "GET"};
    struct hy_client_answer answer;
    json_t *query = hy_client_body(cli);
    int code;

    if (!query)
        return HY_EXIT_USAGE;
    call.path = hy_client_with_query(cli, timeline_path(cli), query);
    json_decref(query);
    code = hy_client_send(cli, &call, &answer);
    if (!hy_client_show_json(cli, &answer) && code == HY_EXIT_DONE)
        hy_doctor_tell(&cli->out, &cli->arena, answer.json, hy_client_chinese());
    json_decref(answer.json);
    return code;
}
