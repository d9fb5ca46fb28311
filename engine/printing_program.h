/* What printing.c does, step by step: compiled once from a tree of instructions (engine/instructions.py).
 *
 * A Program is an array of steps in the order in which they are printed, each with the place where what belongs to it
 * ends. Compiling refuses whatever is no such tree, and what stands where there is no row or page for it. So printing
 * trusts its steps: a literal lies within the literals, and where a step needs a page, there is one.
 *
 * Functions that can fail return false with a Python exception set.
 */
#ifndef FIELDGATE_PRINTING_PROGRAM_H
#define FIELDGATE_PRINTING_PROGRAM_H

#include "printing_json.h"

enum {
    LITERAL,
    SEQUENCE,
    TEXT,
    INTEGER,
    BOOLEAN,
    TIME,
    GLOBAL_ID,
    DENIED,
    IN_REACH,
    ONE,
    PAGE,
    ROWS,
    EACH,
    MORE,
    CONTINUES,
    TOTAL,
    CURSOR,
    START_CURSOR,
    END_CURSOR,
    FIRST,
    INSTRUCTIONS,
};

enum { DEEPEST = 64, MOST_INSTRUCTIONS = 1 << 20, MOST_COLUMNS = 1 << 16 };

typedef struct {
    uint8_t kind;
    /* ONE: whether the row is a list of texts. GLOBAL_ID: how many bytes of the prefix are carried. */
    uint8_t small;
    /* GLOBAL_ID: what base64 cannot print of the prefix before it knows the key. */
    uint8_t carried[2];
    int32_t column;
    /* PAGE: the total's column. Cursors: the key's. */
    int32_t second;
    /* A number of the program's own for the page, or for the field that is denied. */
    uint32_t number;
    /* The literal that is printed before it, among the program's; most steps have one, so it is no step by itself. */
    uint32_t literal;
    uint32_t literal_size;
    /* PAGE, ROWS: numbers among the denied of pages. */
    uint32_t extra;
    uint32_t extra_count;
    /* The step behind everything that belongs to this one. */
    uint32_t end;
} Step;

typedef struct {
    void *items;
    size_t count;
    size_t capacity;
} List;

typedef struct Program {
    PyObject_HEAD
    List steps;
    List literals;
    List denied_of_pages;
    /* Field indexes, by the program's own numbers. */
    List pages;
    List denied;
    /* While it is compiled: how many instructions there were, and how long the literal before the next step is. */
    size_t instructions;
    size_t pending;
    /* What the last printing came to, as the first guess for the next. */
    size_t last_output;
    size_t last_values;
} Program;

/* What an instruction may refer to where it stands. */
typedef struct {
    bool in_answer;
    bool has_row;
    bool has_page;
    int depth;
} Place;

static bool compile(Program *program, PyObject *tree, Place place);

static bool wrong(const char *reason)
{
    PyErr_SetString(PyExc_ValueError, reason);
    return false;
}

