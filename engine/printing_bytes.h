/* One printing of an answer, and the reading of PostgreSQL's bytes for it.
 *
 * What is read here is not trusted: every length, count and column number in an answer may be anything. So bytes are
 * taken through a Reader, which never goes behind its end, and a Value is made only by take_value, which has seen that
 * all of it lies in the message, array or record around it. What is printed of a Value afterwards needs no check but
 * that of its length.
 *
 * Functions that can fail return false with a Python exception set.
 */
#ifndef FIELDGATE_PRINTING_BYTES_H
#define FIELDGATE_PRINTING_BYTES_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Formats: "Message Formats" in PostgreSQL's documentation; array_send and record_send in its source. */
enum { TEXT_OID = 25, RECORD_OID = 2249 };

/* A column's bytes: where they begin in the answer, and how many there are; -1 is NULL. Eight bytes instead of the
 * sixteen of a pointer and a length, since there is one for each column of each row; an answer is below 4 GiB. */
typedef struct {
    uint32_t start;
    int32_t length;
} Value;

/* Rows that have the same number of columns: row after row on the stack of values, from `first` on. A place on the
 * stack instead of a pointer, which would dangle as soon as nested rows make the stack grow. */
typedef struct {
    size_t first;
    uint32_t columns;
    uint32_t count;
} Rows;

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} Reader;

struct Program;
struct PageState;

/* One printing of one answer. */
typedef struct {
    PyObject *malformed_error;
    const uint8_t *answer;
    Rows rows;
    Value *values;
    size_t values_used;
    size_t most_values;
    size_t values_capacity;
    /* A bytes object that nobody else knows yet; printed is what stands before `next`, and there is room up to `end`. */
    PyObject *output;
    uint8_t *next;
    uint8_t *end;
    /* What printing.c has of the program and the request. */
    const struct Program *program;
    struct PageState *pages;
    uint64_t *denied;
    PyObject *state;
    PyObject *state_pages;
} Printer;

static bool malformed(const Printer *printer, const char *reason)
{
    PyErr_SetString(printer->malformed_error, reason);
    return false;
}

static inline uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t load_u64(const uint8_t *at)
{
    return (uint64_t)load_u32(at) << 32 | load_u32(at + 4);
}

