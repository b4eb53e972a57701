/*
 * csv.h - records of comma separated values, from a text that comes in pieces.
 *
 * RFC 4180 as spreadsheets write it: UTF-8 with or without a byte order mark, LF or CR LF, quoted
 * cells with commas, line ends and doubled quotes in them. A quote inside a cell that does not
 * begin with one is a letter like any other.
 *
 *   while ((got = hy_csv_next(&csv, piece, size, &at)) == HY_CSV_RECORD) ... csv.cells ...
 *   at the end of the text: hy_csv_last(&csv)
 */
#ifndef HY_CLI_CSV_H
#define HY_CLI_CSV_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HY_CSV_CELLS_MAX = 64, HY_CSV_RECORD_BYTES = 64 << 10 };

enum hy_csv_got {
    HY_CSV_MORE,   /* the piece has no further record */
    HY_CSV_RECORD, /* in `cells`; a line with nothing on it is one empty cell */
    HY_CSV_FAULT,  /* `fault` says what, `line` where; nothing more can be read */
};

struct hy_csv {
    const char *cells[HY_CSV_CELLS_MAX]; /* good until the next call */
    size_t count;
    int64_t line;      /* where the record began; the first is 1 */
    const char *fault; /* one English sentence without a final stop */

    /* The reader's own. */
    struct hy_buf text; /* of the record: its cells, each ended by a zero byte */
    size_t starts[HY_CSV_CELLS_MAX];
    int64_t next_line;
    int state;
    bool returned; /* the record was returned */
    bool begun;    /* there is something of a record */
};

void hy_csv_init(struct hy_csv *csv);
void hy_csv_deinit(struct hy_csv *csv);

/* The next record of `piece`, of which `at` bytes were used (in and out; 0 for a new piece). */
enum hy_csv_got hy_csv_next(struct hy_csv *csv, const char *piece, size_t size, size_t *at);

/* What is left when the text has ended. */
enum hy_csv_got hy_csv_last(struct hy_csv *csv);

#endif
