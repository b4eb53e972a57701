/*
 * page.h - the page that draws a phone: phone.html, put into the program at build time.
 */
#ifndef HY_SIM_PAGE_H
#define HY_SIM_PAGE_H

#include <stddef.h>

extern const unsigned char hy_sim_page[];
extern const size_t hy_sim_page_size;

#endif
