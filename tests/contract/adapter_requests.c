/*
 * What every adapter must keep when it checks input and builds requests, whatever its platform.
 */
#include "adapter_sample.h"

#include "base/err.h"

#define BASE  "http://127.0.0.1:1"
#define TOKEN "TOKEN-9"

static struct hy_violations found;

/* --- requests --------------------------------------------------------------------------------- */

static void check_shape(const struct hy_http_request *r)
{
    CHECK(strcmp(r->method, "GET") == 0 || strcmp(r->method, "POST") == 0);
    CHECK(strncmp(r->url, BASE "/", sizeof BASE) == 0);
    for (const char *at = r->url; *at; at++)
        CHECK(*at > ' ' && *at <= '~');
    CHECK(r->header_count <= HY_HTTP_HEADERS_MAX);
    for (size_t i = 0; i < r->header_count; i++)
        CHECK(!strpbrk(r->headers[i].name, "\r\n: ") && !strpbrk(r->headers[i].value, "\r\n"));
    CHECK((strcmp(r->method, "POST") == 0) == (r->body != NULL));
    if (r->body)
        CHECK_INT(strlen(r->body), r->body_size);
}

/* Promise 7: what is printed in logs shows no secret; headers never hold one unmasked. */
static void check_masked(const struct hy_http_request *r, const char *secret)
{
    char shown[2000];

    hy_http_mask_url(shown, sizeof shown, r->url, r->secret_params);
    CHECK(!strstr(shown, secret));
    for (size_t i = 0; i < r->header_count; i++)
        CHECK(!strstr(r->headers[i].value, secret));
}

static void token_requests_keep_the_secret(void)
{
    for (int mode = HY_TOKEN_STABLE; mode <= HY_TOKEN_CLASSIC; mode++) {
        for (int force = 0; force <= 1; force++) {
            struct hy_token_ask ask = {BASE, sample->app_id, sample->secret, mode, force};
            struct hy_http_request r;

            memset(&r, 0xa5, sizeof r);
            CHECK_INT(platform->build_token(&ask, &arena, &r), 0);
            check_shape(&r);
            check_masked(&r, sample->secret);
            CHECK(strstr(r.url, sample->secret) || (r.body && strstr(r.body, sample->secret)));
        }
    }
}

static void token_requests_need_their_parts(void)
{
    struct hy_token_ask asks[] = {{NULL, sample->app_id, sample->secret, HY_TOKEN_STABLE, false},
                                  {BASE, NULL, sample->secret, HY_TOKEN_CLASSIC, false},
                                  {BASE, sample->app_id, "", HY_TOKEN_STABLE, false}};

    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct hy_http_request r = {.method = "untouched"};

        CHECK_INT(platform->build_token(&asks[i], &arena, &r), HY_E_INVALID);
        CHECK_TEXT(r.method, "untouched");
    }
}

/* The message of the sample, checked and made canonical as before it is stored. */
static struct hy_message checked_message(void)
{
    struct hy_message m = {.user = sample->user, .template_id = sample->template_id};
    HY_JSON_SCOPED json_t *data = hy_json_parse(sample->data, strlen(sample->data), NULL, 0);

    hy_violations_init(&found, &arena);
    platform->check_message(&m, data, &found, &m.data);
    CHECK(!hy_violations_any(&found));
    CHECK(m.data != NULL);
    return m;
}

static void send_requests_keep_the_token(void)
{
    struct hy_message m = checked_message();
    struct hy_grant grants[HY_GRANT_KINDS] = {{.id = 1, .kind = HY_GRANT_FORM_ID},
                                              {.id = 1, .kind = HY_GRANT_PREPAY_ID},
                                              {.id = 1, .kind = HY_GRANT_ONCE},
                                              {.id = 1, .kind = HY_GRANT_ALWAYS}};

    for (int kind = 0; kind < HY_GRANT_KINDS; kind++) {
        struct hy_send_ask ask = {BASE, TOKEN, &m, &grants[kind]};
        struct hy_http_request r;
        const char *api = NULL;

        if (hy_grant_is_receipt(grants[kind].kind))
            grants[kind].credential = sample->receipt;
        memset(&r, 0xa5, sizeof r);
        CHECK_INT(platform->build_send(&ask, &arena, &r, &api), 0);
        check_shape(&r);
        check_masked(&r, TOKEN);
        CHECK(r.body && strstr(r.body, sample->user) && strstr(r.body, sample->template_id));
        CHECK(strstr(r.body, "鸿雁")); /* raw UTF-8 */
        CHECK(!hy_grant_is_receipt(grants[kind].kind) || strstr(r.body, sample->receipt));
        CHECK(api && hy_platform_code(platform, api, "-1"));
        CHECK_INT(platform->channel_of(api), hy_grant_is_receipt(grants[kind].kind)
                                                 ? HY_CHANNEL_TEMPLATE
                                                 : HY_CHANNEL_SUBSCRIBE);
    }
}

