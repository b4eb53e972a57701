#include "tap.h"

#include "net/router.h"

static const struct hy_route routes[] = {{"GET", "/v1/apps", NULL, "list"},
                                         {"POST", "/v1/apps", NULL, "create"},
                                         {"GET", "/v1/apps/{id}", NULL, "one"},
                                         {"DELETE", "/v1/apps/{id}", NULL, "remove"},
                                         {"POST", "/v1/apps/sync", NULL, "sync"},
                                         {"GET", "/v1/apps/sync", NULL, "sync state"},
                                         {"GET", "/v1/apps/{id}/users/{user}", NULL, "user"},
                                         {"GET", "/v1/{kind}/x/users/{user}", NULL, "by kind"},
                                         {"GET", "/console/{rest...}", NULL, "asset"},
                                         {"GET", "/console/index.html", NULL, "index"},
                                         {"GET", "/", NULL, "root"},
                                         {0}};

static const char *found(const char *method, const char *path, struct hy_route_match *match)
{
    return hy_route_find(routes, method, path, match) ? match->route->data : NULL;
}

static void literals_and_braces(void)
{
    struct hy_route_match m;

    CHECK_TEXT(found("GET", "/", &m), "root");
    CHECK_TEXT(found("POST", "/v1/apps", &m), "create");
    CHECK_TEXT(found("GET", "/v1/apps/wx1", &m), "one");
    CHECK_TEXT(m.params[0], "wx1");
    CHECK_TEXT(m.params[1], "");
    CHECK_TEXT(found("GET", "/v1/apps/wx1/users/o-2", &m), "user");
    CHECK_TEXT(m.params[0], "wx1");
    CHECK_TEXT(m.params[1], "o-2");
}

static void literals_win_in_any_order(void)
{
    struct hy_route_match m;

    CHECK_TEXT(found("GET", "/v1/apps/sync", &m), "sync state");
    CHECK_TEXT(found("POST", "/v1/apps/sync", &m), "sync");
    CHECK_TEXT(found("DELETE", "/v1/apps/sync", &m), "remove");
    CHECK_TEXT(found("GET", "/console/index.html", &m), "index");
    /* The first segment that differs decides. */
    CHECK_TEXT(found("GET", "/v1/apps/x/users/u", &m), "user");
    CHECK_TEXT(found("GET", "/v1/other/x/users/u", &m), "by kind");
}

static void head_is_answered_by_get(void)
{
    struct hy_route_match m;

    CHECK_TEXT(found("HEAD", "/v1/apps", &m), "list");
    CHECK(!found("head", "/v1/apps", &m));
}

static void rest_takes_slashes(void)
{
    struct hy_route_match m;

    CHECK_TEXT(found("GET", "/console/a/b/c.js", &m), "asset");
    CHECK_TEXT(m.params[0], "a/b/c.js");
    CHECK_TEXT(found("GET", "/console/", &m), "asset");
    CHECK_TEXT(m.params[0], "");
    CHECK(!found("GET", "/console", &m));
}

static void no_route_lists_the_methods_of_the_path(void)
{
    struct hy_route_match m;

    CHECK(!found("PATCH", "/v1/apps", &m));
    CHECK_TEXT(m.allow, "GET, POST");
    CHECK(!found("PUT", "/v1/apps/sync", &m));
    CHECK_TEXT(m.allow, "GET, DELETE, POST");
    CHECK(!found("GET", "/nowhere", &m));
    CHECK_TEXT(m.allow, "");
    CHECK(found("GET", "/v1/apps", &m));
    CHECK_TEXT(m.allow, "");
}

static void near_misses(void)
{
    static const char *const paths[] = {"",
                                        "v1/apps",
                                        "/v1/apps/",
                                        "/v1/apps//",
                                        "//v1/apps",
                                        "/v1/apps/a/",
                                        "/v1/app",
                                        "/v1/appsx",
                                        "/v1",
                                        "/v1/apps/a/b/",
                                        "*",
                                        "/V1/apps",
                                        "/v1/apps/{id}/users/",
                                        "/v1/apps//users/u"};
    struct hy_route_match m;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        CHECK(!found("GET", paths[i], &m));
        CHECK_TEXT(m.allow, "");
    }
}

static void long_segments_do_not_match(void)
{
    char path[400] = "/v1/apps/";
    struct hy_route_match m;

    memset(path + 9, 'a', HY_ROUTE_PARAM_BYTES - 1);
    path[9 + HY_ROUTE_PARAM_BYTES - 1] = 0;
    CHECK_TEXT(found("GET", path, &m), "one");
    CHECK_INT(strlen(m.params[0]), HY_ROUTE_PARAM_BYTES - 1);
    strcat(path, "a");
    CHECK(!found("GET", path, &m));
}

static void too_many_braces_or_segments_do_not_match(void)
{
    static const struct hy_route wide[] = {{"GET", "/{a}/{b}/{c}/{d}", NULL, "four"},
                                           {"GET", "/{a}/{b}/{c}/{d}/{e}", NULL, "five"},
                                           {0}};
    struct hy_route_match m;
    char deep[101];

    for (int i = 0; i < 100; i++)
        deep[i] = i % 2 ? 'a' : '/';
    deep[100] = 0;
    CHECK(hy_route_find(wide, "GET", "/1/2/3/4", &m));
    CHECK_TEXT(m.params[3], "4");
    CHECK(!hy_route_find(wide, "GET", "/1/2/3/4/5", &m));
    CHECK(!hy_route_find(wide, "GET", deep, &m));
}

static void allow_is_cut_at_a_whole_method(void)
{
    static const struct hy_route many[] = {{"AVERYLONGMETHODNAMENUMBERONE", "/a", NULL, NULL},
                                           {"AVERYLONGMETHODNAMENUMBERTWO", "/a", NULL, NULL},
                                           {"AVERYLONGMETHODNAMENUMBERTHREE", "/a", NULL, NULL},
                                           {"AVERYLONG", "/a", NULL, NULL},
                                           {"GET", "/a", NULL, NULL},
                                           {0}};
    struct hy_route_match m;

    CHECK(!hy_route_find(many, "PUT", "/a", &m));
    CHECK_TEXT(m.allow, "AVERYLONGMETHODNAMENUMBERONE, AVERYLONGMETHODNAMENUMBERTWO, GET");
}

int main(void)
{
    RUN(literals_and_braces);
    RUN(literals_win_in_any_order);
    RUN(head_is_answered_by_get);
    RUN(rest_takes_slashes);
    RUN(no_route_lists_the_methods_of_the_path);
    RUN(near_misses);
    RUN(long_segments_do_not_match);
    RUN(too_many_braces_or_segments_do_not_match);
    RUN(allow_is_cut_at_a_whole_method);
    return hy_tap_end();
}
