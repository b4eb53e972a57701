/* Whatever hy_json_scan() reads, jansson reads too, and the same. */
#include "base/json_scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *own = hy_json_scan((const char *)data, size), *theirs;
    char *own_text, *their_text;

    if (!own)
        return 0;
    theirs = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    own_text = json_dumps(own, JSON_COMPACT);
    their_text = theirs ? json_dumps(theirs, JSON_COMPACT) : NULL;
    if (!own_text || !their_text || strcmp(own_text, their_text) != 0 || !json_equal(own, theirs))
        abort();
    free(own_text);
    free(their_text);
    json_decref(own);
    json_decref(theirs);
    return 0;
}
