#!/bin/sh
# shellcheck disable=SC1091,SC2317,SC2016
# Each source file that a page of docs names by its path is there.
set -eu
. "$1/tests/script/tap.sh"
root=$1

# exists PATH: in the source tree; a star stands for what it would in a shell.
exists() {
    # shellcheck disable=SC2086 # the star is meant
    ls "$root"/src/$1 "$root"/$1 2>/dev/null | grep -q . || {
        echo "# $1 is not there"
        return 1
    }
}

# The paths in backquotes of a page: `engine/dispatch.c`, `store/sqlite/row.c`.
paths() {
    grep -ohE '`[a-z]+/[a-z_/]+\*?\.[ch]`' "$1" | tr -d '`' | sort -u
}

all_there() {
    for path in $(paths "$1"); do
        exists "$path" || return 1
    done
}

for page in "$root"/docs/*.md "$root"/docs/decisions/*.md "$root"/docs/platforms/*.md "$root"/*.md; do
    check "paths of ${page#"$root"/}" all_there "$page"
done
check 'some were looked at' [ "$(paths "$root/docs/architecture.md" | wc -l)" -gt 20 ]
end_tap
