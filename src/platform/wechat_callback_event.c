#include "platform/wechat_callback.h"

#include "base/err.h"
#include "crypto/digest.h"
#include "platform/text.h"
#include "platform/wechat_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64, MARK_BYTES = 24 };

static const int64_t year_10000_s = 253402300800;

/* What all kinds of messages share. */
struct event {
    const json_t *message;
    const char *name, *user; /* in the arena; user may be null */
    int64_t created_s;       /* 0 = not told, or not to be read */
    struct hy_arena *arena;
};

static const char *text_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_id(const char *text)
{
    return text && strlen(text) <= NAME_BYTES_MAX && hy_text_is_word(text, "-_");
}

/* --- one item of a List ----------------------------------------------------------------------- */

/* Fills the item but for template_id and identity; `mark` is what tells it from others of the same
 * user, template and second. False: it says nothing that we know how to take. */
typedef bool item_fn(const json_t *entry, struct hy_arena *arena, struct hy_callback_item *item,
                     char mark[MARK_BYTES]);

static bool read_status(const json_t *entry, const char *status, enum hy_answer_kind answer,
                        struct hy_callback_item *item, char mark[MARK_BYTES])
{
    const char *told = text_member(entry, "SubscribeStatusString");

    if (!told || strcmp(told, status) != 0)
        return false;
    item->kind = HY_CALLBACK_ANSWER;
    item->answer = answer;
    snprintf(mark, MARK_BYTES, "%s", status);
    return true;
}

static bool read_popup(const json_t *entry, struct hy_arena *arena, struct hy_callback_item *item,
                       char mark[MARK_BYTES])
{
    return read_status(entry, "accept", HY_ANSWER_ACCEPT, item, mark) ||
           read_status(entry, "reject", HY_ANSWER_REJECT, item, mark);
}

/* Only refusals are pushed. Should "accept" come one day: it was no answer to a prompt, so it gives
 * no use. */
static bool read_change(const json_t *entry, struct hy_arena *arena, struct hy_callback_item *item,
                        char mark[MARK_BYTES])
{
    return read_status(entry, "reject", HY_ANSWER_WITHDRAW, item, mark);
}

static bool read_sent(const json_t *entry, struct hy_arena *arena, struct hy_callback_item *item,
                      char mark[MARK_BYTES])
{
    const char *status = text_member(entry, "ErrorStatus");
    int64_t code;

    item->kind = HY_CALLBACK_SENT;
    if (hy_wechat_read_number(json_object_get(entry, "ErrorCode"), &code)) {
        item->delivered = code == 0;
        if (code != 0)
            item->reason = hy_arena_printf(arena, "event.%" PRId64, code);
    } else if (status && strcmp(status, "success") == 0) {
        item->delivered = true;
    } else {
        return false;
    }
    if (!hy_wechat_read_number(json_object_get(entry, "MsgID"), &item->msgid) || item->msgid < 0)
        item->msgid = 0;
    if (item->msgid > 0)
        snprintf(mark, MARK_BYTES, "%" PRId64, item->msgid);
    return item->delivered || item->reason;
}

/* --- items ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    item_fn *read;
} kinds[] = {
    {"subscribe_msg_popup_event", read_popup},
    {"subscribe_msg_change_event", read_change},
    {"subscribe_msg_sent_event", read_sent},
};

static item_fn *reader_of(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].read;
    }
    return NULL;
}

/* At the top in JSON, within an element in XML. That one's name varied, so it is not looked at. */
static const json_t *find_list(const json_t *message)
{
    const json_t *list = json_object_get(message, "List");
    const char *name;
    json_t *member;

    if (list)
        return list;
    json_object_foreach((json_t *)message, name, member)
    {
        list = json_object_get(member, "List");
        if (list)
            return list;
    }
    return NULL;
}

static int add_item(const struct event *e, item_fn *read, const json_t *entry,
                    struct hy_callback_item *items, size_t *count)
{
    struct hy_callback_item item = {0};
    const char *template_id = text_member(entry, "TemplateId");
    char mark[MARK_BYTES] = "";

