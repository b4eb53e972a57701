/*
 * tables.h - what is copied, table by table: which rows of the file make which rows of the database.
 *
 * The file's rows are read in the order of a unique key, and the file does not change meanwhile: so the
 * number of rows that were read is a place to go on from.
 */
#ifndef HY_STORE_TRANSFER_TABLES_H
#define HY_STORE_TRANSFER_TABLES_H

#include "base/arena.h"

enum { HY_TRANSFER_COLUMNS_MAX = 40 };

struct hy_transfer_table {
    const char *title; /* for people, and to find the place again: no two are the same */
    const char *into;  /* the table in PostgreSQL */
    /* "no:i id:t": i integer, o one that is a boolean there, t text, b bytes. */
    const char *columns;
    const char *
        from; /* SQLite: a table or a query in brackets that has these columns, and its condition */
    const char *order; /* SQLite: cheap, for it is the order of an index */
    /* Where the key in PostgreSQL is a part of that in the file: this key, and the column by which the last
     * of several rows is found. Null elsewhere. */
    const char *unique, *latest;
};

/* Ended by a null title. */
extern const struct hy_transfer_table hy_transfer_tables[];

/* Ids that are given out: the next one is above all that the file ever gave. */
struct hy_transfer_sequence {
    const char *last; /* SQLite: a query of one number */
    const char *set;  /* PostgreSQL: with the next number as $1 */
};

extern const struct hy_transfer_sequence hy_transfer_sequences[];

/* Figures that must be the same on both sides: a name and a number in each row. */
struct hy_transfer_figure {
    const char *from; /* SQLite */
    const char *to;   /* PostgreSQL; null: the same text */
};

extern const struct hy_transfer_figure hy_transfer_figures[];

/* Texts made of the table; in the arena, null without memory. */
const char *hy_transfer_read_sql(const struct hy_transfer_table *t, struct hy_arena *arena);
const char *hy_transfer_count_sql(const struct hy_transfer_table *t, struct hy_arena *arena);
const char *hy_transfer_write_sql(const struct hy_transfer_table *t, struct hy_arena *arena);
/* A letter a column. */
const char *hy_transfer_types(const struct hy_transfer_table *t, struct hy_arena *arena);

#endif
