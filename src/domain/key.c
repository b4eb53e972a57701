#include "domain/key.h"

#include <stddef.h>

const char *const hy_scope_names[] = {"admin", "send", "read", "token", "client", NULL};
