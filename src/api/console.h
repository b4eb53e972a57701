/*
 * console.h - the files of the web console, put into the program by the build (console/embed.mjs), and
 * served at /console/ to everybody: they hold nothing but a program for the browser, which asks for a key and
 * calls this API with it.
 */
#ifndef HY_API_CONSOLE_H
#define HY_API_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct hy_console_file {
    const char *name; /* behind "/console/"; "" is the page */
    const char *type; /* Content-Type */
    bool lasting;     /* its name changes with its bytes, so it may be kept for ever */
    const unsigned char *bytes;
    size_t size;
};

/* Ended by a null name; empty when the program was built without the console. */
extern const struct hy_console_file hy_console_files[];

#endif
