#include "tap.h"

#include "engine/engine.h"
#include "engine/pages.h"

static const int64_t now_ms = 1772323200000, day_ms = 86400000;

/* Columns: what the ledger knows, what is advised. A state of -1: the user has no counter. */
static const struct {
    const char *what;
    bool absent;
    enum hy_template_kind kind;
    int64_t available;
    int counter; /* enum hy_grant_state */
    const char *reason;
    enum hy_grant_kind grant;
    int64_t waiting, answered_days_ago; /* -1: never */
    enum hy_answer_kind answer;
    bool ask;
    const char *expected;
} cases[] = {
    {"nothing known", .kind = HY_TEMPLATE_ONCE, .counter = -1, .answered_days_ago = -1, .ask = true,
     .expected = "none_left"},
    {"all used", .kind = HY_TEMPLATE_ONCE, .counter = HY_GRANT_SPENT, .grant = HY_GRANT_ONCE,
     .answered_days_ago = 3, .answer = HY_ANSWER_ACCEPT, .ask = true, .expected = "none_left"},
    {"one left", .kind = HY_TEMPLATE_ONCE, .available = 1, .counter = HY_GRANT_AVAILABLE,
     .grant = HY_GRANT_ONCE, .answered_days_ago = 0, .ask = true, .expected = "running_low"},
    {"two left", .kind = HY_TEMPLATE_ONCE, .available = 2, .counter = HY_GRANT_AVAILABLE,
     .grant = HY_GRANT_ONCE, .answered_days_ago = 0, .ask = false, .expected = "enough"},
    {"standing", .kind = HY_TEMPLATE_ALWAYS, .available = 1, .counter = HY_GRANT_AVAILABLE,
     .grant = HY_GRANT_ALWAYS, .answered_days_ago = 90, .ask = false, .expected = "standing"},
    {"a message waits", .kind = HY_TEMPLATE_ONCE, .counter = HY_GRANT_SPENT, .grant = HY_GRANT_ONCE,
     .waiting = 1, .answered_days_ago = -1, .ask = true, .expected = "message_waiting"},
    {"suspect", .kind = HY_TEMPLATE_ONCE, .counter = HY_GRANT_SUSPECT, .grant = HY_GRANT_ONCE,
     .answered_days_ago = 1, .ask = true, .expected = "suspect"},
    {"turned off", .kind = HY_TEMPLATE_ONCE, .counter = HY_GRANT_REVOKED, .reason = "withdrawn",
     .grant = HY_GRANT_ONCE, .answered_days_ago = 1, .answer = HY_ANSWER_WITHDRAW, .ask = true,
     .expected = "withdrawn"},
    {"dropped after two refusals", .kind = HY_TEMPLATE_ONCE, .counter = HY_GRANT_REVOKED,
     .reason = "43101", .grant = HY_GRANT_ONCE, .answered_days_ago = 9, .ask = true,
     .expected = "none_left"},
    {"said no yesterday, though a message waits", .kind = HY_TEMPLATE_ONCE, .counter = -1,
     .waiting = 3, .answered_days_ago = 1, .answer = HY_ANSWER_REJECT, .ask = false,
     .expected = "refused_recently"},
    {"said no a week ago", .kind = HY_TEMPLATE_ONCE, .counter = -1, .answered_days_ago = 7,
     .answer = HY_ANSWER_REJECT, .ask = true, .expected = "none_left"},
    {"banned yesterday", .kind = HY_TEMPLATE_ONCE, .counter = -1, .answered_days_ago = 1,
     .answer = HY_ANSWER_BAN, .ask = false, .expected = "banned"},
    {"banned a week ago", .kind = HY_TEMPLATE_ONCE, .counter = -1, .answered_days_ago = 7,
     .answer = HY_ANSWER_BAN, .ask = true, .expected = "none_left"},
    {"not shown", .kind = HY_TEMPLATE_ONCE, .counter = -1, .answered_days_ago = 0,
     .answer = HY_ANSWER_FILTER, .ask = true, .expected = "none_left"},
    {"no such template", .absent = true, .kind = HY_TEMPLATE_ONCE, .counter = -1,
     .answered_days_ago = -1, .ask = false, .expected = "unknown_template"},
    {"a form template", .kind = HY_TEMPLATE_LEGACY, .available = 0, .counter = -1,
     .answered_days_ago = -1, .ask = false, .expected = "legacy"},
};

static struct hy_prospect prospect(size_t i)
{
    struct hy_prospect p = {.template_id = "t",
                            .template_kind = cases[i].kind,
                            .available = cases[i].available,
                            .waiting = cases[i].waiting,
                            .answer = cases[i].answer};

    if (cases[i].answered_days_ago >= 0)
        p.answered_at_ms = now_ms - cases[i].answered_days_ago * day_ms;
    if (cases[i].counter >= 0)
        p.counter = (struct hy_grant){.id = 1,
                                      .kind = cases[i].grant,
                                      .state = (enum hy_grant_state)cases[i].counter,
                                      .reason = cases[i].reason};
    return p;
}

static void the_first_reason_that_fits_decides(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hy_prospect p = prospect(i);
        struct hy_advice advice = hy_engine_advise(&p, cases[i].absent, now_ms);

        if (advice.ask != cases[i].ask || strcmp(advice.reason, cases[i].expected) != 0)
            hy_tap_fail(__FILE__, __LINE__, "%s: %s, %s", cases[i].what,
                        advice.ask ? "ask" : "don't ask", advice.reason);
    }
}

int main(void)
{
    RUN(the_first_reason_that_fits_decides);
    return hy_tap_end();
}
