/* store_transfer.h - what the cases about moving a store share. */
#ifndef HY_TESTS_CONTRACT_STORE_TRANSFER_H
#define HY_TESTS_CONTRACT_STORE_TRANSFER_H

#include "store/transfer.h"

enum { TRANSFER_WHY_BYTES = 1024 };

extern struct hy_transfer_report transfer_report; /* of the last one */
extern char transfer_why[TRANSFER_WHY_BYTES];

/* The path of the rig's file. */
const char *transfer_file(void);
void transfer_empty_database(void);
/* From the file to the database; the rig has the file closed. */
int transfer_with(struct hy_transfer_config config);
/* Closes the rig's store first; ends the case when it fails, with what differs. */
void transfer_all(size_t batch_rows);
void transfer_close_file(void);
/* The rig's store is that in the database from now on. */
void transfer_open_database(void);

/* store_transfer_games.c */
void store_transfer_games_cases(void);

#endif
