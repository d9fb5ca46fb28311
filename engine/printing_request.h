/* The request's side of a printing: its pages, their cursors, and its counts of what is denied.
 *
 * The only functions that call the interpreter while an answer is printed. It may then do anything, so nothing that
 * others could change is held across such a call, nor a pointer into anything that a printing may move.
 */
#ifndef FIELDGATE_PRINTING_REQUEST_H
#define FIELDGATE_PRINTING_REQUEST_H

#include "printing_program.h"

typedef struct {
    PyObject *malformed_error;
    PyObject *pages;
    PyObject *denied;
    PyObject *first;
    PyObject *continues;
    PyObject *cursor;
} ModuleState;

/* What the request says of a page; looked up once for each printing, however many rows have such a page. */
typedef struct PageState {
    bool is_known;
    bool continues;
    size_t first;
    PyObject *cursor;
} PageState;

typedef struct {
    size_t first;
    uint32_t columns;
} Row;

typedef struct {
    Rows rows;
    bool more;
    int64_t total;
    const PageState *state;
} Page;

static const ModuleState *state_of(const Printer *printer)
{
    return PyType_GetModuleState(Py_TYPE(printer->program));
}

static inline bool value_of(const Printer *printer, Row row, int32_t column, Value *value)
{
    if ((uint32_t)column >= row.columns) {
        return malformed(printer, "a row lacks a column");
    }
    *value = printer->values[row.first + (uint32_t)column];
    return true;
}

static PyObject *string_of(const Printer *printer, Value value)
{
    PyObject *text = PyUnicode_DecodeUTF8((const char *)printer->answer + value.start, value.length, NULL);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        malformed(printer, "what a cursor is made of is no text");
    }
    return text;
}

static bool print_cursor_text(Printer *printer, PyObject *cursor)
{
    if (!PyUnicode_Check(cursor) || !PyUnicode_IS_ASCII(cursor)) {
        PyErr_SetString(PyExc_TypeError, "a cursor is not ASCII text");
        return false;
    }
    const uint8_t *text = PyUnicode_DATA(cursor);
    size_t size = (size_t)PyUnicode_GET_LENGTH(cursor);
    if (!make_room(printer, size + 2)) {
        return false;
    }
    if (copy_plain(printer->next + 1, text, size) < size) {
        return wrong("a cursor has a character that JSON escapes");
    }
    printer->next[0] = '"';
    printer->next[size + 1] = '"';
    printer->next += size + 2;
    return true;
}

static bool print_cursor(Printer *printer, const Step *step, Row row, const Page *page)
{
    Value key, value = {.length = -1};
    if (!value_of(printer, row, step->second, &key) ||
        (step->column >= 0 && !value_of(printer, row, step->column, &value))) {
        return false;
    }
    if (key.length < 0) {
        return malformed(printer, "a key is NULL");
    }
    bool printed = false;
    PyObject *arguments[2];
    arguments[0] = value.length < 0 ? Py_NewRef(Py_None) : string_of(printer, value);
    arguments[1] = arguments[0] == NULL ? NULL : string_of(printer, key);
    if (arguments[1] != NULL) {
        PyObject *cursor = PyObject_Vectorcall(page->state->cursor, arguments, 2, NULL);
        printed = cursor != NULL && print_cursor_text(printer, cursor);
        Py_XDECREF(cursor);
    }
    Py_XDECREF(arguments[0]);
    Py_XDECREF(arguments[1]);
    return printed;
}

static bool read_page(PageState *state, const ModuleState *names, PyObject *page)
{
    PyObject *first = PyObject_GetAttr(page, names->first);
    if (first == NULL) {
        return false;
    }
    Py_ssize_t most = PyLong_AsSsize_t(first);
    Py_DECREF(first);
    if (most < 0) {
        return PyErr_Occurred() == NULL ? wrong("a page has fewer than no rows") : false;
    }
    PyObject *continues = PyObject_GetAttr(page, names->continues);
    if (continues == NULL) {
        return false;
    }
    int is_true = PyObject_IsTrue(continues);
    Py_DECREF(continues);
    if (is_true < 0) {
        return false;
    }
    state->cursor = PyObject_GetAttr(page, names->cursor);
    state->first = (size_t)most;
    state->continues = is_true == 1;
    state->is_known = state->cursor != NULL;
    return state->is_known;
}

static bool look_page_up(Printer *printer, uint32_t number)
{
    const ModuleState *names = state_of(printer);
    if (printer->state_pages == NULL) {
        printer->state_pages = PyObject_GetAttr(printer->state, names->pages);
        if (printer->state_pages == NULL) {
            return false;
        }
    }
    PyObject *index = PyLong_FromLong(((const int32_t *)printer->program->pages.items)[number]);
    PyObject *page = index == NULL ? NULL : PyObject_GetItem(printer->state_pages, index);
    Py_XDECREF(index);
    bool is_read = page != NULL && read_page(&printer->pages[number], names, page);
    Py_XDECREF(page);
    return is_read;
}

/* Add what was counted to the request's counts: to all of them or, where one is no number, to none. */
static bool settle_denied(const Printer *printer)
{
    const List *fields = &printer->program->denied;
    const int32_t *indexes = fields->items;
    PyObject *counts = NULL, **sums = NULL;
    bool settled = false;
    size_t summed = 0;
    bool nothing = true;
    for (size_t number = 0; number < fields->count; number++) {
        nothing = nothing && printer->denied[number] == 0;
    }
    if (nothing) {
        return true;
    }
    counts = PyObject_GetAttr(printer->state, state_of(printer)->denied);
    sums = PyMem_Calloc(fields->count, sizeof *sums);
    if (counts == NULL || sums == NULL) {
        if (counts != NULL) {
            PyErr_NoMemory();
        }
        goto done;
    }
    if (!PyList_Check(counts)) {
        PyErr_SetString(PyExc_TypeError, "state.denied is no list");
        goto done;
    }
    for (; summed < fields->count; summed++) {
        if (indexes[summed] >= PyList_GET_SIZE(counts)) {
            PyErr_SetString(PyExc_IndexError, "state.denied has no such field");
            goto done;
        }
        /* Exact integers only: adding them runs no code that could change the list meanwhile. */
        PyObject *before = PyList_GET_ITEM(counts, indexes[summed]);
        PyObject *more = PyLong_FromUnsignedLongLong(printer->denied[summed]);
        if (more != NULL && PyLong_CheckExact(before)) {
            sums[summed] = PyNumber_Add(before, more);
        }
        else if (more != NULL) {
            PyErr_SetString(PyExc_TypeError, "state.denied has something else than integers");
        }
        Py_XDECREF(more);
        if (sums[summed] == NULL) {
            goto done;
        }
    }
    for (size_t number = 0; number < fields->count; number++) {
        PyList_SetItem(counts, indexes[number], sums[number]);
        sums[number] = NULL;
    }
    settled = true;
done:
    for (size_t number = 0; sums != NULL && number < summed; number++) {
        Py_XDECREF(sums[number]);
    }
    PyMem_Free(sums);
    Py_XDECREF(counts);
    return settled;
}

#endif
