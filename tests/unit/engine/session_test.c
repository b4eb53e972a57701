#include "rig.h"
#include "tap.h"

#include "base/err.h"
#include "crypto/ticket.h"
#include "engine/internal.h"
#include "engine/pages.h"

#define OTHER_USER "oRigRigRigRigRigRigRigRig_u2"

static char text[HY_SESSION_BYTES];
static const int64_t ttl_ms = 7200000;

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
}

static void issue(const char *user)
{
    CHECK_INT(hy_session_issue(rig.engine, 1, user, ttl_ms, text), 0);
}

/* Opens `session`; with 0 it has to be the user's. */
static int opens(const char *session, const char *user)
{
    const struct hy_app_entry *app = NULL;
    const char *found = NULL;
    int err = hy_engine_session_open(rig.engine, session, &rig.arena, &app, &found);

    if (!err) {
        CHECK_TEXT(found, user);
        CHECK_TEXT(app->app.id, RIG_APP);
    }
    hy_engine_app_release(app);
    return err;
}

static void note_cut(struct hy_op *op, void *arg)
{
    *(int *)arg = op->result;
}

static void cut(int64_t app_no, const char *user)
{
    int result = 1;
    struct hy_session_cut verb = {
        .app_no = app_no, .user = user, .op.done = note_cut, .op.arg = &result};

    hy_engine_session_cut(rig.engine, &verb);
    rig_run();
    CHECK_INT(result, 0);
}

static void says_whose_it_is(void)
{
    set_up();
    issue(RIG_USER);
    CHECK(strlen(text) < 256);
    CHECK_INT(opens(text, RIG_USER), 0);
    rig_close();
}

static void survives_a_restart(void)
{
    set_up();
    issue(RIG_USER);
    rig_restart();
    CHECK_INT(opens(text, RIG_USER), 0);
    rig_close();
}

static void ends_in_time(void)
{
    set_up();
    issue(RIG_USER);
    rig_now_ms += ttl_ms - 1;
    CHECK_INT(opens(text, RIG_USER), 0);
    rig_now_ms++;
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    rig_close();
}

/* A session that is right in everything but for the signature, and texts that are none. */
static void a_forged_one_is_refused(void)
{
    static const char *const none[] = {"", "x", "hy_0123", "....", "AAAAAAAAAAAAAAAAAAAAAAAA"};
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "the key of somebody else's servi";
    struct hy_session session = {
        .app_no = 1, .issued_at_ms = 1772323200000, .expires_at_ms = INT64_MAX, .user = RIG_USER};
    uint8_t payload[HY_SESSION_PAYLOAD_MAX];
    size_t size = hy_session_print(&session, payload);
    struct hy_seal *other;

    set_up();
    CHECK_INT(hy_seal_from_key(key, &other), 0);
    CHECK_INT(hy_ticket_make(other, "session", payload, size, text, sizeof text), 0);
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    CHECK_INT(hy_ticket_make(rig.seal, "apikey", payload, size, text, sizeof text), 0);
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    CHECK_INT(hy_ticket_make(rig.seal, "session", payload, size, text, sizeof text), 0);
    CHECK_INT(opens(text, RIG_USER), 0); /* with the right one it would be */
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        CHECK_INT(opens(none[i], RIG_USER), HY_E_DENIED);
    hy_seal_close(other);
    rig_close();
}

/* The id may come back as another app, whose users these are not. */
static void a_removed_apps_sessions_are_void(void)
{
    set_up();
    issue(RIG_USER);
    CHECK_INT(rig_remove_app(RIG_APP), 0);
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    rig_close();
}

static void a_cut_ends_the_users_sessions_until_now(void)
{
    char before[HY_SESSION_BYTES], others[HY_SESSION_BYTES];

    set_up();
    issue(OTHER_USER);
    memcpy(others, text, sizeof others);
    issue(RIG_USER);
    memcpy(before, text, sizeof before);
    cut(1, RIG_USER);
    CHECK_INT(opens(before, RIG_USER), HY_E_DENIED);
    CHECK_INT(opens(others, OTHER_USER), 0);
    issue(RIG_USER); /* in the very millisecond of the cut */
    CHECK_INT(opens(text, RIG_USER), 0);
    memcpy(before, text, sizeof before);
    cut(1, RIG_USER);
    CHECK_INT(opens(before, RIG_USER), HY_E_DENIED);
    rig_close();
}

static void a_cut_of_all_ends_all_of_that_app(void)
{
    set_up();
    issue(RIG_USER);
    cut(2, NULL);
    CHECK_INT(opens(text, RIG_USER), 0);
    cut(1, NULL);
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    issue(RIG_USER);
    CHECK_INT(opens(text, RIG_USER), 0);
    rig_close();
}

