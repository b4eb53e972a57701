/* What a record of the audit keeps of a body. */
#include "api/audit.h"
#include "tap.h"

#include <string.h>

static struct hy_arena arena;

static const char *detail_of(const char *text)
{
    HY_JSON_SCOPED json_t *value = hy_json_parse(text, strlen(text), NULL, 0);

    return value ? hy_audit_detail(&arena, value) : "not JSON";
}

static void keeps_what_was_asked_for(void)
{
    const char *flat = "{\"id\":\"wx1\",\"rate_per_s\":5,\"legacy_intake\":true,\"quiet\":null}";
    const char *nested = "{\"message\":{\"user\":\"o1\",\"data\":{\"thing1\":\"茶\"}}}";

    CHECK_TEXT(detail_of(flat), flat);
    CHECK_TEXT(detail_of(nested), nested);
}

static void hides_secrets(void)
{
    CHECK_TEXT(detail_of("{\"secret\":\"0123\",\"callback_token\":\"t\"}"),
               "{\"secret\":\"***\",\"callback_token\":\"***\"}");
    CHECK_TEXT(detail_of("{\"bad_token\":\"abc\"}"), "{\"bad_token\":\"***\"}");
    CHECK_TEXT(detail_of("{\"a\":[{\"secret\":{\"b\":1}}]}"), "{\"a\":[{\"secret\":\"***\"}]}");
}

/* It takes one away: that says something, and is no secret. */
static void shows_that_a_secret_was_taken_away(void)
{
    CHECK_TEXT(detail_of("{\"callback_token\":null}"), "{\"callback_token\":null}");
}

static void hides_secrets_in_addresses(void)
{
    CHECK_TEXT(detail_of("{\"url\":\"https://me:pw@example.com/hook?token=1#x\"}"),
               "{\"url\":\"https://***@example.com/hook?***\"}");
    CHECK_TEXT(detail_of("{\"url\":\"https://example.com/a@b\"}"),
               "{\"url\":\"https://example.com/a@b\"}");
}

static json_t *long_text(size_t bytes)
{
    char text[20001];

    memset(text, 'x', bytes);
    text[bytes] = 0;
    return json_string(text);
}

static void cuts_long_texts(void)
{
    HY_JSON_SCOPED json_t *root = json_pack("{so}", "a", long_text(20000));
    HY_JSON_SCOPED json_t *chinese = json_object();
    char text[301] = "x";

    CHECK_INT(strlen(hy_audit_detail(&arena, root)), strlen("{\"a\":\"…\"}") + 200);
    for (int i = 0; i < 99; i++)
        memcpy(text + 1 + i * 3, "茶", 4);
    json_object_set_new(chinese, "a", json_string(text));
    CHECK_INT(strlen(hy_audit_detail(&arena, chinese)), strlen("{\"a\":\"…\"}") + 199);
}

static void counts_long_lists(void)
{
    HY_JSON_SCOPED json_t *root = json_object();
    json_t *list = json_array();

    json_object_set_new(root, "users", list);
    for (int i = 0; i < 5000; i++)
        json_array_append_new(list, json_integer(i));
    CHECK_TEXT(hy_audit_detail(&arena, root),
               "{\"users\":[0,1,2,3,4,5,6,7,8,9,\"… 5000 in all\"]}");
}

static void is_never_too_long(void)
{
    HY_JSON_SCOPED json_t *texts = json_object();
    HY_JSON_SCOPED json_t *numbers = json_object();
    const char *detail;
    char name[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "field%d", i);
        json_object_set_new(numbers, name, json_integer(i));
        if (i < 25)
            json_object_set_new(texts, name, long_text(200));
    }
    detail = hy_audit_detail(&arena, texts);
    CHECK(strlen(detail) <= HY_AUDIT_DETAIL_BYTES);
    CHECK(strstr(detail, "field24"));
    CHECK_TEXT(hy_audit_detail(&arena, numbers), "{}");
}

int main(void)
{
    hy_arena_init(&arena);
    RUN(keeps_what_was_asked_for);
    RUN(hides_secrets);
    RUN(shows_that_a_secret_was_taken_away);
    RUN(hides_secrets_in_addresses);
    RUN(cuts_long_texts);
    RUN(counts_long_lists);
    RUN(is_never_too_long);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
