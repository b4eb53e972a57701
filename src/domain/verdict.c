#include "domain/verdict.h"

#include <stddef.h>

const char *const hy_verdict_names[] = {"ok",        "transient",   "token", "grant_gone",
                                        "user_gone", "bad_payload", "rate",  "account",
                                        "unknown",   NULL};

const char *const hy_hint_names[] = {"",    "1s",       "next_minute", "1h",
                                     "24h", "next_day", "next_month",  NULL};
