/*
 * One tap is told by up to three sources; words are lost, repeated, and come in any order. Whatever
 * arrives, the ledger must hold as many uses as there were taps of which anybody told.
 */
#include "store_tell.h"

#include "store_cases.h"

#include <stdio.h>

enum { TAPS_MAX = 3, WORDS_MAX = TAPS_MAX * HY_SOURCES };

/* A source's word about one tap. */
struct word {
    int tap;
    enum hy_source source;
};

/* --- one story, on a user of its own ---------------------------------------------------------- */

/* Stories wait until there are some: a commit for each word would take a durable store minutes. */
enum { STORIES_AT_ONCE = 100 };

struct story {
    const char *user;
    struct word words[2 * WORDS_MAX];
    size_t count;
    struct hy_deposit_item items[2 * WORDS_MAX];
    struct hy_deposit deposits[2 * WORDS_MAX];
    struct hy_hear hears[2 * WORDS_MAX];
};

static struct story *begun[STORIES_AT_ONCE];
static size_t begun_count;
static int stories;
static int64_t tap_at_ms[TAPS_MAX];

static struct story *begin_story(void)
{
    struct story *s = (struct story *)hy_arena_alloc(&rig.arena, sizeof *s);

    s->user = hy_arena_printf(&rig.arena, "user-%d", ++stories);
    return s;
}

/* Clocks differ: each source has its own idea of when it was; events know whole seconds. */
static int64_t told_at(struct word w)
{
    static const int64_t skew_ms[HY_SOURCES] = {700, -900, 0};
    int64_t at_ms = tap_at_ms[w.tap] + skew_ms[w.source];

    return w.source == HY_SOURCE_EVENT ? at_ms / SECOND * SECOND : at_ms;
}

/* check_story() looks at the results: a case may not end inside the store. */
static void told(struct hy_op *op, void *arg)
{
}

/* An event comes as a callback, the others as deposits. */
static void say(struct story *s, struct word w)
{
    size_t i = s->count;
    struct hy_deposit_item *item = &s->items[i];
    struct hy_op *op = &s->deposits[i].op;

    s->words[s->count++] = w;
    *item = accept_item(s->user, w.source);
    item->grant.obtained_at_ms = told_at(w);
    *item = known_as(*item, hy_arena_printf(&rig.arena, "%s.%d.%d", s->user + 5, w.tap, w.source));
    s->deposits[i] = (struct hy_deposit){.items = item, .count = 1, .now_ms = rig.now_ms};
    s->deposits[i].op.verb = HY_VERB_DEPOSIT;
    if (w.source == HY_SOURCE_EVENT) {
        s->hears[i] = heard(s->user, "");
        s->hears[i].answers = item;
        s->hears[i].answer_count = 1;
        op = &s->hears[i].op;
        op->verb = HY_VERB_HEAR;
    }
    op->done = told;
    hy_store_submit(rig.store, op);
}

/* How many taps anybody told of. */
static int taps_told(const struct story *s)
{
    int tap[TAPS_MAX] = {0};

    for (size_t i = 0; i < s->count; i++)
        tap[s->words[i].tap] = 1;
    return tap[0] + tap[1] + tap[2];
}

static void check_story(const struct story *s)
{
    int64_t uses = grants(s->user, "T1")->available;
    int32_t added = 0;
    char text[200] = "";

    for (size_t i = 0; i < s->count; i++) {
        bool event = s->words[i].source == HY_SOURCE_EVENT;

        CHECK_INT(event ? s->hears[i].op.result : s->deposits[i].op.result, 0);
        added += s->items[i].added;
        snprintf(text + strlen(text), sizeof text - strlen(text), " %s:%d",
                 hy_source_names[s->words[i].source], s->words[i].tap);
    }
    if (uses != taps_told(s) || added != uses)
        hy_tap_fail(__FILE__, __LINE__, "%d uses after%s", (int)uses, text);
}

static void end_stories(void)
{
    while (hy_store_pump(rig.store))
        continue;
    for (size_t i = 0; i < begun_count; i++)
        check_story(begun[i]);
    begun_count = 0;
}

static void tell_story(const struct word *words, size_t count)
{
    struct story *s = begin_story();

    for (size_t i = 0; i < count; i++)
        say(s, words[i]);
    begun[begun_count++] = s;
    if (begun_count == STORIES_AT_ONCE)
        end_stories();
}

/* --- all stories ------------------------------------------------------------------------------ */

/* All orders of `count` words of which the first `fixed` are in place. */
static void in_every_order(struct word *words, size_t count, size_t fixed)
{
    if (fixed == count) {
        tell_story(words, count);
        return;
    }
    for (size_t i = fixed; i < count; i++) {
        struct word first = words[i];

        words[i] = words[fixed];
        words[fixed] = first;
        in_every_order(words, count, fixed + 1);
        words[fixed] = words[i];
        words[i] = first;
    }
}

