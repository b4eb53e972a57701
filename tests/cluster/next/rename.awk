# The same source, with the columns of the next schema (9001_columns.sql): in strings only, where the SQL is.
{
    gsub(/\\"/, "\001")
    count = split($0, part, "\"")
    line = part[1]
    for (i = 2; i <= count; i++) {
        if (i % 2 == 0) {
            gsub(/uses_reserved/, "reserved", part[i])
            gsub(/attempt_count/, "tries", part[i])
        }
        line = line "\"" part[i]
    }
    gsub("\001", "\\\"", line)
    print line
}
