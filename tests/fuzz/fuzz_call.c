/*
 * Whole calls of the API with a body of any bytes, on a real engine with a memory store: the first
 * byte chooses the call. Whatever comes, there is one answer, it is JSON that says what it is, and
 * no 500.
 */
#include "unit/api/client.h"

#include <assert.h>
#include <stdint.h>
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
};

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
    }
    call = calls[data[0] % (sizeof calls / sizeof *calls)];
    client_call_bytes(call[0], call[1], (const char *)data + 1, size - 1);
    check_answer();
    return 0;
}
