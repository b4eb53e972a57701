#include "sim/stats.h"

#include <inttypes.h>
#include <stddef.h>

void hy_sim_tally_add(struct hy_sim_tally *tally, int code)
{
    for (size_t i = 0; i < HY_SIM_STATS_CODES_MAX; i++) {
        if (tally->codes[i].count && tally->codes[i].code != code)
            continue;
        tally->codes[i].code = code;
        tally->codes[i].count++;
        return;
    }
    tally->others++;
}

void hy_sim_tally_print(const struct hy_sim_tally *tally, struct hy_buf *out)
{
    hy_buf_putc(out, '{');
    for (size_t i = 0; i < HY_SIM_STATS_CODES_MAX && tally->codes[i].count; i++)
        hy_buf_printf(out, "%s\"%d\":%" PRIu64, i ? "," : "", tally->codes[i].code,
                      tally->codes[i].count);
    if (tally->others)
        hy_buf_printf(out, ",\"others\":%" PRIu64, tally->others);
    hy_buf_putc(out, '}');
}
