/*
 * codes.h - the platform's error codes and the words that go with them, and JSON text by hand.
 */
#ifndef HY_SIM_CODES_H
#define HY_SIM_CODES_H

#include "base/buf.h"

enum hy_sim_code {
    HY_SIM_SYSTEM_ERROR = -1,
    HY_SIM_OK = 0,
    HY_SIM_NOT_FOUND = 404,
    HY_SIM_BAD_MANAGE_ARGUMENT = 20002,
    HY_SIM_BAD_CREDENTIAL = 40001,
    HY_SIM_BAD_GRANT_TYPE = 40002,
    HY_SIM_BAD_OPENID = 40003,
    HY_SIM_BAD_APPID = 40013,
    HY_SIM_BAD_TOKEN = 40014,
    HY_SIM_BAD_CODE = 40029,
    HY_SIM_BAD_TEMPLATE = 40037,
    HY_SIM_BAD_URL = 40066,
    HY_SIM_BAD_SECRET = 40125,
    HY_SIM_CODE_USED = 40163,
    HY_SIM_IP_NOT_LISTED = 40164,
    HY_SIM_SECRET_FROZEN = 40243,
    HY_SIM_TOKEN_MISSING = 41001,
    HY_SIM_APPID_MISSING = 41002,
    HY_SIM_SECRET_MISSING = 41004,
    HY_SIM_CODE_MISSING = 41008,
    HY_SIM_BAD_FORM_ID = 41028,
    HY_SIM_FORM_ID_USED = 41029,
    HY_SIM_BAD_PAGE = 41030,
    HY_SIM_TOKEN_EXPIRED = 42001,
    HY_SIM_POST_WANTED = 43002,
    HY_SIM_USER_REFUSES = 43101,
    HY_SIM_CONCURRENT = 43108,
    HY_SIM_EMPTY_POST = 44002,
    HY_SIM_DAY_QUOTA = 45009,
    HY_SIM_MINUTE_QUOTA = 45011,
    HY_SIM_RETIRED = 45103,
    HY_SIM_UNIFORM_RETIRED = 45109,
    HY_SIM_SENSITIVE = 45168,
    HY_SIM_BAD_JSON = 47001,
    HY_SIM_BAD_ARGUMENT = 47003,
    HY_SIM_CLEAR_LIMIT = 48006,
    HY_SIM_QUOTA_PATH_BAD = 76003,
    HY_SIM_QUOTA_PATH_UNKNOWN = 76021,
    HY_SIM_QUOTA_PATH_FORBIDDEN = 76022,
    HY_SIM_TEMPLATES_FULL = 200012,
    HY_SIM_BAD_TID = 200014,
    HY_SIM_BAD_START = 200016,
    HY_SIM_BAD_LIMIT = 200017,
    HY_SIM_IDS_MISSING = 200018,
    HY_SIM_BAD_IDS = 200019,
    HY_SIM_BAD_KID_LIST = 200020,
    HY_SIM_BAD_SCENE = 200021,
    HY_SIM_ADDED_ALREADY = 200022
};

/* What the platform says beside `code`, without the rid; never null. */
const char *hy_sim_code_text_of(int code);

/* Appends `text` as a JSON string; null is written as null. `text` is UTF-8. */
void hy_sim_put_text(struct hy_buf *out, const char *text);

#endif
