#include "sim/inbox.h"

#include "base/err.h"
#include "sim/state.h"

#include <stdlib.h>
#include <string.h>

void hy_sim_inbox_init(struct hy_sim_inbox *inbox, size_t max_bytes)
{
    *inbox = (struct hy_sim_inbox){.max_bytes = max_bytes};
}

/* The oldest of a phone is dropped, never one between. */
static void drop_oldest(struct hy_sim_inbox *inbox, struct hy_sim_phone *phone)
{
    struct hy_sim_message *m = phone->oldest;

    phone->oldest = m->next;
    if (!phone->oldest)
        phone->newest = NULL;
    phone->kept--;
    *(m->older ? &m->older->newer : &inbox->oldest) = m->newer;
    *(m->newer ? &m->newer->older : &inbox->newest) = m->older;
    inbox->bytes -= sizeof *m + m->size;
    inbox->kept--;
    inbox->dropped++;
    free(m);
}

static void link_newest(struct hy_sim_inbox *inbox, struct hy_sim_message *m)
{
    struct hy_sim_phone *phone = &m->user->phone;

    *(phone->newest ? &phone->newest->next : &phone->oldest) = m;
    phone->newest = m;
    phone->kept++;
    phone->received++;
    m->older = inbox->newest;
    *(inbox->newest ? &inbox->newest->newer : &inbox->oldest) = m;
    inbox->newest = m;
    inbox->bytes += sizeof *m + m->size;
    inbox->kept++;
}

int hy_sim_inbox_put(struct hy_sim_inbox *inbox, struct hy_sim_user *user, int64_t at_ms,
                     uint64_t msgid, const char *request, size_t size)
{
    struct hy_sim_message *m = malloc(sizeof *m + size + 1);

    if (!m)
        return HY_E_NOMEM;
    *m = (struct hy_sim_message){.user = user, .at_ms = at_ms, .msgid = msgid, .size = size};
    memcpy(m->request, request, size);
    m->request[size] = 0;
    link_newest(inbox, m);
    if (user->phone.kept > HY_SIM_PHONE_MESSAGES_MAX)
        drop_oldest(inbox, &user->phone);
    /* The oldest of all is the oldest of its phone. */
    while (inbox->bytes > inbox->max_bytes && inbox->oldest != m)
        drop_oldest(inbox, &inbox->oldest->user->phone);
    return 0;
}

void hy_sim_inbox_clear(struct hy_sim_inbox *inbox)
{
    struct hy_sim_message *m = inbox->oldest;

    while (m) {
        struct hy_sim_message *newer = m->newer;

        free(m);
        m = newer;
    }
    hy_sim_inbox_init(inbox, inbox->max_bytes);
}