static void send_requests_need_their_parts(void)
{
    struct hy_message m = checked_message(), bare = {.user = sample->user};
    struct hy_grant empty_receipt = {.id = 1, .kind = HY_GRANT_FORM_ID};
    struct hy_send_ask asks[] = {{BASE, TOKEN, &m, &empty_receipt},
                                 {BASE, TOKEN, &bare, NULL},
                                 {BASE, NULL, &m, NULL},
                                 {"", TOKEN, &m, NULL}};

    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct hy_http_request r = {.method = "untouched"};
        const char *api = "untouched";

        CHECK_INT(platform->build_send(&asks[i], &arena, &r, &api), HY_E_INVALID);
        CHECK_TEXT(r.method, "untouched");
        CHECK_TEXT(api, "untouched");
    }
}

/* Of a template that is known to be of the old kind nothing goes out without a receipt; of any other
 * it may be tried. */
static void only_a_form_template_needs_a_receipt(void)
{
    struct hy_message m = checked_message();
    struct hy_grant once = {.id = 1, .kind = HY_GRANT_ONCE};

    for (int kind = 0; kind < HY_TEMPLATE_KINDS; kind++) {
        for (int with = 0; with <= 1; with++) {
            struct hy_send_ask ask = {BASE, TOKEN, &m, with ? &once : NULL};
            struct hy_http_request r;
            const char *api;

            m.template_kind = (enum hy_template_kind)kind;
            CHECK_INT(platform->build_send(&ask, &arena, &r, &api),
                      kind == HY_TEMPLATE_LEGACY ? HY_E_INVALID : 0);
        }
    }
}

static void unknown_members_are_passed_on(void)
{
    struct hy_message m = checked_message();
    struct hy_send_ask ask = {BASE, TOKEN, &m, NULL};
    HY_JSON_SCOPED json_t *body = NULL;
    struct hy_http_request r;
    const char *api;

    m.extra = "{\"new_field\":{\"a\":\"鸿雁\"},\"other\":7}";
    CHECK_INT(platform->build_send(&ask, &arena, &r, &api), 0);
    body = hy_json_parse(r.body, r.body_size, NULL, 0);
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(body, "new_field"), "a")), "鸿雁");
    CHECK_INT(json_integer_value(json_object_get(body, "other")), 7);
}

static void login_requests_keep_their_secrets(void)
{
    struct hy_login_ask ask = {BASE, sample->app_id, sample->secret, "CODE-OF-THE-PAGE"};
    struct hy_http_request r;

    memset(&r, 0xa5, sizeof r);
    CHECK_INT(platform->build_login(&ask, &arena, &r), 0);
    check_shape(&r);
    check_masked(&r, sample->secret);
    check_masked(&r, ask.code);
}

static void login_requests_need_their_parts(void)
{
    static char long_code[1000];
    struct hy_login_ask asks[] = {{NULL, sample->app_id, sample->secret, "c"},
                                  {BASE, "", sample->secret, "c"},
                                  {BASE, sample->app_id, NULL, "c"},
                                  {BASE, sample->app_id, sample->secret, ""},
                                  {BASE, sample->app_id, sample->secret, long_code}};

    memset(long_code, 'c', sizeof long_code - 1);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct hy_http_request r = {.method = "untouched"};

        CHECK_INT(platform->build_login(&asks[i], &arena, &r), HY_E_INVALID);
        CHECK_TEXT(r.method, "untouched");
    }
}