static void a_cut_outlives_the_process(void)
{
    set_up();
    issue(RIG_USER);
    cut(1, RIG_USER);
    rig_restart();
    CHECK_INT(opens(text, RIG_USER), HY_E_DENIED);
    rig_now_ms += 5;
    issue(RIG_USER);
    CHECK_INT(opens(text, RIG_USER), 0);
    rig_close();
}

static void a_clock_that_goes_back_helps_nobody(void)
{
    char later[HY_SESSION_BYTES];

    set_up();
    rig_now_ms += 100000;
    cut(1, RIG_USER);
    rig_now_ms -= 50000;
    issue(RIG_USER);
    CHECK_INT(opens(text, RIG_USER), 0);
    memcpy(later, text, sizeof later);
    cut(1, RIG_USER);
    CHECK_INT(opens(later, RIG_USER), HY_E_DENIED);
    rig_close();
}

/* Thousands of cuts: each is found, old ones go when the table would grow. */
static void many_cuts_are_all_found(void)
{
    enum { MANY = 5000 };
    const int64_t now_ms = 1772323200000, day_ms = 86400000;
    struct hy_cuts cuts;
    char user[32];

    CHECK_INT(hy_cuts_init(&cuts), 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(user, sizeof user, "u%d", i);
        hy_cuts_put(&cuts, hy_cut_new(1 + i % 3, user, now_ms + i), now_ms);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(user, sizeof user, "u%d", i);
        CHECK_INT(hy_cuts_at(&cuts, 1 + i % 3, user), now_ms + i);
        CHECK_INT(hy_cuts_at(&cuts, 1 + (i + 1) % 3, user), 0);
    }
    hy_cuts_put(&cuts, hy_cut_new(1, "u0", now_ms - 5),
                now_ms); /* an earlier one changes nothing */
    CHECK_INT(hy_cuts_at(&cuts, 1, "u0"), now_ms);
    CHECK_INT(cuts.count, MANY);
    for (int i = 0; cuts.count >= MANY; i++) {
        CHECK(i < 10 * MANY);
        snprintf(user, sizeof user, "v%d", i);
        hy_cuts_put(&cuts, hy_cut_new(1, user, now_ms + 2 * day_ms), now_ms + 2 * day_ms);
    }
    CHECK_INT(hy_cuts_at(&cuts, 1, "u0"), 0);
    CHECK_INT(hy_cuts_at(&cuts, 1, "v0"), now_ms + 2 * day_ms);
    hy_cuts_deinit(&cuts);
}

static void parse_takes_what_print_gives_and_nothing_else(void)
{
    struct hy_session session = {.app_no = 7, .issued_at_ms = -1, .expires_at_ms = 1LL << 40};
    struct hy_session back;
    uint8_t payload[HY_SESSION_PAYLOAD_MAX + 1];

    CHECK_INT(hy_session_print(&session, payload), 0); /* no user */
    for (size_t n = 1; n <= HY_SESSION_USER_MAX; n++) {
        size_t size;

        memset(session.user, 'u', n);
        size = hy_session_print(&session, payload);
        CHECK_INT(size, HY_SESSION_HEAD_BYTES + n);
        CHECK_INT(hy_session_parse(payload, size, &back), 0);
        CHECK_INT(memcmp(&back, &session, sizeof back), 0);
        CHECK_INT(hy_session_parse(payload, HY_SESSION_HEAD_BYTES, &back), HY_E_DENIED);
    }
    CHECK_INT(hy_session_parse(payload, HY_SESSION_PAYLOAD_MAX + 1, &back), HY_E_DENIED);
    payload[HY_SESSION_HEAD_BYTES + 3] = 0;
    CHECK_INT(hy_session_parse(payload, HY_SESSION_PAYLOAD_MAX, &back), HY_E_DENIED);
    payload[HY_SESSION_HEAD_BYTES + 3] = 'u';
    payload[0] = 2;
    CHECK_INT(hy_session_parse(payload, HY_SESSION_PAYLOAD_MAX, &back), HY_E_DENIED);
}

int main(void)
{
    RUN(says_whose_it_is);
    RUN(survives_a_restart);
    RUN(ends_in_time);
    RUN(a_forged_one_is_refused);
    RUN(a_removed_apps_sessions_are_void);
    RUN(a_cut_ends_the_users_sessions_until_now);
    RUN(a_cut_of_all_ends_all_of_that_app);
    RUN(a_cut_outlives_the_process);
    RUN(a_clock_that_goes_back_helps_nobody);
    RUN(many_cuts_are_all_found);
    RUN(parse_takes_what_print_gives_and_nothing_else);
    return hy_tap_end();
}
