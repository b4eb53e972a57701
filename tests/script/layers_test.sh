#!/bin/sh
# shellcheck disable=SC1091,SC2317
# script/check-layers lets through what is allowed and catches each kind of what is not.
set -eu
. "$1/tests/script/tap.sh"
check_layers=$1/script/check-layers

# tree FILE LINE: a fresh tree in which FILE holds LINE as its second line.
tree() {
    rm -rf "$temp/src"
    mkdir -p "$temp/src/base" "$temp/src/net" "$temp/src/engine" "$(dirname "$temp/$1")"
    : >"$temp/src/base/err.h"
    : >"$temp/src/net/router.h"
    : >"$temp/src/engine/engine.h"
    printf '#include <stdio.h>\n%s\n' "$2" >"$temp/$1"
}

allows() {
    tree "$@"
    "$check_layers" "$temp" 2>"$temp/said" && [ ! -s "$temp/said" ]
}

refuses() {
    tree "$@"
    ! "$check_layers" "$temp" 2>"$temp/said" && grep -q "^$1:2: " "$temp/said"
}

# A # in a name would start a TAP directive.
allowed() { check "$1 may ${2#*#}" allows "$@"; }
refused() { check "$1 must not ${2#*#}" refuses "$@"; }

allowed src/domain/grant.c '#include "base/err.h"'
allowed src/engine/tick.c '#include "platform/platform.h"'
allowed src/engine/engine.c '#include "engine/engine.h"'
allowed src/platform/platform.c '#include "platform/wechat_mini.h"'
allowed src/store/store.c '#include "store/sqlite/db.h"'
allowed src/store/sqlite/db.c '#include <sqlite3.h>'
allowed src/net/httpc.c '#include <curl/curl.h>'
allowed src/cli/sim_command.c '#include "sim/sim.h"'
allowed src/cli/serve.c '#include "engine/engine.h"'
allowed src/main.c '#include "cli/cli.h"'
allowed src/sim/server.c '#include <net/if.h>'
allowed src/base/log.c '#include <net/if.h>'
allowed src/base/log.c '// #include "engine/engine.h"'

refused src/base/log.c '#include "net/router.h"'
refused src/base/log.c '#include <net/router.h>'
refused src/domain/grant.h '#include "store/store.h"'
refused src/domain/grant.c '  #  include "engine/engine.h"'
refused src/crypto/seal.c '#include "net/router.h"'
refused src/engine/tick.c '#include "api/api.h"'
refused src/engine/tick.c '#include "platform/wechat_mini.h"'
refused src/engine/tick.c '#include <curl/multi.h>'
refused src/engine/tick.c '#include "store/sqlite/db.h"'
refused src/cli/serve.c '#include "store/memory/memory.h"'
refused src/api/apps.c '#include "store/store.h"'
refused src/store/store.c '#include <sqlite3.h>'
refused src/api/http.c '#include <microhttpd.h>'
refused src/store/token.c '#include <sodium.h>'
refused src/sim/server.c '#include "domain/grant.h"'
refused src/cli/serve.c '#include "sim/sim.h"'
refused src/main.c '#include "engine/engine.h"'
refused src/domain/grant.c '#include "../engine/engine.h"'
refused src/domain/grant.c '#include HEADER'

new_folder() {
    tree src/extra/x.c ''
    ! "$check_layers" "$temp" 2>"$temp/said" && grep -q '^src/extra/x.c:1: ' "$temp/said"
}
no_files() {
    rm -rf "$temp/src"
    mkdir "$temp/src"
    ! "$check_layers" "$temp" 2>/dev/null
}
check 'a folder without a line in the table is refused' new_folder
check 'a tree without C files is refused' no_files
end_tap
