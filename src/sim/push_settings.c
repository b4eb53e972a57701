/* How an app's push is set, and shown. */
#include "sim/control.h"
#include "sim/envelope.h"

#include <inttypes.h>
#include <string.h>

enum { DUPLICATE_MAX = 10 };

struct push_want {
    const char *url, *token, *aes_key;
    int mode, format, create_time;
    int64_t sent_delay_ms, duplicate;
    bool popup, change, sent, verify;
    json_t *sent_error;
};

static const char *const create_time_names[] = {"number", "text", NULL};

static const struct hy_json_field push_fields[] = {
    {.name = "url",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct push_want, url),
     .required = true,
     .max = 2048},
    {.name = "token",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct push_want, token),
     .secret = true},
    {.name = "aes_key",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct push_want, aes_key),
     .secret = true,
     .min = HY_SIM_AES_KEY_CHARS,
     .max = HY_SIM_AES_KEY_CHARS},
    {.name = "mode",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct push_want, mode),
     .choices = hy_sim_push_modes},
    {.name = "format",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct push_want, format),
     .choices = hy_sim_push_formats},
    {.name = "create_time",
     .type = HY_JSON_ENUM,
     .offset = offsetof(struct push_want, create_time),
     .choices = create_time_names},
    {.name = "sent_delay_ms",
     .type = HY_JSON_INT,
     .offset = offsetof(struct push_want, sent_delay_ms),
     .max = 3600000},
    {.name = "popup", .type = HY_JSON_BOOL, .offset = offsetof(struct push_want, popup)},
    {.name = "change", .type = HY_JSON_BOOL, .offset = offsetof(struct push_want, change)},
    {.name = "sent", .type = HY_JSON_BOOL, .offset = offsetof(struct push_want, sent)},
    {.name = "duplicate",
     .type = HY_JSON_INT,
     .offset = offsetof(struct push_want, duplicate),
     .max = DUPLICATE_MAX},
    {.name = "sent_error",
     .type = HY_JSON_OBJECT,
     .offset = offsetof(struct push_want, sent_error)},
    {.name = "verify", .type = HY_JSON_BOOL, .offset = offsetof(struct push_want, verify)},
    {0}};

struct error_want {
    int64_t code;
    const char *status;
};

static const struct hy_json_field error_fields[] = {
    {.name = "code",
     .type = HY_JSON_INT,
     .offset = offsetof(struct error_want, code),
     .required = true,
     .min = -1000000000,
     .max = 1000000000},
    {.name = "status", .type = HY_JSON_TEXT, .offset = offsetof(struct error_want, status)},
    {0}};

static void check_push(struct hy_sim_control *c, const struct push_want *want)
{
    if (want->url && strncmp(want->url, "http://", 7) != 0 &&
        strncmp(want->url, "https://", 8) != 0)
        hy_violations_add(c->faults, "url", "pattern", NULL, NULL,
                          "url begins with http:// or https://.");
    if (want->aes_key && !hy_sim_aes_key_ok(want->aes_key))
        hy_violations_add(c->faults, "aes_key", "pattern", NULL, NULL,
                          "aes_key has 43 characters of base64.");
    if (!hy_violations_any(c->faults) && want->mode > 0 && !want->aes_key)
        hy_violations_add(c->faults, "aes_key", "required", NULL, NULL,
                          "aes_key is required in this mode.");
}

void hy_sim_control_push_read(struct hy_sim_control *c, const json_t *object,
                              struct hy_sim_push *push, bool *ret_verify)
{
    struct push_want want = {
        .sent_delay_ms = push->sent_delay_ms, .popup = true, .change = true, .sent = true};
    struct error_want error = {0};

    c->faults->prefix = "push.";
    hy_json_read(object, push_fields, &want, c->faults);
    check_push(c, &want);
    c->faults->prefix = "push.sent_error.";
    if (want.sent_error)
        hy_json_read(want.sent_error, error_fields, &error, c->faults);
    c->faults->prefix = NULL;
    *push = (struct hy_sim_push){
        .url = hy_sim_control_keep(c, want.url),
        .token = hy_sim_control_keep(c, want.token ? want.token : ""),
        .aes_key = hy_sim_control_keep(c, want.aes_key),
        .mode = want.mode,
        .xml = want.format == 1,
        .time_as_text = want.create_time == 1,
        .popup = want.popup,
        .change = want.change,
        .sent = want.sent,
        .sent_delay_ms = want.sent_delay_ms,
        .duplicate = want.duplicate,
        .sent_code = error.code,
        .sent_status = want.sent_error
                           ? hy_sim_control_keep(c, error.status ? error.status : "system failed")
                           : NULL,
    };
    *ret_verify = want.verify;
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

void hy_sim_control_push_print(const struct hy_sim_push *push, struct hy_buf *out)
{
    if (!push->url) {
        hy_buf_puts(out, "null");
        return;
    }
    hy_buf_puts(out, "{\"url\":");
    hy_sim_put_text(out, push->url);
    hy_buf_printf(out, ",\"mode\":\"%s\",\"format\":\"%s\",\"create_time\":\"%s\"",
                  hy_sim_push_modes[push->mode], hy_sim_push_formats[push->xml],
                  create_time_names[push->time_as_text]);
    hy_buf_printf(out, ",\"popup\":%s,\"change\":%s,\"sent\":%s", truth(push->popup),
                  truth(push->change), truth(push->sent));
    hy_buf_printf(out, ",\"sent_delay_ms\":%" PRId64 ",\"duplicate\":%" PRId64 ",\"sent_error\":",
                  push->sent_delay_ms, push->duplicate);
    if (push->sent_status) {
        hy_buf_printf(out, "{\"code\":%" PRId64 ",\"status\":", push->sent_code);
        hy_sim_put_text(out, push->sent_status);
        hy_buf_puts(out, "}}");
    } else {
        hy_buf_puts(out, "null}");
    }
}
