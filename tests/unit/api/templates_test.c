/*
 * Templates through the API: synced, shown, added, deleted; what they make of messages.
 */
#include "client.h"
#include "tap.h"

#define OLD_TEMPLATE "TM00000000000000000000000000000000000000002"
#define APP_QUERY    "?app=" CLIENT_APP

static const char subscriptions[] =
    "{\"errcode\":0,\"data\":[{\"priTmplId\":\"" CLIENT_TEMPLATE "\",\"title\":\"Shipped\","
    "\"content\":\"Goods:{{thing1.DATA}}\\nState:{{enum_string2.DATA}}\\nSum:{{amount3.DATA}}\\n\","
    "\"example\":\"Goods:tea\\n\",\"type\":2,\"keywordEnumValueList\":[{\"keywordCode\":"
    "\"enum_string2.DATA\",\"enumValueList\":[\"new\",\"sent\"]}]}]}";
static const char no_legacy[] = "{\"errcode\":45103,\"errmsg\":\"unsupported\"}";

static void set_up(void)
{
    client_start();
    client_add_app();
    client_platform_at("/newtmpl/gettemplate", subscriptions);
    client_platform_at("/wxopen/template/list", no_legacy);
}

static void sync(void)
{
    client_call("POST", "/v1/templates/sync", "{\"app\":\"" CLIENT_APP "\"}");
    CHECK_INT(client_status(), 200);
}

/* --- sync and show ---------------------------------------------------------------------------- */

static void sync_says_what_it_found(void)
{
    set_up();
    sync();
    CHECK_TEXT(client_at("templates"), "1");
    CHECK_TEXT(client_at("added"), "1");
    CHECK_TEXT(client_at("removed"), "0");
    CHECK_TEXT(client_at("synced_at"), "2026-03-01T00:00:00.000Z");
    client_platform_at("/newtmpl/gettemplate", "{\"errcode\":0,\"data\":[]}");
    client_call("POST", "/v1/templates/sync" APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("templates"), "0");
    CHECK_TEXT(client_at("removed"), "1");
    client_stop();
}

