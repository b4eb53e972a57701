/* hongyan token: the access token that the server keeps fresh. */
#include "cli/client.h"

static const struct hy_column columns[] = {
    {.title = "token", .path = "access_token"},
    {.title = "expires", .path = "expires_at"},
    {.title = "seconds left", .path = "expires_in", .right = true},
    {0}};

static const struct hy_option refresh_options[] = {
    {.name = "bad-token-file",
     .type = HY_OPTION_SECRET,
     .field = "bad_token",
     .help = "refresh only if this one, a file's first line, is still the current token"},
    {0}};

const struct hy_command hy_commands_token[] = {
    {.group = "token",
     .name = "show",
     .operand = "APP",
     .summary = "print the app's access token",
     .method = "GET",
     .path = "/v1/apps/{}/token",
     .columns = columns},
    {.group = "token",
     .name = "refresh",
     .operand = "APP",
     .summary = "replace the app's access token and print the new one",
     .options = refresh_options,
     .method = "POST",
     .path = "/v1/apps/{}/token/refresh",
     .columns = columns},
    {0}};
