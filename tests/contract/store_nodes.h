/*
 * store_nodes.h - nodes in few words: rig.stores are the stores, and each that has beaten is a node. Leases
 * last LEASE and are over by rig.now_ms.
 */
#ifndef HY_TESTS_CONTRACT_STORE_NODES_H
#define HY_TESTS_CONTRACT_STORE_NODES_H

#include "store_cases.h"

#include "store/nodes.h"

enum { LEASE = 6 * SECOND };

/* That store beats and is the one in use. In the rig's arena. */
struct hy_node_beat *beat(size_t store);
/* And gives that back. */
struct hy_node_beat *beat_giving(size_t store, enum hy_hold_kind kind, int64_t id);
int try_beat(size_t store, struct hy_node_beat *v);
void leave(size_t store);

/* Of what it told: the ids of that kind, as "1 2 3". */
const char *holds_of(const struct hy_node_beat *v, enum hy_hold_kind kind);
/* Who holds it, 0 = nobody. */
int64_t holder_of(enum hy_hold_kind kind, int64_t id);
struct hy_nodes *all_nodes(void);

void remove_app(int64_t app_no);
/* More apps in use, named by their number; `ret_apps` gets all of them, the rig's first. */
void add_apps(size_t count, int64_t *ret_apps);

void store_nodes_holds_cases(void);
void store_nodes_news_cases(void);
void store_nodes_work_cases(void);

#endif
