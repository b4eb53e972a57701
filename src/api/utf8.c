#include "api/utf8.h"

#include <stdint.h>

size_t hy_utf8_step(const char *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first;
    size_t size;
    uint32_t point;

    if (!left)
        return 0;
    first = (unsigned char)at[0];
    if (first < 0x80)
        return 1;
    size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < size)
        return 0;
    point = first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char c = (unsigned char)at[i];

        if ((c & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (c & 0x3fu);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return size;
}

bool hy_utf8_ok(const char *bytes, size_t size)
{
    for (size_t i = 0, step; i < size; i += step) {
        step = hy_utf8_step(bytes + i, size - i);
        if (!step)
            return false;
    }
    return true;
}
