#!/bin/sh
# shellcheck disable=SC1091,SC2317
# The table of log lines in docs/operations.md names every event that the program prints, at its
# level, and no other.
set -eu
. "$1/tests/script/tap.sh"
root=$1

# "warn store.claim_lost", a line each; the event may stand on the line below the level.
printed() {
    find "$root/src" -name '*.c' -exec cat {} + | tr '\n' ' ' |
        grep -o 'hy_log(HY_LOG_[A-Z]*, *"[^"]*"' |
        sed 's/hy_log(HY_LOG_\([A-Z]*\), *"\(.*\)"/\1 \2/' |
        awk '{ print tolower($1), $2 }' | sort -u
}

told() {
    sed -n '/^## The log/,/^## What to watch/p' "$root/docs/operations.md" |
        awk -F '|' '/^\| [a-z]+ `/ {
            split($2, words, " ")
            n = split($2, names, "`")
            for (i = 2; i <= n; i += 2)
                print words[1], names[i]
        }' | sort -u
}

# A level that is not a constant would not be seen above.
calls() { find "$root/src" -name '*.c' -exec cat {} + | tr '\n' ' ' | grep -o '[^a-z_]hy_log([^)]*"' | wc -l; }
seen() { find "$root/src" -name '*.c' -exec cat {} + | tr '\n' ' ' | grep -o '[^a-z_]hy_log(HY_LOG_[A-Z]*, *"' | wc -l; }

same() {
    diff "$temp/$1" "$temp/$2" >"$temp/diff" || {
        sed -n "s/^$3/# /p" "$temp/diff" >"$temp/missing"
        cat "$temp/missing"
        [ ! -s "$temp/missing" ]
    }
}

printed >"$temp/printed"
told >"$temp/told"
check 'the program prints many' [ "$(wc -l <"$temp/printed")" -gt 50 ]
check 'each call names level and event' [ "$(calls)" = "$(seen)" ]
check 'every event that is printed stands in the table' same printed told '<'
check 'every event in the table is printed' same printed told '>'
end_tap
