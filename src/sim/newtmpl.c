/* /wxaapi/newtmpl/: an account's subscribe templates, and the public library they come from. */
#include "sim/calls.h"
#include "sim/titles.h"

#include "net/httpd.h"

#include <stdlib.h>
#include <string.h>

enum { PRIVATE_MAX = 25, KIDS_MIN = 2, KIDS_MAX = 5, SCENE_MAX_CHARS = 15, LIMIT_MAX = 30 };

static const char ok_data[] = "{\"errcode\":0,\"errmsg\":\"ok\",\"data\":[";

/* --- reading ---------------------------------------------------------------------------------- */

/* The whole of `text` as a number of 0 or more; -1 when it is none. */
static int64_t number_in(const char *text)
{
    if (!text || !*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
        return -1;
    return strtol(text, NULL, 10);
}

static int64_t number_of(const json_t *value)
{
    return json_is_integer(value) ? json_integer_value(value) : number_in(json_string_value(value));
}

/* A form may bring the list as one text, "1,2" or "[1,2]": an array of it. The caller owns it. */
static json_t *kid_list(json_t *value)
{
    json_t *list = json_array();
    const char *at = json_string_value(value);

    if (json_is_array(value))
        json_array_extend(list, value);
    while (at && *at) {
        size_t length = strcspn(at, "[], ");

        if (length)
            json_array_append_new(list, json_stringn(at, length));
        at += length + (at[length] != 0);
    }
    return list;
}

/* --- adding ----------------------------------------------------------------------------------- */

struct choice {
    const struct hy_sim_title *title;
    int kids[KIDS_MAX];
    size_t count;
};

static bool has_kid(const struct choice *choice, int64_t kid)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->kids[i] == kid)
            return true;
    }
    return false;
}

static int read_kids(struct hy_sim_exchange *x, struct choice *choice)
{
    HY_JSON_SCOPED json_t *list = kid_list(json_object_get(x->body, "kidList"));
    size_t count = json_array_size(list);

    if (count < KIDS_MIN || count > KIDS_MAX)
        return HY_SIM_BAD_KID_LIST;
    for (size_t i = 0; i < count; i++) {
        int64_t kid = number_of(json_array_get(list, i));

        if (kid < 1 || kid > hy_sim_title_keyword_count(choice->title) || has_kid(choice, kid))
            return HY_SIM_BAD_KID_LIST;
        choice->kids[choice->count++] = (int)kid;
    }
    return 0;
}

static int check_scene(const struct hy_sim_exchange *x)
{
    const json_t *scene = json_object_get(x->body, "sceneDesc");
    const char *text = json_string_value(scene);
    size_t chars = 0;

    if (!scene || json_is_null(scene))
        return 0;
    for (const char *p = text; p && *p; p++)
        chars += (*p & 0xc0) != 0x80;
    return !text || chars > SCENE_MAX_CHARS ? HY_SIM_BAD_SCENE : 0;
}

/* The same title with the same keywords, in whatever order, is one template. */
static bool is_same(const struct hy_sim_template *tpl, const struct choice *choice)
{
    if (tpl->type != choice->title->type || tpl->keyword_count != choice->count ||
        strcmp(tpl->title, choice->title->title) != 0)
        return false;
    for (size_t i = 0; i < tpl->keyword_count; i++) {
        if (!has_kid(choice, tpl->keywords[i].kid))
            return false;
    }
    return true;
}

static const struct hy_sim_template *find_same(const struct hy_sim_app *app,
                                               const struct choice *choice)
{
    const struct hy_sim_template *t = app->templates;

    while (t && (t->deleted || !is_same(t, choice)))
        t = t->next;
    return t;
}

/* The one refusal that brings more than its code. */
static int answer_added_already(struct hy_sim_exchange *x, const struct hy_sim_template *tpl)
{
    char rid[HY_SIM_RID_BYTES];

    hy_sim_rid(&x->sim->ids, x->now_ms, rid);
    hy_sim_tally_add(&x->sim->stats.other_refusals, HY_SIM_ADDED_ALREADY);
    hy_buf_printf(x->out, "{\"errcode\":%d,\"errmsg\":\"%s\",\"priTmplId\":\"%s\",\"rid\":\"%s\"}",
                  HY_SIM_ADDED_ALREADY, hy_sim_code_text_of(HY_SIM_ADDED_ALREADY), tpl->id, rid);
    return 0;
}

