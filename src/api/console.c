#include "api/console.h"
#include "api/problem.h"
#include "api/routes.h"

#include <string.h>

/* The page loads nothing from elsewhere, talks to nobody else, and stands in nobody's frame. */
static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct hy_console_file *find(const char *name)
{
    for (const struct hy_console_file *file = hy_console_files; file->name; file++) {
        if (strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

static void add_headers(struct hy_call *call, const struct hy_console_file *file)
{
    call->cache_control = file->lasting ? "public, max-age=31536000, immutable" : "no-cache";
    hy_httpd_add_header(call->req, "Content-Security-Policy", content_policy);
    hy_httpd_add_header(call->req, "Referrer-Policy", "no-referrer");
}

static void reply_file(struct hy_call *call, const char *name)
{
    const struct hy_console_file *file = find(name);

    if (file) {
        add_headers(call, file);
        hy_call_reply_lasting(call, file->type, file->bytes, file->size);
    } else if (hy_console_files[0].name) {
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND, "The console has no such file.");
    } else {
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND, "This program was built without the console.");
    }
}

void hy_api_console_page(struct hy_call *call)
{
    reply_file(call, "");
}

void hy_api_console_file(struct hy_call *call)
{
    reply_file(call, call->params[0]);
}

/* Relative, because a proxy may have put all of this under a path of its own. */
void hy_api_console_enter(struct hy_call *call)
{
    hy_httpd_add_header(call->req, "Location", "console/");
    hy_call_reply_bytes(call, 302, NULL, "", 0);
}
