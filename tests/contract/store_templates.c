/* Templates of apps, and revoked sessions. */
#include "store_cases.h"

#include <stdio.h>

/* --- templates -------------------------------------------------------------------------------- */

static struct hy_template template(const char *id, enum hy_template_kind kind, const char *title)
{
    return (struct hy_template){.id = id,
                                .kind = kind,
                                .title = title,
                                .content = "事项{{thing1.DATA}}",
                                .synced_at_ms = rig.now_ms};
}

static struct hy_templates_put put(struct hy_template *templates, size_t count)
{
    struct hy_templates_put v = {
        .app_no = rig.app, .templates = templates, .count = count, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), 0);
    return v;
}

/* Of both kinds of subscription. */
static struct hy_templates_put sync(struct hy_template *templates, size_t count)
{
    struct hy_templates_put v = {.app_no = rig.app,
                                 .replace = true,
                                 .kinds = {[HY_TEMPLATE_ONCE] = true, [HY_TEMPLATE_ALWAYS] = true},
                                 .templates = templates,
                                 .count = count,
                                 .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), 0);
    return v;
}

static struct hy_templates *list(int64_t app_no)
{
    struct hy_templates *v = (struct hy_templates *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_templates){.app_no = app_no, .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_TEMPLATES), 0);
    return v;
}

/* The ids in their order. */
static const char *ids(int64_t app_no)
{
    struct hy_templates *v = list(app_no);
    char *text = (char *)hy_arena_alloc(&rig.arena, 400);

    for (size_t i = 0; i < v->count; i++)
        snprintf(text + strlen(text), 400 - strlen(text), "%s ", v->templates[i].id);
    return text;
}

static void every_field_of_a_template_is_kept(void)
{
    struct hy_template t = template("T1", HY_TEMPLATE_ALWAYS, "标题");
    const struct hy_template *kept;

    t.example = "事项:例子";
    t.choices = "{\"enum_string2\":[\"甲\",\"乙\"]}";
    put(&t, 1);
    kept = list(rig.app)->templates;
    CHECK_INT(kept->app_no, rig.app);
    CHECK_TEXT(kept->id, "T1");
    CHECK_INT(kept->kind, HY_TEMPLATE_ALWAYS);
    CHECK_TEXT(kept->title, "标题");
    CHECK_TEXT(kept->content, "事项{{thing1.DATA}}");
    CHECK_TEXT(kept->example, "事项:例子");
    CHECK_TEXT(kept->choices, "{\"enum_string2\":[\"甲\",\"乙\"]}");
    CHECK_INT(kept->synced_at_ms, rig.now_ms);
    t = template("T1", HY_TEMPLATE_ONCE, "other");
    CHECK_INT(put(&t, 1).added, 0);
    kept = list(rig.app)->templates;
    CHECK_TEXT(kept->title, "other");
    CHECK_INT(kept->kind, HY_TEMPLATE_ONCE);
    CHECK(kept->example == NULL && kept->choices == NULL);
    CHECK_INT(list(rig.app)->count, 1);
    CHECK_INT(list(rig.app)->sync_count, 0); /* one was added, nothing was synced */
}

static void they_are_listed_by_kind_and_title(void)
{
    struct hy_template t[] = {
        template("c", HY_TEMPLATE_ALWAYS, "A"), template("e", HY_TEMPLATE_ONCE, "B"),
        template("d", HY_TEMPLATE_ONCE, "B"),   template("b", HY_TEMPLATE_ONCE, "A"),
        template("a", HY_TEMPLATE_LEGACY, "Z"),
    };

    CHECK_INT(put(t, 5).added, 5);
    CHECK_TEXT(ids(rig.app), "a b d e c ");
    CHECK_TEXT(ids(0), "a b d e c ");
    CHECK_TEXT(ids(rig.app + 1), "");
}

static void a_sync_replaces_its_kinds(void)
{
    struct hy_template first[] = {template("a", HY_TEMPLATE_ONCE, "1"),
                                  template("b", HY_TEMPLATE_ALWAYS, "2"),
                                  template("old", HY_TEMPLATE_LEGACY, "3")};
    struct hy_template second[] = {template("c", HY_TEMPLATE_ONCE, "4"),
                                   template("b", HY_TEMPLATE_ONCE, "2")};
    struct hy_templates_put v;
    struct hy_templates *now;

    put(first, 3);
    rig.now_ms += HOUR;
    v = sync(second, 2);
    CHECK_INT(v.added, 1);
    CHECK_INT(v.removed, 1);
    CHECK_TEXT(ids(rig.app), "old b c ");
    now = list(rig.app);
    CHECK_INT(now->sync_count, 2);
    CHECK_INT(now->syncs[0].kind, HY_TEMPLATE_ONCE);
    CHECK_INT(now->syncs[1].kind, HY_TEMPLATE_ALWAYS);
    CHECK_INT(now->syncs[0].app_no, rig.app);
    CHECK_INT(now->syncs[0].synced_at_ms, rig.now_ms);
    rig.now_ms += HOUR;
    v = sync(NULL, 0);
    CHECK_INT(v.removed, 2);
    CHECK_TEXT(ids(rig.app), "old ");
    CHECK_INT(list(rig.app)->syncs[1].synced_at_ms, rig.now_ms);
    CHECK_INT(list(rig.app)->sync_count, 2);
}

