/*
 * What every adapter must keep when it reads callbacks, whatever its platform: nothing that is not
 * signed is believed, and every answer is whole.
 */
#include "adapter_sample.h"

#include "base/err.h"

/* What a stranger may send: each name has the same value, or none. */
static const char *query_value;

static const char *same_for_all(void *self, const char *name)
{
    CHECK(self == &query_value && name[0]);
    return query_value;
}

static struct hy_callback read_one(const char *method, const char *body, size_t size,
                                   enum hy_callback_mode mode)
{
    struct hy_callback_ask ask = {.method = method,
                                  .query = same_for_all,
                                  .self = &query_value,
                                  .body = body,
                                  .body_size = size,
                                  .app_id = sample->app_id,
                                  .token = sample->callback_token,
                                  .aes_key = sample->callback_aes_key,
                                  .mode = mode,
                                  .now_ms = 1714112446000};
    struct hy_callback callback;

    memset(&callback, 0xa5, sizeof callback);
    CHECK_INT(platform->read_callback(&ask, &arena, &callback), 0);
    return callback;
}

static const char *const values[] = {
    NULL, "", "0", "1714112446", "\xff\xfe", "%00", "0000000000000000000000000000000000000000"};
static const char *const bodies[] = {"",       "{}",     "{\"Encrypt\":\"\"}",
                                     "<xml/>", "\0\0\0", "\xff\xd8"};

static void strangers_are_denied(void)
{
    static const char *const methods[] = {"GET", "POST", "PUT", ""};

    for (size_t m = 0; m < 4; m++) {
        for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
            for (size_t q = 0; q < sizeof values / sizeof *values; q++) {
                struct hy_callback c;

                query_value = values[q];
                c = read_one(methods[m], bodies[b], strlen(bodies[b]), HY_CALLBACK_PLAIN);
                CHECK_INT(c.verdict, HY_CALLBACK_DENIED);
            }
        }
    }
}

static void a_denial_is_whole_and_tells_no_secret(void)
{
    for (int mode = HY_CALLBACK_AUTO; mode <= HY_CALLBACK_SAFE; mode++) {
        struct hy_callback c = read_one("POST", "{}", 2, (enum hy_callback_mode)mode);

        CHECK(c.verdict == HY_CALLBACK_DENIED && c.why && c.why[0]);
        CHECK(!c.reply && !c.name && !c.user && !c.raw && !c.identity && !c.items);
        CHECK(c.count == 0 && c.created_at_ms == 0);
        CHECK(!strstr(c.why, sample->callback_token) && !strstr(c.why, sample->callback_aes_key));
    }
}

static void run_all(void)
{
    RUN(strangers_are_denied);
    RUN(a_denial_is_whole_and_tells_no_secret);
}

int main(void)
{
    return run_for_each_platform(run_all);
}
