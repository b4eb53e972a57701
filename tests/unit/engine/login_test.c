#include "rig.h"
#include "tap.h"

#include "base/err.h"
#include "engine/pages.h"

#define OTHER_APP "wx0000000000000002"

enum { OF_APP = 64 };

static struct hy_login logins[OF_APP + 2];
static size_t ended;

static void note_end(struct hy_login *login, void *arg)
{
    ended++;
}

static void begin(struct hy_login *login, const char *app)
{
    *login = (struct hy_login){.app = app, .code = "code", .done = note_end};
    hy_engine_login(rig.engine, login);
}

/* The platform answers none of an app's logins: the next ones are sent away, another app's go. */
static void an_app_whose_logins_hang_hurts_no_other(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(rig_change_app(NULL, "{'id':'" OTHER_APP "','secret':'" RIG_SECRET "'}"), 0);
    ended = 0;
    for (size_t i = 0; i <= OF_APP; i++)
        begin(&logins[i], RIG_APP);
    begin(&logins[OF_APP + 1], OTHER_APP);
    rig.requests = 0;
    hy_engine_tick(rig.engine, rig_now_ms);
    CHECK_INT(rig.requests, OF_APP + 1);
    CHECK_INT(ended, 1);
    CHECK_INT(logins[OF_APP].result, HY_E_BUSY);
    CHECK(logins[OF_APP].retry_after_s > 0);
    CHECK(!hy_engine_idle(rig.engine));
    rig_run();
    CHECK_INT(ended, OF_APP + 2);
    begin(&logins[0], RIG_APP); /* there is room again */
    hy_engine_tick(rig.engine, rig_now_ms);
    CHECK_INT(ended, OF_APP + 2);
    rig_run();
    CHECK_INT(ended, OF_APP + 3);
    rig_close();
}

static void of_an_app_that_is_not_there(void)
{
    rig_open("memory:");
    ended = 0;
    begin(&logins[0], RIG_APP);
    rig_run();
    CHECK_INT(ended, 1);
    CHECK_INT(logins[0].result, HY_E_NOT_FOUND);
    CHECK_INT(rig.requests, 0);
    rig_close();
}

int main(void)
{
    RUN(an_app_whose_logins_hang_hurts_no_other);
    RUN(of_an_app_that_is_not_there);
    return hy_tap_end();
}
