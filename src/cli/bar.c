#include "cli/bar.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 24 };

static const int64_t redraw_us = 100000, repeat_us = 5000000;

void hy_bar_init(struct hy_bar *bar)
{
    *bar = (struct hy_bar){.terminal = isatty(STDERR_FILENO) == 1};
}

static void draw(struct hy_bar *bar, double share, const char *text)
{
    char cells[CELLS + 1];
    int full = (int)(share * CELLS);

    for (int i = 0; i < CELLS; i++)
        cells[i] = i < full ? '#' : '-';
    cells[CELLS] = 0;
    if (share < 0)
        fprintf(stderr, "\r%s\033[K", text);
    else
        fprintf(stderr, "\r[%s] %3d %%  %s\033[K", cells, (int)(share * 100), text);
    fflush(stderr);
    bar->drawn = true;
}

void hy_bar_show(struct hy_bar *bar, double share, const char *text, bool last)
{
    int64_t now_us = hy_clock_mono_us();
    int64_t gap_us = bar->terminal ? redraw_us : repeat_us;

    if (share > 1)
        share = 1;
    if (!last && bar->shown_us && now_us - bar->shown_us < gap_us)
        return;
    if (!bar->terminal && strcmp(bar->text, text) == 0)
        return;
    bar->shown_us = now_us;
    snprintf(bar->text, sizeof bar->text, "%s", text);
    if (bar->terminal)
        draw(bar, share, text);
    else if (share < 0)
        fprintf(stderr, "%s\n", text);
    else
        fprintf(stderr, "%d %%  %s\n", (int)(share * 100), text);
}

void hy_bar_end(struct hy_bar *bar)
{
    if (bar->drawn)
        fputc('\n', stderr);
    bar->drawn = false;
}

const char *hy_bar_number(int64_t number, char into[32])
{
    char digits[32];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number), at = 0;

    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && digits[i - 1] != '-')
            into[at++] = ',';
        into[at++] = digits[i];
    }
    into[at] = 0;
    return into;
}

const char *hy_bar_duration(int64_t seconds, char into[32])
{
    if (seconds < 100)
        snprintf(into, 32, "%d s", (int)seconds);
    else if (seconds < 100 * 60)
        snprintf(into, 32, "%d min", (int)((seconds + 30) / 60));
    else
        snprintf(into, 32, "%" PRId64 " h %d min", seconds / 3600, (int)(seconds % 3600 / 60));
    return into;
}
