/* Bodies and answers that come and go in pieces. */
#include "net/httpc_call.h"

static size_t on_read(char *into, size_t one, size_t max, void *arg)
{
    struct hy_httpc_call *call = arg;
    const struct hy_httpc_pieces *pieces = call->common->config.pieces;
    long got = pieces->read(pieces->arg, into, one * max);

    if (got >= 0)
        return (size_t)got;
    call->given_up = true;
    return CURL_READFUNC_ABORT;
}

static size_t on_take(char *bytes, size_t one, size_t size, void *arg)
{
    struct hy_httpc_call *call = arg;
    const struct hy_httpc_pieces *pieces = call->common->config.pieces;
    long status = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        return hy_httpc_call_collect(bytes, one, size, call);
    call->given_up = !pieces->take(pieces->arg, bytes, size);
    return call->given_up ? 0 : size;
}

void hy_httpc_call_in_pieces(struct hy_httpc_call *call, const struct hy_httpc_pieces *pieces)
{
    if (pieces->read) {
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
        curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
    }
    if (pieces->take)
        curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_take);
}
