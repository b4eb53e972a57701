/* The legacy template library and an app's own legacy templates. */
#include "sim/calls.h"

#include <inttypes.h>
#include <string.h>

enum { PAGE_MAX = 20, KEYWORDS_MAX = 10, LIBRARY_KEYWORDS_MAX = 8 };

/* A keyword's id is its place in the list, from 1. */
static const struct title {
    const char *id;
    const char *text;
    struct {
        const char *name, *example;
    } keywords[LIBRARY_KEYWORDS_MAX];
} library[] = {
    {"AT0002",
     "购买成功通知",
     {{"购买地点", "南锣鼓巷店"},
      {"购买时间", "2016年6月6日"},
      {"物品名称", "咖啡"},
      {"交易单号", "150800001"},
      {"购买价格", "25.00元"}}},
    {"AT0003",
     "退款通知",
     {{"退款金额", "25.00元"}, {"退款原因", "商品售罄"}, {"退款时间", "2016年6月7日"}}},
    {"AT0007",
     "订单发货提醒",
     {{"快递公司", "顺丰速运"},
      {"快递单号", "150800002"},
      {"发货时间", "2016年6月7日"},
      {"物品名称", "茶杯"}}},
    {"AT0009",
     "预约成功通知",
     {{"预约项目", "体检"}, {"预约时间", "2016年6月8日 10:00"}, {"预约地点", "三楼大厅"}}},
    {"AT0012",
     "活动开始提醒",
     {{"活动名称", "读书会"}, {"开始时间", "2016年6月9日 19:00"}, {"活动地点", "图书馆"}}},
    {"AT0022",
     "审核结果通知",
     {{"审核结果", "通过"}, {"审核时间", "2016年6月9日"}, {"备注", "无"}}},
    {"AT0036",
     "服务完成提醒",
     {{"服务名称", "洗衣"}, {"完成时间", "2016年6月10日"}, {"门店", "东门店"}}},
    {"AT0059",
     "签到提醒",
     {{"连续天数", "3天"}, {"签到时间", "每天 9:00"}, {"提醒内容", "今天还没有签到"}}},
};

enum { LIBRARY_COUNT = sizeof library / sizeof library[0] };

static const struct title *find_title(const char *id)
{
    for (size_t i = 0; id && i < LIBRARY_COUNT; i++) {
        if (strcmp(library[i].id, id) == 0)
            return &library[i];
    }
    return NULL;
}

/* Reads offset and count; false when they are no page. */
static bool read_page(const struct hy_sim_exchange *x, size_t *ret_offset, size_t *ret_count)
{
    const json_t *offset = json_object_get(x->body, "offset");
    const json_t *count = json_object_get(x->body, "count");

    if (!json_is_integer(offset) || !json_is_integer(count) || json_integer_value(offset) < 0 ||
        json_integer_value(count) < 0 || json_integer_value(count) > PAGE_MAX)
        return false;
    *ret_offset = (size_t)json_integer_value(offset);
    *ret_count = (size_t)json_integer_value(count);
    return true;
}

int hy_sim_run_library_list(struct hy_sim_exchange *x)
{
    size_t offset, count;

    if (!read_page(x, &offset, &count))
        return HY_SIM_BAD_JSON;
    hy_buf_puts(x->out, "{\"errcode\":0,\"errmsg\":\"ok\",\"list\":[");
    for (size_t i = offset; i < LIBRARY_COUNT && i - offset < count; i++) {
        hy_buf_printf(x->out, "%s{\"id\":\"%s\",\"title\":\"%s\"}", i > offset ? "," : "",
                      library[i].id, library[i].text);
    }
    hy_buf_printf(x->out, "],\"total_count\":%d}", LIBRARY_COUNT);
    return 0;
}

int hy_sim_run_library_get(struct hy_sim_exchange *x)
{
    const struct title *title = find_title(hy_sim_body_text(x, "id"));

    if (!title)
        return HY_SIM_BAD_TEMPLATE;
    hy_buf_printf(x->out,
                  "{\"errcode\":0,\"errmsg\":\"ok\",\"id\":\"%s\",\"title\":\"%s\","
                  "\"keyword_list\":[",
                  title->id, title->text);
    for (int i = 0; i < LIBRARY_KEYWORDS_MAX && title->keywords[i].name; i++) {
        hy_buf_printf(x->out, "%s{\"keyword_id\":%d,\"name\":\"%s\",\"example\":\"%s\"}",
                      i ? "," : "", i + 1, title->keywords[i].name, title->keywords[i].example);
    }
    hy_buf_puts(x->out, "]}");
    return 0;
}

/* The keywords in the order asked for, renamed keyword1, keyword2, ...; null when one is not in the
 * library, the list is no list, or there is no memory. */