static int count_private(const struct hy_sim_app *app)
{
    int count = 0;

    for (const struct hy_sim_template *t = app->templates; t; t = t->next)
        count += !t->deleted && t->type != HY_SIM_TEMPLATE_LEGACY;
    return count;
}

/* A key is the type of its values and the keyword's id. */
static int add(struct hy_sim_exchange *x, const struct choice *choice)
{
    struct hy_arena *arena = &x->sim->arena;
    struct hy_sim_keyword *keywords = hy_arena_array(arena, choice->count, sizeof *keywords);
    const struct hy_sim_template *tpl;

    for (size_t i = 0; keywords && i < choice->count; i++) {
        int kid = choice->kids[i];

        keywords[i].kid = kid;
        keywords[i].key =
            hy_arena_printf(arena, "%s%d", choice->title->keywords[kid - 1].rule, kid);
        keywords[i].label = choice->title->keywords[kid - 1].name;
        keywords[i].example = choice->title->keywords[kid - 1].example;
        keywords[i].choices = choice->title->keywords[kid - 1].choices;
        if (!keywords[i].key)
            return HY_SIM_SYSTEM_ERROR;
    }
    if (!keywords)
        return HY_SIM_SYSTEM_ERROR;
    tpl = hy_sim_template_add(x->sim, x->app, choice->title->type, choice->title->title, keywords,
                              choice->count);
    if (!tpl)
        return HY_SIM_SYSTEM_ERROR;
    hy_buf_printf(x->out, "{\"errcode\":0,\"errmsg\":\"ok\",\"priTmplId\":\"%s\"}", tpl->id);
    return 0;
}

int hy_sim_run_addtemplate(struct hy_sim_exchange *x)
{
    struct choice choice = {.title = hy_sim_title_find(number_of(json_object_get(x->body, "tid")))};
    const struct hy_sim_template *same;
    int code = choice.title ? read_kids(x, &choice) : HY_SIM_BAD_TID;

    if (!code)
        code = check_scene(x);
    if (code)
        return code;
    same = find_same(x->app, &choice);
    if (same)
        return answer_added_already(x, same);
    return count_private(x->app) >= PRIVATE_MAX ? HY_SIM_TEMPLATES_FULL : add(x, &choice);
}

int hy_sim_run_deltemplate(struct hy_sim_exchange *x)
{
    struct hy_sim_template *tpl =
        hy_sim_template_find(x->sim, x->app, hy_sim_body_text(x, "priTmplId"));

    if (!tpl || tpl->type == HY_SIM_TEMPLATE_LEGACY)
        return HY_SIM_BAD_MANAGE_ARGUMENT;
    tpl->deleted = true;
    return hy_sim_ok(x);
}

/* --- the public library ----------------------------------------------------------------------- */

int hy_sim_run_getcategory(struct hy_sim_exchange *x)
{
    hy_buf_puts(x->out, ok_data);
    for (const struct hy_sim_category *c = hy_sim_categories; c->name; c++)
        hy_buf_printf(x->out, "%s{\"id\":%d,\"name\":\"%s\"}", c == hy_sim_categories ? "" : ",",
                      c->id, c->name);
    hy_buf_puts(x->out, "]}");
    return 0;
}

int hy_sim_run_getpubtemplatekeywords(struct hy_sim_exchange *x)
{
    const struct hy_sim_title *title = hy_sim_title_find(number_in(hy_httpd_query(x->req, "tid")));
    int count;

    if (!title)
        return HY_SIM_BAD_TID;
    count = hy_sim_title_keyword_count(title);
    hy_buf_puts(x->out, ok_data);
    for (int i = 0; i < count; i++)
        hy_buf_printf(x->out, "%s{\"kid\":%d,\"name\":\"%s\",\"example\":\"%s\",\"rule\":\"%s\"}",
                      i ? "," : "", i + 1, title->keywords[i].name, title->keywords[i].example,
                      title->keywords[i].rule);
    hy_buf_printf(x->out, "],\"count\":%d}", count);
    return 0;
}

/* Sets a bit for each category of the comma list. */
static int read_ids(const char *text, uint32_t *ret_wanted)
{
    char id[16];

    *ret_wanted = 0;
    if (!text || !*text)
        return HY_SIM_IDS_MISSING;
    for (;;) {
        size_t length = strcspn(text, ",");
        const struct hy_sim_category *category;

        snprintf(id, sizeof id, "%.*s", length < sizeof id ? (int)length : 0, text);
        category = hy_sim_category_find(number_in(id));
        if (!category)
            return HY_SIM_BAD_IDS;
        *ret_wanted |= 1u << (category - hy_sim_categories);
        if (!text[length])
            return 0;
        text += length + 1;
    }
}

