/*
 * Every shape of callback that WeChat is known to send, and what is read from it; then odd ones. Run
 * with the folder of the golden files. The bodies are written here by hand, not with the code that
 * reads them.
 */
#include "golden.h"
#include "tap.h"
#include "unit/platform/callback_kit.h"

#include <inttypes.h>

static const struct hy_platform *platform;
static struct hy_arena arena;
static struct hy_buf out;

static void compare(const char *name)
{
    const char *difference;

    CHECK(hy_buf_ok(&out));
    difference = golden_differs(name, &out);
    if (difference)
        hy_tap_fail(__FILE__, __LINE__, "%s", difference);
}

/* --- what was read ---------------------------------------------------------------------------- */

static const char *const verdicts[] = {"echo", "event", "denied", "malformed"};

static void show_item(struct hy_buf *b, const struct hy_callback_item *item)
{
    if (item->kind == HY_CALLBACK_ANSWER)
        hy_buf_printf(b, "   %s %s\n", hy_answer_names[item->answer], item->template_id);
    else
        hy_buf_printf(b, "   %s %s msgid %" PRId64 "%s%s\n",
                      item->delivered ? "delivered" : "failed", item->template_id, item->msgid,
                      item->reason ? " " : "", item->reason ? item->reason : "");
    hy_buf_printf(b, "      %s\n", item->identity);
}

static void show(struct hy_buf *b, const struct hy_callback *c)
{
    hy_buf_printf(b, "=> %s", verdicts[c->verdict]);
    if (c->reply)
        hy_buf_printf(b, ", reply \"%s\"", c->reply);
    if (c->why)
        hy_buf_printf(b, ": %s", c->why);
    if (c->verdict == HY_CALLBACK_EVENT)
        hy_buf_printf(b, "\n   %s of %s at %" PRId64 "\n   raw %s\n   identity %s", c->name,
                      c->user ? c->user : "nobody", c->created_at_ms, c->raw, c->identity);
    hy_buf_putc(b, '\n');
    for (size_t i = 0; i < c->count; i++)
        show_item(b, &c->items[i]);
}

static struct hy_callback read_kit(struct kit *kit)
{
    struct hy_callback c;

    kit_ready(kit);
    memset(&c, 0xa5, sizeof c);
    CHECK_INT(platform->read_callback(&kit->ask, &arena, &c), 0);
    return c;
}

/* --- the subscription events ------------------------------------------------------------------ */

#define USER       "oUser-0000_0000000000000abcd"
#define TEMPLATE_A "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"
#define TEMPLATE_B "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210_-zyxwv"

/* A member of an item: its values in the first and the second one. */
struct member {
    const char *name;
    const char *values[2];
    bool number;
};

static const struct {
    const char *event, *wrapper;
    struct member members[5];
} events[] = {
    {"subscribe_msg_popup_event",
     "SubscribeMsgPopupEvent",
     {{"TemplateId", {TEMPLATE_A, TEMPLATE_B}, false},
      {"SubscribeStatusString", {"accept", "reject"}, false},
      {"PopupScene", {"0", "2"}, true}}},
    {"subscribe_msg_change_event",
     "SubscribeMsgChangeEvent",
     {{"TemplateId", {TEMPLATE_A, TEMPLATE_B}, false},
      {"SubscribeStatusString", {"reject", "reject"}, false}}},
    {"subscribe_msg_sent_event",
     "SubscribeMsgSentEvent",
     {{"TemplateId", {TEMPLATE_A, TEMPLATE_B}, false},
      {"MsgID", {"1988810812324364291", "9223372036854775807"}, true},
      {"ErrorCode", {"0", "1003"}, true},
      {"ErrorStatus", {"success", "failed"}, false}}},
};

static void put_xml(struct hy_buf *b, const char *name, const char *value, bool bare)
{
    hy_buf_printf(b, bare ? "<%s>%s</%s>\n" : "<%s><![CDATA[%s]]></%s>\n", name, value, name);
}

static void put_json(struct hy_buf *b, const char *name, const char *value, bool bare)
{
    hy_buf_printf(b, bare ? ",\"%s\":%s" : ",\"%s\":\"%s\"", name, value);
}

typedef void put_fn(struct hy_buf *b, const char *name, const char *value, bool bare);

static void put_head(struct hy_buf *b, put_fn *put, const char *event, bool numbers)
{
    put(b, "FromUserName", USER, false);
    put(b, "CreateTime", "1714112445", numbers);
    put(b, "MsgType", "event", false);
    put(b, "Event", event, false);
}

/* What stands between the tags of the root. */
static const char *xml_event(size_t e, size_t items, bool numbers)
{
    const char *text;
    struct hy_buf b;

    hy_buf_init(&b, 1 << 16);
    put_head(&b, put_xml, events[e].event, numbers);
    hy_buf_printf(&b, "<%s>\n", events[e].wrapper);
    for (size_t i = 0; i < items; i++) {
        hy_buf_puts(&b, "  <List>\n");
        for (const struct member *m = events[e].members; m->name; m++) {
            hy_buf_puts(&b, "    ");
            put_xml(&b, m->name, m->values[i], m->number && numbers);
        }
        hy_buf_puts(&b, "  </List>\n");
    }
    hy_buf_printf(&b, "</%s>", events[e].wrapper);
    text = hy_arena_strdup(&arena, hy_buf_text(&b));
    hy_buf_deinit(&b);
    return text;
}

