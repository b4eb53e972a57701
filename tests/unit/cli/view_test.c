#include "tap.h"

#include "base/json.h"
#include "cli/view.h"

static struct hy_arena arena;
static struct hy_buf out;

static const struct hy_column columns[] = {{.title = "id", .path = "id"},
                                           {.title = "until", .path = "token.until"},
                                           {.title = "left", .path = "left", .right = true},
                                           {.title = "data", .path = "data", .single = true},
                                           {0}};

static void show(const char *json)
{
    HY_JSON_SCOPED json_t *answer = hy_json_parse(json, strlen(json), NULL, 0);

    CHECK(answer);
    hy_buf_clear(&out);
    hy_view_answer(&out, &arena, answer, columns);
}

static void draws_a_card_without_gaps(void)
{
    show("{\"id\":\"wx1\",\"token\":{\"until\":null},\"left\":0,\"data\":{\"k\":\"鸿\"},\"x\":1}");
    CHECK_TEXT(hy_buf_text(&out), "id    wx1\n"
                                  "left  0\n"
                                  "data  {\"k\":\"鸿\"}\n");
}

static void draws_a_list(void)
{
    show("{\"items\":[{\"id\":\"a\",\"left\":10,\"data\":\"hidden\"},"
         "{\"id\":\"bcd\",\"token\":{\"until\":\"noon\"},\"left\":9}],\"next\":\"c1\"}");
    CHECK_TEXT(hy_buf_text(&out), "ID   UNTIL  LEFT\n"
                                  "a             10\n"
                                  "bcd  noon      9\n"
                                  "more: --after c1\n");
    show("{\"items\":[],\"next\":null}");
    CHECK_TEXT(hy_buf_text(&out), "none\n");
}

static void writes_values(void)
{
    static const char text[] =
        "{\"t\":\"x\",\"y\":true,\"n\":false,\"i\":-3,\"l\":[\"a\",\"b\"],\"o\":{\"k\":1}}";
    HY_JSON_SCOPED json_t *object = hy_json_parse(text, strlen(text), NULL, 0);

    CHECK_TEXT(hy_view_at(&arena, object, "t"), "x");
    CHECK_TEXT(hy_view_at(&arena, object, "y"), "yes");
    CHECK_TEXT(hy_view_at(&arena, object, "n"), "no");
    CHECK_TEXT(hy_view_at(&arena, object, "i"), "-3");
    CHECK_TEXT(hy_view_at(&arena, object, "l"), "a, b");
    CHECK_TEXT(hy_view_at(&arena, object, "o"), "{\"k\":1}");
    CHECK_TEXT(hy_view_at(&arena, object, "o.k"), "1");
    CHECK_TEXT(hy_view_at(&arena, object, "o.k.z"), "");
    CHECK_TEXT(hy_view_at(&arena, object, "nothing"), "");
}

int main(void)
{
    hy_arena_init(&arena);
    hy_buf_init(&out, 1 << 20);
    RUN(draws_a_card_without_gaps);
    RUN(draws_a_list);
    RUN(writes_values);
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return hy_tap_end();
}
