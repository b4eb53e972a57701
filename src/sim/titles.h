/*
 * titles.h - the public library of subscribe templates, from which an account takes its own.
 */
#ifndef HY_SIM_TITLES_H
#define HY_SIM_TITLES_H

#include "sim/state.h"

enum { HY_SIM_TITLE_KEYWORDS_MAX = 8 };

struct hy_sim_category {
    int id;
    const char *name; /* null ends the list */
};
extern const struct hy_sim_category hy_sim_categories[];

/* A keyword's id (kid) is its place in the list, from 1. */
struct hy_sim_title {
    int tid;
    int type, category;
    const char *title; /* null ends the list */
    struct {
        const char *name; /* null: no more */
        const char *rule; /* the type of its values, such as "thing" */
        const char *example;
        hy_sim_texts choices; /* of an enum_string; null: none */
    } keywords[HY_SIM_TITLE_KEYWORDS_MAX];
};
extern const struct hy_sim_title hy_sim_titles[];

/* Null when there is none. */
const struct hy_sim_title *hy_sim_title_find(int64_t tid);
const struct hy_sim_category *hy_sim_category_find(int64_t id);

/* How many keywords the title has. */
int hy_sim_title_keyword_count(const struct hy_sim_title *title);

/* A value that the rules of `key` ("thing1") allow, for templates that have no example of their
 * own. An enum's is its first choice. */
const char *hy_sim_example_of(const struct hy_sim_keyword *keyword);

#endif