/* The members behind the first, each with a comma before it. */
static const char *json_event(size_t e, size_t items, bool numbers)
{
    const char *text;
    struct hy_buf b;

    hy_buf_init(&b, 1 << 16);
    put_head(&b, put_json, events[e].event, numbers);
    hy_buf_puts(&b, items > 1 ? ",\"List\":[" : ",\"List\":");
    for (size_t i = 0; i < items; i++) {
        const struct member *m = events[e].members;

        hy_buf_printf(&b, "%s{\"%s\":\"%s\"", i > 0 ? "," : "", m->name, m->values[i]);
        while ((++m)->name)
            put_json(&b, m->name, m->values[i], m->number && numbers);
        hy_buf_putc(&b, '}');
    }
    hy_buf_puts(&b, items > 1 ? "]" : "");
    text = hy_arena_strdup(&arena, hy_buf_text(&b));
    hy_buf_deinit(&b);
    return text;
}

static const char *whole(enum kit_format format, const char *inner)
{
    return format == KIT_XML
               ? hy_arena_printf(&arena,
                                 "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>\n%s\n"
                                 "</xml>",
                                 inner)
               : hy_arena_printf(&arena, "{\"ToUserName\":\"gh_0123456789ab\"%s}", inner);
}

/* The message in one mode, as text of what was read. */
static const char *read_as(enum hy_callback_mode mode, enum kit_format format, const char *inner)
{
    struct kit kit = kit_new(&arena);
    struct hy_callback c;
    const char *text;
    struct hy_buf b;

    kit.ask.mode = mode;
    kit.ask.aes_key = KIT_KEY;
    if (mode == HY_CALLBACK_PLAIN)
        kit_post(&kit, whole(format, inner));
    else
        kit_post_sealed(&kit, format, mode == HY_CALLBACK_SAFE ? "" : inner, whole(format, inner));
    c = read_kit(&kit);
    hy_buf_init(&b, 1 << 16);
    show(&b, &c);
    text = hy_arena_strdup(&arena, hy_buf_text(&b));
    hy_buf_deinit(&b);
    return text;
}

static void show_shape(enum kit_format format, size_t e, size_t items, bool numbers)
{
    const char *inner =
        format == KIT_XML ? xml_event(e, items, numbers) : json_event(e, items, numbers);
    const char *plain = read_as(HY_CALLBACK_PLAIN, format, inner);

    hy_buf_printf(&out, "# %s, %zu item%s, %s; plain, compatible and safe\n%s\n%s\n",
                  events[e].event, items, items > 1 ? "s" : "", numbers ? "numbers" : "texts",
                  whole(format, inner), plain);
    CHECK_TEXT(read_as(HY_CALLBACK_COMPATIBLE, format, inner), plain);
    CHECK_TEXT(read_as(HY_CALLBACK_SAFE, format, inner), plain);
}

static void show_shapes(enum kit_format format)
{
    hy_buf_clear(&out);
    for (size_t e = 0; e < sizeof events / sizeof *events; e++) {
        for (size_t items = 1; items <= 2; items++) {
            show_shape(format, e, items, true);
            show_shape(format, e, items, false);
        }
    }
}

static void xml_shapes(void)
{
    show_shapes(KIT_XML);
    compare("xml");
}

static void json_shapes(void)
{
    show_shapes(KIT_JSON);
    compare("json");
}

/* Whatever form an event came in, its items are the same, repeated or not. */
static void items_do_not_depend_on_the_form(void)
{
    for (size_t i = 0; i < 12; i++) {
        size_t e = i / 4, items = 1 + i / 2 % 2;
        bool numbers = i % 2;
        struct kit xml = kit_new(&arena), json = kit_new(&arena);
        struct hy_callback a, b;

        kit_post(&xml, whole(KIT_XML, xml_event(e, items, numbers)));
        kit_post(&json, whole(KIT_JSON, json_event(e, items, !numbers)));
        a = read_kit(&xml);
        b = read_kit(&json);
        CHECK_INT(a.count, items);
        CHECK_INT(b.count, items);
        for (size_t k = 0; k < items; k++) {
            CHECK_TEXT(a.items[k].identity, b.items[k].identity);
            CHECK(k == 0 || strcmp(a.items[k].identity, a.items[0].identity) != 0);
        }
    }
}

/* --- others ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *body;
} odd[] = {
#include "wechat_callback_odd.inc"
};

/* Line ends and bytes that an editor would not show as they are. */
static void show_bytes(const char *bytes)
{
    for (; *bytes; bytes++) {
        unsigned char c = (unsigned char)*bytes;

        if (c < ' ' || c > '~')
            hy_buf_printf(&out, "\\x%02x", c);
        else
            hy_buf_putc(&out, (char)c);
    }
    hy_buf_putc(&out, '\n');
}