static void a_template_is_shown_with_its_fields(void)
{
    set_up();
    sync();
    client_call("GET", "/v1/templates" APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items"), "1");
    CHECK_TEXT(client_at("items.0.template"), CLIENT_TEMPLATE);
    client_call("GET", "/v1/templates/" CLIENT_TEMPLATE APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("template"), CLIENT_TEMPLATE);
    CHECK_TEXT(client_at("title"), "Shipped");
    CHECK_TEXT(client_at("kind"), "once");
    CHECK_TEXT(client_at("example"), "Goods:tea\n");
    CHECK_TEXT(client_at("fields"), "3");
    CHECK_TEXT(client_at("fields.0.key"), "thing1");
    CHECK_TEXT(client_at("fields.0.type"), "thing");
    CHECK_TEXT(client_at("fields.0.label"), "Goods");
    CHECK_TEXT(client_at("fields.0.max"), "20");
    CHECK(client_at("fields.0.rule"));
    CHECK(!client_at("fields.0.values"));
    CHECK_TEXT(client_at("fields.1.type"), "enum_string");
    CHECK(!client_at("fields.1.max"));
    CHECK_TEXT(client_at("fields.1.values.1"), "sent");
    CHECK_TEXT(client_at("synced_at"), "2026-03-01T00:00:00.000Z");
    client_call("GET", "/v1/templates/" OLD_TEMPLATE APP_QUERY, NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void the_app_is_named_once(void)
{
    set_up();
    client_call("POST", "/v1/templates/sync", NULL);
    CHECK_INT(client_status(), 400);
    CHECK(client_error("app"));
    client_call("POST", "/v1/templates/sync?app=wx0000000000000009",
                "{\"app\":\"" CLIENT_APP "\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("app"));
    client_call("POST", "/v1/templates/sync" APP_QUERY, "{\"app\":\"" CLIENT_APP "\"}");
    CHECK_INT(client_status(), 200);
    client_call("POST", "/v1/templates/sync?app=wx0000000000000009", NULL);
    CHECK_INT(client_status(), 400);
    CHECK_TEXT(client_at("errors.0.rule"), "known_app");
    client_call("GET", "/v1/templates", NULL);
    CHECK_INT(client_status(), 400);
    client_call("POST", "/v1/templates/sync", "{\"app\":\"" CLIENT_APP "\",\"ap\":1}");
    CHECK_INT(client_status(), 400);
    client_stop();
}

/* A page of the legacy list, `from` up to `to`. */
static char *legacy_page(int from, int to, int total)
{
    static char text[16384];
    size_t used =
        (size_t)snprintf(text, sizeof text, "{\"errcode\":0,\"total_count\":%d,\"list\":[", total);

    for (int i = from; i < to; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s{\"template_id\":\"L%042d\",\"title\":\"t\",\"content\":"
                                 "\"A{{keyword1.DATA}}\",\"example\":\"\"}",
                                 i > from ? "," : "", i);
    snprintf(text + used, sizeof text - used, "]}");
    return text;
}

/* The pages are asked for one after the other: answers are put in as they are wanted. */
static void all_pages_of_the_legacy_list_are_read(void)
{
    static const int ends[] = {0, 20, 40, 45};

    set_up();
    client_platform_at("/wxopen/template/list", NULL);
    client_platform(NULL);
    client_call_begin("POST", "/v1/templates/sync" APP_QUERY, NULL);
    for (int page = 0; page < 3; page++) {
        char offset[32];

        snprintf(offset, sizeof offset, "\"offset\":%d", ends[page]);
        CHECK_INT(client_world.request_count, 1);
        CHECK(strstr(client_world.requests[0].body, offset));
        world_answer(&client_world, 0, HY_HTTP_ANSWERED, 200,
                     legacy_page(ends[page], ends[page + 1], 45));
        client_call_turn();
    }
    client_call_finish();
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("templates"), "46");
    CHECK_TEXT(client_at("added"), "46");
    client_stop();
}

/* --- what the platform says ------------------------------------------------------------------- */

static const struct {
    const char *body;
    int status;
    const char *type, *detail;
} refusals[] = {
    {"{\"errcode\":45009,\"errmsg\":\"reach max api daily quota limit\"}", 503,
     "urn:hongyan:problem:platform_unavailable", "45009 reach max api daily quota limit"},
    {"{\"errcode\":-1,\"errmsg\":\"system error\"}", 503,
     "urn:hongyan:problem:platform_unavailable", "-1 system error"},
    {"{\"errcode\":200011,\"errmsg\":\"account banned\"}", 422,
     "urn:hongyan:problem:platform_refused", "200011 account banned. The account is banned from"},
    {"{\"errcode\":40001,\"errmsg\":\"invalid credential\"}", 503,
     "urn:hongyan:problem:platform_unavailable", "the token again that it refused"},
};

static void trouble_is_told_with_its_code(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        set_up();
        client_platform_at("/newtmpl/gettemplate", refusals[i].body);
        client_call("POST", "/v1/templates/sync" APP_QUERY, NULL);
        CHECK_INT(client_status(), refusals[i].status);
        CHECK_TEXT(client_at("type"), refusals[i].type);
        CHECK(strstr(client_at("detail"), refusals[i].detail));
        CHECK(!strstr(client_text(), "TOKEN"));
        CHECK_INT(client_answer_header("Retry-After") != NULL, refusals[i].status == 503);
        client_stop();
    }
}

/* --- add and delete --------------------------------------------------------------------------- */

static void an_added_template_is_answered_whole(void)
{
    set_up();
    client_platform_at("/newtmpl/addtemplate",
                       "{\"errcode\":0,\"priTmplId\":\"" CLIENT_TEMPLATE "\"}");
    client_call("POST", "/v1/templates",
                "{\"app\":\"" CLIENT_APP "\",\"tid\":\"484\",\"keywords\":[1,\"2\",3],"
                "\"scene\":\"shipping\"}");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("template"), CLIENT_TEMPLATE);
    CHECK_TEXT(client_at("fields.0.label"), "Goods");
    client_platform_at("/newtmpl/deltemplate", "{\"errcode\":0}");
    client_call("DELETE", "/v1/templates/" CLIENT_TEMPLATE APP_QUERY, NULL);
    CHECK_INT(client_status(), 204);
    client_call("GET", "/v1/templates/" CLIENT_TEMPLATE APP_QUERY, NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static const struct {
    const char *members, *field;
} odd_additions[] = {
    {"\"keywords\":[1]", "tid"},
    {"\"tid\":\"x\",\"keywords\":[1]", "tid"},
    {"\"tid\":1", "keywords"},
    {"\"tid\":1,\"keywords\":[]", "keywords"},
    {"\"tid\":1,\"keywords\":[1,2,3,4,5,6,7,8,9,10,11]", "keywords"},
    {"\"tid\":1,\"keywords\":[1,\"a\"]", "keywords[1]"},
    {"\"tid\":1,\"keywords\":[0]", "keywords[0]"},
    {"\"tid\":1,\"keywords\":[-1]", "keywords[0]"},
    {"\"tid\":1,\"id\":\"AT0002\",\"keywords\":[1]", "id"},
    {"\"legacy\":true,\"keywords\":[1]", "id"},
    {"\"legacy\":true,\"id\":\"AT0002\",\"tid\":1,\"keywords\":[1]", "tid"},
    {"\"legacy\":true,\"id\":\"AT0002\",\"scene\":\"s\",\"keywords\":[1]", "scene"},
};

static void odd_additions_name_the_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof odd_additions / sizeof odd_additions[0]; i++) {
        char body[256];

        snprintf(body, sizeof body, "{\"app\":\"" CLIENT_APP "\",%s}", odd_additions[i].members);
        client_call("POST", "/v1/templates", body);
        CHECK_INT(client_status(), 400);
        if (!client_error(odd_additions[i].field))
            hy_tap_fail(__FILE__, __LINE__, "%s: %s", odd_additions[i].members, client_text());
    }
    client_stop();
}

static void a_legacy_template_is_deleted_by_its_own_call(void)
{
    set_up();
    client_platform_at("/wxopen/template/list",
                       "{\"errcode\":0,\"total_count\":1,\"list\":[{\"template_id\":\"" OLD_TEMPLATE
                       "\",\"title\":\"t\",\"content\":\"A{{keyword1.DATA}}\",\"example\":\"\"}]}");
    sync();
    CHECK_TEXT(client_at("templates"), "2");
    client_platform("{\"errcode\":40037}");
    client_platform_at("/wxopen/template/del", "{\"errcode\":0}");
    client_call("DELETE", "/v1/templates/" OLD_TEMPLATE APP_QUERY, NULL);
    CHECK_INT(client_status(), 204);
    client_stop();
}

/* --- the library ------------------------------------------------------------------------------ */

static void the_library_is_asked(void)
{
    set_up();
    client_platform_at("getcategory", "{\"errcode\":0,\"data\":[{\"id\":616,\"name\":\"Food\"}]}");
    client_call("GET", "/v1/templates/categories" APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items.0.id"), "616");
    CHECK_TEXT(client_at("items.0.name"), "Food");
    client_platform_at("getpubtemplatetitles",
                       "{\"errcode\":0,\"count\":55,\"data\":[{\"tid\":99,\"title\":\"Paid\","
                       "\"type\":2,\"categoryId\":\"616\"}]}");
    client_call("GET", "/v1/templates/titles" APP_QUERY "&categories=616&start=10&limit=30", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items.0.id"), "99");
    CHECK_TEXT(client_at("total"), "55");
    client_call("GET", "/v1/templates/titles" APP_QUERY "&categories=616&limit=31", NULL);
    CHECK_INT(client_status(), 400);
    client_call("GET", "/v1/templates/titles" APP_QUERY, NULL);
    CHECK_INT(client_status(), 400);
    CHECK(client_error("categories"));
    client_platform_at("getpubtemplatekeywords",
                       "{\"errcode\":0,\"count\":1,\"data\":[{\"kid\":1,\"name\":\"Goods\","
                       "\"example\":\"tea\",\"rule\":\"thing\"}]}");
    client_call("GET", "/v1/templates/keywords" APP_QUERY "&tid=99", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items.0.type"), "thing");
    client_platform_at("library/get",
                       "{\"errcode\":0,\"id\":\"AT0002\",\"title\":\"t\",\"keyword_list\":"
                       "[{\"keyword_id\":3,\"name\":\"Goods\",\"example\":\"tea\"}]}");
    client_call("GET", "/v1/templates/library/AT0002" APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items.0.id"), "3");
    client_platform_at("library/list", "{\"errcode\":0,\"total_count\":1,\"list\":[{\"id\":"
                                       "\"AT0002\",\"title\":\"t\"}]}");
    client_call("GET", "/v1/templates/library" APP_QUERY, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items.0.id"), "AT0002");
    CHECK_TEXT(client_at("total"), "1");
    client_stop();
}

/* --- messages --------------------------------------------------------------------------------- */

#define MESSAGE(data, more)                                                                        \
    "{\"app\":\"" CLIENT_APP "\",\"user\":\"" CLIENT_USER "\",\"template\":\"" CLIENT_TEMPLATE     \
    "\",\"on_missing\":\"try\",\"data\":" data more "}"
#define REST ",\"enum_string2\":\"new\",\"amount3\":\"1\"}"
#define LONG "{\"thing1\":\"123456789012345678901\"" REST

static void repairs_are_answered(void)
{
    set_up();
    sync();
    client_call("POST", "/v1/messages", MESSAGE(LONG, ""));
    CHECK_INT(client_status(), 400);
    CHECK_TEXT(client_at("errors.0.field"), "data.thing1");
    CHECK_TEXT(client_at("errors.0.rule"), "max_length");
    CHECK_TEXT(client_at("errors.0.limit"), "20");
    CHECK_TEXT(client_at("errors.0.actual"), "21");
    client_call("POST", "/v1/messages", MESSAGE(LONG, ",\"repair\":\"cut\""));
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("repaired"), "1");
    CHECK(strstr(client_text(), "\"repaired\":{\"data.thing1\":\"1234567890123456789…\"}"));
    client_call("POST", "/v1/messages/check", MESSAGE(LONG, ",\"repair\":\"cut\""));
    CHECK_TEXT(client_at("ok"), "true");
    CHECK_TEXT(client_at("repaired"), "1");
    client_call("POST", "/v1/messages",
                "[" MESSAGE(LONG, "") "," MESSAGE(LONG, ",\"repair\":\"cut\"") "]");
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("results.0.error.errors.0.field"), "data.thing1");
    CHECK_TEXT(client_at("results.1.repaired"), "1");
    client_call("POST", "/v1/messages/check",
                MESSAGE("\"{\\\"thing1\\\":\\\"a\\\",\\\"enum_string2\\\":\\\"new\\\","
                        "\\\"amount3\\\":\\\"1\\\"}\"",
                        ",\"repair\":\"cut\""));
    CHECK_TEXT(client_at("ok"), "true");
    CHECK_TEXT(client_at("repaired.data.thing1.value"), "a");
    client_call("POST", "/v1/messages/check", MESSAGE("{\"thing1\":\"a\"" REST, ""));
    CHECK_TEXT(client_at("ok"), "true");
    CHECK(!client_at("repaired"));
    client_stop();
}

/* Its template changed between the first request and the repeat. */
static void a_repeat_gets_its_first_answer(void)
{
    char first[64];

    set_up();
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"a\"}", ",\"key\":\"k\""));
    CHECK_INT(client_status(), 202);
    snprintf(first, sizeof first, "%s", client_at("id"));
    sync();
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"a\"}", ",\"key\":\"k\""));
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("id"), first);
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"a\"}", ",\"key\":\"other\""));
    CHECK_INT(client_status(), 400);
    CHECK(client_error("data.amount3"));
    CHECK(!client_error("expires_at"));
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"b\"}", ",\"key\":\"k\""));
    CHECK_INT(client_status(), 409);
    client_call("POST", "/v1/messages",
                "[" MESSAGE("{\"thing1\":\"a\"}", ",\"key\":\"k\"") "," MESSAGE(
                    "{\"thing1\":\"a\"}", ",\"key\":\"x\"") "]");
    CHECK_TEXT(client_at("results.0.id"), first);
    CHECK(strstr(client_at("results.1.error.detail"), "data."));
    client_call("POST", "/v1/messages/check", MESSAGE("{\"thing1\":\"a\"}", ",\"key\":\"k\""));
    CHECK_TEXT(client_at("ok"), "false");
    client_stop();
}

