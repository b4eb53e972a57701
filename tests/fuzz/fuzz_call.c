/*
 * Whole calls of the API with a body of any bytes, on a real engine with a memory store: the first
 * byte chooses the call. Whatever comes, there is one answer, it is JSON that says what it is, and
 * no 500.
 */
#include "unit/api/client.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS_A_WORLD = 2000 }; /* so that what was stored does not grow for ever */

static const char *const calls[][2] = {
    {"POST", "/v1/messages"},
    {"POST", "/v1/messages/check"},
    {"POST", "/v1/grants"},
    {"POST", "/v1/apps"},
    {"PATCH", "/v1/apps/" CLIENT_APP},
    {"POST", "/v1/keys"},
    {"POST", "/v1/schedules"},
    {"PATCH", "/v1/schedules/s1"},
    {"POST", "/index/index/form_id"},
    {"POST", "/v1/apps/" CLIENT_APP "/token/refresh"},
    {"POST", "/client/v1/login"},
    {"POST", "/client/v1/grants"},
    {"POST", "/callback/" CLIENT_APP},
};

/* A page's session for those calls that ask for one, and time for its next call. */
static char session[512];

static void log_in(void)
{
    client_platform("{\"openid\":\"" CLIENT_USER "\",\"session_key\":\"x\"}");
    client_call("POST", "/client/v1/login", "{\"app\":\"" CLIENT_APP "\",\"code\":\"1\"}");
    assert(client_status() == 200);
    snprintf(session, sizeof session, "%s", client_at("session"));
    client_platform("{\"errcode\":0,\"errmsg\":\"ok\"}");
}

static void show_key(const char *path)
{
    bool page = strncmp(path, "/client/", 8) == 0;

    client_use_key(page ? session : client_admin_key());
    if (page)
        world_jump(&client_world, 1000);
}

static void check_answer(void)
{
    int status = client_status();

    assert(status >= 200 && status != 500 && status < 504);
    if (status == 204)
        return;
    assert(client_type());
    if (status < 400) {
        assert(strcmp(client_type(), "application/json") == 0);
        return;
    }
    assert(strcmp(client_type(), "application/problem+json") == 0);
    assert(client_at("type") && client_at("title") && client_at("status") && client_at("detail"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int count;
    const char *const *call;

    if (!size)
        return 0;
    if (count++ % CALLS_A_WORLD == 0) {
        if (count > 1)
            client_stop();
        client_start();
        client_add_app();
        log_in();
    }
    call = calls[data[0] % (sizeof calls / sizeof *calls)];
    show_key(call[1]);
    client_call_bytes(call[0], call[1], (const char *)data + 1, size - 1);
    check_answer();
    return 0;
}
