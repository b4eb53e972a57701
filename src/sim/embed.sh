#!/bin/sh
# embed.sh FILE: prints the file as the C source of what page.h declares.
set -eu
printf '#include "sim/page.h"\n\nconst unsigned char hy_sim_page[] = {\n'
od -An -v -tu1 "$1" | sed 's/[0-9][0-9]*/&,/g'
printf '};\nconst size_t hy_sim_page_size = sizeof hy_sim_page;\n'