static bool is_wanted(const struct hy_sim_title *title, uint32_t wanted)
{
    return wanted & (1u << (hy_sim_category_find(title->category) - hy_sim_categories));
}

int hy_sim_run_getpubtemplatetitles(struct hy_sim_exchange *x)
{
    int64_t start = number_in(hy_httpd_query(x->req, "start")), seen = 0;
    int64_t limit = number_in(hy_httpd_query(x->req, "limit"));
    uint32_t wanted;
    int code = read_ids(hy_httpd_query(x->req, "ids"), &wanted);

    if (code)
        return code;
    if (start < 0)
        return HY_SIM_BAD_START;
    if (limit < 1 || limit > LIMIT_MAX)
        return HY_SIM_BAD_LIMIT;
    hy_buf_puts(x->out, ok_data);
    for (const struct hy_sim_title *t = hy_sim_titles; t->title; t++) {
        if (!is_wanted(t, wanted))
            continue;
        if (seen >= start && seen - start < limit)
            hy_buf_printf(x->out,
                          "%s{\"tid\":%d,\"title\":\"%s\",\"type\":%d,\"categoryId\":\"%d\"}",
                          seen > start ? "," : "", t->tid, t->title, t->type, t->category);
        seen++;
    }
    hy_buf_printf(x->out, "],\"count\":%lld}", (long long)seen);
    return 0;
}

/* --- the account's own ------------------------------------------------------------------------ */

static void put_lines(struct hy_buf *out, const struct hy_sim_template *tpl, bool example)
{
    struct hy_buf lines;

    hy_buf_init(&lines, 1 << 20);
    for (size_t i = 0; i < tpl->keyword_count; i++) {
        const struct hy_sim_keyword *k = &tpl->keywords[i];

        if (example)
            hy_buf_printf(&lines, "%s:%s\n", k->label, hy_sim_example_of(k));
        else
            hy_buf_printf(&lines, "%s:{{%s.DATA}}\n", k->label, k->key);
    }
    hy_sim_put_text(out, hy_buf_text(&lines));
    hy_buf_deinit(&lines);
}

static void put_enum(struct hy_buf *out, const struct hy_sim_keyword *keyword)
{
    hy_buf_printf(out, "{\"keywordCode\":\"%s.DATA\",\"enumValueList\":[", keyword->key);
    for (hy_sim_texts value = keyword->choices; *value; value++) {
        if (value != keyword->choices)
            hy_buf_putc(out, ',');
        hy_sim_put_text(out, *value);
    }
    hy_buf_puts(out, "]}");
}

/* Only templates that have a list of values have the member. */
static void put_enums(struct hy_buf *out, const struct hy_sim_template *tpl)
{
    bool any = false;

    for (size_t i = 0; i < tpl->keyword_count; i++) {
        if (!tpl->keywords[i].choices)
            continue;
        hy_buf_puts(out, any ? "," : ",\"keywordEnumValueList\":[");
        put_enum(out, &tpl->keywords[i]);
        any = true;
    }
    if (any)
        hy_buf_putc(out, ']');
}

static void put_template(struct hy_buf *out, const struct hy_sim_template *tpl)
{
    hy_buf_printf(out, "{\"priTmplId\":\"%s\",\"title\":", tpl->id);
    hy_sim_put_text(out, tpl->title);
    hy_buf_puts(out, ",\"content\":");
    put_lines(out, tpl, false);
    hy_buf_puts(out, ",\"example\":");
    put_lines(out, tpl, true);
    hy_buf_printf(out, ",\"type\":%d", tpl->type);
    put_enums(out, tpl);
    hy_buf_putc(out, '}');
}

int hy_sim_run_gettemplate(struct hy_sim_exchange *x)
{
    bool any = false;

    hy_buf_puts(x->out, ok_data);
    for (const struct hy_sim_template *t = x->app->templates; t; t = t->next) {
        if (t->deleted || t->type == HY_SIM_TEMPLATE_LEGACY)
            continue;
        if (any)
            hy_buf_putc(x->out, ',');
        put_template(x->out, t);
        any = true;
    }
    hy_buf_puts(x->out, "]}");
    return 0;
}
