/* engine.printing: a plan's answer from PostgreSQL, printed as JSON without a Python object for each value.
 *
 * A program is trusted, for it was looked at when it was compiled (printing_program.h). No byte of an answer is
 * (printing_bytes.h),  The interpreter is called for pages, cursors and counts alone (printing_request.h). There is no
 * state but that of the module, of a program, and of one printing; the GIL is held throughout.
 */
#define PY_SSIZE_T_CLEAN
#include "printing_request.h"

static bool print_steps(Printer *printer, uint32_t at, uint32_t end, Row row, const Page *page);

static inline bool boolean_of(const Printer *printer, Value value, bool *is_true)
{
    if (value.length != 1 || printer->answer[value.start] > 1) {
        return malformed(printer, "a boolean is none");
    }
    *is_true = printer->answer[value.start] == 1;
    return true;
}

static inline bool integer_of(const Printer *printer, Value value, int64_t *number)
{
    const uint8_t *bytes = printer->answer + value.start;
    switch (value.length) {
    case 2:
        *number = (int16_t)(bytes[0] << 8 | bytes[1]);
        return true;
    case 4:
        *number = (int32_t)load_u32(bytes);
        return true;
    case 8:
        *number = (int64_t)load_u64(bytes);
        return true;
    default:
        return malformed(printer, "an integer has an impossible length");
    }
}

static inline bool print_boolean(Printer *printer, bool is_true)
{
    return is_true ? PRINT_WORD(printer, "true") : PRINT_WORD(printer, "false");
}

static inline bool print_null(Printer *printer)
{
    return PRINT_WORD(printer, "null");
}

/* Its first characters, up to the carried bytes, are part of the literal before it. */
static bool print_global_id(Printer *printer, const Step *step, Value key)
{
    if (key.length < 0) {
        return malformed(printer, "a key is NULL");
    }
    size_t size = (size_t)key.length;
    if (!make_room(printer, (step->small + size + 2) / 3 * 4 + 1)) {
        return false;
    }
    uint8_t *out = printer->next;
    const uint8_t *bytes = printer->answer + key.start;
    if (step->small > 0) {
        uint8_t begun[3] = {step->carried[0], step->carried[1]};
        size_t filled = step->small;
        for (; filled < 3 && size > 0; size--) {
            begun[filled++] = *bytes++;
        }
        out = put_base64(out, begun, filled);
    }
    out = put_base64(out, bytes, size);
    *out++ = '"';
    printer->next = out;
    return true;
}

static bool print_page(Printer *printer, const Step *step, uint32_t at, Rows rows, int64_t total)
{
    const PageState *state = &printer->pages[step->number];
    if (!state->is_known && !look_page_up(printer, step->number)) {
        return false;
    }
    Page page = {.rows = rows, .more = rows.count > state->first, .total = total, .state = state};
    if (page.more) {
        page.rows.count = (uint32_t)state->first;
    }
    const uint32_t *denied = printer->program->denied_of_pages.items;
    for (uint32_t index = 0; index < step->extra_count; index++) {
        printer->denied[denied[step->extra + index]] += page.rows.count;
    }
    return print_steps(printer, at + 1, step->end, (Row){0}, &page);
}

static bool print_nested_page(Printer *printer, const Step *step, uint32_t at, Row row)
{
    Value value;
    int64_t total = 0;
    Rows rows = {0};
    size_t used = printer->values_used;
    if (step->second >= 0) {
        if (!value_of(printer, row, step->second, &value)) {
            return false;
        }
        if (value.length != 8) {
            return malformed(printer, "a total is none");
        }
        total = (int64_t)load_u64(printer->answer + value.start);
    }
    if (step->column >= 0 &&
        !(value_of(printer, row, step->column, &value) && push_array_of_rows(printer, &rows, value))) {
        return false;
    }
    bool printed = print_page(printer, step, at, rows, total);
    printer->values_used = used;
    return printed;
}

static bool print_one(Printer *printer, const Step *step, uint32_t at, Value value)
{
    if (value.length < 0) {
        return print_null(printer);
    }
    size_t used = printer->values_used;
    Rows rows = {.first = used};
    if (!(step->small ? push_array_of_texts(printer, &rows, value) : push_record(printer, &rows, value))) {
        return false;
    }
    bool printed = print_steps(printer, at + 1, step->end, (Row){rows.first, rows.columns}, NULL);
    printer->values_used = used;
    return printed;
}

static bool print_each(Printer *printer, uint32_t at, uint32_t end, const Page *page)
{
    Row row = {page->rows.first, page->rows.columns};
    if (!PRINT_WORD(printer, "[")) {
        return false;
    }
    for (uint32_t index = 0; index < page->rows.count; index++, row.first += row.columns) {
        if ((index > 0 && !PRINT_WORD(printer, ",")) || !print_steps(printer, at, end, row, page)) {
            return false;
        }
    }
    return PRINT_WORD(printer, "]");
}

