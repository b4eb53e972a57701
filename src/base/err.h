/*
 * err.h - the errors every layer shares.
 *
 * A function that can fail returns an int:
 *   0         it did what its header says;
 *   negative  fatal for this call (one of hy_err below); forwarded unchanged by callers that
 *             cannot mend it;
 *   positive  a named condition of that one function, described in its header and handled by its
 *             direct caller.
 *
 * A function either logs or returns an error, never both.
 */
#ifndef HY_BASE_ERR_H
#define HY_BASE_ERR_H

enum hy_err {
    HY_OK = 0,
    HY_E_INVALID = -1,   /* an argument breaks a rule; nothing was changed */
    HY_E_NOMEM = -2,     /* out of memory; this request fails, the process goes on */
    HY_E_IO = -3,        /* read, write or sync failed */
    HY_E_FULL = -4,      /* no space left on the device */
    HY_E_CORRUPT = -5,   /* stored bytes break their own invariants */
    HY_E_BUSY = -6,      /* somebody else holds it */
    HY_E_UNCERTAIN = -7, /* it may or may not have happened: look again by your own id */
    HY_E_NOT_FOUND = -8, /* no such thing */
    HY_E_EXISTS = -9,    /* there is one already */
    HY_E_CONFLICT = -10, /* its state forbids this */
    HY_E_LIMIT = -11,    /* larger than a stated maximum */
    HY_E_STOPPED = -12,  /* the component is shutting down */
    HY_E_DENIED = -13,   /* secret, key or signature does not fit */
    HY_E_FENCED = -14,   /* this process lost its place in a shared store: store/nodes.h */
};

/* A short English phrase for `err`; never null, static storage. */
const char *hy_err_text(int err);

#endif
