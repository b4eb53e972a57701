/* In place of the files that console/embed.mjs writes, where the program is built without them. */
#include "api/console.h"

const struct hy_console_file hy_console_files[] = {{0}};