    if (!is_id(template_id) || !read(entry, e->arena, &item, mark))
        return 0;
    item.template_id = hy_arena_strdup(e->arena, template_id);
    item.identity = hy_arena_printf(e->arena, "%s|%s|%s|%s|%" PRId64, e->name, e->user, template_id,
                                    mark, e->created_s);
    if (!item.template_id || !item.identity)
        return HY_E_NOMEM;
    items[(*count)++] = item;
    return 0;
}

/* Without a user there is nobody to give it to, without a time no telling it from its repetition:
 * such items are not taken. */
static int read_items(const struct event *e, struct hy_callback *c)
{
    item_fn *read = reader_of(e->name);
    const json_t *list = read ? find_list(e->message) : NULL;
    size_t size = json_is_array(list) ? json_array_size(list) : json_is_object(list);
    struct hy_callback_item *items;
    int err = 0;

    if (!e->user || !e->created_s || size == 0)
        return 0;
    items = hy_arena_array(e->arena, size, sizeof *items);
    if (!items)
        return HY_E_NOMEM;
    for (size_t i = 0; i < size && err == 0; i++)
        err = add_item(e, read, json_is_array(list) ? json_array_get(list, i) : list, items,
                       &c->count);
    c->items = items;
    return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_event(const json_t *message)
{
    const char *type = text_member(message, "MsgType");

    return !type || strcmp(type, "event") == 0;
}

/* MsgId of a message. An event has none: user, second, and a digest of all it says, because two of
 * one user in one second are common. */
static const char *identify(const struct event *e, const char *raw)
{
    uint8_t hash[HY_BLAKE2B16_BYTES];
    char hex[2 * sizeof hash + 1];
    int64_t msgid;

    if (!is_event(e->message) &&
        hy_wechat_read_number(json_object_get(e->message, "MsgId"), &msgid))
        return hy_arena_printf(e->arena, "MsgId|%" PRId64, msgid);
    hy_digest_blake2b16(raw, strlen(raw), hash);
    hy_digest_hex(hash, sizeof hash, hex);
    return hy_arena_printf(e->arena, "%s|%s|%" PRId64 "|%s", e->name, e->user ? e->user : "",
                           e->created_s, hex);
}

static int malformed(struct hy_callback *c, const char *why)
{
    c->verdict = HY_CALLBACK_MALFORMED;
    c->why = why;
    return 0;
}

static int read_whole(const struct event *e, int64_t now_ms, struct hy_callback *c)
{
    c->verdict = HY_CALLBACK_EVENT;
    c->reply = "success";
    c->name = e->name;
    c->user = e->user;
    c->created_at_ms = e->created_s ? e->created_s * 1000 : now_ms;
    c->raw = hy_json_text(e->arena, e->message);
    c->identity = c->raw ? identify(e, c->raw) : NULL;
    return c->identity ? read_items(e, c) : HY_E_NOMEM;
}

int hy_wechat_read_event(const json_t *message, int64_t now_ms, struct hy_arena *arena,
                         struct hy_callback *c)
{
    const char *name = text_member(message, is_event(message) ? "Event" : "MsgType");
    const char *user = text_member(message, "FromUserName");
    struct event e = {.message = message, .arena = arena};

    if (!name)
        return malformed(c, "The message has neither an Event nor a MsgType.");
    if (!is_id(name))
        return malformed(c, "The name of the event is not letters, digits, - and _.");
    if (reader_of(name) && json_array_size(find_list(message)) > HY_WECHAT_ITEMS_MAX)
        return malformed(c, "The List of the event is too long.");
    if (!hy_wechat_read_number(json_object_get(message, "CreateTime"), &e.created_s) ||
        e.created_s < 0 || e.created_s >= year_10000_s)
        e.created_s = 0;
    e.name = hy_arena_strdup(arena, name);
    e.user = is_id(user) ? hy_arena_strdup(arena, user) : NULL;
    if (!e.name || (is_id(user) && !e.user))
        return HY_E_NOMEM;
    return read_whole(&e, now_ms, c);
}