static void odd_bodies(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct kit kit = kit_new(&arena);
        struct hy_callback c;

        kit_post(&kit, odd[i].body);
        c = read_kit(&kit);
        hy_buf_printf(&out, "# %s\n", odd[i].name);
        show_bytes(odd[i].body);
        show(&out, &c);
    }
    compare("odd");
}

/* --- the vectors of WeChat's manual ----------------------------------------------------------- */

static const char manual_encrypt[] =
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZq"
    "zDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pe"
    "de2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebu"
    "fAlr7F9mFUPAJGj04=";

static void manual_check_of_the_address(void)
{
    struct kit kit = kit_new(&arena);
    struct hy_callback c;

    kit_set(&kit, "timestamp", "1714036504");
    kit_set(&kit, "nonce", "1514711492");
    kit_set(&kit, "signature", "f464b24fc39322e44b38aa78f5edd27bd1441696");
    kit_set(&kit, "echostr", "4375120948345356249");
    hy_buf_clear(&out);
    for (int mode = HY_CALLBACK_AUTO; mode <= HY_CALLBACK_SAFE; mode++) {
        kit.ask.mode = mode;
        kit.ask.aes_key = mode == HY_CALLBACK_SAFE ? KIT_KEY : NULL;
        c = read_kit(&kit);
        hy_buf_printf(&out, "# the check of the address, mode %s\n", hy_callback_mode_names[mode]);
        show(&out, &c);
    }
    compare("manual_echo");
}

static void manual_plain(void)
{
    struct kit kit = kit_new(&arena);
    struct hy_callback c;

    kit_post(&kit,
             "{\"ToUserName\":\"gh_97417a04a28d\",\"FromUserName\":"
             "\"o9AgO5Kd5ggOC-bXrbNODIiE3bGY\",\"CreateTime\":1714037059,\"MsgType\":\"event\","
             "\"Event\":\"debug_demo\",\"debug_str\":\"hello world\"}");
    kit_set(&kit, "timestamp", "1714037059");
    kit_set(&kit, "nonce", "486452656");
    kit_set(&kit, "signature", "899cf89e464efb63f54ddac96b0a0a235f53aa78");
    c = read_kit(&kit);
    hy_buf_clear(&out);
    show(&out, &c);
    compare("manual_plain");
}

static void manual_safe(void)
{
    struct kit kit = kit_new(&arena);
    struct hy_callback c;

    kit_post(&kit,
             hy_arena_printf(&arena, "{\"ToUserName\":\"gh_97417a04a28d\",\"Encrypt\":\"%s\"}",
                             manual_encrypt));
    kit.ask.app_id = "wxba5fad812f8e6fb9";
    kit.ask.aes_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    kit_set(&kit, "timestamp", "1714112445");
    kit_set(&kit, "nonce", "415670741");
    kit_set(&kit, "signature", "6c5c811b55cc85e0e1b54100749188c20beb3f5d");
    kit_set(&kit, "msg_signature", "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
    c = read_kit(&kit);
    hy_buf_clear(&out);
    show(&out, &c);
    compare("manual_safe");
}

/* The vector that came with the SDKs: its message is neither XML nor JSON, but it opens. */
static void manual_sdk(void)
{
    struct kit kit = kit_new(&arena);
    struct hy_callback c;

    kit.ask.app_id = "wxb11529c136998cb6";
    kit.ask.token = "pamtest";
    kit.ask.aes_key = KIT_KEY;
    kit_set(&kit, "timestamp", "1409304348");
    kit_set(&kit, "nonce", "xxxxxx");
    kit_post(&kit,
             "<xml><Encrypt><![CDATA[jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg"
             "5K55bgVtVzd832WzZGMhkP72vVOfg==]]></Encrypt></xml>");
    kit_set(&kit, "msg_signature", "82c962d39941aa48552f90ef55aa323dc620cc10");
    c = read_kit(&kit);
    CHECK_INT(c.verdict, HY_CALLBACK_MALFORMED);
    CHECK_TEXT(c.why, "The body is neither XML nor a JSON object.");
}

static void no_golden_file_is_left_over(void)
{
    const char *name = golden_left_over();

    if (name)
        hy_tap_fail(__FILE__, __LINE__, "%s belongs to no case", name);
}

int main(int argc, char **argv)
{
    int failed;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    golden_use(argv[1]);
    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    hy_buf_init(&out, 1024 * 1024);
    RUN(xml_shapes);
    RUN(json_shapes);
    RUN(items_do_not_depend_on_the_form);
    RUN(odd_bodies);
    RUN(manual_check_of_the_address);
    RUN(manual_plain);
    RUN(manual_safe);
    RUN(manual_sdk);
    RUN(no_golden_file_is_left_over);
    failed = hy_tap_end();
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return failed;
}
