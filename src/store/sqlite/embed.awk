# Turns migrations (schema/NNNN_name.sql, in order) into a C table: see migrate.h.
function finish() { if (open) print "     }," }
BEGIN {
    print "/* Made by embed.awk. */"
    print "#include \"store/sqlite/migrate.h\"\n"
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    print "const struct hy_migration hy_sqlite_migrations[] = {"
}
FNR == 1 {
    finish()
    open = 1
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sql$/, "", name)
    printf "    {.number = %d, .name = \"%s\", .sql =\n", substr(name, 1, 4) + 0, name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END {
    finish()
    print "    {0}};"
}
