/*
 * What every adapter must keep when it judges replies, whatever its platform, and what its table of
 * codes must hold.
 */
#include "adapter_sample.h"

static struct hy_http_response answer(int status, const char *body)
{
    return (struct hy_http_response){
        .outcome = HY_HTTP_ANSWERED, .status = status, .body = body, .body_size = strlen(body)};
}

static struct hy_http_response refusal(const char *code)
{
    return answer(200,
                  hy_arena_printf(&arena, "%s%s%s", sample->code_before, code, sample->code_after));
}

static bool is_token_api(const char *api)
{
    return strcmp(api, "token") == 0 || strcmp(api, "stable_token") == 0;
}

/* A reply judged as `api`, in memory that is full of junk before. */
static struct hy_judgement judge(const char *api, const struct hy_http_response *response)
{
    struct hy_template_ask add = {.op = HY_TEMPLATE_OP_ADD};
    struct hy_template_reply template_reply;
    struct hy_login_reply login_reply;
    struct hy_token_reply reply;

    memset(&reply, 0xa5, sizeof reply);
    memset(&login_reply, 0xa5, sizeof login_reply);
    memset(&template_reply, 0xa5, sizeof template_reply);
    if (is_token_api(api)) {
        platform->judge_token(strcmp(api, "token") == 0 ? HY_TOKEN_CLASSIC : HY_TOKEN_STABLE,
                              response, &arena, &reply);
    } else if (strcmp(api, sample->login_api) == 0) {
        platform->judge_login(response, &arena, &login_reply);
        return login_reply.judgement;
    } else if (strcmp(api, sample->template_api) == 0) {
        platform->judge_template(&add, response, &arena, &template_reply);
        return template_reply.judgement;
    } else {
        platform->judge_send(api, response, &reply.judgement);
    }
    return reply.judgement;
}

/* --- the table -------------------------------------------------------------------------------- */

static void names_itself(void)
{
    CHECK(hy_platform_find(platform->name) == platform);
    CHECK(platform->name[0] && platform->timezone[0]);
    CHECK(strncmp(platform->base_url, "https://", 8) == 0);
    CHECK(platform->base_url[strlen(platform->base_url) - 1] != '/');
    CHECK(hy_platform_find("no_such_platform") == NULL);
    CHECK(hy_platform_find("") == NULL);
}

static void codes_are_whole_and_unique(void)
{
    for (const struct hy_code *row = platform->codes; row->api; row++) {
        CHECK(row->api[0] && row->code[0]);
        CHECK(row->meaning_en[0] && row->fix_en[0] && row->meaning_zh[0] && row->fix_zh[0]);
        CHECK((unsigned)row->verdict < HY_VERDICTS && (unsigned)row->hint < HY_HINTS);
        CHECK(row->verdict != HY_VERDICT_RATE || row->hint != HY_HINT_NONE);
        CHECK(hy_platform_code(platform, row->api, row->code) == row); /* the first of its key */
    }
    CHECK(hy_platform_code(platform, platform->codes->api, "no such code") == NULL);
    CHECK(hy_platform_code(platform, "no_such_api", platform->codes->code) == NULL);
}

static bool has_high_byte(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text > 0x7f)
            return true;
    }
    return false;
}

static void each_language_is_in_its_column(void)
{
    for (const struct hy_code *row = platform->codes; row->api; row++) {
        CHECK(has_high_byte(row->meaning_zh) && has_high_byte(row->fix_zh));
        CHECK(!has_high_byte(row->meaning_en) && !has_high_byte(row->fix_en));
    }
}

static void every_code_decides_its_reply(void)
{
    for (const struct hy_code *row = platform->codes; row->api; row++) {
        struct hy_http_response response = refusal(row->code);
        struct hy_judgement j = judge(row->api, &response);

        CHECK_INT(j.verdict, row->verdict);
        CHECK_INT(j.hint, row->hint);
        CHECK_TEXT(j.errcode, row->code);
        CHECK(!j.grant_used || j.verdict == HY_VERDICT_GRANT_GONE);
        CHECK(!j.grant_refused || (j.verdict == HY_VERDICT_GRANT_GONE && !j.grant_used));
    }
}

/* A refusal that ends a message as sent would lose it. */
static void no_refusal_of_a_send_is_ok(void)
{
    for (const char *const *api = sample->apis; *api; api++) {
        for (const struct hy_code *row = platform->codes; row->api; row++)
            CHECK(strcmp(row->api, *api) != 0 || row->verdict != HY_VERDICT_OK);
    }
}

/* --- judging ---------------------------------------------------------------------------------- */