static inline size_t remaining(const Reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static inline bool take_i32(Reader *reader, int32_t *number)
{
    if (remaining(reader) < 4) {
        return false;
    }
    *number = (int32_t)load_u32(reader->at);
    reader->at += 4;
    return true;
}

/* A length and as many bytes; the only place where a Value is made. */
static inline bool take_value(const uint8_t *answer, Reader *reader, Value *value)
{
    int32_t length;
    if (!take_i32(reader, &length)) {
        return false;
    }
    value->start = (uint32_t)(reader->at - answer);
    value->length = length;
    if (length == -1) {
        return true;
    }
    if (length < 0 || remaining(reader) < (size_t)length) {
        return false;
    }
    reader->at += length;
    return true;
}

static inline Reader reader_of(const Printer *printer, Value value)
{
    const uint8_t *start = printer->answer + value.start;
    return (Reader){start, start + (value.length < 0 ? 0 : value.length)};
}

static bool grow_values(Printer *printer, size_t count)
{
    /* Callers have seen that each value has four bytes in the answer, so this is twice the answer and no overflow. */
    size_t capacity = printer->values_capacity * 2;
    if (capacity < printer->values_used + count) {
        capacity = printer->values_used + count;
    }
    Value *values = PyMem_Realloc(printer->values, capacity * sizeof(Value));
    if (values == NULL) {
        PyErr_NoMemory();
        return false;
    }
    printer->values = values;
    printer->values_capacity = capacity;
    return true;
}

/* Put `count` values on the stack; in a record each has its type before it, which the program knows already. */
static Py_ALWAYS_INLINE inline bool push_values(Printer *printer, Reader *reader, size_t count, size_t type_bytes)
{
    /* Before anything is reserved: a count is believed only as far as there are bytes for it. */
    if (count > remaining(reader) / (4 + type_bytes)) {
        return malformed(printer, "there are fewer columns than the row says");
    }
    if (printer->values_capacity - printer->values_used < count && !grow_values(printer, count)) {
        return false;
    }
    Value *value = printer->values + printer->values_used;
    /* Copies, which no value that is written could change, so that they stay in registers. */
    Reader rest = *reader;
    const uint8_t *answer = printer->answer;
    for (size_t index = 0; index < count; index++) {
        if (remaining(&rest) < type_bytes) {
            return malformed(printer, "a column's type is cut off");
        }
        rest.at += type_bytes;
        if (!take_value(answer, &rest, value + index)) {
            return malformed(printer, "a column reaches out of its row");
        }
    }
    *reader = rest;
    printer->values_used += count;
    if (printer->most_values < printer->values_used) {
        printer->most_values = printer->values_used;
    }
    return true;
}

/* Put a row on the stack behind those of `rows`, which are the topmost ones. */
static Py_ALWAYS_INLINE inline bool push_row(Printer *printer, Rows *rows, Reader *reader, size_t columns, size_t type_bytes)
{
    if (rows->count == 0) {
        rows->columns = (uint32_t)columns;
    }
    else if (columns != rows->columns) {
        return malformed(printer, "rows differ in their number of columns");
    }
    rows->count++;
    if (!push_values(printer, reader, columns, type_bytes)) {
        return false;
    }
    return remaining(reader) == 0 || malformed(printer, "there is something behind the last column of a row");
}

static bool push_record(Printer *printer, Rows *rows, Value record)
{
    Reader reader = reader_of(printer, record);
    int32_t columns;
    if (record.length < 0 || !take_i32(&reader, &columns) || columns < 0) {
        return malformed(printer, "a record has no columns");
    }
    return push_row(printer, rows, &reader, (size_t)columns, 4);
}

typedef struct {
    int32_t dimensions;
    int32_t type;
    int32_t sizes[2];
} ArrayHeader;

static bool take_array_header(const Printer *printer, Reader *reader, ArrayHeader *header)
{
    int32_t has_null;
    if (!take_i32(reader, &header->dimensions) || !take_i32(reader, &has_null) || !take_i32(reader, &header->type) ||
        header->dimensions < 0 || header->dimensions > 2 || has_null < 0 || has_null > 1) {
        return malformed(printer, "an array begins like none");
    }
    for (int32_t dimension = 0; dimension < header->dimensions; dimension++) {
        int32_t lower_bound;
        /* PostgreSQL has no empty dimension; two billion rows without a column would take no byte of an answer. */
        if (!take_i32(reader, &header->sizes[dimension]) || !take_i32(reader, &lower_bound) ||
            header->sizes[dimension] < 1) {
            return malformed(printer, "an array has an impossible size");
        }
    }
    if (header->dimensions == 0 && remaining(reader) != 0) {
        return malformed(printer, "an empty array has items");
    }
    return true;
}

/* The rows of a page: records, or lists of texts of the same length. */
static bool push_array_of_rows(Printer *printer, Rows *rows, Value array)
{
    Reader reader = reader_of(printer, array);
    ArrayHeader header;
    *rows = (Rows){.first = printer->values_used};
    if (array.length < 0) {
        return malformed(printer, "a page is NULL");
    }
    if (!take_array_header(printer, &reader, &header)) {
        return false;
    }
    if (header.type == TEXT_OID && header.dimensions != 1) {
        if (header.dimensions == 0) {
            return true;
        }
        rows->count = (uint32_t)header.sizes[0];
        rows->columns = (uint32_t)header.sizes[1];
        if ((uint64_t)rows->count * rows->columns > remaining(&reader) / 4) {
            return malformed(printer, "an array is cut off");
        }
        if (!push_values(printer, &reader, (size_t)rows->count * rows->columns, 0)) {
            return false;
        }
    }
    else if (header.type == RECORD_OID && header.dimensions != 2) {
        for (int32_t index = 0; header.dimensions == 1 && index < header.sizes[0]; index++) {
            Value record;
            if (!take_value(printer->answer, &reader, &record)) {
                return malformed(printer, "a record reaches out of its array");
            }
            if (!push_record(printer, rows, record)) {
                return false;
            }
        }
    }
    else {
        return malformed(printer, "an array is none of rows");
    }
    return remaining(&reader) == 0 || malformed(printer, "there is something behind the last item of an array");
}

/* The one row of a list of texts. */
static bool push_array_of_texts(Printer *printer, Rows *rows, Value array)
{
    Reader reader = reader_of(printer, array);
    ArrayHeader header;
    if (!take_array_header(printer, &reader, &header)) {
        return false;
    }
    if (header.type != TEXT_OID || header.dimensions > 1) {
        return malformed(printer, "an array is none of texts");
    }
    return push_row(printer, rows, &reader, header.dimensions == 0 ? 0 : (size_t)header.sizes[0], 0);
}

static bool take_message(const Printer *printer, Reader *reader, uint8_t *kind, Reader *body)
{
    if (remaining(reader) < 5) {
        return malformed(printer, "the answer is cut off");
    }
    *kind = reader->at[0];
    int32_t length = (int32_t)load_u32(reader->at + 1);
    reader->at += 5;
    if (length < 4 || (size_t)length - 4 > remaining(reader)) {
        return malformed(printer, "a message reaches out of the answer");
    }
    *body = (Reader){reader->at, reader->at + (length - 4)};
    reader->at = body->end;
    return true;
}

/* The rows of the answer itself; `reader` is left behind its last message. */
static bool push_answer(Printer *printer, Reader *reader, Rows *rows)
{
    uint8_t kind;
    Reader body;
    *rows = (Rows){.first = printer->values_used};
    if (!take_message(printer, reader, &kind, &body)) {
        return false;
    }
    if (kind == '1' && remaining(&body) == 0 && !take_message(printer, reader, &kind, &body)) {
        return false;
    }
    if (kind != '2' || remaining(&body) != 0) {
        return malformed(printer, "the answer does not begin with BindComplete");
    }
    for (;;) {
        if (!take_message(printer, reader, &kind, &body)) {
            return false;
        }
        if (kind == 'C') {
            return true;
        }
        if (kind != 'D' || remaining(&body) < 2) {
            return malformed(printer, "there is something else between the rows of the answer");
        }
        size_t columns = (size_t)(body.at[0] << 8 | body.at[1]);
        body.at += 2;
        if (!push_row(printer, rows, &body, columns, 0)) {
            return false;
        }
    }
}

#endif