static struct hy_sim_keyword *choose_keywords(struct hy_sim_exchange *x, const struct title *title,
                                              const json_t *ids)
{
    size_t count = json_array_size(ids);
    struct hy_sim_keyword *keywords;

    if (count < 1 || count > KEYWORDS_MAX)
        return NULL;
    keywords = hy_arena_array(&x->sim->arena, count, sizeof *keywords);
    for (size_t i = 0; keywords && i < count; i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));

        if (id < 1 || id > LIBRARY_KEYWORDS_MAX || !title->keywords[id - 1].name)
            return NULL;
        keywords[i].key = hy_arena_printf(&x->sim->arena, "keyword%zu", i + 1);
        keywords[i].label = title->keywords[id - 1].name;
        if (!keywords[i].key)
            return NULL;
    }
    return keywords;
}

int hy_sim_run_template_add(struct hy_sim_exchange *x)
{
    const struct title *title = find_title(hy_sim_body_text(x, "id"));
    const json_t *ids = json_object_get(x->body, "keyword_id_list");
    const struct hy_sim_template *tpl;
    struct hy_sim_keyword *keywords;

    if (!title)
        return HY_SIM_BAD_TEMPLATE;
    keywords = choose_keywords(x, title, ids);
    if (!keywords)
        return HY_SIM_BAD_JSON;
    tpl = hy_sim_template_add(x->sim, x->app, HY_SIM_TEMPLATE_LEGACY, title->text, keywords,
                              json_array_size(ids));
    if (!tpl)
        return HY_SIM_SYSTEM_ERROR;
    hy_buf_printf(x->out, "{\"errcode\":0,\"errmsg\":\"ok\",\"template_id\":\"%s\"}", tpl->id);
    return 0;
}

static const char *example_of(const struct hy_sim_template *tpl, const char *label)
{
    for (size_t i = 0; i < LIBRARY_COUNT; i++) {
        for (int k = 0; k < LIBRARY_KEYWORDS_MAX && library[i].keywords[k].name; k++) {
            if (strcmp(library[i].text, tpl->title) == 0 &&
                strcmp(library[i].keywords[k].name, label) == 0)
                return library[i].keywords[k].example;
        }
    }
    return "…";
}

/* A member whose lines are the labels with what `value` makes of each keyword. */
static void put_lines(struct hy_sim_exchange *x, const struct hy_sim_template *tpl, bool example)
{
    struct hy_buf lines;

    hy_buf_init(&lines, 1 << 20);
    for (size_t i = 0; i < tpl->keyword_count; i++) {
        const struct hy_sim_keyword *k = &tpl->keywords[i];

        if (example)
            hy_buf_printf(&lines, "%s：%s\n", k->label, example_of(tpl, k->label));
        else
            hy_buf_printf(&lines, "%s{{%s.DATA}}\n", k->label, k->key);
    }
    hy_sim_put_text(x->out, hy_buf_text(&lines));
    hy_buf_deinit(&lines);
}

static void put_template(struct hy_sim_exchange *x, const struct hy_sim_template *tpl)
{
    hy_buf_printf(x->out, "{\"template_id\":\"%s\",\"title\":", tpl->id);
    hy_sim_put_text(x->out, tpl->title);
    hy_buf_puts(x->out, ",\"content\":");
    put_lines(x, tpl, false);
    hy_buf_puts(x->out, ",\"example\":");
    put_lines(x, tpl, true);
    hy_buf_putc(x->out, '}');
}

int hy_sim_run_template_list(struct hy_sim_exchange *x)
{
    size_t offset, count, seen = 0;

    if (!read_page(x, &offset, &count))
        return HY_SIM_BAD_JSON;
    hy_buf_puts(x->out, "{\"errcode\":0,\"errmsg\":\"ok\",\"list\":[");
    for (const struct hy_sim_template *t = x->app->templates; t; t = t->next) {
        if (t->deleted || t->type != HY_SIM_TEMPLATE_LEGACY)
            continue;
        if (seen >= offset && seen - offset < count) {
            if (seen > offset)
                hy_buf_putc(x->out, ',');
            put_template(x, t);
        }
        seen++;
    }
    hy_buf_puts(x->out, "]}");
    return 0;
}

int hy_sim_run_template_del(struct hy_sim_exchange *x)
{
    struct hy_sim_template *tpl =
        hy_sim_template_find(x->sim, x->app, hy_sim_body_text(x, "template_id"));

    if (!tpl || tpl->type != HY_SIM_TEMPLATE_LEGACY)
        return HY_SIM_BAD_TEMPLATE;
    tpl->deleted = true;
    return hy_sim_ok(x);
}
