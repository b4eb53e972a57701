# Turns the steps of the schema (schema/NNNN_name.sql, in order) into a C table: see migrate.h.
function finish() { if (open) print "     }}," }
function fail(why) { print FILENAME ": " why > "/dev/stderr"; failed = 1; exit 1 }
BEGIN {
    print "/* Made by embed.awk. */"
    print "#include \"store/postgres/migrate.h\"\n"
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    print "const struct hy_pg_step hy_pg_steps[] = {"
}
FNR == 1 {
    finish()
    open = 1
    if (!match($0, /^-- (expand|backfill|contract)$/))
        fail("the first line is neither \"-- expand\" nor \"-- backfill\" nor \"-- contract\"")
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sql$/, "", name)
    printf "    {.number = %d, .kind = HY_PG_%s, .sql = {\"%s\",\n", substr(name, 1, 4) + 0,
        toupper(substr($0, 4)), name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END {
    if (failed)
        exit 1
    finish()
    print "    {0}};"
}