static void the_wire_decides_first(void)
{
    struct hy_http_response not_sent = {
        .outcome = HY_HTTP_NOT_SENT, .body = "", .error = "refused"};
    struct hy_http_response no_answer = {.outcome = HY_HTTP_NO_ANSWER, .body = "", .error = "cut"};

    for (const struct hy_code *row = platform->codes; row->api; row++) {
        struct hy_judgement j = judge(row->api, &not_sent);

        CHECK(j.verdict == HY_VERDICT_TRANSIENT && j.not_sent && !j.answered && !j.strained);
        CHECK_TEXT(j.errmsg, "refused");
        j = judge(row->api, &no_answer);
        CHECK(j.verdict == HY_VERDICT_UNKNOWN && !j.not_sent && !j.answered && j.strained);
    }
}

/* Promise 2: what may have been carried out is unknown, never "try again". */
static void server_errors_are_unknown(void)
{
    for (const char *const *api = sample->apis; *api; api++) {
        for (int status = 500; status < 600; status++) {
            struct hy_http_response response = answer(status, sample->ok_body);

            CHECK_INT(judge(*api, &response).verdict, HY_VERDICT_UNKNOWN);
        }
    }
}

static void client_errors_are_no_success_and_no_final_failure(void)
{
    for (const char *const *api = sample->apis; *api; api++) {
        for (int status = 300; status < 500; status++) {
            struct hy_http_response response = answer(status, sample->ok_body);
            enum hy_verdict verdict = judge(*api, &response).verdict;

            CHECK(verdict == HY_VERDICT_TRANSIENT || verdict == HY_VERDICT_RATE);
        }
    }
}

static void a_good_reply_is_ok(void)
{
    struct hy_http_response response = answer(200, sample->ok_body);

    for (const char *const *api = sample->apis; *api; api++) {
        struct hy_judgement j = judge(*api, &response);

        CHECK(j.verdict == HY_VERDICT_OK && j.answered && !j.not_sent);
        CHECK_INT(j.msgid, 0);
    }
}

/* Every beginning of a good reply, and every byte of it changed. */
static void a_damaged_reply_is_never_ok_by_chance(void)
{
    size_t size = strlen(sample->ok_body);
    char body[200];

    for (size_t i = 0; i < size; i++) {
        struct hy_http_response response = {
            .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = i};

        memcpy(body, sample->ok_body, size + 1);
        body[i] = 0;
        CHECK_INT(judge(sample->apis[0], &response).verdict, HY_VERDICT_UNKNOWN);
        memcpy(body, sample->ok_body, size + 1);
        body[i] = '\x01';
        response.body_size = size;
        CHECK(judge(sample->apis[0], &response).verdict != HY_VERDICT_OK);
    }
}

static void an_unknown_code_is_tried_again(void)
{
    for (const char *const *api = sample->apis; *api; api++) {
        struct hy_http_response response = refusal("987654321");
        struct hy_judgement j = judge(*api, &response);

        CHECK(j.verdict == HY_VERDICT_TRANSIENT && j.answered);
        CHECK_TEXT(j.errcode, "987654321");
    }
}

static bool same(const struct hy_judgement *a, const struct hy_judgement *b)
{
    return a->verdict == b->verdict && a->hint == b->hint && a->grant_used == b->grant_used &&
           a->grant_refused == b->grant_refused && a->not_sent == b->not_sent &&
           a->answered == b->answered && a->overlapped == b->overlapped &&
           a->strained == b->strained && a->msgid == b->msgid &&
           memcmp(a->errcode, b->errcode, sizeof a->errcode) == 0 &&
           memcmp(a->errmsg, b->errmsg, sizeof a->errmsg) == 0 &&
           memcmp(a->rid, b->rid, sizeof a->rid) == 0;
}

/* The judgement is kept and copied whole: not a byte of it may come from before. */
static void every_field_is_written(void)
{
    static const char *const bodies[] = {"", "{}", "[", "{\"errcode\":1}", "{\"errcode\":0}"};
    static const int statuses[] = {200, 404, 429, 500};

    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
        for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
            struct hy_http_response response = answer(statuses[s], bodies[b]);
            struct hy_judgement one, other;

            memset(&one, 0x55, sizeof one);
            memset(&other, 0xaa, sizeof other);
            platform->judge_send(sample->apis[0], &response, &one);
            platform->judge_send(sample->apis[0], &response, &other);
            CHECK(same(&one, &other));
        }
    }
}

static void a_token_is_read(void)
{
    struct hy_http_response response = answer(200, sample->token_body);

    for (int mode = HY_TOKEN_STABLE; mode <= HY_TOKEN_CLASSIC; mode++) {
        struct hy_token_reply reply;

        memset(&reply, 0xa5, sizeof reply);
        platform->judge_token((enum hy_token_mode)mode, &response, &arena, &reply);
        CHECK_INT(reply.judgement.verdict, HY_VERDICT_OK);
        CHECK_TEXT(reply.access_token, "TOKEN-9");
        CHECK_INT(reply.expires_in_s, 7200);
    }
}