static void a_template_is_deleted(void)
{
    struct hy_template t[] = {template("a", HY_TEMPLATE_ONCE, "1"),
                              template("b", HY_TEMPLATE_ONCE, "2")};
    struct hy_template_delete v = {.app_no = rig.app, .template_id = "a"};

    put(t, 2);
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATE_DELETE), 0);
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATE_DELETE), HY_E_NOT_FOUND);
    v.app_no++;
    v.template_id = "b";
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATE_DELETE), HY_E_NOT_FOUND);
    CHECK_TEXT(ids(rig.app), "b ");
}

static void apps_do_not_share_templates(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_template t = template("a", HY_TEMPLATE_ONCE, "1"), other = t;
    struct hy_templates_put v = {.templates = &other, .count = 1, .now_ms = rig.now_ms};
    struct hy_app_delete gone = {.app_no = rig.app, .now_ms = rig.now_ms};

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    sync(&t, 1);
    v.app_no = app.app.no;
    other.title = "other";
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), 0);
    CHECK_INT(v.added, 1);
    CHECK_INT(list(0)->count, 2);
    CHECK_TEXT(list(rig.app)->templates[0].title, "1");
    CHECK_INT(run(&gone.op, HY_VERB_APP_DELETE), 0);
    CHECK_INT(list(0)->count, 1);
    CHECK_INT(list(0)->sync_count, 0);
    CHECK_TEXT(list(0)->templates[0].title, "other");
    v.app_no = rig.app;
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), HY_E_NOT_FOUND);
    v.app_no = app.app.no + 1;
    CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), HY_E_NOT_FOUND);
}

static void a_bad_template_stores_none(void)
{
    for (int i = 0; i < 7; i++) {
        struct hy_template t[] = {template("a", HY_TEMPLATE_ONCE, "1"),
                                  template("b", HY_TEMPLATE_ONCE, "2")};
        struct hy_templates_put v = {
            .app_no = rig.app, .templates = t, .count = 2, .now_ms = rig.now_ms};

        switch (i) {
        case 0: t[1].id = ""; break;
        case 1: t[1].title = NULL; break;
        case 2: t[1].content = NULL; break;
        case 3: t[1].kind = HY_TEMPLATE_ANY; break;
        case 4: t[1].kind = HY_TEMPLATE_KINDS; break;
        case 5: v.replace = true; break; /* of a kind that is not replaced */
        default: v.count = 1001; break;
        }
        CHECK_INT(run(&v.op, HY_VERB_TEMPLATES_PUT), HY_E_INVALID);
    }
    CHECK_INT(list(0)->count, 0);
}

/* --- sessions --------------------------------------------------------------------------------- */

static void cut(const char *user, int64_t at_ms)
{
    struct hy_session_cut v = {.app_no = rig.app, .user = user, .at_ms = at_ms};

    CHECK_INT(run(&v.op, HY_VERB_SESSION_CUT), 0);
}

static struct hy_session_cuts *cuts(void)
{
    struct hy_session_cuts *v = (struct hy_session_cuts *)hy_arena_alloc(&rig.arena, sizeof *v);

    v->arena = &rig.arena;
    CHECK_INT(run(&v->op, HY_VERB_SESSION_CUTS), 0);
    return v;
}

/* When `user`'s sessions were cut; 0 = never. */
static int64_t cut_at(const char *user)
{
    struct hy_session_cuts *v = cuts();

    for (size_t i = 0; i < v->count; i++) {
        const char *other = v->cuts[i].user;

        if (user ? other && strcmp(user, other) == 0 : !other)
            return v->cuts[i].at_ms;
    }
    return 0;
}

static void a_later_cut_replaces_an_earlier_one(void)
{
    struct hy_session_cut bad = {.app_no = rig.app, .user = ""};

    CHECK_INT(cuts()->count, 0);
    cut("u", 5);
    cut("v", 6);
    cut(NULL, 7);
    cut("u", 8);
    CHECK_INT(cuts()->count, 3);
    CHECK_INT(cut_at("u"), 8);
    CHECK_INT(cut_at("v"), 6);
    CHECK_INT(cut_at(NULL), 7);
    CHECK_INT(cuts()->cuts[0].app_no, rig.app);
    CHECK_INT(run(&bad.op, HY_VERB_SESSION_CUT), HY_E_INVALID);
}

static void cuts_go_when_no_session_can_be_older(void)
{
    struct hy_tidy v = {.limit = 100};

    cut("old", rig.now_ms);
    cut("new", rig.now_ms + 10 * (int64_t)DAY);
    v.now_ms = rig.now_ms + 29 * (int64_t)DAY;
    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    CHECK_INT(cuts()->count, 2);
    v.now_ms = rig.now_ms + 32 * (int64_t)DAY;
    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    CHECK_INT(v.tidied, 1);
    CHECK_INT(cuts()->count, 1);
    CHECK(cut_at("new") > 0);
    v.limit = 0;
    CHECK_INT(run(&v.op, HY_VERB_TIDY), HY_E_INVALID);
}

void store_templates_cases(void)
{
    CASE(every_field_of_a_template_is_kept);
    CASE(they_are_listed_by_kind_and_title);
    CASE(a_sync_replaces_its_kinds);
    CASE(a_template_is_deleted);
    CASE(apps_do_not_share_templates);
    CASE(a_bad_template_stores_none);
    CASE(a_later_cut_replaces_an_earlier_one);
    CASE(cuts_go_when_no_session_can_be_older);
}
