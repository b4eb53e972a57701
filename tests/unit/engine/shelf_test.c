/*
 * The shelf: what the store has is found after a start, by app and id, with its fields.
 */
#include "rig.h"
#include "tap.h"

#include "engine/internal.h"
#include "engine/templates.h"

#include <pthread.h>

#define T1 "TemplateTemplateTemplateTemplateTemplate__1"
#define T2 "TemplateTemplateTemplateTemplateTemplate__2"
#define T3 "TemplateTemplateTemplateTemplateTemplate__3"
#define T4 "TemplateTemplateTemplateTemplateTemplate__4"

static struct hy_template shipped(const char *id, enum hy_template_kind kind, const char *title)
{
    return (struct hy_template){.id = id,
                                .kind = kind,
                                .title = title,
                                .content = "Goods:{{thing1.DATA}}\nState:{{enum_string2.DATA}}\n",
                                .example = "",
                                .choices = "{\"enum_string2\":[\"new\",\"sent\"]}"};
}

static void store(struct hy_template *templates, size_t count, bool replace)
{
    struct hy_templates_put put = {.op.verb = HY_VERB_TEMPLATES_PUT,
                                   .app_no = 1,
                                   .replace = replace,
                                   .kinds = {false, true, true, true},
                                   .templates = templates,
                                   .count = count,
                                   .now_ms = rig_now_ms};

    CHECK_INT(hy_store_run(rig.store, &put.op), 0);
}

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
}

static void a_start_finds_what_was_stored(void)
{
    struct hy_template t = shipped(T1, HY_TEMPLATE_ONCE, "Shipped");
    const struct hy_shelf_item *item;

    set_up();
    CHECK(!hy_engine_template(rig.engine, 1, T1));
    store(&t, 1, true);
    rig_restart();
    item = hy_engine_template(rig.engine, 1, T1);
    CHECK(item);
    CHECK_TEXT(item->template.id, T1);
    CHECK_TEXT(item->template.title, "Shipped");
    CHECK_INT(item->template.kind, HY_TEMPLATE_ONCE);
    CHECK_INT(item->template.app_no, 1);
    CHECK_INT(item->field_count, 2);
    CHECK_TEXT(item->fields[0].key, "thing1");
    CHECK_TEXT(item->fields[0].label, "Goods");
    CHECK(!item->fields[0].enum_values);
    CHECK_INT(item->fields[1].type, HY_TEMPLATE_ENUM);
    CHECK_TEXT(item->fields[1].enum_values[0], "new");
    CHECK_TEXT(item->fields[1].enum_values[1], "sent");
    CHECK(!item->fields[1].enum_values[2]);
    hy_engine_template_release(item);
    CHECK(!hy_engine_template(rig.engine, 2, T1));
    CHECK(!hy_engine_template(rig.engine, 1, T2));
    rig_close();
}

static void a_text_that_cannot_be_read_has_no_fields(void)
{
    static const char *const odd[] = {"no mark", "{{thing1}}", ""};

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct hy_template t = shipped(T1, HY_TEMPLATE_ALWAYS, "");
        const struct hy_shelf_item *item;

        t.content = odd[i];
        t.choices = "[not json";
        set_up();
        store(&t, 1, true);
        rig_restart();
        item = hy_engine_template(rig.engine, 1, T1);
        CHECK(item);
        CHECK_INT(item->field_count, 0);
        hy_engine_template_release(item);
        rig_close();
    }
}

static void odd_choices_let_anything_pass(void)
{
    static const char *const odd[] = {
        "{}", "[]", "{\"enum_string2\":[]}", "{\"enum_string2\":7}", "{\"enum_string2\":[1,null]}",
        "{",  NULL};

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct hy_template t = shipped(T1, HY_TEMPLATE_ALWAYS, "");
        const struct hy_shelf_item *item;

        t.choices = odd[i];
        set_up();
        store(&t, 1, true);
        rig_restart();
        item = hy_engine_template(rig.engine, 1, T1);
        CHECK(item);
        CHECK_INT(item->field_count, 2);
        CHECK(!item->fields[1].enum_values);
        hy_engine_template_release(item);
        rig_close();
    }
}

static void lists_by_kind_title_and_id(void)
{
    struct hy_template all[] = {
        shipped(T1, HY_TEMPLATE_ALWAYS, "a"), shipped(T2, HY_TEMPLATE_ONCE, "b"),
        shipped(T4, HY_TEMPLATE_ONCE, "a"), shipped(T3, HY_TEMPLATE_ONCE, "a")};
    static const char *const order[] = {T3, T4, T2, T1};
    const struct hy_shelf_item **list;
    size_t count;

    set_up();
    store(all, 4, true);
    rig_restart();
    list = hy_engine_template_list(rig.engine, 1, &rig.arena, &count);
    CHECK(list);
    CHECK_INT(count, 4);
    for (size_t i = 0; i < count; i++) {
        CHECK_TEXT(list[i]->template.id, order[i]);
        hy_engine_template_release(list[i]);
    }
    CHECK(hy_engine_template_list(rig.engine, 2, &rig.arena, &count));
    CHECK_INT(count, 0);
    rig_close();
}

