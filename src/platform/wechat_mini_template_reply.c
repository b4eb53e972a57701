#include "platform/wechat_mini.h"

#include "platform/wechat_wire.h"

#include <inttypes.h>
#include <string.h>

/* Types of subscription templates, as WeChat numbers them. */
enum { TYPE_LONG_TERM = 3 };

static const char out_of_memory[] = "out of memory";

static const char *text_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* An id that is a number on one path and a text on another, as text; null when it is neither. */
static const char *id_member(const json_t *object, const char *name, struct hy_arena *arena)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_integer(value))
        return hy_arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return hy_wechat_given(json_string_value(value)) ? json_string_value(value) : NULL;
}

static enum hy_template_kind kind_of(const json_t *item)
{
    int64_t type;

    return hy_wechat_read_number(json_object_get(item, "type"), &type) && type == TYPE_LONG_TERM
               ? HY_TEMPLATE_ALWAYS
               : HY_TEMPLATE_ONCE;
}

/* --- the account's own templates -------------------------------------------------------------- */

/* "enum_string2.DATA" -> "enum_string2", in the arena. */
static const char *key_of(const char *code, struct hy_arena *arena)
{
    return hy_arena_memdup(arena, code, hy_wechat_mini_key_length(code));
}

/* The texts of a list; the caller owns it. */
static json_t *texts_of(const json_t *list)
{
    json_t *texts = json_array();
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        if (json_is_string(value))
            json_array_append(texts, value);
    }
    return texts;
}

/* {"enum_string2":["a","b"]}; null when the template has none, or when out of memory: a list that
 * is not known refuses nothing. */
static const char *read_choices(const json_t *item, struct hy_arena *arena)
{
    HY_JSON_SCOPED json_t *choices = json_object();
    const json_t *lists = json_object_get(item, "keywordEnumValueList");
    const json_t *list;
    size_t i;

    json_array_foreach(lists, i, list)
    {
        const char *code = text_member(list, "keywordCode");
        HY_JSON_SCOPED json_t *values = texts_of(json_object_get(list, "enumValueList"));
        const char *key = code ? key_of(code, arena) : NULL;

        if (key && json_array_size(values) > 0)
            json_object_set(choices, key, values);
    }
    return json_object_size(choices) > 0 ? hy_json_text(arena, choices) : NULL;
}

static bool read_template(const json_t *item, bool legacy, struct hy_arena *arena,
                          struct hy_template *ret_template)
{
    const char *id = text_member(item, legacy ? "template_id" : "priTmplId");
    const char *title = text_member(item, "title"), *content = text_member(item, "content");
    struct hy_template t = {.kind = legacy ? HY_TEMPLATE_LEGACY : kind_of(item)};

    if (!hy_wechat_given(id))
        return false;
    t.id = hy_arena_strdup(arena, id);
    t.title = hy_arena_strdup(arena, title ? title : "");
    t.content = hy_arena_strdup(arena, content ? content : "");
    t.example = hy_arena_strdup(arena, text_member(item, "example"));
    t.choices = legacy ? NULL : read_choices(item, arena);
    *ret_template = t;
    return t.id && t.title && t.content;
}

/* All or nothing: whoever believes in half a list forgets the other half of the templates. */
static const char *read_list(const struct hy_template_ask *ask, const json_t *root,
                             struct hy_arena *arena, struct hy_template_reply *reply)
{
    const json_t *list = json_object_get(root, ask->legacy ? "list" : "data");
    size_t count = json_array_size(list);
    struct hy_template *templates;

    if (!json_is_array(list))
        return "the reply has no list of templates";
    templates = hy_arena_array(arena, count + 1, sizeof *templates);
    if (!templates)
        return out_of_memory;
    for (size_t i = 0; i < count; i++) {
        if (!read_template(json_array_get(list, i), ask->legacy, arena, &templates[i]))
            return "a template of the reply has no id";
    }
    reply->templates = templates;
    reply->count = count;
    return NULL;
}

static const char *read_added(const struct hy_template_ask *ask, const json_t *root,
                              struct hy_arena *arena, struct hy_template_reply *reply)
{
    const char *id = text_member(root, ask->legacy ? "template_id" : "priTmplId");

    if (!hy_wechat_given(id))
        return "the reply has no id of the template";
    reply->template_id = hy_arena_strdup(arena, id);
    return reply->template_id ? NULL : out_of_memory;
}

/* Nothing comes back but the errcode, so there must be one. */
static const char *read_deleted(const struct hy_template_ask *ask, const json_t *root,
                                struct hy_arena *arena, struct hy_template_reply *reply)
{
    return json_object_get(root, "errcode") ? NULL : "the reply has no errcode";
}

/* --- the public library ----------------------------------------------------------------------- */

/* How an entry of a list becomes one of ours; null when it has no id. The caller owns it. */
typedef json_t *shape_fn(const struct hy_template_ask *ask, const json_t *item,
                         struct hy_arena *arena);

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text)
        json_object_set_new(object, name, json_string(text));
}