/* The steps from `at` up to `end`. Stands in itself no deeper than DEEPEST. */
static bool print_steps(Printer *printer, uint32_t at, uint32_t end, Row row, const Page *page)
{
    const Step *steps = printer->program->steps.items;
    const uint8_t *literals = printer->program->literals.items;
    while (at < end) {
        const Step *step = &steps[at];
        if (!print_literal(printer, literals + step->literal, step->literal_size)) {
            return false;
        }
        Value value = {.length = -1};
        int64_t number;
        bool is_true = false, printed;
        switch (step->kind) {
        case LITERAL:
            printed = true;
            break;
        case TEXT:
            printed = value_of(printer, row, step->column, &value) &&
                      (value.length < 0 ? print_null(printer)
                                        : print_text(printer, printer->answer + value.start, (size_t)value.length));
            break;
        case INTEGER:
            printed = value_of(printer, row, step->column, &value) &&
                      (value.length < 0 ? print_null(printer)
                                        : integer_of(printer, value, &number) && print_integer(printer, number));
            break;
        case BOOLEAN:
            printed = value_of(printer, row, step->column, &value) &&
                      (value.length < 0 ? print_null(printer)
                                        : boolean_of(printer, value, &is_true) && print_boolean(printer, is_true));
            break;
        case TIME:
            printed = value_of(printer, row, step->column, &value);
            if (printed && value.length != 8 && value.length >= 0) {
                printed = malformed(printer, "a time has an impossible length");
            }
            else if (printed) {
                printed = value.length < 0 ? print_null(printer)
                                           : print_time(printer, (int64_t)load_u64(printer->answer + value.start));
            }
            break;
        case GLOBAL_ID:
            printed = value_of(printer, row, step->column, &value) && print_global_id(printer, step, value);
            break;
        case IN_REACH:
            printed = value_of(printer, row, step->column, &value) &&
                      (value.length < 0 || boolean_of(printer, value, &is_true));
            if (printed && is_true) {
                printed = print_steps(printer, at + 1, step->end, row, page);
                break;
            }
            if (!printed) {
                break;
            }
            /* fall through */
        case DENIED:
            printer->denied[step->number]++;
            printed = print_null(printer);
            break;
        case ONE:
            printed = value_of(printer, row, step->column, &value) && print_one(printer, step, at, value);
            break;
        case PAGE:
            printed = print_nested_page(printer, step, at, row);
            break;
        case ROWS:
            printed = print_page(printer, step, at, printer->rows, 0);
            break;
        case EACH:
            printed = print_each(printer, at + 1, step->end, page);
            break;
        case MORE:
            printed = print_boolean(printer, page->more);
            break;
        case CONTINUES:
            printed = print_boolean(printer, page->state->continues);
            break;
        case TOTAL:
            printed = print_integer(printer, page->total);
            break;
        case CURSOR:
            printed = print_cursor(printer, step, row, page);
            break;
        case START_CURSOR:
        case END_CURSOR: {
            Row edge = {page->rows.first, page->rows.columns};
            if (step->kind == END_CURSOR && page->rows.count > 0) {
                edge.first += (size_t)(page->rows.count - 1) * edge.columns;
            }
            printed = page->rows.count == 0 ? print_null(printer) : print_cursor(printer, step, edge, page);
            break;
        }
        default: /* FIRST */
            printed = printer->rows.count == 0
                          ? print_null(printer)
                          : print_steps(printer, at + 1, step->end,
                                        (Row){printer->rows.first, printer->rows.columns}, NULL);
        }
        if (!printed) {
            return false;
        }
        at = step->end;
    }
    return true;
}

/* ── Python's side ───────────────────────────────────────────────────────────────────────────────────────────────── */

static bool begin(Printer *printer, const Program *program)
{
    /* A little more than the last time: answers of one program are about as long as each other. */
    size_t room = program->last_output + program->last_output / 16 + 64;
    size_t values = program->last_values + 16;
    printer->output = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
    printer->values = PyMem_Malloc(values * sizeof(Value));
    printer->pages = PyMem_Calloc(program->pages.count, sizeof(PageState));
    printer->denied = PyMem_Calloc(program->denied.count, sizeof(uint64_t));
    if (printer->output == NULL) {
        return false;
    }
    if (printer->values == NULL || printer->pages == NULL || printer->denied == NULL) {
        PyErr_NoMemory();
        return false;
    }
    printer->values_capacity = values;
    printer->next = (uint8_t *)PyBytes_AS_STRING(printer->output);
    printer->end = printer->next + room;
    return true;
}

static void end(Printer *printer)
{
    for (size_t number = 0; printer->pages != NULL && number < printer->program->pages.count; number++) {
        Py_XDECREF(printer->pages[number].cursor);
    }
    PyMem_Free(printer->values);
    PyMem_Free(printer->pages);
    PyMem_Free(printer->denied);
    Py_XDECREF(printer->state_pages);
    Py_XDECREF(printer->output);
}

