/*
 * wire.c - what the platform sees and answers.
 */
#include "story.h"

#include <stdlib.h>

/* --- the platform's side ---------------------------------------------------------------------- */

static void all_text(const struct world_request *r, char *into, size_t size)
{
    snprintf(into, size, "%s %s %s", r->method, r->url, r->body);
}

/* request WORD...: one request under way, not looked at yet, holds all the words */
static size_t find_request(char **words, bool fresh)
{
    char text[8192];

    for (size_t i = 0; i < story_world.request_count; i++) {
        bool all = !(fresh && story_world.requests[i].seen) && !story_world.requests[i].waits;

        all_text(&story_world.requests[i], text, sizeof text);
        for (char **word = words; all && *word; word++) {
            const char *user = **word == '@' ? story_openid(*word + 1) : *word;

            all = strstr(text, user) != NULL;
        }
        if (all)
            return i;
    }
    return story_world.request_count;
}

static void cmd_request(char **words)
{
    size_t i = find_request(words + 1, true);

    if (i == story_world.request_count) {
        for (size_t k = 0; k < story_world.request_count; k++)
            printf("# under way: %s %s\n", story_world.requests[k].url,
                   story_world.requests[k].body);
        FAIL("no such request under way");
    }
    story_world.requests[i].seen = true;
}

/* no-request [WORD...]: none under way that holds the words and was not looked at yet */
static void cmd_no_request(char **words)
{
    size_t i = find_request(words + 1, true);

    if (i < story_world.request_count)
        FAIL("there is %s %s", story_world.requests[i].url, story_world.requests[i].body);
}

static size_t oldest_seen(void)
{
    for (size_t i = 0; i < story_world.request_count; i++) {
        if (story_world.requests[i].seen)
            return i;
    }
    FAIL("no request was looked at");
}

/* BODY with the id of a template for each %NAME%. */
static const char *with_templates(const char *body)
{
    char out[4096], name[16];
    size_t used = 0;

    while (*body && used < sizeof out - 64) {
        size_t length = *body == '%' ? strcspn(body + 1, "%") : 0;

        if (length > 0 && length < sizeof name && body[1 + length] == '%') {
            snprintf(name, sizeof name, "%.*s", (int)length, body + 1);
            used += (size_t)snprintf(out + used, sizeof out - used, "%s", story_template(name));
            body += length + 2;
        } else {
            out[used++] = *body++;
        }
    }
    out[used] = 0;
    return hy_arena_strdup(&story_arena, out);
}

/* answer STATUS BODY | answer lost | answer refused: to the oldest request that was looked at */
static void cmd_answer(char **words)
{
    size_t i = oldest_seen();

    if (strcmp(words[1], "lost") == 0)
        world_answer(&story_world, i, HY_HTTP_NO_ANSWER, 0, "closed without an answer");
    else if (strcmp(words[1], "refused") == 0)
        world_answer(&story_world, i, HY_HTTP_NOT_SENT, 0, "connection refused");
    else
        world_answer(&story_world, i, HY_HTTP_ANSWERED, atoi(words[1]),
                     with_templates(words[2] ? words[2] : ""));
}

/* code N [MSG]: answers errcode N */
static void cmd_code(char **words)
{
    char body[256];

    snprintf(body, sizeof body, "{\"errcode\":%s,\"errmsg\":\"%s\"}", words[1],
             words[2] ? words[2] : "text");
    world_answer(&story_world, oldest_seen(), HY_HTTP_ANSWERED, 200, body);
}

static size_t count_requests(char **words)
{
    size_t count = 0;
    char text[8192];

    for (size_t i = 0; i < story_world.request_count; i++) {
        bool all = !story_world.requests[i].waits;

        all_text(&story_world.requests[i], text, sizeof text);
        for (char **word = words; all && *word; word++)
            all = strstr(text, **word == '@' ? story_openid(*word + 1) : *word) != NULL;
        count += all;
    }
    return count;
}

/* under-way N [WORD...]: so many requests hold all the words, looked at or not */
static void cmd_under_way(char **words)
{
    size_t count = count_requests(words + 2);

    if (count != (size_t)atoi(words[1]))
        FAIL("%zu are under way, expected %s", count, words[1]);
}

/* each WHAT [WORD...]: all that are under way now and hold all the words are answered, oldest first, with
 * the errcode WHAT, or `lost`, `refused`, or http:503 */
static void cmd_each(char **words)
{
    char body[64];

    snprintf(body, sizeof body, "{\"errcode\":%s,\"errmsg\":\"text\"}", words[1]);
    for (size_t left = count_requests(words + 2); left > 0; left--) {
        size_t i = find_request(words + 2, false);

        if (strcmp(words[1], "lost") == 0)
            world_answer(&story_world, i, HY_HTTP_NO_ANSWER, 0, "timeout");
        else if (strcmp(words[1], "refused") == 0)
            world_answer(&story_world, i, HY_HTTP_NOT_SENT, 0, "connection refused");
        else if (strncmp(words[1], "http:", 5) == 0)
            world_answer(&story_world, i, HY_HTTP_ANSWERED, atoi(words[1] + 5), "");
        else
            world_answer(&story_world, i, HY_HTTP_ANSWERED, 200, body);
    }
}

static size_t token_request(void)
{
    for (size_t i = 0; i < story_world.request_count; i++) {
        const char *url = story_world.requests[i].url;

        if (!story_world.requests[i].seen &&
            (strstr(url, "/cgi-bin/token") || strstr(url, "/cgi-bin/stable_token")))
            return i;
    }
    FAIL("no token request under way");
}

/* token TEXT [expires_in=N]: answers the token request under way */
static void cmd_token(char **words)
{
    char body[256];

    snprintf(body, sizeof body, "{\"access_token\":\"%s\",\"expires_in\":%s}", words[1],
             story_option(words, "expires_in") ? story_option(words, "expires_in") : "7200");
    world_answer(&story_world, token_request(), HY_HTTP_ANSWERED, 200, body);
}

const struct story_command story_wire[] = {
    {"request", 1, cmd_request}, {"no-request", 1, cmd_no_request},
    {"answer", 2, cmd_answer},   {"code", 2, cmd_code},
    {"token", 2, cmd_token},     {"under-way", 2, cmd_under_way},
    {"each", 2, cmd_each},       {0}};
