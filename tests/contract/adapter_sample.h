/*
 * adapter_sample.h - what the adapter suites need to know of each platform, and their frame. A new
 * platform adds one row to `samples`.
 */
#ifndef HY_TESTS_ADAPTER_SAMPLE_H
#define HY_TESTS_ADAPTER_SAMPLE_H

#include "tap.h"

#include "platform/platform.h"

/* Values that the platform accepts, and how its replies are written. */
struct sample {
    const char *platform;
    const char *app_id, *secret, *user, *template_id, *data;
    const char *receipt;     /* a form_id */
    const char *const *apis; /* that judge_send is used with; the first is the plain one */
    const char *ok_body;     /* a send that the platform took */
    const char *code_before, *code_after;      /* around the code of a refusal */
    const char *token_body;                    /* a token "TOKEN-9" for 7200 s */
    const char *login_api, *login_body;        /* the user of the sample logs in */
    const char *login_secret;                  /* in that body: nobody's business */
    const char *template_api, *template_added; /* the template of the sample was added */
    const char *refused_errmsg;                /* it means the one key of `data` */
    const char *callback_token, *callback_aes_key;
};

static const char *const wechat_apis[] = {"subscribe_send", "template_send", NULL};

static const struct sample samples[] = {
    {
        .platform = "wechat_mini",
        .app_id = "wx0000000000000001",
        .secret = "5ec4e700000000000000000000000001",
        .user = "oUser-0000_0000000000000abcd",
        .template_id = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE",
        .data = "{\"thing1\":\"鸿雁\"}",
        .receipt = "0123456789abcdef0123456789abcdef",
        .apis = wechat_apis,
        .ok_body = "{\"errcode\":0,\"errmsg\":\"ok\"}",
        .code_before = "{\"errcode\":",
        .code_after = ",\"errmsg\":\"no\",\"priTmplId\":"
                      "\"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE\"}",
        .token_body = "{\"access_token\":\"TOKEN-9\",\"expires_in\":7200}",
        .login_api = "login",
        .login_body = "{\"openid\":\"oUser-0000_0000000000000abcd\",\"session_key\":"
                      "\"tiihtNczf5v6AKRyjwEUhQ==\"}",
        .login_secret = "tiihtNczf5v6AKRyjwEUhQ==",
        .template_api = "template_manage",
        .template_added = "{\"errcode\":0,\"errmsg\":\"ok\",\"priTmplId\":"
                          "\"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE\"}",
        .refused_errmsg = "argument invalid! data.thing1.value invalid",
        .callback_token = "AAAAA",
        .callback_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    },
};

static const struct hy_platform *platform;
static const struct sample *sample;
static struct hy_arena arena;

static void every_platform_has_a_sample(void)
{
    size_t count = 0;

    while (hy_platforms[count])
        count++;
    CHECK_INT(count, sizeof samples / sizeof *samples);
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(hy_platforms[i]->name, samples[i].platform);
}

/* Runs the suite for each platform, with `platform` and `sample` set; the exit code. */
static int run_for_each_platform(void (*suite)(void))
{
    int failed;

    hy_arena_init(&arena);
    RUN(every_platform_has_a_sample);
    for (size_t i = 0; hy_platforms[i]; i++) {
        printf("# %s\n", hy_platforms[i]->name);
        platform = hy_platforms[i];
        sample = &samples[i];
        suite();
        hy_arena_reset(&arena);
    }
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}

#endif
