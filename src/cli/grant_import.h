/*
 * grant_import.h - hongyan grant import: a table with columns openid and formid (or prepay_id).
 */
#ifndef HY_CLI_GRANT_IMPORT_H
#define HY_CLI_GRANT_IMPORT_H

#include "cli/client.h"

int hy_grant_import(struct hy_cli *cli);

#endif