static json_t *with_id(const json_t *item, const char *id_name, const char *name,
                       const char *their_name, struct hy_arena *arena)
{
    const char *id = id_member(item, id_name, arena);
    json_t *entry = id ? json_object() : NULL;

    if (!entry)
        return NULL;
    set_text(entry, "id", id);
    set_text(entry, name, text_member(item, their_name));
    return entry;
}

static json_t *shape_category(const struct hy_template_ask *ask, const json_t *item,
                              struct hy_arena *arena)
{
    return with_id(item, "id", "name", "name", arena);
}

static json_t *shape_title(const struct hy_template_ask *ask, const json_t *item,
                           struct hy_arena *arena)
{
    json_t *entry = with_id(item, ask->legacy ? "id" : "tid", "title", "title", arena);
    enum hy_template_kind kind = ask->legacy ? HY_TEMPLATE_LEGACY : kind_of(item);

    if (!entry)
        return NULL;
    set_text(entry, "kind", hy_template_kind_names[kind]);
    set_text(entry, "category", id_member(item, "categoryId", arena));
    return entry;
}

/* The retired library tells no type: its fields take any text, as type "keyword". */
static json_t *shape_keyword(const struct hy_template_ask *ask, const json_t *item,
                             struct hy_arena *arena)
{
    json_t *entry = with_id(item, ask->legacy ? "keyword_id" : "kid", "name", "name", arena);

    if (!entry)
        return NULL;
    set_text(entry, "example", text_member(item, "example"));
    set_text(entry, "type", ask->legacy ? "keyword" : text_member(item, "rule"));
    return entry;
}

static const char *read_items(const struct hy_template_ask *ask, const json_t *list,
                              shape_fn *shape, struct hy_arena *arena,
                              struct hy_template_reply *reply)
{
    HY_JSON_SCOPED json_t *items = json_array();
    const json_t *item;
    size_t i;

    if (!json_is_array(list))
        return "the reply has no list";
    json_array_foreach(list, i, item)
    {
        json_t *entry = shape(ask, item, arena);

        if (!entry || json_array_append_new(items, entry) != 0)
            return "an entry of the reply has no id";
    }
    reply->items = hy_json_text(arena, items);
    return reply->items ? NULL : out_of_memory;
}

static const char *read_categories(const struct hy_template_ask *ask, const json_t *root,
                                   struct hy_arena *arena, struct hy_template_reply *reply)
{
    return read_items(ask, json_object_get(root, "data"), shape_category, arena, reply);
}

static const char *read_titles(const struct hy_template_ask *ask, const json_t *root,
                               struct hy_arena *arena, struct hy_template_reply *reply)
{
    const json_t *total = json_object_get(root, ask->legacy ? "total_count" : "count");

    if (!hy_wechat_read_number(total, &reply->total) || reply->total < 0)
        reply->total = -1;
    return read_items(ask, json_object_get(root, ask->legacy ? "list" : "data"), shape_title, arena,
                      reply);
}

static const char *read_keywords(const struct hy_template_ask *ask, const json_t *root,
                                 struct hy_arena *arena, struct hy_template_reply *reply)
{
    return read_items(ask, json_object_get(root, ask->legacy ? "keyword_list" : "data"),
                      shape_keyword, arena, reply);
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Null, or why the reply does not bring what it should. */
typedef const char *read_fn(const struct hy_template_ask *ask, const json_t *root,
                            struct hy_arena *arena, struct hy_template_reply *reply);

static read_fn *const readers[HY_TEMPLATE_OPS] = {
    [HY_TEMPLATE_OP_LIST] = read_list,      [HY_TEMPLATE_OP_ADD] = read_added,
    [HY_TEMPLATE_OP_DELETE] = read_deleted, [HY_TEMPLATE_OP_CATEGORIES] = read_categories,
    [HY_TEMPLATE_OP_TITLES] = read_titles,  [HY_TEMPLATE_OP_KEYWORDS] = read_keywords,
};

void hy_wechat_mini_judge_template(const struct hy_template_ask *ask,
                                   const struct hy_http_response *response, struct hy_arena *arena,
                                   struct hy_template_reply *ret_reply)
{
    struct hy_template_reply reply = {.total = -1};
    struct hy_judgement *j = &reply.judgement;
    HY_JSON_SCOPED json_t *root = hy_wechat_open_reply(response, j);

    if (root && hy_wechat_judge_optional_code(&hy_platform_wechat_mini,
                                              HY_WECHAT_API_TEMPLATE_MANAGE, root, j)) {
        const char *why = readers[ask->op](ask, root, arena, &reply);

        if (why) {
            reply = (struct hy_template_reply){.total = -1, .judgement = *j};
            hy_wechat_not_understood(j, why);
        } else {
            hy_wechat_understood(j);
        }
    }
    *ret_reply = reply;
}
