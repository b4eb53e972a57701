/* How long `hongyan serve` keeps what: --keep-*-d. */
#include "cli/server.h"

#include <inttypes.h>

enum { DAY_S = 86400, WEBHOOK_DAYS = 4 };

static const struct {
    enum hy_retain_kind kind;
    const char *option;
} keeps[] = {{HY_RETAIN_MESSAGES, "keep-messages-d"}, {HY_RETAIN_EVENTS, "keep-events-d"},
             {HY_RETAIN_ANSWERS, "keep-answers-d"},   {HY_RETAIN_GRANTS, "keep-grants-d"},
             {HY_RETAIN_AUDIT, "keep-audit-d"},       {HY_RETAIN_BROADCASTS, "keep-broadcasts-d"}};

/* A key that is remembered names its message, and a webhook is told what stands in it. */
static int check_messages(const struct hy_server *s)
{
    const struct hy_value *days = hy_args_get(&s->cli->args, "keep-messages-d");
    int64_t keys_s = hy_args_int(&s->cli->args, "idempotency-window-s");

    if (days->number == 0)
        return HY_EXIT_DONE;
    if (days->number <= WEBHOOK_DAYS) {
        hy_fault("%s: must be more than %d days, for so long webhooks are told about messages; 0 = "
                 "for ever",
                 days->from, WEBHOOK_DAYS);
        return HY_EXIT_USAGE;
    }
    if (days->number * DAY_S <= keys_s) {
        hy_fault("%s: must be more than idempotency-window-s, which is %" PRId64
                 " s: a key names its message; 0 = for ever",
                 days->from, keys_s);
        return HY_EXIT_USAGE;
    }
    return HY_EXIT_DONE;
}

int hy_server_read_keeps(struct hy_server *s)
{
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++)
        s->keep_s[keeps[i].kind] = hy_args_int(&s->cli->args, keeps[i].option) * DAY_S;
    s->keep_s[HY_RETAIN_OUTBOX] = (int64_t)WEBHOOK_DAYS * DAY_S;
    return check_messages(s);
}
