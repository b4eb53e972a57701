/* A notification from anybody who may connect to the database. */
#include "store/postgres/news.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* What is read is written as news.c does, and read again. */
static void there_and_back(const struct hy_pg_notice *n)
{
    char payload[HY_PG_PAYLOAD_BYTES];
    struct hy_pg_notice again;

    snprintf(payload, sizeof payload, "%s %d %" PRId64 " %" PRId64, n->sender, (int)n->news, n->id,
             n->at_ms);
    require(hy_pg_notice_read(payload, &again));
    require(strcmp(again.sender, n->sender) == 0 && again.news == n->news && again.id == n->id &&
            again.at_ms == n->at_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct hy_pg_notice n;

    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    if (hy_pg_notice_read(text, &n)) {
        require(*n.sender && n.news < HY_NEWS_KINDS && n.id >= 0 && n.at_ms >= 0);
        there_and_back(&n);
    }
    free(text);
    return 0;
}
