#include "tap.h"

#include "platform/platform.h"

static const struct hy_platform *platform;
static struct hy_arena arena;
static const char *clean;

static const char *why(enum hy_grant_kind kind, const char *credential)
{
    clean = "untouched";
    return platform->check_credential(kind, credential, &arena, &clean);
}

static void refused(const char *credential, const char *reason)
{
    CHECK_TEXT(why(HY_GRANT_FORM_ID, credential), reason);
    CHECK_TEXT(clean, "untouched");
    CHECK_TEXT(why(HY_GRANT_PREPAY_ID, credential), reason);
    CHECK_TEXT(clean, "untouched");
}

static void taken(enum hy_grant_kind kind, const char *credential, const char *stored)
{
    const char *reason = why(kind, credential);

    if (reason)
        hy_tap_fail(__FILE__, __LINE__, "\"%s\" was refused: %s", credential, reason);
    CHECK_TEXT(clean, stored);
}

static void takes_real_ones(void)
{
    taken(HY_GRANT_FORM_ID, "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef");
    taken(HY_GRANT_FORM_ID, "1495523842934", "1495523842934");
    taken(HY_GRANT_FORM_ID, "null-is-not-all-of-it", "null-is-not-all-of-it");
    taken(HY_GRANT_PREPAY_ID, "wx201410272009395522657a690389285100",
          "wx201410272009395522657a690389285100");
}

static void takes_off_decoration(void)
{
    taken(HY_GRANT_PREPAY_ID, "prepay_id=wx2014", "wx2014");
    taken(HY_GRANT_PREPAY_ID, " prepay_id=wx2014\r\n", "wx2014");
    taken(HY_GRANT_FORM_ID, "prepay_id=wx2014", "wx2014");
    taken(HY_GRANT_PREPAY_ID, "prepay_id= prepay_id=wx2014", "wx2014");
    taken(HY_GRANT_FORM_ID, "\t0123abcd \n", "0123abcd");
}

static void refuses_the_mock_of_the_developer_tools(void)
{
    refused("the formId is a mock one", "mock_form_id");
    refused("  the formId is a mock one\n", "mock_form_id");
    refused("THE FORMID IS A MOCK ONE", "mock_form_id");
    refused("the+formId+is+a+mock+one", "mock_form_id");
    refused("the%20formId%20is%20a%20mock%20one", "mock_form_id");
    refused("the formId is a mock one.", "mock_form_id");
}

static void refuses_what_trial_versions_say(void)
{
    refused("the formId is no longer available in develop or trial version of this mini program",
            "unavailable_in_trial");
    refused("The FormId is no longer available in develop or trial version",
            "unavailable_in_trial");
}

static void refuses_failed_requests(void)
{
    refused("requestFormId:fail", "request_failed");
    refused("requestFormId:fail timeout", "request_failed");
    refused("requestFormId:fail internal error", "request_failed");
    refused("REQUESTFORMID:FAIL", "request_failed");
}

static void refuses_what_is_missing(void)
{
    refused(NULL, "empty");
    refused("", "empty");
    refused(" \t\r\n", "empty");
    refused("undefined", "empty");
    refused("Undefined", "empty");
    refused(" null ", "empty");
    refused("NaN", "empty");
    refused("\"\"", "empty");
    refused("prepay_id=", "empty");
    refused("prepay_id=undefined", "empty");
}

static void refuses_malformed_ones(void)
{
    char longest[130];

    refused("[object Object]", "malformed");
    refused("[object+Object]", "malformed");
    refused("abc def", "malformed");
    refused("abc\x01", "malformed");
    refused("abc\x7f", "malformed");
    refused("abc雁", "malformed");
    refused("abc\xff", "malformed");
    memset(longest, 'a', sizeof longest);
    longest[129] = 0;
    refused(longest, "malformed");
    longest[128] = 0;
    taken(HY_GRANT_FORM_ID, longest, longest);
}

static void counters_have_none(void)
{
    CHECK(why(HY_GRANT_ONCE, NULL) == NULL);
    CHECK(clean == NULL);
    CHECK(why(HY_GRANT_ALWAYS, NULL) == NULL);
    CHECK(clean == NULL);
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    RUN(takes_real_ones);
    RUN(takes_off_decoration);
    RUN(refuses_the_mock_of_the_developer_tools);
    RUN(refuses_what_trial_versions_say);
    RUN(refuses_failed_requests);
    RUN(refuses_what_is_missing);
    RUN(refuses_malformed_ones);
    RUN(counters_have_none);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}
