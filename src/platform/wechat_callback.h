/*
 * wechat_callback.h - the steps from the bytes of a WeChat callback to what happened. For the
 * adapters of WeChat only.
 *
 *   wechat_callback.c        is it from WeChat? opens it; answers checks of the address
 *   wechat_callback_xml.c    XML -> the JSON value that the rest works on
 *   wechat_callback_event.c  that value -> name, user, items, identities
 */
#ifndef HY_PLATFORM_WECHAT_CALLBACK_H
#define HY_PLATFORM_WECHAT_CALLBACK_H

#include "platform/platform.h"

enum {
    HY_WECHAT_CALLBACK_BYTES_MAX = 1024 * 1024,
    HY_WECHAT_XML_DEPTH_MAX = 16, /* with arrays in between, its JSON stays readable for json.h */
    HY_WECHAT_XML_ELEMENTS_MAX = 10000,
    HY_WECHAT_ITEMS_MAX = 1000, /* in one List */
};

/* As read_callback of platform.h. */
int hy_wechat_read_callback(const struct hy_callback_ask *ask, struct hy_arena *arena,
                            struct hy_callback *ret_callback);

/*
 * The children of the root element as a JSON object, which the caller owns: an element without
 * children is its text, one with children is an object, elements of one name in one parent are an
 * array. All texts stay texts, numbers too, so that none loses a digit. Blanks around a text count
 * only inside CDATA; attributes, comments and processing instructions are dropped.
 *
 * 0; HY_E_NOMEM; HY_E_INVALID with `ret_why` set to a constant sentence: not well-formed, not UTF-8,
 * a document type (so there are no entities but the five of XML itself), text beside elements, a
 * root without elements, or beyond a limit above.
 */
int hy_wechat_read_xml(const char *bytes, size_t size, json_t **ret_value, const char **ret_why);

/*
 * Reads the verified message: sets all of `c`, verdict EVENT or MALFORMED. HY_E_NOMEM.
 */
int hy_wechat_read_event(const json_t *message, int64_t now_ms, struct hy_arena *arena,
                         struct hy_callback *c);

#endif