static PyObject *finish(Printer *printer, Program *program, Py_ssize_t offset)
{
    size_t size = (size_t)(printer->next - (uint8_t *)PyBytes_AS_STRING(printer->output));
    if (_PyBytes_Resize(&printer->output, (Py_ssize_t)size) < 0) {
        return NULL;
    }
    PyObject *result = Py_BuildValue("On", printer->output, offset);
    /* The last thing that can fail, so that whatever raises has changed nothing. */
    if (result == NULL || !settle_denied(printer)) {
        Py_XDECREF(result);
        return NULL;
    }
    program->last_output = size;
    program->last_values = printer->most_values;
    return result;
}

static PyObject *program_print(Program *program, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3 || !PyBytes_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "print takes the answer as bytes, where it starts, and the request's state");
        return NULL;
    }
    PyObject *answer = arguments[0];
    Py_ssize_t start = PyLong_AsSsize_t(arguments[1]);
    if (start == -1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    if (start < 0 || start > PyBytes_GET_SIZE(answer)) {
        wrong("the answer starts outside of its bytes");
        return NULL;
    }
    const ModuleState *module = PyType_GetModuleState(Py_TYPE(program));
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(answer);
    Printer printer = {
        .malformed_error = module->malformed_error, .answer = bytes, .program = program, .state = arguments[2]};
    Reader reader = {bytes + start, bytes + PyBytes_GET_SIZE(answer)};
    PyObject *result = NULL;
    if ((uint64_t)PyBytes_GET_SIZE(answer) > UINT32_MAX) {
        malformed(&printer, "the answer is too long");
    }
    else if (begin(&printer, program) && push_answer(&printer, &reader, &printer.rows) &&
             print_steps(&printer, 0, (uint32_t)program->steps.count, (Row){0}, NULL)) {
        result = finish(&printer, program, reader.at - bytes);
    }
    end(&printer);
    return result;
}

static void program_dealloc(Program *program)
{
    PyTypeObject *type = Py_TYPE(program);
    PyMem_Free(program->steps.items);
    PyMem_Free(program->literals.items);
    PyMem_Free(program->denied_of_pages.items);
    PyMem_Free(program->pages.items);
    PyMem_Free(program->denied.items);
    type->tp_free((PyObject *)program);
    Py_DECREF(type);
}

/* All is done by __new__, so that nothing can compile a program anew while it prints. */
static PyObject *program_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"root", NULL};
    PyObject *root;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Program", names, &root)) {
        return NULL;
    }
    Program *program = (Program *)type->tp_alloc(type, 0);
    if (program != NULL && !compile_program(program, root)) {
        Py_CLEAR(program);
    }
    return (PyObject *)program;
}

static PyMethodDef program_methods[] = {
    {"print", (PyCFunction)(void (*)(void))program_print, METH_FASTCALL,
     PyDoc_STR("print($self, answer, start, state, /)\n--\n\n"
               "The answer as JSON, and the offset behind its last message.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot program_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("What is printed of an answer, compiled from a tree of instructions.")},
    {Py_tp_new, program_new},
    {Py_tp_dealloc, program_dealloc},
    {Py_tp_methods, program_methods},
    {0, NULL},
};

static PyType_Spec program_spec = {
    .name = "engine.printing.Program",
    .basicsize = sizeof(Program),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = program_slots,
};

static int module_execute(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    state->malformed_error = PyErr_NewExceptionWithDoc(
        "engine.printing.MalformedAnswerError", "The bytes are no answer to what the program is for.", NULL, NULL);
    state->pages = PyUnicode_InternFromString("pages");
    state->denied = PyUnicode_InternFromString("denied");
    state->first = PyUnicode_InternFromString("first");
    state->continues = PyUnicode_InternFromString("continues");
    state->cursor = PyUnicode_InternFromString("cursor");
    if (state->malformed_error == NULL || state->pages == NULL || state->denied == NULL || state->first == NULL ||
        state->continues == NULL || state->cursor == NULL ||
        PyModule_AddObjectRef(module, "MalformedAnswerError", state->malformed_error) < 0) {
        return -1;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, &program_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int added = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return added;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->malformed_error);
    return 0;
}

static int module_clear(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->malformed_error);
    Py_CLEAR(state->pages);
    Py_CLEAR(state->denied);
    Py_CLEAR(state->first);
    Py_CLEAR(state->continues);
    Py_CLEAR(state->cursor);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_execute},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "engine.printing",
    .m_doc = "A plan's answer from PostgreSQL, printed as JSON without a Python object for each value.",
    .m_size = sizeof(ModuleState),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit_printing(void)
{
    return PyModuleDef_Init(&module_definition);
}
