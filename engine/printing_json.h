/* Writing JSON. Whoever writes asks for room first (make_room), for the most that may be written.
 *
 * Functions that can fail return false with a Python exception set.
 */
#ifndef FIELDGATE_PRINTING_JSON_H
#define FIELDGATE_PRINTING_JSON_H

#include "printing_bytes.h"

static bool grow_output(Printer *printer, size_t more)
{
    size_t used = (size_t)(printer->next - (uint8_t *)PyBytes_AS_STRING(printer->output));
    size_t limit = (size_t)PY_SSIZE_T_MAX / 2;
    if (more > limit - used) {
        PyErr_NoMemory();
        return false;
    }
    size_t size = used + more + used / 2;
    /* Leaves NULL behind where it fails. */
    if (_PyBytes_Resize(&printer->output, (Py_ssize_t)size) < 0) {
        return false;
    }
    printer->next = (uint8_t *)PyBytes_AS_STRING(printer->output) + used;
    printer->end = (uint8_t *)PyBytes_AS_STRING(printer->output) + size;
    return true;
}

static inline bool make_room(Printer *printer, size_t more)
{
    return (size_t)(printer->end - printer->next) >= more || grow_output(printer, more);
}

/* Most literals are a field's name, for which a call of memcpy takes longer than the copy. So they are copied in chunks,
 * and the last one takes along what stands behind it, here as there. */
enum { LITERAL_CHUNK = 16 };

static inline bool print_literal(Printer *printer, const uint8_t *literal, size_t size)
{
    if (!make_room(printer, size + LITERAL_CHUNK)) {
        return false;
    }
    for (size_t done = 0; done < size; done += LITERAL_CHUNK) {
        memcpy(printer->next + done, literal + done, LITERAL_CHUNK);
    }
    printer->next += size;
    return true;
}

static inline bool print_bytes(Printer *printer, const void *bytes, size_t size)
{
    if (!make_room(printer, size)) {
        return false;
    }
    memcpy(printer->next, bytes, size);
    printer->next += size;
    return true;
}

#define PRINT_WORD(printer, word) print_bytes(printer, word, sizeof(word) - 1)

/* What follows the backslash; 'u' for the long form; 0 for bytes that stand for themselves. */
static const uint8_t ESCAPES[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
    ['"'] = '"', ['\\'] = '\\',
};

/* Whether one of eight bytes needs an escape. In each, the highest bit of the differences is set by a borrow: where the
 * byte is below 0x20, and where it is the quote or the backslash, which XOR has made zero. A borrow may also set the
 * bit of the byte above one that needs an escape, never without such a one; bytes from 0x80 on are taken out. */
static inline bool needs_escape(uint64_t eight)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t quote = eight ^ (each * '"');
    uint64_t backslash = eight ^ (each * '\\');
    uint64_t found = (eight - each * 0x20) | (quote - each) | (backslash - each);
    return (found & ~eight & (each * 0x80)) != 0;
}

/* Copy up to the first byte that needs an escape; how many bytes that were. Neither reads nor writes behind `size`. */
static inline size_t copy_plain(uint8_t *out, const uint8_t *text, size_t size)
{
    uint64_t eight;
    size_t done = 0;
    for (; size - done >= 8; done += 8) {
        memcpy(&eight, text + done, 8);
        if (needs_escape(eight)) {
            goto bytes;
        }
        memcpy(out + done, &eight, 8);
    }
    /* The rest once more with bytes before it, which are known to be plain, or the first and the last four. */
    if (size >= 8) {
        memcpy(&eight, text + size - 8, 8);
        if (!needs_escape(eight)) {
            memcpy(out + size - 8, &eight, 8);
            return size;
        }
    }
    else if (size >= 4) {
        uint32_t four[2];
        memcpy(&four[0], text, 4);
        memcpy(&four[1], text + size - 4, 4);
        memcpy(&eight, four, 8);
        if (!needs_escape(eight)) {
            memcpy(out, &four[0], 4);
            memcpy(out + size - 4, &four[1], 4);
            return size;
        }
    }
bytes:
    for (; done < size && ESCAPES[text[done]] == 0; done++) {
        out[done] = text[done];
    }
    return done;
}

static bool print_text(Printer *printer, const uint8_t *text, size_t size)
{
    if (!make_room(printer, size + 2)) {
        return false;
    }
    *printer->next++ = '"';
    size_t done = copy_plain(printer->next, text, size);
    printer->next += done;
    while (done < size) {
        /* The escape, what may be left without another one, and the quote. */
        if (!make_room(printer, 6 + (size - done) + 1)) {
            return false;
        }
        uint8_t byte = text[done++];
        uint8_t *out = printer->next;
        *out++ = '\\';
        *out++ = ESCAPES[byte];
        if (ESCAPES[byte] == 'u') {
            *out++ = '0';
            *out++ = '0';
            *out++ = (uint8_t)('0' + (byte >> 4));
            *out++ = (uint8_t)"0123456789abcdef"[byte & 15];
        }
        size_t plain = copy_plain(out, text + done, size - done);
        done += plain;
        printer->next = out + plain;
    }
    *printer->next++ = '"';
    return true;
}

