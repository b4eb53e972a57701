#include "base/err.h"

#include <stddef.h>

static const char *const texts[] = {
    [-HY_OK] = "ok",
    [-HY_E_INVALID] = "invalid argument",
    [-HY_E_NOMEM] = "out of memory",
    [-HY_E_IO] = "input/output error",
    [-HY_E_FULL] = "no space left",
    [-HY_E_CORRUPT] = "stored data is damaged",
    [-HY_E_BUSY] = "in use by somebody else",
    [-HY_E_UNCERTAIN] = "outcome unknown",
    [-HY_E_NOT_FOUND] = "not found",
    [-HY_E_EXISTS] = "exists already",
    [-HY_E_CONFLICT] = "not allowed in this state",
    [-HY_E_LIMIT] = "over the limit",
    [-HY_E_STOPPED] = "shutting down",
    [-HY_E_DENIED] = "denied",
    [-HY_E_FENCED] = "another node has taken this one's place",
};

const char *hy_err_text(int err)
{
    size_t index = err > 0 ? 0 : (size_t)-err;

    if (err > 0 || index >= sizeof texts / sizeof texts[0])
        return "unknown error";
    return texts[index];
}
