# shellcheck shell=sh
# TAP for the tests of scripts; sourced. `temp` is a directory of the test, removed at its end.
count=0
failures=0
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

# check NAME COMMAND...: passes when the command succeeds.
check() {
    name=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        failures=$((failures + 1))
    fi
}

end_tap() {
    echo "1..$count"
    exit $((failures > 0))
}
