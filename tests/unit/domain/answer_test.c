#include "tap.h"

#include "domain/answer.h"

enum { WINDOW_MS = 60000 };

static const int64_t now_ms = 1772323200000;

static struct hy_answer answers[16];
static size_t count;

static void start(void)
{
    memset(answers, 0, sizeof answers);
    count = 0;
}

/* One tell, as the store does it. True when it was a new tap. */
static bool tell(enum hy_source source, enum hy_answer_kind kind, int64_t at_ms)
{
    size_t at = hy_answer_pair(answers, count, source, kind, at_ms, WINDOW_MS);

    if (at < count) {
        answers[at].told[source]++;
        CHECK(answers[at].told[source] <= answers[at].uses);
        return false;
    }
    answers[count].id = (int64_t)count + 1;
    answers[count].kind = kind;
    answers[count].uses = 1;
    answers[count].told[source] = 1;
    answers[count++].at_ms = at_ms;
    return true;
}

static size_t pair(enum hy_source source, int64_t at_ms)
{
    return hy_answer_pair(answers, count, source, HY_ANSWER_ACCEPT, at_ms, WINDOW_MS);
}

static void another_source_within_the_window_means_the_same(void)
{
    start();
    CHECK(tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms));
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + WINDOW_MS), 0);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms - WINDOW_MS), 0);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + WINDOW_MS + 1), 1);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms - WINDOW_MS - 1), 1);
}

static void the_same_source_means_another_tap(void)
{
    start();
    for (int source = 0; source < HY_SOURCES; source++) {
        count = 0;
        CHECK(tell(source, HY_ANSWER_ACCEPT, now_ms));
        CHECK(tell(source, HY_ANSWER_ACCEPT, now_ms));
        memset(answers, 0, sizeof answers);
    }
}

static void another_kind_of_answer_is_another_tap(void)
{
    start();
    for (int kind = 0; kind < HY_ANSWERS; kind++)
        CHECK(tell(kind % 2 ? HY_SOURCE_PAGE : HY_SOURCE_EVENT, kind, now_ms));
    CHECK_INT(count, HY_ANSWERS);
}

/* Six orders of three words about one tap. */
static void three_sources_in_every_order_are_one(void)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (int i = 0; i < 6; i++) {
        start();
        for (int j = 0; j < 3; j++)
            CHECK_INT(tell(orders[i][j], HY_ANSWER_ACCEPT, now_ms + orders[i][j] * 900), j == 0);
        CHECK_INT(count, 1);
        for (int j = 0; j < 3; j++)
            CHECK_INT(answers[0].told[j], 1);
        CHECK_INT(answers[0].at_ms, now_ms + orders[i][0] * 900);
        CHECK(tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms)); /* a second word: a second tap */
    }
}

static void the_nearest_is_meant(void)
{
    start();
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms + 20000);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms + 30000);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + 24999), 1);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + 25001), 2);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms - 5), 0);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + 90000), 2);
}

static void of_two_as_near_the_earlier_is_meant(void)
{
    start();
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms + 2000);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms + 1000), 1);
    start();
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms), 0);
    answers[0].id = 9;
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms), 1);
}

static void one_that_is_told_already_is_passed_over(void)
{
    start();
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms + 1000);
    CHECK(!tell(HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms));
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms), 1);
    CHECK(!tell(HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms));
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms), 2);
    CHECK_INT(pair(HY_SOURCE_BACKEND, now_ms), 0);
}

/* A backend that says "three accepts" at once leaves one row that takes three words of another. */
static void several_uses_take_as_many_words(void)
{
    start();
    tell(HY_SOURCE_BACKEND, HY_ANSWER_ACCEPT, now_ms);
    answers[0].uses = answers[0].told[HY_SOURCE_BACKEND] = 3;
    for (int i = 0; i < 3; i++)
        CHECK(!tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms + i));
    CHECK(tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms));
    CHECK_INT(answers[0].told[HY_SOURCE_PAGE], 3);
    CHECK_INT(pair(HY_SOURCE_BACKEND, now_ms), 1); /* the page's fourth */
}

static size_t join(enum hy_answer_kind kind, int64_t at_ms)
{
    return hy_answer_join(answers, count, kind, at_ms, 1);
}