static void template_requests_keep_the_token(void)
{
    static const int64_t keywords[] = {1, 2};
    struct hy_template_ask ask = {.base_url = BASE,
                                  .access_token = TOKEN,
                                  .template_id = sample->template_id,
                                  .title_id = "99",
                                  .keywords = keywords,
                                  .keyword_count = 2,
                                  .categories = "1",
                                  .limit = 10};

    for (int op = 0; op < HY_TEMPLATE_OPS; op++) {
        struct hy_http_request r;

        ask.op = (enum hy_template_op)op;
        memset(&r, 0xa5, sizeof r);
        ask.access_token = TOKEN;
        CHECK_INT(platform->build_template(&ask, &arena, &r), 0);
        check_shape(&r);
        check_masked(&r, TOKEN);
        ask.access_token = "";
        CHECK_INT(platform->build_template(&ask, &arena, &r), HY_E_INVALID);
    }
}

/* --- input ------------------------------------------------------------------------------------ */

static void good_values_pass(void)
{
    const char *clean = NULL;

    hy_violations_init(&found, &arena);
    platform->check_app(sample->app_id, sample->secret, &found);
    platform->check_app(sample->app_id, NULL, &found);
    platform->check_user(sample->user, "user", &found);
    platform->check_callback(sample->callback_token, sample->callback_aes_key, &found);
    platform->check_callback(NULL, NULL, &found);
    CHECK(!hy_violations_any(&found));
    CHECK(platform->check_credential(HY_GRANT_FORM_ID, sample->receipt, &arena, &clean) == NULL);
    CHECK_TEXT(clean, sample->receipt);
}

static void each_fault_names_its_field(void)
{
    hy_violations_init(&found, &arena);
    platform->check_app("", "not a secret but private", &found);
    platform->check_user("", "to.user", &found);
    platform->check_callback("private \n", "not a key but private", &found);
    CHECK_INT(found.count, 5);
    CHECK_TEXT(found.items[0].field, "id");
    CHECK_TEXT(found.items[1].field, "secret");
    CHECK_TEXT(found.items[2].field, "to.user");
    CHECK_TEXT(found.items[3].field, "callback_token");
    CHECK_TEXT(found.items[4].field, "callback_aes_key");
    for (size_t i = 0; i < found.count; i++) {
        CHECK(found.items[i].rule[0] && found.items[i].message[0]);
        CHECK(!strstr(found.items[i].message, "private"));
        CHECK(!found.items[i].actual || !strstr(found.items[i].actual, "private"));
    }
}

static void data_is_untouched_by_a_faulty_message(void)
{
    struct hy_message m = {.user = "nobody", .template_id = sample->template_id};
    HY_JSON_SCOPED json_t *data = hy_json_parse(sample->data, strlen(sample->data), NULL, 0);
    const char *text = "untouched";

    hy_violations_init(&found, &arena);
    platform->check_message(&m, data, &found, &text);
    CHECK_INT(found.count, 1);
    CHECK_TEXT(found.items[0].field, "user");
    CHECK_TEXT(text, "untouched");
}

static void the_canonical_data_is_canonical(void)
{
    struct hy_message m = checked_message();
    HY_JSON_SCOPED json_t *data = hy_json_parse(m.data, strlen(m.data), NULL, 0);
    const char *again = NULL;

    CHECK(json_is_object(data));
    platform->check_message(&m, data, &found, &again);
    CHECK_TEXT(again, m.data);
}

static void fakes_never_come_in(void)
{
    static const char *const fakes[] = {"", " ", "undefined", "null", "the formId is a mock one"};

    for (int kind = HY_GRANT_FORM_ID; kind <= HY_GRANT_PREPAY_ID; kind++) {
        for (size_t i = 0; i < sizeof fakes / sizeof *fakes; i++) {
            const char *clean = "untouched";
            const char *why = platform->check_credential(kind, fakes[i], &arena, &clean);

            CHECK(why && why[0]);
            CHECK_TEXT(clean, "untouched");
        }
    }
}

static void run_all(void)
{
    RUN(token_requests_keep_the_secret);
    RUN(token_requests_need_their_parts);
    RUN(send_requests_keep_the_token);
    RUN(send_requests_need_their_parts);
    RUN(only_a_form_template_needs_a_receipt);
    RUN(unknown_members_are_passed_on);
    RUN(login_requests_keep_their_secrets);
    RUN(login_requests_need_their_parts);
    RUN(template_requests_keep_the_token);
    RUN(good_values_pass);
    RUN(each_fault_names_its_field);
    RUN(data_is_untouched_by_a_faulty_message);
    RUN(the_canonical_data_is_canonical);
    RUN(fakes_never_come_in);
}

int main(void)
{
    return run_for_each_platform(run_all);
}
