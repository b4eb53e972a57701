/* The first admin key: given by the operator, or made and printed once. */
#include "base/err.h"
#include "base/log.h"
#include "cli/server.h"
#include "crypto/apikey.h"
#include "crypto/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADMIN_KEY_MIN_CHARS = 16 };

static const char variable[] = "HONGYAN_ADMIN_KEY";

int hy_server_take_admin_key(struct hy_server *server)
{
    char *value = getenv(variable);
    size_t size = value ? strlen(value) : 0;

    if (size == 0)
        return HY_EXIT_DONE;
    server->admin_key = strdup(value);
    hy_wipe(value, size);
    unsetenv(variable);
    if (size < ADMIN_KEY_MIN_CHARS) {
        hy_fault("%s: must have at least %d characters, not %zu", variable, ADMIN_KEY_MIN_CHARS,
                 size);
        return HY_EXIT_USAGE;
    }
    if (!server->admin_key) {
        hy_fault("%s", hy_err_text(HY_E_NOMEM));
        return HY_EXIT_FAILED;
    }
    return HY_EXIT_DONE;
}

static bool has_admin(struct hy_server *server)
{
    size_t count = 0;
    const struct hy_key *keys = hy_engine_key_list(server->engine, &server->cli->arena, &count);

    for (size_t i = 0; keys && i < count; i++) {
        if (keys[i].scopes & HY_SCOPE_ADMIN)
            return true;
    }
    return false;
}

static int adopt(struct hy_server *server, const char *name, const char *key)
{
    int err = hy_engine_key_adopt(server->engine, name, key);

    if (err)
        hy_fault("the admin key could not be stored: %s", hy_err_text(err));
    return err ? HY_EXIT_FAILED : HY_EXIT_DONE;
}

int hy_server_admin_key(struct hy_server *server)
{
    char key[HY_APIKEY_CHARS + 1];
    int code;

    if (server->admin_key)
        return adopt(server, variable, server->admin_key);
    if (has_admin(server))
        return HY_EXIT_DONE;
    hy_apikey_new(key);
    code = adopt(server, "first admin", key);
    if (code == HY_EXIT_DONE)
        printf("admin key: %s (shown once; set HONGYAN_KEY to use it)\n", key);
    hy_wipe(key, sizeof key);
    return code;
}