static void a_refusal_is_traced_to_its_field(void)
{
    char path[64];

    set_up();
    client_platform("{\"errcode\":47003,\"errmsg\":\"argument invalid! data.thing1.value is "
                    "invalid rid: 65f1a2b3\"}");
    client_call("POST", "/v1/messages",
                MESSAGE("{\"thing1\":\"123456789012345678901\",\"thing9\":\"x\"}", ""));
    CHECK_INT(client_status(), 202);
    snprintf(path, sizeof path, "/v1/messages/%s", client_at("id"));
    client_call("GET", path, NULL);
    CHECK_TEXT(client_at("attempts.0.errcode"), "47003");
    CHECK_TEXT(client_at("attempts.0.field"), "data.thing1");
    CHECK(!client_at("attempts.0.label") && !client_at("template_kind"));
    sync();
    client_call("GET", path, NULL);
    CHECK_TEXT(client_at("attempts.0.label"), "Goods");
    CHECK_TEXT(client_at("attempts.0.errors.0.rule"), "max_length");
    client_call("POST", "/v1/messages",
                MESSAGE("{\"thing1\":\"a\"" REST, ",\"extra\":{\"later\":[1,{\"x\":null}]}"));
    CHECK_INT(client_status(), 202);
    snprintf(path, sizeof path, "/v1/messages/%s", client_at("id"));
    client_call("GET", path, NULL);
    CHECK_TEXT(client_at("template_kind"), "once");
    CHECK(strstr(client_text(), "\"extra\":{\"later\":[1,{\"x\":null}]}"));
    CHECK_TEXT(client_at("attempts.0.field"), "data.thing1");
    CHECK(!client_at("attempts.0.errors"));
    client_stop();
}

