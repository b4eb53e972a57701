/*
 * ledger_looks.h - how a user's grants are shown and counted, for backends that read them as rows.
 */
#ifndef HY_STORE_LEDGER_LOOKS_H
#define HY_STORE_LEDGER_LOOKS_H

#include "store/grants.h"

struct hy_listed_grant {
    struct hy_grant grant;
    bool usable;
};

/* A grant that was read into item->grant: says whether it is usable. False: it isn't asked for. */
bool hy_listed_grant_fits(const struct hy_grant_list *v, struct hy_listed_grant *item);

/* Sorts them and fills the verb's outputs from them, which were zero, in its arena. HY_E_NOMEM. */
int hy_listed_grants_hand_out(struct hy_grant_list *v, struct hy_listed_grant *all, size_t count);

/* Of each template that is asked about: its counter, and the uses that there are. */
void hy_prospects_count(struct hy_prospects *v, const struct hy_grant *g);

#endif
