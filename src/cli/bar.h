/*
 * bar.h - how far something is, on standard error: a bar that is drawn over itself on a terminal,
 * a line now and then anywhere else.
 *
 *   [########----------------]  34 %  1,700 of 5,000 sent
 */
#ifndef HY_CLI_BAR_H
#define HY_CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct hy_bar {
    bool terminal;
    bool drawn; /* the cursor stands behind a bar */
    int64_t shown_us;
    char text[160]; /* the latest */
};

void hy_bar_init(struct hy_bar *bar);

/* `share` of the whole, 0 to 1; below 0: nobody knows, there is no bar. Most calls show nothing,
 * it would be too often; `last`: this one does. */
void hy_bar_show(struct hy_bar *bar, double share, const char *text, bool last);

/* Before anything else is printed. */
void hy_bar_end(struct hy_bar *bar);

/* "1,234,567" */
const char *hy_bar_number(int64_t number, char into[32]);

/* "12 s", "3 min", "2 h 5 min" */
const char *hy_bar_duration(int64_t seconds, char into[32]);

#endif
