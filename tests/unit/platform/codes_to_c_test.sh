#!/bin/sh
# codes_to_c_test.sh SCRIPT - the generator refuses every kind of faulty table and names the line.
set -u
script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
table=$folder/table.tsv
out=$folder/out.inc
count=0
failures=0

report() { # condition's result, name
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failures=$((failures + 1))
    fi
}

header='api\tcode\tverdict\thint\tmeaning_en\tfix_en\tmeaning_zh\tfix_zh\n'
good='send\t40001\ttoken\t-\tA.\tB.\t甲。\t乙。\n'

# name, the words that the fault must hold, the table
refuses() {
    rm -f "$out"
    printf "$3" > "$table"
    if sh "$script" "$table" "$out" 2> "$folder/errors"; then
        report 1 "$1: was taken"
    elif [ -e "$out" ] || [ -e "$out.tmp" ]; then
        report 1 "$1: left a file behind"
    else
        grep -qF -- "$2" "$folder/errors"
        report $? "$1"
    fi
}

printf "$header# a comment\n$good"'send\t-1\trate\t1h\tSay "no"\\.\tWhy??)\t甲。\t乙。\n' > "$table"
sh "$script" "$table" "$out"
report $? 'takes a good table'
cat > "$folder/wanted" <<'END'
{"send", "40001", HY_VERDICT_TOKEN, HY_HINT_NONE,
 "A.",
 "B.",
 "甲。",
 "乙。"},
{"send", "-1", HY_VERDICT_RATE, HY_HINT_HOUR,
 "Say \"no\"\\.",
 "Why\?\?)",
 "甲。",
 "乙。"},
END
cmp "$folder/wanted" "$out"
report $? 'writes rows with every text escaped'

refuses 'a column too few' ':2: has 7 columns' "$header"'send\t1\ttoken\t-\tA.\tB.\t甲。\n'
refuses 'a column too many' ':2: has 9 columns' "$header"'send\t1\ttoken\t-\tA.\tB.\t甲。\t乙。\tC\n'
refuses 'an empty line' ':3: has 0 columns' "$header$good"'\n'
refuses 'a verdict that is none' 'no verdict gone' "$header"'send\t1\tgone\t-\tA.\tB.\t甲。\t乙。\n'
refuses 'a verdict in capitals' 'no verdict OK' "$header"'send\t1\tOK\t-\tA.\tB.\t甲。\t乙。\n'
refuses 'a hint that is none' 'no hint soon' "$header"'send\t1\trate\tsoon\tA.\tB.\t甲。\t乙。\n'
refuses 'an empty hint' 'column hint is empty' "$header"'send\t1\trate\t\tA.\tB.\t甲。\t乙。\n'
refuses 'the same api and code twice' ':3: api send code 40001 stands already in line 2' \
    "$header$good$good"
refuses 'an empty meaning' 'column meaning_zh is empty' "$header"'send\t1\trate\t1h\tA.\tB.\t\t乙。\n'
refuses 'a blank at an end' 'column fix_en is empty or begins' \
    "$header"'send\t1\trate\t1h\tA.\tB. \t甲。\t乙。\n'
refuses 'an api that is no word' 'api must be' "$header"'Send!\t1\trate\t1h\tA.\tB.\t甲。\t乙。\n'
refuses 'a code that is no word' 'code must be' "$header"'send\t1 2\trate\t1h\tA.\tB.\t甲。\t乙。\n'
refuses 'lines that end with CR' 'control character' \
    "$header"'send\t1\trate\t1h\tA.\tB.\t甲。\t乙。\r\n'
refuses 'another header' 'the header line must be' "api\tcode\n$good"
refuses 'a header alone' 'holds no rows' "$header"
refuses 'an empty table' 'holds no rows' ''

echo "1..$count"
[ "$failures" -eq 0 ]
