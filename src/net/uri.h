/*
 * uri.h - what may stand in a request target before anybody decodes it.
 */
#ifndef HY_NET_URI_H
#define HY_NET_URI_H

#include <stdbool.h>

/* True when `uri` decodes (%XX) to UTF-8 without a NUL. Anything else would be cut short, or break
 * the JSON it is quoted in later. A "%" without two hex digits stands for itself. */
bool hy_uri_is_clean(const char *uri);

/* The path of a decoded target: skips "http://host" of the absolute form that proxies may send.
 * Points into `target`, or to "/". */
const char *hy_uri_path(const char *target);

#endif
