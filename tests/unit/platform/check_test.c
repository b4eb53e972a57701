#include "tap.h"

#include "platform/platform.h"

#define USER "oUser-0000_0000000000000abcd"

static const struct hy_platform *platform;
static struct hy_arena arena;
static struct hy_violations found;

static void start(void)
{
    hy_arena_reset(&arena);
    hy_violations_init(&found, &arena);
}

/* The only violation: its field, rule, limit and actual; null = none. */
static void only(const char *field, const char *rule, const char *limit, const char *actual)
{
    const struct hy_violation *v = &found.items[0];

    CHECK_INT(found.count + found.unkept, 1);
    CHECK_TEXT(v->field, field);
    CHECK_TEXT(v->rule, rule);
    CHECK((v->limit == NULL) == (limit == NULL));
    if (limit)
        CHECK_TEXT(v->limit, limit);
    CHECK((v->actual == NULL) == (actual == NULL));
    if (actual)
        CHECK_TEXT(v->actual, actual);
    CHECK(v->message[0]);
}

/* --- apps and users --------------------------------------------------------------------------- */

#define SECRET "0123456789abcdef0123456789abcdef"

static void check_app(const char *id, const char *secret)
{
    start();
    platform->check_app(id, secret, &found);
}

static void takes_apps(void)
{
    check_app("wx0123456789abcdef", SECRET);
    CHECK(!hy_violations_any(&found));
    check_app("wx0123456789abcdef", NULL);
    CHECK(!hy_violations_any(&found));
    check_app("wx0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF");
    CHECK(!hy_violations_any(&found));
}

static void names_the_fault_of_an_app_id(void)
{
    static const char shape[] = "wx and 16 digits of 0-9 a-f, the AppID of a mini program";

    check_app(NULL, SECRET);
    only("id", "required", NULL, NULL);
    check_app("", SECRET);
    only("id", "length", "18", "0");
    check_app("wx0123456789abcde", SECRET);
    only("id", "length", "18", "17");
    check_app("wx0123456789abcdef ", SECRET);
    only("id", "length", "18", "19");
    check_app("wx0123456789ABCDEF", SECRET);
    only("id", "format", shape, NULL);
    check_app("gh0123456789abcdef", SECRET);
    only("id", "format", shape, NULL);
    check_app("wx0123456789abcdeg", SECRET);
    only("id", "format", shape, NULL);
}

static void never_repeats_a_secret(void)
{
    check_app("wx0123456789abcdef", "my-very-private-secret");
    only("secret", "length", "32", "22");
    CHECK(!strstr(found.items[0].message, "private"));
    check_app("wx0123456789abcdef", "my-very-private-secret-with-32ch");
    only("secret", "format", "32 digits of 0-9 a-f, the AppSecret of the mini program", NULL);
    CHECK(!strstr(found.items[0].message, "private"));
    check_app("wx0123456789abcdef", "");
    only("secret", "length", "32", "0");
}

static void check_user(const char *user)
{
    start();
    platform->check_user(user, "user", &found);
}

static void names_the_fault_of_a_user(void)
{
    static const char shape[] = "an openid: the letter o, then letters, digits, - and _";

    check_user(USER);
    CHECK(!hy_violations_any(&found));
    check_user("o1234567890123456789");
    CHECK(!hy_violations_any(&found));
    check_user(NULL);
    only("user", "required", NULL, NULL);
    check_user("");
    only("user", "length", "20..40", "0");
    check_user("undefined");
    only("user", "length", "20..40", "9");
    check_user("o1234567890123456789012345678901234567890");
    only("user", "length", "20..40", "41");
    check_user("x1234567890123456789");
    only("user", "format", shape, NULL);
    check_user("o123456789012345678 ");
    only("user", "format", shape, NULL);
    check_user("o鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁");
    only("user", "format", shape, NULL);
    check_user("o\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    only("user", "format", shape, NULL);
}

static void prefixes_count(void)
{
    start();
    found.prefix = "[3].";
    platform->check_user("o", "user", &found);
    only("[3].user", "length", "20..40", "1");
}

/* --- callbacks -------------------------------------------------------------------------------- */

#define AES_KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

static void check_callback(const char *token, const char *aes_key)
{
    start();
    platform->check_callback(token, aes_key, &found);
}

static void takes_secrets_of_callbacks(void)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";

    check_callback(NULL, NULL);
    CHECK(!hy_violations_any(&found));
    check_callback("abc", AES_KEY);
    CHECK(!hy_violations_any(&found));
    check_callback(longest, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    CHECK(!hy_violations_any(&found));
    check_callback("a-b_c.!", NULL);
    CHECK(!hy_violations_any(&found));
}

static void names_the_fault_of_a_callback_token(void)
{
    static const char shape[] = "ASCII without blanks, the Token of the console";

    check_callback("", NULL);
    only("callback_token", "length", "3..64", "0");
    check_callback("ab", NULL);
    only("callback_token", "length", "3..64", "2");
    check_callback("01234567890123456789012345678901234567890123456789012345678901234", NULL);
    only("callback_token", "length", "3..64", "65");
    check_callback("private token", NULL);
    only("callback_token", "format", shape, NULL);
    CHECK(!strstr(found.items[0].message, "private"));
    check_callback("鸿雁鸿雁", NULL);
    only("callback_token", "format", shape, NULL);
}

static void names_the_fault_of_a_callback_key(void)
{
    check_callback(NULL, "");
    only("callback_aes_key", "length", "43", "0");
    check_callback(NULL, AES_KEY "=");
    only("callback_aes_key", "length", "43", "44");
    check_callback(NULL, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF-");
    only("callback_aes_key", "format", "43 letters and digits, the EncodingAESKey of the console",
         NULL);
    CHECK(!strstr(found.items[0].message, "abcdef"));
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    RUN(takes_apps);
    RUN(names_the_fault_of_an_app_id);
    RUN(never_repeats_a_secret);
    RUN(names_the_fault_of_a_user);
    RUN(prefixes_count);
    RUN(takes_secrets_of_callbacks);
    RUN(names_the_fault_of_a_callback_token);
    RUN(names_the_fault_of_a_callback_key);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}