static void absent_is_what_a_sync_did_not_find(void)
{
    struct hy_template t = shipped(T1, HY_TEMPLATE_ALWAYS, "");
    bool absent = true;

    set_up();
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T2, &absent), HY_TEMPLATE_ANY);
    CHECK(!absent);
    store(&t, 1, false);
    rig_restart();
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T1, NULL), HY_TEMPLATE_ALWAYS);
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T2, &absent), HY_TEMPLATE_ANY);
    CHECK(!absent);
    store(&t, 1, true);
    rig_restart();
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T1, &absent), HY_TEMPLATE_ALWAYS);
    CHECK(!absent);
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T2, &absent), HY_TEMPLATE_ANY);
    CHECK(absent);
    CHECK_INT(hy_engine_template_kind(rig.engine, 2, T2, &absent), HY_TEMPLATE_ANY);
    CHECK(!absent);
    rig_close();
}

static void replacing_touches_one_app_and_no_holder(void)
{
    struct hy_template mine[] = {shipped(T1, HY_TEMPLATE_ONCE, "old"),
                                 shipped(T2, HY_TEMPLATE_ONCE, "old")};
    struct hy_template other = shipped(T1, HY_TEMPLATE_ONCE, "other"), fresh = mine[0];
    const struct hy_shelf_item *held, *item;
    struct hy_engine *engine;

    set_up();
    engine = rig.engine;
    mine[0].app_no = mine[1].app_no = fresh.app_no = 7;
    other.app_no = 3;
    fresh.title = "new";
    CHECK_INT(hy_shelf_replace(&engine->shelf, 7, mine, 2, false), 0);
    CHECK_INT(hy_shelf_replace(&engine->shelf, 3, &other, 1, true), 0);
    held = hy_engine_template(engine, 7, T1);
    CHECK_INT(hy_shelf_replace(&engine->shelf, 7, &fresh, 1, false), 0);
    CHECK_TEXT(held->template.title, "old");
    hy_engine_template_release(held);
    item = hy_engine_template(engine, 7, T1);
    CHECK_TEXT(item->template.title, "new");
    hy_engine_template_release(item);
    CHECK(!hy_engine_template(engine, 7, T2));
    item = hy_engine_template(engine, 3, T1);
    CHECK_TEXT(item->template.title, "other");
    hy_engine_template_release(item);
    CHECK_INT(hy_shelf_replace(&engine->shelf, 7, NULL, 0, false), 0);
    CHECK(!hy_engine_template(engine, 7, T1));
    rig_close();
}

static void a_removed_app_has_no_templates(void)
{
    struct hy_template t = shipped(T1, HY_TEMPLATE_ONCE, "");

    set_up();
    store(&t, 1, true);
    rig_restart();
    CHECK_INT(hy_engine_template_kind(rig.engine, 1, T1, NULL), HY_TEMPLATE_ONCE);
    CHECK_INT(rig_remove_app(RIG_APP), 0);
    CHECK(!hy_engine_template(rig.engine, 1, T1));
    rig_restart();
    CHECK(!hy_engine_template(rig.engine, 1, T1));
    rig_close();
}

/* --- readers while it changes ----------------------------------------------------------------- */

enum { ROUNDS = 2000 };

static void *look(void *arg)
{
    struct hy_engine *engine = arg;
    size_t odd = 0;

    for (int i = 0; i < ROUNDS; i++) {
        const struct hy_shelf_item *item = hy_engine_template(engine, 1, T1);

        if (!item || item->field_count != 2 || strcmp(item->fields[0].label, "Goods") != 0)
            odd++;
        if (item)
            hy_engine_template_release(item);
    }
    return (void *)odd;
}

static void readers_never_see_a_half(void)
{
    struct hy_template t = shipped(T1, HY_TEMPLATE_ONCE, "");
    pthread_t threads[2];
    void *odd;

    set_up();
    t.app_no = 1;
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, &t, 1, true), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, look, rig.engine), 0);
    for (int i = 0; i < ROUNDS / 4; i++)
        CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, &t, 1, true), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &odd);
        CHECK(!odd);
    }
    rig_close();
}

int main(void)
{
    RUN(a_start_finds_what_was_stored);
    RUN(a_text_that_cannot_be_read_has_no_fields);
    RUN(odd_choices_let_anything_pass);
    RUN(lists_by_kind_title_and_id);
    RUN(absent_is_what_a_sync_did_not_find);
    RUN(replacing_touches_one_app_and_no_holder);
    RUN(a_removed_app_has_no_templates);
    RUN(readers_never_see_a_half);
    return hy_tap_end();
}