/* Every set of words about `taps` taps that has `least` to `most` of them, in every order. */
static void every_story(int taps, size_t least, size_t most)
{
    int words_of_all = taps * HY_SOURCES;

    for (unsigned set = 1; set < 1u << words_of_all; set++) {
        struct word words[WORDS_MAX];
        size_t count = 0;

        for (int i = 0; i < words_of_all; i++)
            if (set >> i & 1)
                words[count++] = (struct word){i / HY_SOURCES, (enum hy_source)(i % HY_SOURCES)};
        if (count >= least && count <= most)
            in_every_order(words, count, 0);
    }
}

/* Taps that no window covers both of. */
static void set_taps_apart(void)
{
    begun_count = 0; /* what a case left that failed */
    for (int i = 0; i < TAPS_MAX; i++)
        tap_at_ms[i] = rig.now_ms + i * (WINDOW + 3 * SECOND);
}

static void one_tap_in_every_order(void)
{
    set_taps_apart();
    stories = 0;
    every_story(1, 1, 3);
    end_stories();
    CHECK_INT(stories, 15); /* 3 + 3 x 2 + 6 */
}

static void two_taps_in_every_order(void)
{
    set_taps_apart();
    every_story(2, 1, 6);
    end_stories();
}

static void three_taps_with_words_lost(void)
{
    set_taps_apart();
    every_story(3, 1, 4);
    end_stories();
}

/* A tree of repetitions: each word of two taps up to twice, in orders drawn by chance. */
static void words_are_repeated(void)
{
    uint64_t random = 88172645463325252u;

    set_taps_apart();
    for (int story = 0; story < 1500; story++) {
        struct word words[2 * WORDS_MAX];
        size_t count = 0;

        for (int i = 0; i < WORDS_MAX; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            for (unsigned times = (unsigned)(random % 3); times > 0; times--)
                words[count++] = (struct word){i / HY_SOURCES, (enum hy_source)(i % HY_SOURCES)};
        }
        for (size_t i = count; i > 1; i--) {
            size_t j;
            struct word w = words[i - 1];

            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            j = (size_t)(random % i);
            words[i - 1] = words[j];
            words[j] = w;
        }
        tell_story(words, count);
    }
    end_stories();
}

/* Three taps within one window: the sum is that of the source that told most. */
static void close_taps_are_those_of_the_best_source(void)
{
    for (int i = 0; i < TAPS_MAX; i++)
        tap_at_ms[i] = rig.now_ms + i * 5 * SECOND;
    for (int kind = 1; kind < 4 * 4 * 4; kind++) {
        const int counts[HY_SOURCES] = {kind % 4, kind / 4 % 4, kind / 16};
        struct story *s = begin_story();
        int most = 0;

        for (int turn = 0; turn < TAPS_MAX; turn++) {
            for (int source = 0; source < HY_SOURCES; source++) {
                if (turn < counts[source])
                    say(s, (struct word){(turn + source) % TAPS_MAX, (enum hy_source)source});
                most = counts[source] > most ? counts[source] : most;
            }
        }
        end_stories();
        CHECK_INT(grants(s->user, "T1")->available, most);
    }
}

/* A backend may tell several taps of one instant; the other sources tell them one by one. */
static void several_taps_in_one_word(void)
{
    for (int before = 0; before <= 4; before++) {
        const char *user = hy_arena_printf(&rig.arena, "u%d", before);
        struct hy_deposit_item item;

        for (int i = 0; i < before; i++)
            tell_accept(user, HY_SOURCE_PAGE, rig.now_ms + i);
        item = accept_item(user, HY_SOURCE_BACKEND);
        item.grant.uses_total = item.grant.uses_left = 3;
        CHECK_INT(deposit_items(&item, 1, NULL), 0);
        CHECK_INT(item.added, before < 3 ? 3 - before : 0);
        CHECK_INT(item.duplicate, before >= 3);
        for (int i = 0; i < 4; i++)
            tell_accept(user, HY_SOURCE_EVENT, rig.now_ms);
        CHECK_INT(grants(user, "T1")->available, 4);
    }
}

/* However many words one source says about one instant, they are one row, and each counts. */
static void taps_of_one_instant_are_kept_together(void)
{
    enum { TAPS = 20 };
    struct hy_deposit_item items[TAPS];
    struct hy_timeline_read *v;

    for (int source = 0; source < HY_SOURCES; source++) {
        for (int i = 0; i < TAPS; i++)
            items[i] = accept_item("u", (enum hy_source)source);
        CHECK_INT(deposit_items(items, TAPS / 2, NULL), 0);
        CHECK_INT(deposit_items(items, TAPS / 2, NULL), 0);
        CHECK_INT(items[0].added, source == 0);
        CHECK_INT(items[0].duplicate, source > 0);
    }
    CHECK_INT(tell_accept("u", HY_SOURCE_EVENT, rig.now_ms), 1);
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + SECOND), 0);
    CHECK_INT(tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + SECOND), 1);
    CHECK_INT(grants("u", "T1")->available, TAPS + 2);
    v = timeline("u", 10);
    CHECK_INT(v->answer_count, 2);
    CHECK_INT(v->answers[1].uses, TAPS + 1);
    CHECK_INT(v->answers[1].at_ms, rig.now_ms);
    CHECK_INT(v->answers[1].told[HY_SOURCE_BACKEND], TAPS);
    CHECK_INT(v->answers[1].told[HY_SOURCE_PAGE], TAPS + 1);
    CHECK_INT(v->answers[1].told[HY_SOURCE_EVENT], TAPS + 1);
}

