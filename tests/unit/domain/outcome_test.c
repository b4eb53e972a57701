#include "tap.h"

#include "domain/outcome.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
static const int64_t day = 24 * (int64_t)HOUR;

static void a_move_is_told_under_its_name(void)
{
    static const struct {
        enum hy_message_state state;
        const char *name;
    } told[] = {
        {HY_MESSAGE_SENT, "message.sent"},       {HY_MESSAGE_DELIVERED, "message.delivered"},
        {HY_MESSAGE_FAILED, "message.failed"},   {HY_MESSAGE_UNKNOWN, "message.unknown"},
        {HY_MESSAGE_EXPIRED, "message.expired"}, {HY_MESSAGE_CANCELED, "message.canceled"}};

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        CHECK_TEXT(hy_outcome_names[hy_outcome_of_state(told[i].state)], told[i].name);
    CHECK_INT(hy_outcome_of_state(HY_MESSAGE_QUEUED), -1);
    CHECK_INT(hy_outcome_of_state(HY_MESSAGE_WAITING), -1);
    CHECK_INT(hy_outcome_of_state(HY_MESSAGE_SENDING), -1);
    CHECK_TEXT(hy_outcome_names[HY_OUTCOME_GRANT_ADDED], "grant.added");
    CHECK_TEXT(hy_outcome_names[HY_OUTCOME_GRANT_REVOKED], "grant.revoked");
    CHECK_TEXT(hy_outcome_names[HY_OUTCOME_CALLBACK_RAW], "callback.raw");
    CHECK_TEXT(hy_outcome_names[HY_OUTCOME_TEST], "webhook.test");
    CHECK(hy_outcome_names[HY_OUTCOME_TYPES] == NULL);
}

static void delays_grow_as_written(void)
{
    static const int64_t delays[] = {5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE,
                                     1 * HOUR,   2 * HOUR,    4 * HOUR,   6 * HOUR,    6 * HOUR};

    for (int32_t attempts = 1; attempts <= 10; attempts++) {
        int64_t least = INT64_MAX, most = 0;

        for (uint64_t seed = 0; seed < 1000; seed++) {
            int64_t delay = hy_outcome_retry_ms(attempts, 0, seed);

            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        CHECK(least >= delays[attempts - 1]);
        CHECK(most <= delays[attempts - 1] * 6 / 5);
        CHECK(most - least > delays[attempts - 1] / 10); /* they spread */
    }
    CHECK(hy_outcome_retry_ms(INT32_MAX, 0, 1) >= 6 * HOUR);
    CHECK_INT(hy_outcome_retry_ms(3, 0, 42), hy_outcome_retry_ms(3, 0, 42));
}

static void after_three_days_it_is_given_up(void)
{
    CHECK(hy_outcome_retry_ms(1, 3 * day, 1) > 0);
    CHECK_INT(hy_outcome_retry_ms(1, 3 * day + 1, 1), 0);
    CHECK_INT(hy_outcome_retry_ms(20, 4 * day, 1), 0);
}

int main(void)
{
    RUN(a_move_is_told_under_its_name);
    RUN(delays_grow_as_written);
    RUN(after_three_days_it_is_given_up);
    return hy_tap_end();
}