static void *extend(List *list, size_t count, size_t item_size)
{
    /* Without items there is nothing to point at, not even where none are added. */
    if (list->items == NULL || list->capacity - list->count < count) {
        size_t capacity = 2 * list->capacity + count;
        void *items = capacity > INT32_MAX / item_size ? NULL : PyMem_Realloc(list->items, capacity * item_size);
        if (items == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        list->items = items;
        list->capacity = capacity;
    }
    void *added = (char *)list->items + list->count * item_size;
    list->count += count;
    return added;
}

static bool not_bytes(void)
{
    PyErr_SetString(PyExc_TypeError, "an instruction has something else where bytes belong");
    return false;
}

static bool number_of(PyObject *item, long lowest, long highest, int32_t *number)
{
    if (!PyLong_Check(item)) {
        PyErr_SetString(PyExc_TypeError, "an instruction has something else where a number belongs");
        return false;
    }
    int overflow;
    long value = PyLong_AsLongAndOverflow(item, &overflow);
    if (overflow != 0 || value < lowest || value > highest) {
        return wrong("an instruction has a number that is out of range");
    }
    *number = (int32_t)value;
    return true;
}

static bool column_of(PyObject *item, bool may_lack, int32_t *column)
{
    return number_of(item, may_lack ? -1 : 0, MOST_COLUMNS - 1, column);
}

static bool added_number(List *list, PyObject *field, bool again, uint32_t *number)
{
    int32_t index;
    if (!number_of(field, 0, INT32_MAX, &index)) {
        return false;
    }
    const int32_t *known = list->items;
    for (*number = 0; *number < list->count; (*number)++) {
        if (!again && known[*number] == index) {
            return true;
        }
    }
    int32_t *added = extend(list, 1, sizeof index);
    if (added == NULL) {
        return false;
    }
    *added = index;
    return true;
}

static bool compile_literal(Program *program, PyObject *bytes)
{
    if (!PyBytes_Check(bytes)) {
        return not_bytes();
    }
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    uint8_t *to = extend(&program->literals, size, 1);
    if (to == NULL) {
        return false;
    }
    memcpy(to, PyBytes_AS_STRING(bytes), size);
    program->pending += size;
    return true;
}

/* What is the same in all global ids of a type is a literal: the quote, and base64 of all threes of bytes. */
static bool compile_prefix(Program *program, PyObject *bytes)
{
    if (!PyBytes_Check(bytes)) {
        return not_bytes();
    }
    size_t threes = (size_t)PyBytes_GET_SIZE(bytes) / 3;
    uint8_t *to = extend(&program->literals, 1 + 4 * threes, 1);
    if (to == NULL) {
        return false;
    }
    to[0] = '"';
    put_base64(to + 1, (const uint8_t *)PyBytes_AS_STRING(bytes), 3 * threes);
    program->pending += 1 + 4 * threes;
    return true;
}

static void carry_prefix(Step *step, PyObject *bytes)
{
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    step->small = (uint8_t)(size % 3);
    memcpy(step->carried, PyBytes_AS_STRING(bytes) + size - step->small, step->small);
}

static bool compile_denied(Program *program, Step *step, PyObject *fields)
{
    if (!PyTuple_Check(fields)) {
        PyErr_SetString(PyExc_TypeError, "an instruction has something else where a tuple of fields belongs");
        return false;
    }
    step->extra = (uint32_t)program->denied_of_pages.count;
    step->extra_count = (uint32_t)PyTuple_GET_SIZE(fields);
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(fields); index++) {
        uint32_t number;
        if (!added_number(&program->denied, PyTuple_GET_ITEM(fields, index), false, &number)) {
            return false;
        }
        uint32_t *added = extend(&program->denied_of_pages, 1, sizeof number);
        if (added == NULL) {
            return false;
        }
        *added = number;
    }
    return true;
}

static bool compile_sequence(Program *program, PyObject *parts, Place place)
{
    if (!PyTuple_Check(parts)) {
        PyErr_SetString(PyExc_TypeError, "a sequence is no tuple of instructions");
        return false;
    }
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(parts); index++) {
        if (!compile(program, PyTuple_GET_ITEM(parts, index), place)) {
            return false;
        }
    }
    return true;
}

/* The items behind the first; `place` becomes that of the value which is one of them, and `value` that one. */
static bool compile_items(Program *program, Step *step, PyObject **items, Place *place, PyObject **value)
{
    int32_t flag;
    switch (step->kind) {
    case TEXT:
    case INTEGER:
    case BOOLEAN:
    case TIME:
        return column_of(items[0], false, &step->column);
    case GLOBAL_ID:
        carry_prefix(step, items[0]);
        return column_of(items[1], false, &step->column);
    case DENIED:
        return added_number(&program->denied, items[0], false, &step->number);
    case IN_REACH:
        *value = items[1];
        return column_of(items[0], false, &step->column) &&
               added_number(&program->denied, items[2], false, &step->number);
    case ONE:
        *value = items[1];
        *place = (Place){.has_row = true, .depth = place->depth};
        if (!column_of(items[0], false, &step->column) || !number_of(items[2], 0, 1, &flag)) {
            return false;
        }
        step->small = (uint8_t)flag;
        return true;
    case PAGE:
        *value = items[4];
        *place = (Place){.has_page = true, .depth = place->depth};
        return column_of(items[0], true, &step->column) && column_of(items[1], true, &step->second) &&
               added_number(&program->pages, items[2], true, &step->number) &&
               compile_denied(program, step, items[3]);
    case ROWS:
        *value = items[2];
        *place = (Place){.has_page = true, .depth = place->depth};
        return added_number(&program->pages, items[0], true, &step->number) &&
               compile_denied(program, step, items[1]);
    case EACH:
        *value = items[0];
        *place = (Place){.has_row = true, .has_page = true, .depth = place->depth};
        return true;
    case CURSOR:
    case START_CURSOR:
    case END_CURSOR:
        return column_of(items[0], true, &step->column) && column_of(items[1], false, &step->second);
    case FIRST:
        *value = items[0];
        *place = (Place){.has_row = true, .depth = place->depth};
        return true;
    default:
        return true;
    }
}

