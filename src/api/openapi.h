/*
 * openapi.h - the description of this API: docs/openapi.yaml as JSON, put into the program by the
 * build.
 */
#ifndef HY_API_OPENAPI_H
#define HY_API_OPENAPI_H

#include <stddef.h>

extern const char hy_api_openapi_json[]; /* compact; a zero byte follows */
extern const size_t hy_api_openapi_json_size;

#endif
