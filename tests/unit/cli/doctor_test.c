/* A user's timeline told in words. */
#include "tap.h"

#include "base/json.h"
#include "cli/doctor.h"

static struct hy_arena arena;
static struct hy_buf out;

static const char *tell(const char *members, bool chinese)
{
    const char *text = hy_arena_printf(&arena, "{'app':'wx1','user':'o1',%s}", members);
    HY_JSON_SCOPED json_t *answer = NULL;
    char reason[128] = "";

    for (char *quote = (char *)text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    answer = hy_json_parse(text, strlen(text), reason, sizeof reason);
    if (!answer)
        hy_tap_fail(__FILE__, __LINE__, "%s", reason);
    hy_buf_clear(&out);
    hy_doctor_tell(&out, &arena, answer, chinese);
    return hy_buf_text(&out);
}

#define HANDED_OVER(state)                                                                         \
    "{'at':'2026-03-01T00:00:02Z','type':'message_accepted','template':'t','message':'m1',"        \
    "'state':'" state "','balance_before':1,'balance_after':1}"

static void nobody_knows_her(void)
{
    CHECK_TEXT(tell("'balances':[],'items':[]", false),
               "Nothing is known of this user: no permission, no message.\n");
    CHECK(strstr(tell("'balances':[],'items':[]", true), "没有该用户"));
}

static void steps_have_words_and_balances(void)
{
    const char *text = tell(
        "'balances':[{'template':'t','kind':'once','available':0,'state':'spent'}],'items':["
        "{'at':'2026-03-01T00:00:01Z','type':'answer','template':'t','kind':'once','answer':"
        "'accept','uses':2,'told_by':['page','event'],'balance_before':0,'balance_after':2}"
        "," HANDED_OVER("sent") ",{'at':'2026-03-01T00:00:03Z','type':'attempt','message':'m1',"
                                "'verdict':'ok','errcode':0,'errmsg':'ok','balance_before':2,'"
                                "balance_after':1}]",
        false);

    CHECK(strstr(text, "t         once          0  spent\n"));
    CHECK(strstr(text, "accepted x2"));
    CHECK(strstr(text, "0 > 2    once, page, event\n"));
    CHECK(strstr(text, "  2 > 1    ok\n"));
    CHECK(strstr(text, "The last message went out"));
    CHECK(!strstr(text, "sent\n")); /* that it ended is said where it ended */
}

static void a_message_that_rests_says_why(void)
{
    const char *text = tell("'balances':[],'items':[" HANDED_OVER(
                                "waiting") "],'why':{'message':'m1','state':'waiting',"
                                           "'reason':'no_grant.suspect','due_at':'2026-03-01T06:00:"
                                           "00Z','meaning':'Refused.','fix':"
                                           "'Wait.'}",
                            false);

    CHECK(strstr(text, "m1: waiting (no_grant.suspect)\n"));
    CHECK(strstr(text, "next try: 2026-03-01T06:00:00Z\n"));
    CHECK(strstr(text, "What to do: Wait.\n"));
    CHECK(!strstr(text, "A later message went out"));
}

static void a_later_message_may_have_come(void)
{
    CHECK(strstr(tell("'balances':[],'items':[" HANDED_OVER("delivered") "],'why':{'message':'m0',"
                                                                         "'state':'failed'}",
                      false),
                 "A later message went out"));
}

static void on_its_way_or_never(void)
{
    CHECK(strstr(tell("'balances':[],'items':[" HANDED_OVER("queued") "]", false), "on its way"));
    CHECK(strstr(tell("'balances':[{'kind':'form_id','available':1}],'items':[]", false),
                 "ever handed over"));
}

int main(void)
{
    hy_arena_init(&arena);
    hy_buf_init(&out, 1 << 20);
    RUN(nobody_knows_her);
    RUN(steps_have_words_and_balances);
    RUN(a_message_that_rests_says_why);
    RUN(a_later_message_may_have_come);
    RUN(on_its_way_or_never);
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
