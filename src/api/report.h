/*
 * report.h - what became of permissions that a backend or a page reported.
 */
#ifndef HY_API_REPORT_H
#define HY_API_REPORT_H

#include "api/call.h"

/* A report that answers the call when it is done; null: that was answered already. It is to be started
 * next, or hy_call_not_started() be called. */
struct hy_report *hy_api_report_new(struct hy_call *call);

#endif