static void extra_may_not_name_what_is_ours(void)
{
    set_up();
    client_call("POST", "/v1/messages",
                MESSAGE("{\"thing1\":\"a\"}", ",\"extra\":{\"touser\":\"x\"}"));
    CHECK_INT(client_status(), 400);
    CHECK(client_error("extra.touser"));
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"a\"}", ",\"extra\":[]"));
    CHECK_INT(client_status(), 400);
    CHECK(client_error("extra"));
    client_call("POST", "/v1/messages", MESSAGE("{\"thing1\":\"a\"}", ",\"extra\":{}"));
    CHECK_INT(client_status(), 202);
    client_stop();
}

int main(void)
{
    RUN(sync_says_what_it_found);
    RUN(a_template_is_shown_with_its_fields);
    RUN(the_app_is_named_once);
    RUN(all_pages_of_the_legacy_list_are_read);
    RUN(trouble_is_told_with_its_code);
    RUN(an_added_template_is_answered_whole);
    RUN(odd_additions_name_the_field);
    RUN(a_legacy_template_is_deleted_by_its_own_call);
    RUN(the_library_is_asked);
    RUN(repairs_are_answered);
    RUN(a_repeat_gets_its_first_answer);
    RUN(a_refusal_is_traced_to_its_field);
    RUN(extra_may_not_name_what_is_ours);
    return hy_tap_end();
}
