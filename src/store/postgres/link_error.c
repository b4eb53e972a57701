#include "store/postgres/link_own.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* No SQLSTATE: that one (0A000) is given for whatever the server cannot do. */
#define STALE_PLAN "stale"

/* SQLSTATEs, whole or by their class; the first that fits counts. What isn't here the server refuses
 * because the statement is wrong: HY_E_CORRUPT. */
static const struct {
    const char *state;
    int err;
    bool ends_connection;
} errors[] = {
    {"23505", HY_E_BUSY, false}, /* unique violation: another node was first */
    {"40", HY_E_BUSY, false},    /* deadlock, serialization */
    {"55P03", HY_E_BUSY, false}, /* lock time-out */
    {"55006", HY_E_BUSY, false}, /* in use */
    {STALE_PLAN, HY_E_BUSY,
     true},                     /* a newer node changed a table: what was prepared does not fit */
    {"26000", HY_E_BUSY, true}, /* what was prepared is gone: a pooler gave us another connection */
    {"42P05", HY_E_BUSY, true}, /* or it has what another one prepared */
    {"22012", HY_E_FENCED, false}, /* the one division there is: fence.c */
    {"53100", HY_E_FULL, false},   /* disk full */
    {"53200", HY_E_NOMEM, false},  /* out of memory */
    {"53", HY_E_IO, false},        /* too many of something */
    {"57014", HY_E_IO, false},     /* statement time-out */
    {"57", HY_E_IO, true},     /* shut down by an operator, or after a crash of another session */
    {"25P03", HY_E_IO, true},  /* idle in a transaction for too long */
    {"25P04", HY_E_IO, true},  /* a transaction that lasted too long */
    {"25006", HY_E_IO, true},  /* a standby: after a fail-over the other one is ours */
    {"08", HY_E_IO, true},     /* the connection */
    {"42501", HY_E_IO, false}, /* rights: an operator can give them */
    {"28", HY_E_IO, true},     /* not authorized */
    {"58", HY_E_IO, false},    /* the server's input and output */
    {"XX001", HY_E_CORRUPT, false}, /* damaged */
    {NULL, HY_E_CORRUPT, false},
};

static size_t find(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    size_t i = 0;

    /* What libpq itself finds out has no SQLSTATE: the connection broke. */
    if (!state)
        state = "08006";
    else if (function && strcmp(function, "RevalidateCachedQuery") == 0)
        state = STALE_PLAN;
    while (errors[i].state && strncmp(state, errors[i].state, strlen(errors[i].state)) != 0)
        i++;
    return i;
}

void hy_pg_one_line(char *into, size_t size, const char *text)
{
    size_t used = 0;

    while (*text == ' ' || *text == '\n')
        text++;
    for (; *text && *text != '\n' && used + 1 < size; text++)
        into[used++] = (char)((unsigned char)*text < ' ' ? ' ' : *text);
    if (size > 0)
        into[used] = 0;
}

int hy_pg_error(const PGresult *result, char *ret_why, size_t why_size)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char line[HY_PG_WHY_BYTES];

    /* Not the detail and not the statement: they hold values. */
    hy_pg_one_line(line, sizeof line, said ? said : PQresultErrorMessage(result));
    snprintf(ret_why, why_size, state ? "%s (SQLSTATE %s)" : "%s", line, state);
    return errors[find(result)].err;
}

bool hy_pg_error_ends_connection(const PGresult *result)
{
    return errors[find(result)].ends_connection;
}