static void no_token_without_ok(void)
{
    static const char *const bodies[] = {"", "{}", "{\"errcode\":40013}", "<html>"};

    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
        struct hy_http_response response = answer(200, bodies[b]);
        struct hy_token_reply reply;

        memset(&reply, 0xa5, sizeof reply);
        platform->judge_token(HY_TOKEN_STABLE, &response, &arena, &reply);
        CHECK(reply.judgement.verdict != HY_VERDICT_OK);
        CHECK(reply.access_token == NULL && reply.expires_in_s == 0);
    }
}

/* --- logins and templates --------------------------------------------------------------------- */

static struct hy_login_reply login(const char *body)
{
    struct hy_http_response response = answer(200, body);
    struct hy_login_reply reply;

    memset(&reply, 0xa5, sizeof reply);
    platform->judge_login(&response, &arena, &reply);
    return reply;
}

static void a_login_tells_the_user_and_nothing_else(void)
{
    struct hy_login_reply reply = login(sample->login_body);

    CHECK_INT(reply.judgement.verdict, HY_VERDICT_OK);
    CHECK_TEXT(reply.user, sample->user);
    CHECK(!strstr(reply.judgement.errmsg, sample->login_secret));
    CHECK(!strstr(reply.judgement.rid, sample->login_secret));
}

static void no_user_without_ok(void)
{
    static const char *const bodies[] = {"", "{}", "[]", "<html>", "{\"errcode\":0}"};
    size_t size = strlen(sample->login_body);
    char cut[200];

    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
        struct hy_login_reply reply = login(bodies[b]);

        CHECK(reply.judgement.verdict != HY_VERDICT_OK && !reply.user);
    }
    for (size_t i = 0; i < size; i++) {
        snprintf(cut, sizeof cut, "%.*s", (int)i, sample->login_body);
        CHECK(login(cut).user == NULL);
    }
}

static struct hy_template_reply template_reply(enum hy_template_op op, const char *body)
{
    struct hy_template_ask ask = {.op = op};
    struct hy_http_response response = answer(200, body);
    struct hy_template_reply reply;

    memset(&reply, 0xa5, sizeof reply);
    platform->judge_template(&ask, &response, &arena, &reply);
    return reply;
}

static void an_added_template_is_named(void)
{
    struct hy_template_reply reply = template_reply(HY_TEMPLATE_OP_ADD, sample->template_added);

    CHECK_INT(reply.judgement.verdict, HY_VERDICT_OK);
    CHECK_TEXT(reply.template_id, sample->template_id);
    CHECK(!reply.templates && reply.count == 0 && !reply.items && reply.total == -1);
}

static void no_templates_without_ok(void)
{
    static const char *const bodies[] = {"", "{}", "[]", "<html>", "{\"errcode\":1}"};

    for (int op = 0; op < HY_TEMPLATE_OPS; op++) {
        for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
            struct hy_template_reply reply = template_reply((enum hy_template_op)op, bodies[b]);

            CHECK(reply.judgement.verdict != HY_VERDICT_OK);
            CHECK(!reply.templates && reply.count == 0 && !reply.items && !reply.template_id);
        }
    }
}

static void a_refused_field_is_a_key_of_data(void)
{
    HY_JSON_SCOPED json_t *data = hy_json_parse(sample->data, strlen(sample->data), NULL, 0);
    const char *key = platform->refused_field(sample->refused_errmsg, data);

    CHECK(key && json_object_get(data, key));
    CHECK(platform->refused_field("", data) == NULL);
    CHECK(platform->refused_field(sample->refused_errmsg, NULL) == NULL);
}

static void run_all(void)
{
    RUN(names_itself);
    RUN(codes_are_whole_and_unique);
    RUN(each_language_is_in_its_column);
    RUN(every_code_decides_its_reply);
    RUN(no_refusal_of_a_send_is_ok);
    RUN(the_wire_decides_first);
    RUN(server_errors_are_unknown);
    RUN(client_errors_are_no_success_and_no_final_failure);
    RUN(a_good_reply_is_ok);
    RUN(a_damaged_reply_is_never_ok_by_chance);
    RUN(an_unknown_code_is_tried_again);
    RUN(every_field_is_written);
    RUN(a_token_is_read);
    RUN(no_token_without_ok);
    RUN(a_login_tells_the_user_and_nothing_else);
    RUN(no_user_without_ok);
    RUN(an_added_template_is_named);
    RUN(no_templates_without_ok);
    RUN(a_refused_field_is_a_key_of_data);
}

int main(void)
{
    return run_for_each_platform(run_all);
}