static void new_taps_join_those_of_their_instant(void)
{
    start();
    CHECK_INT(join(HY_ANSWER_ACCEPT, now_ms), 0); /* nothing to join */
    tell(HY_SOURCE_PAGE, HY_ANSWER_REJECT, now_ms);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms - 1);
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    CHECK_INT(join(HY_ANSWER_ACCEPT, now_ms), 2);
    CHECK_INT(join(HY_ANSWER_REJECT, now_ms), 0);
    CHECK_INT(join(HY_ANSWER_BAN, now_ms), 3);
    CHECK_INT(join(HY_ANSWER_ACCEPT, now_ms + 1), 3);
    hy_answer_add(&answers[2], HY_SOURCE_PAGE, 4);
    CHECK_INT(answers[2].uses, 5);
    CHECK_INT(answers[2].told[HY_SOURCE_PAGE], 5);
    for (int i = 0; i < 5; i++)
        CHECK(!tell(HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms));
    CHECK_INT(pair(HY_SOURCE_EVENT, now_ms), 1);
    answers[2].uses = INT32_MAX;
    CHECK_INT(join(HY_ANSWER_ACCEPT, now_ms), 3);
}

static void too_many_join_the_nearest(void)
{
    static struct hy_answer many[HY_ANSWERS_NEAR_MAX];

    for (int i = 0; i < HY_ANSWERS_NEAR_MAX; i++)
        many[i] = (struct hy_answer){
            .id = i + 1, .kind = HY_ANSWER_ACCEPT, .uses = 1, .at_ms = now_ms + 2 * i};
    CHECK_INT(hy_answer_join(many, HY_ANSWERS_NEAR_MAX - 1, HY_ANSWER_ACCEPT, now_ms + 7, 1),
              HY_ANSWERS_NEAR_MAX - 1);
    CHECK_INT(hy_answer_join(many, HY_ANSWERS_NEAR_MAX, HY_ANSWER_ACCEPT, now_ms + 7, 1), 3);
    CHECK_INT(hy_answer_join(many, HY_ANSWERS_NEAR_MAX, HY_ANSWER_ACCEPT, now_ms + 8, 1), 4);
    many[0].kind = HY_ANSWER_BAN; /* of each kind */
    CHECK_INT(hy_answer_join(many, HY_ANSWERS_NEAR_MAX, HY_ANSWER_ACCEPT, now_ms + 7, 1),
              HY_ANSWERS_NEAR_MAX);
}

static void without_a_window_only_the_same_instant_counts(void)
{
    start();
    tell(HY_SOURCE_PAGE, HY_ANSWER_ACCEPT, now_ms);
    CHECK_INT(hy_answer_pair(answers, 1, HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms, 0), 0);
    CHECK_INT(hy_answer_pair(answers, 1, HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms + 1, 0), 1);
    CHECK_INT(hy_answer_pair(NULL, 0, HY_SOURCE_EVENT, HY_ANSWER_ACCEPT, now_ms, 0), 0);
}

static void a_withdrawal_parts_the_taps(void)
{
    int64_t from, to;

    hy_answer_span(HY_ANSWER_ACCEPT, now_ms, WINDOW_MS, 0, &from, &to);
    CHECK_INT(from, now_ms - WINDOW_MS);
    CHECK_INT(to, now_ms + WINDOW_MS);
    hy_answer_span(HY_ANSWER_ACCEPT, now_ms, WINDOW_MS, now_ms - 5, &from, &to);
    CHECK_INT(from, now_ms - 4);
    CHECK_INT(to, now_ms + WINDOW_MS);
    hy_answer_span(HY_ANSWER_ACCEPT, now_ms, WINDOW_MS, now_ms, &from, &to);
    CHECK_INT(from, now_ms - WINDOW_MS);
    CHECK_INT(to, now_ms);
    hy_answer_span(HY_ANSWER_ACCEPT, now_ms, WINDOW_MS, now_ms - WINDOW_MS - 1, &from, &to);
    CHECK_INT(from, now_ms - WINDOW_MS);
    hy_answer_span(HY_ANSWER_WITHDRAW, now_ms, WINDOW_MS, now_ms - 5, &from, &to);
    CHECK_INT(from, now_ms - WINDOW_MS);
}

int main(void)
{
    RUN(another_source_within_the_window_means_the_same);
    RUN(the_same_source_means_another_tap);
    RUN(another_kind_of_answer_is_another_tap);
    RUN(three_sources_in_every_order_are_one);
    RUN(the_nearest_is_meant);
    RUN(of_two_as_near_the_earlier_is_meant);
    RUN(one_that_is_told_already_is_passed_over);
    RUN(several_uses_take_as_many_words);
    RUN(new_taps_join_those_of_their_instant);
    RUN(too_many_join_the_nearest);
    RUN(without_a_window_only_the_same_instant_counts);
    RUN(a_withdrawal_parts_the_taps);
    return hy_tap_end();
}
