/*
 * verbs.h - what the front knows of each verb without a backend. Only src/store includes it.
 */
#ifndef HY_STORE_VERBS_H
#define HY_STORE_VERBS_H

#include "store/store.h"

/* 0, or HY_E_INVALID when the arguments break a rule of the verb's header. Backends may rely on
 * what was checked here. */
int hy_verb_check(const struct hy_op *op);

/* Roughly how many records it touches, at least 1: keeps groups from growing too long. */
size_t hy_verb_weight(const struct hy_op *op);

/* After it ended with 0: false when there is nothing to tell of (a dry run, a repeated request). */
bool hy_verb_did(const struct hy_op *op);

/* Remembers an id that is both in and out, and puts it back so that the verb can run again. */
void hy_verb_remember(struct hy_op *op);
void hy_verb_restore(struct hy_op *op);

/* "admit", "claim", ...; null for a number that is no verb. */
const char *hy_verb_name(enum hy_verb verb);

#endif