static const char PAIRS[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static inline uint8_t *put_pair(uint8_t *out, uint32_t number)
{
    memcpy(out, PAIRS + 2 * number, 2);
    return out + 2;
}

static bool print_integer(Printer *printer, int64_t number)
{
    /* The magnitude without sign, which the lowest number has as well. */
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t count = 1;
    for (uint64_t most = 10; left >= most && count < 20; most *= 10) {
        count++;
    }
    if (!make_room(printer, count + 1)) {
        return false;
    }
    if (number < 0) {
        *printer->next++ = '-';
    }
    uint8_t *out = printer->next += count;
    for (; left >= 100; left /= 100) {
        put_pair(out -= 2, (uint32_t)(left % 100));
    }
    if (left >= 10) {
        put_pair(out - 2, (uint32_t)left);
    }
    else {
        out[-1] = (uint8_t)('0' + left);
    }
    return true;
}

/* The first and the last microsecond of Python's years, from the beginning of 2000. */
#define FIRST_TIME INT64_C(-63082281600000000)
#define LAST_TIME INT64_C(252455615999999999)

static bool print_time(Printer *printer, int64_t microseconds)
{
    /* asyncpg makes these two of infinity, without an offset. */
    if (microseconds == INT64_MAX) {
        return PRINT_WORD(printer, "\"9999-12-31T23:59:59.999999\"");
    }
    if (microseconds == INT64_MIN) {
        return PRINT_WORD(printer, "\"0001-01-01T00:00:00\"");
    }
    if (microseconds < FIRST_TIME || microseconds > LAST_TIME) {
        PyErr_SetString(PyExc_OverflowError, "date value out of range");
        return false;
    }
    if (!make_room(printer, 34)) {
        return false;
    }
    /* Counted from 0000-03-01, where the leap day is the last day of a year and of each cycle of 400 years
     * (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
    uint64_t since_march = (uint64_t)(microseconds - FIRST_TIME) + UINT64_C(306) * 86400000000;
    uint32_t day = (uint32_t)(since_march / 86400000000);
    uint64_t of_day = since_march % 86400000000;
    uint32_t cycle = day / 146097, of_cycle = day % 146097;
    uint32_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    uint32_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    uint32_t of_month = of_year - (153 * month + 2) / 5 + 1;
    year += 400 * cycle + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    uint32_t second = (uint32_t)(of_day / 1000000), fraction = (uint32_t)(of_day % 1000000);

    uint8_t *out = printer->next;
    *out++ = '"';
    out = put_pair(put_pair(out, year / 100), year % 100);
    *out++ = '-';
    out = put_pair(out, month);
    *out++ = '-';
    out = put_pair(out, of_month);
    *out++ = 'T';
    out = put_pair(out, second / 3600);
    *out++ = ':';
    out = put_pair(out, second / 60 % 60);
    *out++ = ':';
    out = put_pair(out, second % 60);
    if (fraction != 0) {
        *out++ = '.';
        out = put_pair(put_pair(put_pair(out, fraction / 10000), fraction / 100 % 100), fraction % 100);
    }
    memcpy(out, "+00:00\"", 7);
    printer->next = out + 7;
    return true;
}

/* The letters of eight numbers below 64, one in each byte. From 'A' on, and for those that are at least 26, 52, 62 and 63
 * what the next part of the alphabet is away from the one before. No sum leaves its byte. */
static inline uint64_t base64_letters(uint64_t numbers)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t from_26 = (numbers + each * (128 - 26)) >> 7 & each;
    uint64_t from_52 = (numbers + each * (128 - 52)) >> 7 & each;
    uint64_t from_62 = (numbers + each * (128 - 62)) >> 7 & each;
    uint64_t from_63 = (numbers + each * (128 - 63)) >> 7 & each;
    return numbers + each * 'A' + from_26 * ('a' - 'Z' - 1) - from_52 * ('z' - '0' + 1) - from_62 * ('9' - '+' + 1) +
           from_63 * ('/' - '+' - 1);
}

static inline void put_u64(uint8_t *out, uint64_t number)
{
    /* Not a loop, so that compilers see one store in it. */
    out[0] = (uint8_t)(number >> 56);
    out[1] = (uint8_t)(number >> 48);
    out[2] = (uint8_t)(number >> 40);
    out[3] = (uint8_t)(number >> 32);
    out[4] = (uint8_t)(number >> 24);
    out[5] = (uint8_t)(number >> 16);
    out[6] = (uint8_t)(number >> 8);
    out[7] = (uint8_t)number;
}

static inline uint8_t *put_three_base64(uint8_t *out, uint32_t three)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out[0] = (uint8_t)letters[three >> 18 & 63];
    out[1] = (uint8_t)letters[three >> 12 & 63];
    out[2] = (uint8_t)letters[three >> 6 & 63];
    out[3] = (uint8_t)letters[three & 63];
    return out + 4;
}

/* Base64 of some bytes, with its padding; `out` has room for 4 characters for each 3 bytes begun. */
static inline uint8_t *put_base64(uint8_t *out, const uint8_t *bytes, size_t size)
{
    for (; size >= 6; bytes += 6, size -= 6, out += 8) {
        /* 48 bits, then 24 in each half, 12 in each quarter, 6 in each byte. */
        uint64_t bits = (uint64_t)load_u32(bytes) << 16 | (uint64_t)(bytes[4] << 8 | bytes[5]);
        bits = (bits & UINT64_C(0xffffff000000)) << 8 | (bits & UINT64_C(0xffffff));
        bits = (bits & UINT64_C(0xfff00000fff000)) << 4 | (bits & UINT64_C(0xfff00000fff));
        bits = (bits & UINT64_C(0x0fc00fc00fc00fc0)) << 2 | (bits & UINT64_C(0x003f003f003f003f));
        put_u64(out, base64_letters(bits));
    }
    if (size >= 3) {
        out = put_three_base64(out, (uint32_t)(bytes[0] << 16 | bytes[1] << 8 | bytes[2]));
        bytes += 3;
        size -= 3;
    }
    if (size > 0) {
        out = put_three_base64(out, (uint32_t)(bytes[0] << 16 | (size == 2 ? bytes[1] << 8 : 0)));
        out[-1] = '=';
        if (size == 1) {
            out[-2] = '=';
        }
    }
    return out;
}

#endif
