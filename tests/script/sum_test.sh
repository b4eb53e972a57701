#!/bin/sh
# shellcheck disable=SC1091,SC2317
# script/sum-tests.mjs counts what the logs of meson say, and never less trouble than there was.
set -eu
. "$1/tests/script/tap.sh"
sum=$1/script/sum-tests.mjs

# log RESULT RETURNCODE STDOUT: adds a test to the log; \n in STDOUT stays as JSON wants it.
log() {
    printf '{"name": "t", "stdout": "%s", "result": "%s", "returncode": %s}\n' "$3" "$1" "$2" \
        >>"$temp/log"
}

# sums LINE STATUS [OPTION...]: the log so far gives this last line and exit code.
sums() {
    line=$1 status=$2 got=0
    shift 2
    node "$sum" "$@" "$temp/log" >"$temp/out" || got=$?
    rm -f "$temp/log"
    [ "$(tail -n 1 "$temp/out")" = "$line" ] && [ "$got" = "$status" ]
}

log OK 0 'ok 1 - a\nok 2 - b\n1..2\n'
log OK 0 ''
check 'TAP points and other tests add up' sums '3 passed, 0 failed' 0

log ERROR 1 'ok 1 - a\nnot ok 2 - b\n1..2\n'
check 'a failed point counts once' sums '1 passed, 1 failed' 1

log FAIL 1 'some words\n'
check 'a failed test without TAP counts one' sums '0 passed, 1 failed' 1

log ERROR -6 'ok 1 - a\n'
log ERROR -11 'ok 1 - a\nnot ok 2 - b\n'
check 'a crash counts beside the points before it' sums '2 passed, 3 failed' 1

log TIMEOUT -15 'ok 1 - a\n'
check 'running out of time is a failure' sums '1 passed, 1 failed' 1

log ERROR 0 'ok 1 - a\n1..2\n'
check 'a broken plan is a failure' sums '1 passed, 1 failed' 1

log OK 0 'ok 1 - skip #3\nok 2 - todo\n1..2\n'
check 'a directive stands after a blank and a #' sums '2 passed, 0 failed' 0

log OK 0 'ok 1 - a # SKIP no clang\nok 2 - b\n1..2\n'
log SKIP 77 ''
log SKIP 0 '1..0 # SKIP nothing here\n'
check 'skipped ones are told apart' sums '1 passed, 0 failed, 3 skipped' 0

log OK 0 '# Subtest: s\n    ok 1 - a\n    ok 2 - b\n    1..2\nok 1 - s\nok 2 - c\n1..2\n'
check 'inner points count, what sums them up does not' sums '3 passed, 0 failed' 0

log ERROR 1 '    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - s\n1..1\n'
check 'an inner failure counts once' sums '1 passed, 1 failed' 1

log SKIP 77 ''
check 'nothing passed is a failure' sums '0 passed, 0 failed, 1 skipped' 1

log OK 0 ''
check 'a run without a log is a failure' sums '1 passed, 2 failed' 1 --broken 2
end_tap