/* More instants than are looked at for one tell: rows stay few, and no tap is missing. */
static void very_many_instants_are_kept_together(void)
{
    enum { TAPS = 4 * HY_ANSWERS_NEAR_MAX };
    struct hy_deposit_item items[TAPS];

    for (int source = 0; source < 2; source++) {
        for (int i = 0; i < TAPS; i++) {
            items[i] = accept_item("u", (enum hy_source)source);
            items[i].grant.obtained_at_ms = rig.now_ms + i * 10;
        }
        CHECK_INT(deposit_items(items, TAPS, NULL), 0);
        CHECK_INT(grants("u", "T1")->available, TAPS);
    }
    CHECK_INT(timeline("u", 1000)->answer_count, HY_ANSWERS_NEAR_MAX);
    CHECK_INT(counter_of("u")->obtained_at_ms, rig.now_ms + (TAPS - 1) * 10);
}

/* Which kind was told last at an instant is not in the rows: they are joined. */
static void a_joined_answer_is_the_newest_all_the_same(void)
{
    static const enum hy_answer_kind told[] = {HY_ANSWER_REJECT, HY_ANSWER_BAN, HY_ANSWER_REJECT};
    struct hy_prospect item = {.template_id = "T1"};
    struct hy_prospects v = {.app_no = rig.app,
                             .user = "u",
                             .items = &item,
                             .count = 1,
                             .now_ms = rig.now_ms,
                             .margin_ms = rig.margin_ms,
                             .arena = &rig.arena};

    for (int i = 0; i < 3; i++)
        tell(answer_item("u", HY_SOURCE_PAGE, told[i]));
    CHECK_INT(timeline("u", 10)->answer_count, 2);
    CHECK_INT(run(&v.op, HY_VERB_PROSPECTS), 0);
    CHECK_INT(item.answer, HY_ANSWER_REJECT);
    CHECK_INT(item.answered_at_ms, rig.now_ms);
}

static void the_window_is_the_app_s(void)
{
    struct hy_deposit_item item;

    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms);
    CHECK_INT(tell_accept("u", HY_SOURCE_EVENT, rig.now_ms + WINDOW), 0);
    CHECK_INT(tell_accept("u", HY_SOURCE_BACKEND, rig.now_ms - WINDOW - 1), 1);
    item = accept_item("u", HY_SOURCE_BACKEND);
    item.window_ms = 0;
    item.grant.obtained_at_ms = rig.now_ms + 1;
    CHECK_INT(tell(item), 1);
    item.grant.obtained_at_ms = rig.now_ms;
    CHECK_INT(tell(item), 0);
}

/* Another user's, another template's, another app's tap is another one. */
static void only_the_same_prompt_is_one_tap(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_deposit_item item = accept_item("u", HY_SOURCE_PAGE);

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(tell(item), 1);
    item.source = HY_SOURCE_EVENT;
    item.grant.template_id = "T2";
    CHECK_INT(tell(item), 1);
    item.grant.template_id = "T1";
    item.grant.user = "v";
    CHECK_INT(tell(item), 1);
    item.grant.user = "u";
    item.grant.app_no = app.app.no;
    CHECK_INT(tell(item), 1);
    item.grant.app_no = rig.app;
    CHECK_INT(tell(item), 0);
}

/* A no and a yes are two answers, however close. */
static void a_no_is_no_yes(void)
{
    CHECK_INT(tell(answer_item("u", HY_SOURCE_PAGE, HY_ANSWER_REJECT)), 0);
    CHECK_INT(tell(accept_item("u", HY_SOURCE_EVENT)), 1);
    CHECK_INT(tell(answer_item("u", HY_SOURCE_EVENT, HY_ANSWER_REJECT)), 0);
    CHECK_INT(timeline("u", 10)->answer_count, 2);
    CHECK_TEXT(balance("u"), "1/1 available");
}

void store_tells_cases(void)
{
    CASE(one_tap_in_every_order);
    CASE(two_taps_in_every_order);
    CASE(three_taps_with_words_lost);
    CASE(words_are_repeated);
    CASE(close_taps_are_those_of_the_best_source);
    CASE(several_taps_in_one_word);
    CASE(taps_of_one_instant_are_kept_together);
    CASE(very_many_instants_are_kept_together);
    CASE(a_joined_answer_is_the_newest_all_the_same);
    CASE(the_window_is_the_app_s);
    CASE(only_the_same_prompt_is_one_tap);
    CASE(a_no_is_no_yes);
}
