#include "net/router.h"

#include <stdint.h>
#include <string.h>

enum { SEGMENTS_MAX = 32, KIND_BITS = 2 };

/* How a segment of a pattern matched; the higher one wins at the first segment that differs. */
enum kind { KIND_END, KIND_REST, KIND_BRACES, KIND_LITERAL };

struct piece {
    const char *at;
    size_t size;
};

/* The segment that starts at `text`: up to the next slash or the end. */
static struct piece segment(const char *text)
{
    return (struct piece){text, strcspn(text, "/")};
}

static enum kind kind_of(struct piece p)
{
    if (p.size < 2 || p.at[0] != '{' || p.at[p.size - 1] != '}')
        return KIND_LITERAL;
    return p.size >= 5 && memcmp(p.at + p.size - 4, "...}", 4) == 0 ? KIND_REST : KIND_BRACES;
}

static bool keep_param(struct hy_route_match *match, size_t *count, struct piece value)
{
    if (*count == HY_ROUTE_PARAMS_MAX || value.size >= HY_ROUTE_PARAM_BYTES)
        return false;
    if (match) {
        memcpy(match->params[*count], value.at, value.size);
        match->params[*count][value.size] = 0;
    }
    ++*count;
    return true;
}

/*
 * Walks pattern and path side by side. The rank is 0 for no match; otherwise two bits a segment
 * from the top down, so that comparing numbers compares segment by segment. `match` (may be null)
 * receives the parameters.
 */
static uint64_t walk(const char *pattern, const char *path, struct hy_route_match *match)
{
    uint64_t rank = 0;
    size_t count = 0;

    for (int i = 0; i < SEGMENTS_MAX; i++) {
        struct piece want, have;
        enum kind kind;

        if (*pattern != '/' || *path != '/')
            return *pattern || *path ? 0 : rank;
        want = segment(pattern + 1);
        have = segment(path + 1);
        kind = kind_of(want);
        if (kind == KIND_REST)
            have.size = strlen(have.at);
        if (kind == KIND_LITERAL
                ? want.size != have.size || memcmp(want.at, have.at, want.size) != 0
                : (kind == KIND_BRACES && !have.size) || !keep_param(match, &count, have))
            return 0;
        rank |= (uint64_t)kind << (64 - KIND_BITS * (i + 1));
        pattern = want.at + want.size;
        path = have.at + have.size;
    }
    return 0;
}

/* False when the pattern's beginning, up to its first brace, is not the path's: most rows are out
 * with this, at a tenth of what a walk costs. */
static bool begins_alike(const char *pattern, const char *path)
{
    while (*pattern && *pattern == *path)
        pattern++, path++;
    return !*pattern || *pattern == '{';
}

static bool method_fits(const struct hy_route *route, const char *method, bool head)
{
    return strcmp(route->method, method) == 0 || (head && strcmp(route->method, "GET") == 0);
}

static bool lists(const char *allow, const char *method)
{
    size_t size = strlen(method);

    for (const char *at = allow; *at; at += strspn(at, ", ")) {
        size_t item = strcspn(at, ",");

        if (item == size && memcmp(at, method, size) == 0)
            return true;
        at += item;
    }
    return false;
}

static void add_allow(struct hy_route_match *match, const char *method)
{
    size_t used = strlen(match->allow), need = strlen(method) + (used ? 2 : 0);

    if (lists(match->allow, method) || need >= sizeof match->allow - used)
        return;
    if (used)
        strcpy(match->allow + used, ", ");
    strcat(match->allow, method);
}

bool hy_route_find(const struct hy_route *routes, const char *method, const char *path,
                   struct hy_route_match *ret_match)
{
    bool head = strcmp(method, "HEAD") == 0;
    uint64_t best = 0;

    ret_match->route = NULL;
    ret_match->allow[0] = 0;
    for (int i = 0; i < HY_ROUTE_PARAMS_MAX; i++)
        ret_match->params[i][0] = 0;
    for (const struct hy_route *r = routes; r->method; r++) {
        uint64_t rank;

        if (!begins_alike(r->pattern, path) || !method_fits(r, method, head))
            continue;
        rank = walk(r->pattern, path, NULL);
        if (rank > best) {
            best = rank;
            ret_match->route = r;
        }
    }
    if (ret_match->route)
        return walk(ret_match->route->pattern, path, ret_match) != 0;
    for (const struct hy_route *r = routes; r->method; r++)
        if (walk(r->pattern, path, NULL))
            add_allow(ret_match, r->method);
    return false;
}
