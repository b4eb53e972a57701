#include "domain/schedule.h"

#include <stddef.h>

const char *const hy_misfire_names[] = {"once", "skip", "all", NULL};
