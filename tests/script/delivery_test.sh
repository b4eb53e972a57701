#!/bin/sh
# shellcheck disable=SC1091,SC2016,SC2317
# Every test that docs/delivery.md names is there, and every row of its tables names one.
set -eu
. "$1/tests/script/tap.sh"
root=$1
page=$root/docs/delivery.md

# Row by row, without the heads and the lines below them.
rows() { grep '^|' "$page" | grep -v '^| case \|^|---'; }

names() { rows | grep -o '`[a-z_]*:[A-Za-z0-9_]*`\|`[a-z_/]*\.[a-z]*#[^`]*`' | tr -d '`' | sort -u; }

there() {
    case $1 in
    scenario:*) [ -f "$root/tests/scenario/${1#*:}.scenario" ] ;;
    *) grep -qF -- "${1#*#}" "$root/tests/${1%%#*}" ;;
    esac
}

names_a_test() {
    rows | while IFS= read -r row; do
        case $row in
        *'`scenario:'* | *'#'*) ;;
        *) printf '# %s\n' "$row" && exit 1 ;;
        esac
    done
}

has_many() { [ "$(names | wc -l)" -gt 60 ]; }

check 'every row names a test' names_a_test
check 'many tests are named' has_many
while IFS= read -r name; do
    check "$(printf '%s' "$name" | tr '#' ' ') is there" there "$name"
done <<END
$(names)
END
end_tap
