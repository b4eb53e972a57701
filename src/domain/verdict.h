/*
 * verdict.h - what a platform's reply means for a message.
 *
 * The mapping (platform, api, code) -> verdict is data: src/platform/codes/ has a table a platform.
 * What to do about a verdict is a rule: domain/settlement.h.
 */
#ifndef HY_DOMAIN_VERDICT_H
#define HY_DOMAIN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum hy_verdict {
    HY_VERDICT_OK,          /* the platform took it */
    HY_VERDICT_TRANSIENT,   /* try the same again, later */
    HY_VERDICT_TOKEN,       /* get the current token (or refresh once), then the same again */
    HY_VERDICT_GRANT_GONE,  /* this permission is no good; never use it again */
    HY_VERDICT_USER_GONE,   /* this user cannot be reached; do not try again */
    HY_VERDICT_BAD_PAYLOAD, /* the message itself is wrong; the grant is still good */
    HY_VERDICT_RATE,        /* too much; the whole app waits until the hint says */
    HY_VERDICT_ACCOUNT,     /* the app's account or settings; the whole app waits for an operator */
    HY_VERDICT_UNKNOWN,     /* it may or may not have been carried out */
    HY_VERDICTS
};

/* "ok", "transient", "token", "grant_gone", "user_gone", "bad_payload", "rate", "account",
 * "unknown"; ended by a null. The numbers are stored: append, never reorder. */
extern const char *const hy_verdict_names[];

/* When the same may be tried again, as a rule that needs a clock to become an instant. */
enum hy_hint {
    HY_HINT_NONE,        /* the retry policy decides */
    HY_HINT_SECOND,      /* about a second later */
    HY_HINT_NEXT_MINUTE, /* when the next minute begins */
    HY_HINT_HOUR,        /* an hour later */
    HY_HINT_DAY,         /* 24 hours later */
    HY_HINT_NEXT_DAY,    /* the next midnight of the platform's own time zone */
    HY_HINT_NEXT_MONTH,  /* the first day of the next month there */
    HY_HINTS
};

/* "", "1s", "next_minute", "1h", "24h", "next_day", "next_month"; ended by a null. */
extern const char *const hy_hint_names[];

enum { HY_ERRMSG_BYTES = 256, HY_RID_BYTES = 48, HY_ERRCODE_BYTES = 24 };

/* A reply, judged. Plain data without pointers, so that it can be kept and copied. */
struct hy_judgement {
    enum hy_verdict verdict;
    enum hy_hint hint;
    bool grant_used;    /* GRANT_GONE because the receipt was used already (41029) */
    bool grant_refused; /* GRANT_GONE that may be wrong: the platform can't tell why (43101) */
    bool not_sent;      /* nothing left this machine: free to try again */
    bool overlapped;    /* another message to the same user was under way, or too lately (43108) */
    bool strained;      /* the other side has too much to do: time-out, 5xx, system busy */
    bool answered;      /* a readable reply came back */
    char errcode[HY_ERRCODE_BYTES]; /* as text: platforms use numbers and words; "" = none */
    char errmsg[HY_ERRMSG_BYTES];   /* cut to fit; no secrets */
    char rid[HY_RID_BYTES];         /* the platform's id of the request, "" = none */
    int64_t msgid;                  /* 0 = none */
};

#endif