static bool may_stand(const Step *step, Place place)
{
    switch (step->kind) {
    case TEXT:
    case INTEGER:
    case BOOLEAN:
    case TIME:
    case GLOBAL_ID:
    case IN_REACH:
    case ONE:
        return place.has_row;
    case PAGE:
        return place.has_row || (step->column < 0 && step->second < 0);
    case ROWS:
    case FIRST:
        return place.in_answer;
    case EACH:
        /* Not in another one, whose rows it would print once more for each. */
        return place.has_page && !place.has_row;
    case MORE:
    case CONTINUES:
    case TOTAL:
    case START_CURSOR:
    case END_CURSOR:
        return place.has_page;
    case CURSOR:
        return place.has_page && place.has_row;
    default:
        return true;
    }
}

/* A new step with the literal before it. It is not among the steps yet: those may move while its value is compiled. */
static bool begin_step(Program *program, uint8_t kind, Step *step)
{
    *step = (Step){
        .kind = kind,
        .literal = (uint32_t)(program->literals.count - program->pending),
        .literal_size = (uint32_t)program->pending,
        .end = (uint32_t)program->steps.count + 1,
    };
    program->pending = 0;
    Step *added = extend(&program->steps, 1, sizeof(Step));
    if (added == NULL) {
        return false;
    }
    *added = *step;
    return true;
}

/* Have the literal that no step follows in a value printed by a step of its own. */
static bool end_literal(Program *program)
{
    Step step;
    return program->pending == 0 || begin_step(program, LITERAL, &step);
}

static bool compile(Program *program, PyObject *tree, Place place)
{
    static const uint8_t items_of[INSTRUCTIONS] = {
        [LITERAL] = 1, [SEQUENCE] = 1, [TEXT] = 1, [INTEGER] = 1, [BOOLEAN] = 1, [TIME] = 1, [GLOBAL_ID] = 2,
        [DENIED] = 1, [IN_REACH] = 3, [ONE] = 3, [PAGE] = 5, [ROWS] = 3, [EACH] = 1, [MORE] = 0, [CONTINUES] = 0,
        [TOTAL] = 0, [CURSOR] = 2, [START_CURSOR] = 2, [END_CURSOR] = 2, [FIRST] = 1,
    };
    if (!PyTuple_Check(tree)) {
        PyErr_SetString(PyExc_TypeError, "an instruction is no tuple");
        return false;
    }
    int32_t kind;
    if (PyTuple_GET_SIZE(tree) == 0) {
        return wrong("an instruction is empty");
    }
    if (!number_of(PyTuple_GET_ITEM(tree, 0), 0, INSTRUCTIONS - 1, &kind)) {
        return false;
    }
    if (PyTuple_GET_SIZE(tree) != 1 + items_of[kind]) {
        return wrong("an instruction has too few items or too many");
    }
    if (++place.depth > DEEPEST) {
        return wrong("instructions are nested too deeply");
    }
    /* A small tree whose parts are shared may stand for more instructions than could ever be compiled. */
    if (++program->instructions > MOST_INSTRUCTIONS) {
        return wrong("there are too many instructions");
    }
    PyObject **items = &PyTuple_GET_ITEM(tree, 1);
    if (kind == SEQUENCE) {
        /* Needs no step: what belongs to it stands one behind the other anyway. */
        return compile_sequence(program, items[0], place);
    }
    if (kind == LITERAL) {
        return compile_literal(program, items[0]);
    }
    if (kind == GLOBAL_ID && !compile_prefix(program, items[0])) {
        return false;
    }
    Step step;
    size_t at = program->steps.count;
    if (!begin_step(program, (uint8_t)kind, &step)) {
        return false;
    }
    Place inside = place;
    PyObject *value = NULL;
    if (!compile_items(program, &step, items, &inside, &value)) {
        return false;
    }
    if (!may_stand(&step, place)) {
        return wrong("an instruction stands where there is no such row or page");
    }
    if (value != NULL && !(compile(program, value, inside) && end_literal(program))) {
        return false;
    }
    step.end = (uint32_t)program->steps.count;
    ((Step *)program->steps.items)[at] = step;
    return true;
}

/* Compile all of it. Behind the last literal there is room that may be read, for print_literal. */
static bool compile_program(Program *program, PyObject *root)
{
    uint8_t *behind;
    if (!compile(program, root, (Place){.in_answer = true}) || !end_literal(program)) {
        return false;
    }
    behind = extend(&program->literals, LITERAL_CHUNK, 1);
    if (behind == NULL) {
        return false;
    }
    memset(behind, 0, LITERAL_CHUNK);
    return true;
}

#endif
