/*
 * problem.h - errors as RFC 9457 bodies: type, title, status, detail, errors[].
 *
 * `type` is "urn:hongyan:problem:" and a word that stays the same; the table in problem.c has all
 * of them, docs/openapi.yaml explains them. No body repeats a secret.
 */
#ifndef HY_API_PROBLEM_H
#define HY_API_PROBLEM_H

#include "api/call.h"

enum hy_problem {
    HY_PROBLEM_INVALID,     /* 400 a field breaks a rule */
    HY_PROBLEM_BAD_JSON,    /* 400 not JSON, too deep, a key twice */
    HY_PROBLEM_BAD_REQUEST, /* 400 not even a request that could be routed */
    HY_PROBLEM_NO_KEY,      /* 401 */
    HY_PROBLEM_SESSION,     /* 401 a page's session is missing, over or revoked */
    HY_PROBLEM_CODE,        /* 401 the login code is no good */
    HY_PROBLEM_SIGNATURE,   /* 401 a callback that its platform did not sign */
    HY_PROBLEM_SCOPE,       /* 403 */
    HY_PROBLEM_NOT_FOUND,   /* 404 */
    HY_PROBLEM_METHOD,      /* 405 */
    HY_PROBLEM_EXISTS,      /* 409 the id is taken */
    HY_PROBLEM_STATE,       /* 409 its state forbids this */
    HY_PROBLEM_KEY_REUSED,  /* 409 the idempotency key came with another body before */
    HY_PROBLEM_TOO_LARGE,   /* 413 */
    HY_PROBLEM_MEDIA,       /* 415 */
    HY_PROBLEM_RATE,        /* 429; the caller adds Retry-After */
    HY_PROBLEM_HEADERS,     /* 431 */
    HY_PROBLEM_REFUSED,     /* 422 the platform refuses it */
    HY_PROBLEM_INTERNAL,    /* 500 */
    HY_PROBLEM_STOPPING,    /* 503, the first of them: what a quiet server refuses with */
    HY_PROBLEM_STORE,       /* 503 the store cannot take it now */
    HY_PROBLEM_UNCERTAIN,   /* 503 perhaps stored, perhaps not */
    HY_PROBLEM_MEMORY,      /* 503 */
    HY_PROBLEM_TOKEN,       /* 503 the platform gives no token */
    HY_PROBLEM_PLATFORM,    /* 503 the platform has trouble, or says: later */
    HY_PROBLEM_LOGIN,       /* 503 as PLATFORM; the caller adds Retry-After */
    HY_PROBLEM_NOT_READY,   /* 503 /readyz */
    HY_PROBLEMS
};

/* `format` is the detail: one English sentence. */
void hy_problem_reply(struct hy_call *call, enum hy_problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* With call->v as errors[]; its first message is the detail. */
void hy_problem_invalid(struct hy_call *call, enum hy_problem problem);

/* The problem that a negative hy_err of an engine's or store's verb means. */
void hy_problem_of_error(struct hy_call *call, int err);

/* The problem of a status that the HTTP server refuses a request with. */
enum hy_problem hy_problem_of_status(int status);

/* The object itself, for answers that hold several. `v` may be null: errors[] is empty. */
void hy_problem_write(struct hy_out *out, const char *name, enum hy_problem problem,
                      const char *detail, const struct hy_violations *v);

/* `errors`: an array of {field, rule, limit, actual, message}. `v` may be null: it is empty. */
void hy_problem_write_errors(struct hy_out *out, const struct hy_violations *v);

/* What is wrong, in one sentence. In v->arena; never null. */
const char *hy_problem_summary(const struct hy_violations *v);

#endif
