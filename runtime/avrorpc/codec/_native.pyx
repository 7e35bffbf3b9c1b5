# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""The accelerator: one encoder and one decoder, which walk a schema program over typed objects and bytes.

A program is a graph of nodes, made by `avrorpc.codec.program` with the very compiler that makes the portable
codec's functions. This module takes what is common: the exact built-in types and the records' own classes,
well-formed bytes within the limits. At anything else it stops, and the portable codec does the whole value
from its beginning. So there is one place that knows each rule's exceptions and each error's text and path.
"""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check, PyFloat_CheckExact, PyFloat_FromDouble
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_TYPE, Py_XDECREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_New
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.math cimport isfinite
from libc.string cimport memcpy

from cpython cimport array
import array

from avrorpc.codec.portable_binary import Cursor as PortableCursor
from avrorpc.codec.portable_binary import write_long as portable_write_long
from avrorpc.errors import LimitExceeded
from avrorpc.limits import DEFAULT_LIMITS

cdef extern from *:
    """
    #include <structmember.h>

    /* Where the objects of a class keep what a member descriptor stands for; -1 for any other descriptor. */
    static Py_ssize_t member_offset(PyObject *descriptor) {
        if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) return -1;
        PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
        return member->type == T_OBJECT_EX && member->offset > 0 ? member->offset : -1;
    }
    #define FIELD(object, offset) ((PyObject **)((char *)(object) + (offset)))
    #define PLAIN_GETATTR(cls) (((PyTypeObject *)(cls))->tp_getattro == PyObject_GenericGetAttr)
    #define NEW_OBJECT(cls) (((PyTypeObject *)(cls))->tp_alloc((PyTypeObject *)(cls), 0))
    #define HAS_GC(cls) PyType_IS_GC((PyTypeObject *)(cls))
    #define NEEDS_GC(object) \
        (PyObject_IS_GC(object) && (!PyTuple_CheckExact(object) || PyObject_GC_IsTracked(object)))
    #define TUPLE_ITEMS(tuple) (((PyTupleObject *)(tuple))->ob_item)
    #define IS_ASCII(text) PyUnicode_IS_COMPACT_ASCII(text)
    #define ASCII_DATA(text) ((const char *)PyUnicode_1BYTE_DATA(text))
    #if PY_LITTLE_ENDIAN
    #define LITTLE 1
    #else
    #define LITTLE 0
    #endif
    """
    Py_ssize_t member_offset(object)
    PyObject** FIELD(PyObject*, Py_ssize_t)
    bint PLAIN_GETATTR(object)
    object NEW_OBJECT(PyObject*)
    bint HAS_GC(PyObject*)
    bint NEEDS_GC(PyObject*)
    PyObject** TUPLE_ITEMS(PyObject*)
    bint IS_ASCII(object)
    const char* ASCII_DATA(object)
    const bint LITTLE
    const Py_ssize_t PY_SSIZE_T_MAX
    bint PyLong_CheckExact(object)
    bint PyUnicode_CheckExact(object)
    bint PyDict_CheckExact(object)
    bint PyDict_Next(object, Py_ssize_t*, PyObject**, PyObject**)
    Py_ssize_t PyDict_Size(object) except -1
    PyObject* PyDict_GetItemWithError(object, object) except? NULL
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    object PyUnicode_DecodeUTF8(const char*, Py_ssize_t, const char*)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    double PyLong_AsDouble(object) except? -1
    object PyLong_FromLongLong(long long)
    int PyFloat_Pack4(double, char*, int) except -1
    int PyFloat_Pack8(double, char*, int) except -1
    double PyFloat_Unpack4(const char*, int) except? -1
    double PyFloat_Unpack8(const char*, int) except? -1
    int PyList_Append(object, object) except -1
    int _PyBytes_Resize(PyObject**, Py_ssize_t) except -1
    PyObject* PyObject_Vectorcall(PyObject*, PyObject**, size_t, PyObject*) except NULL
    void PyObject_GC_UnTrack(PyObject*)
    object PyMemoryView_FromObject(object)
    Py_buffer* PyMemoryView_GET_BUFFER(object)

LEVEL = 1
"""The version of what this module and `avrorpc.codec.program` agree on."""

cdef enum Op:
    NULL_, BOOLEAN, INT, LONG, FLOAT, DOUBLE, BYTES, STRING, INT_AS_FLOAT, LONG_AS_FLOAT, FIXED, ENUM
    ARRAY, NUMBERS, MAP, OBJECT, STRUCT, DICT, ROW, UNION, CALL

cdef dict OPS = {
    "null": NULL_, "boolean": BOOLEAN, "int": INT, "long": LONG, "float": FLOAT, "double": DOUBLE,
    "bytes": BYTES, "string": STRING, "int as float": INT_AS_FLOAT, "long as float": LONG_AS_FLOAT,
    "fixed": FIXED, "enum": ENUM, "array": ARRAY, "numbers": NUMBERS, "map": MAP, "object": OBJECT,
    "struct": STRUCT, "dict": DICT, "row": ROW, "union": UNION, "call": CALL,
}

cdef int64_t INT_MIN = -(1 << 31), INT_MAX = (1 << 31) - 1
cdef int DEEPEST = 400  # levels of this module's own recursion; the portable codec says what is too deep


class Refused(Exception):
    """The accelerator does not do this; nobody sees it."""


@cython.final
cdef class Node:
    """One step of a program.

    Which of the attributes count depends on the operation:

    - fixed: `size` in bytes.
    - enum: `table`, to encode a dict from values to indices, to decode a list of values, None being refused.
    - array, map: the one of `parts`. numbers: an array that is decoded to `table`, an empty `array.array`.
    - object, struct: `table` is the class; dict: a record without one; row: the parameters of a message. Of
      each, `parts` are in the writer's order, `names` those of attributes or keys, and `slots` say where a
      part goes: an offset in a struct, else an index of `names`, and -1 for nowhere. `missing` has slots and
      functions that give their values.
    - union: `parts`; to encode, `table` has each type that only one branch has, `slots` that branch, and
      `call` chooses in all other cases.
    - call: `call` does it all.
    """

    cdef int op
    cdef Py_ssize_t size
    cdef Py_ssize_t* at
    cdef tuple parts, names, missing
    cdef object table, call

    def __init__(self, str op, *, parts=(), names=(), slots=(), missing=(), table=None, call=None, size=0):
        self.op = OPS[op]
        self.table, self.call, self.size = table, call, size
        self.fill(parts, names, slots, missing)

    def fill(self, parts, names=(), slots=(), missing=()):
        """Give a node its parts, which may refer to it."""
        for part in parts:
            if not isinstance(part, Node):
                raise TypeError(f"{part!r} is no node")
        if self.op in (STRUCT, OBJECT, DICT, ROW) and len(slots) != len(parts):
            raise ValueError("each part needs a slot")
        if self.op == STRUCT:
            known = {-1, *offsets_of(self.table, names)}
        elif self.op == UNION:
            known = range(len(parts))
        else:
            known = range(-1, len(names))
        if not {*slots, *(slot for slot, _ in missing)}.issubset(known):
            raise ValueError("a slot is nowhere")
        self.parts, self.names, self.missing = tuple(parts), tuple(names), tuple(missing)
        PyMem_Free(self.at)
        self.at = NULL
        if slots:
            self.at = <Py_ssize_t*>PyMem_Malloc(len(slots) * sizeof(Py_ssize_t))
            if self.at == NULL:
                raise MemoryError
            for index, slot in enumerate(slots):
                self.at[index] = slot

    def __dealloc__(self):
        PyMem_Free(self.at)


def offsets_of(cls, names):
    """Return where objects of a class keep attributes; none where one of them lies somewhere else."""
    found = []
    for name in names:
        descriptor = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
        offset = member_offset(descriptor)
        if offset < 0 or not issubclass(cls, descriptor.__objclass__) or not PLAIN_GETATTR(cls):
            return ()
        found.append(offset)
    return tuple(found)


# --- Encoding ---------------------------------------------------------------------------------------------

cdef struct Writer:
    uint8_t* data
    Py_ssize_t length
    Py_ssize_t capacity
    PyObject* heap  # a bytes object, once the stack does not do
    bint is_plain  # whether lists and finite floats alone will do, as they do in JSON
    uint8_t stack[512]


cdef inline void begin(Writer* out) noexcept:
    out.data = out.stack
    out.length = 0
    out.capacity = sizeof(out.stack)
    out.heap = NULL
    out.is_plain = False


cdef inline int room(Writer* out, Py_ssize_t size) except -1:
    if out.capacity - out.length < size:
        return grow(out, size)
    return 0


cdef int grow(Writer* out, Py_ssize_t size) except -1:
    cdef Py_ssize_t capacity = out.capacity + (out.capacity >> 1)
    cdef bytes made
    if size > PY_SSIZE_T_MAX - out.capacity * 2:
        raise MemoryError
    if capacity < out.length + size:
        capacity = out.length + size
    if out.heap == NULL:
        made = PyBytes_FromStringAndSize(NULL, capacity)
        memcpy(PyBytes_AS_STRING(made), out.stack, out.length)
        Py_INCREF(made)
        out.heap = <PyObject*>made
    else:
        _PyBytes_Resize(&out.heap, capacity)
    out.data = <uint8_t*>PyBytes_AS_STRING(<object>out.heap)
    out.capacity = capacity
    return 0


cdef bytes taken(Writer* out):
    """Return what was written, and leave the writer empty."""
    cdef bytes made
    if out.heap == NULL:
        return PyBytes_FromStringAndSize(<char*>out.stack, out.length)
    _PyBytes_Resize(&out.heap, out.length)
    made = <bytes>out.heap
    Py_XDECREF(out.heap)
    out.heap = NULL
    return made


cdef inline uint8_t* varint(uint8_t* at, int64_t value) noexcept:
    """Write a long where ten bytes are free, and return where it ends."""
    cdef uint64_t rest = (<uint64_t>value << 1) ^ <uint64_t>(value >> 63)
    while rest > 0x7F:
        at[0] = <uint8_t>(rest | 0x80)
        at += 1
        rest >>= 7
    at[0] = <uint8_t>rest
    return at + 1


cdef inline int put_long(Writer* out, int64_t value) except -1:
    room(out, 10)
    out.length = varint(out.data + out.length, value) - out.data
    return 0


cdef inline int put_raw(Writer* out, const void* data, Py_ssize_t size) except -1:
    room(out, size)
    memcpy(out.data + out.length, data, size)
    out.length += size
    return 0


cdef inline int put_integer(Writer* out, int op, value) except -1:
    cdef int overflow = 0
    cdef int64_t number
    if not PyLong_CheckExact(value):
        raise Refused
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow or (op == INT and not INT_MIN <= number <= INT_MAX):
        raise Refused
    return put_long(out, number)


cdef int put_text(Writer* out, text) except -1:
    cdef Py_ssize_t size
    cdef const char* data
    if not PyUnicode_CheckExact(text):
        raise Refused
    if IS_ASCII(text):
        size, data = PyUnicode_GET_LENGTH(text), ASCII_DATA(text)
    else:
        data = PyUnicode_AsUTF8AndSize(text, &size)
    room(out, size + 10)
    put_long(out, size)
    return put_raw(out, data, size)


cdef int put_buffer(Writer* out, value, Py_ssize_t exactly) except -1:
    """Write bytes, with their length before them where `exactly` is negative, else only so many."""
    cdef Py_buffer* view
    cdef const char* data
    cdef Py_ssize_t size
    if PyBytes_CheckExact(value):
        data, size = PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)
    elif type(value) is bytearray:
        data, size = PyByteArray_AS_STRING(value), PyByteArray_GET_SIZE(value)
    elif type(value) is memoryview:
        value = PyMemoryView_FromObject(value)  # one of ours, which nobody can release
        view = PyMemoryView_GET_BUFFER(value)
        if view.ndim != 1 or view.itemsize != 1 or (view.strides != NULL and view.strides[0] != 1):
            raise Refused
        if view.suboffsets != NULL:
            raise Refused
        data, size = <const char*>view.buf, view.len
    else:
        raise Refused
    if exactly < 0:
        room(out, size + 10)
        put_long(out, size)
    elif size != exactly:
        raise Refused
    return put_raw(out, data, size)


cdef int put_numbers(Writer* out, int op, value) except -1:
    """Write the numbers of a buffer as the items of an array, with no object for each."""
    cdef Py_buffer view
    cdef Py_ssize_t index, count
    cdef uint8_t* at
    cdef const char* format
    cdef const char* source
    cdef char kind
    cdef float real
    cdef int16_t short
    cdef int32_t middle
    cdef uint32_t unsigned
    cdef int64_t number = 0
    if not PyObject_CheckBuffer(value):
        raise Refused
    PyObject_GetBuffer(value, &view, PyBUF_ND | PyBUF_FORMAT)
    try:
        format = view.format
        if format == NULL or view.ndim != 1 or view.itemsize <= 0:
            raise Refused
        if format[0] == b"@":
            format += 1
        kind = format[0]
        if kind == 0 or format[1] != 0:
            raise Refused
        count = view.len // view.itemsize
        if count:
            put_long(out, count)
        if op == DOUBLE and kind == b"d" and view.itemsize == 8 and LITTLE:
            put_raw(out, view.buf, view.len)
        elif op == FLOAT and kind == b"f" and view.itemsize == 4 and LITTLE:
            put_raw(out, view.buf, view.len)
        elif op == DOUBLE and kind == b"f" and view.itemsize == 4:
            room(out, count * 8)
            for index in range(count):
                memcpy(&real, <char*>view.buf + index * 4, 4)
                PyFloat_Pack8(real, <char*>out.data + out.length, 1)
                out.length += 8
        elif (op == LONG and kind in b"qlihI") or (op == INT and kind in b"ih"):
            room(out, count * 10)
            at = out.data + out.length
            for index in range(count):  # by copies, since nothing says that the numbers are aligned
                source = <char*>view.buf + index * view.itemsize
                if view.itemsize == 8:
                    memcpy(&number, source, 8)
                elif view.itemsize == 4 and kind == b"I":
                    memcpy(&unsigned, source, 4)
                    number = unsigned
                elif view.itemsize == 4:
                    memcpy(&middle, source, 4)
                    number = middle
                elif view.itemsize == 2:
                    memcpy(&short, source, 2)
                    number = short
                else:
                    raise Refused
                at = varint(at, number)
            out.length = at - out.data
        else:
            raise Refused
    finally:
        PyBuffer_Release(&view)
    return put_long(out, 0)


cdef int put(Node node, Writer* out, value, int depth) except -1:
    """Write a value; what is refused leaves the writer in an unknown state."""
    cdef int op = node.op
    cdef double real
    cdef Py_ssize_t index, count, position
    cdef PyObject* found
    cdef PyObject* key
    cdef Node part
    if op == STRING:
        return put_text(out, value)
    if op == LONG or op == INT:
        return put_integer(out, op, value)
    if op == DOUBLE or op == FLOAT:
        if PyFloat_Check(value):
            real = PyFloat_AS_DOUBLE(value)
        elif PyLong_CheckExact(value):
            real = PyLong_AsDouble(value)
        else:
            raise Refused
        if out.is_plain and not (PyFloat_CheckExact(value) and isfinite(real)):
            raise Refused
        room(out, 8)
        if op == DOUBLE:
            PyFloat_Pack8(real, <char*>out.data + out.length, 1)
            out.length += 8
        else:
            PyFloat_Pack4(real, <char*>out.data + out.length, 1)
            out.length += 4
        return 0
    if op == BOOLEAN:
        if value is not True and value is not False:
            raise Refused
        room(out, 1)
        out.data[out.length] = value is True
        out.length += 1
        return 0
    if op == UNION:
        index = -1
        for position in range(PyTuple_GET_SIZE(node.table)):
            if <PyObject*>Py_TYPE(value) == <PyObject*>PyTuple_GET_ITEM(node.table, position):
                index = node.at[position]
                break
        if index < 0:
            index = node.call(value)
        put_long(out, index)
        part = <Node>node.parts[index]
        return put(part, out, value, depth)
    if op == NULL_:
        if value is not None:
            raise Refused
        return 0
    if op == BYTES:
        return put_buffer(out, value, -1)
    if op == FIXED:
        return put_buffer(out, value, node.size)
    if op == ENUM:
        found = PyDict_GetItemWithError(node.table, value)
        if found == NULL:
            raise Refused
        return put_long(out, <object>found)
    if op == CALL:
        scratch = bytearray()
        node.call(scratch, value)
        return put_raw(out, PyByteArray_AS_STRING(scratch), PyByteArray_GET_SIZE(scratch))
    if depth >= DEEPEST:
        raise Refused
    depth += 1
    if op == STRUCT:
        if <PyObject*>Py_TYPE(value) != <PyObject*>node.table:
            raise Refused
        for index in range(PyTuple_GET_SIZE(node.parts)):
            found = FIELD(<PyObject*>value, node.at[index])[0]
            if found == NULL:
                raise Refused
            inner = <object>found  # held, since what is called on the way may take it from the object
            put(<Node>PyTuple_GET_ITEM(node.parts, index), out, inner, depth)
        return 0
    if op == OBJECT:
        if <PyObject*>Py_TYPE(value) != <PyObject*>node.table:
            raise Refused
        for index in range(PyTuple_GET_SIZE(node.parts)):
            inner = getattr(value, node.names[index])
            put(<Node>PyTuple_GET_ITEM(node.parts, index), out, inner, depth)
        return 0
    if op == ARRAY:
        part = <Node>node.parts[0]
        if PyList_CheckExact(value):
            count = PyList_GET_SIZE(value)
            if count:
                put_long(out, count)
            if part.op == LONG or part.op == INT:
                for index in range(count):  # nothing else is called here
                    put_integer(out, part.op, <object>PyList_GET_ITEM(value, index))
                return put_long(out, 0)
            for index in range(count):
                if index >= PyList_GET_SIZE(value):
                    raise Refused
                inner = <object>PyList_GET_ITEM(value, index)
                put(part, out, inner, depth)
            if PyList_GET_SIZE(value) != count:
                raise Refused
        elif out.is_plain:
            raise Refused
        elif PyTuple_CheckExact(value):
            count = PyTuple_GET_SIZE(value)
            if count:
                put_long(out, count)
            for index in range(count):
                put(part, out, <object>PyTuple_GET_ITEM(value, index), depth)
        elif part.op == DOUBLE or part.op == FLOAT or part.op == LONG or part.op == INT:
            return put_numbers(out, part.op, value)
        else:
            raise Refused
        return put_long(out, 0)
    if op == MAP:
        if not PyDict_CheckExact(value):
            raise Refused
        count = PyDict_Size(value)
        if count:
            put_long(out, count)
        index = position = 0
        part = <Node>node.parts[0]
        while PyDict_Next(value, &position, &key, &found):
            inner = <object>found
            index += 1
            put_text(out, <object>key)
            put(part, out, inner, depth)
            if PyDict_Size(value) != count:
                raise Refused
        if index != count:
            raise Refused
        return put_long(out, 0)
    if op == DICT:
        count = PyTuple_GET_SIZE(node.parts)
        if not PyDict_CheckExact(value) or PyDict_Size(value) != count:
            raise Refused
        for index in range(count):
            found = PyDict_GetItemWithError(value, <object>PyTuple_GET_ITEM(node.names, index))
            if found == NULL:
                raise Refused
            inner = <object>found
            put(<Node>PyTuple_GET_ITEM(node.parts, index), out, inner, depth)
        return 0
    if op == ROW:
        count = PyTuple_GET_SIZE(node.parts)
        if not PyTuple_CheckExact(value) or PyTuple_GET_SIZE(value) != count:
            raise Refused
        for index in range(count):
            put(<Node>PyTuple_GET_ITEM(node.parts, index), out, <object>PyTuple_GET_ITEM(value, index), depth)
        return 0
    raise Refused


@cython.final
cdef class Encoder:
    """Writes values by a program; `portable` makes what is asked to do, or to refuse, what the program cannot."""

    cdef Node root
    cdef object make_portable, portable

    def __init__(self, Node root not None, make_portable):
        self.root, self.make_portable = root, make_portable

    def write(self, bytearray out not None, value):
        """Append a value."""
        cdef Writer writer
        begin(&writer)
        if not self.is_put(&writer, value):
            self.otherwise(out, value)
            return
        try:
            extend(out, <char*>writer.data, writer.length)
        finally:
            Py_XDECREF(writer.heap)

    def to_bytes(self, value):
        """Return a value's bytes."""
        cdef Writer writer
        begin(&writer)
        if self.is_put(&writer, value):
            return taken(&writer)
        out = bytearray()
        self.otherwise(out, value)
        return bytes(out)

    def is_plain(self, value):
        """Return whether a value is of the very types that stand for its schema, lists and finite floats among them."""
        cdef Writer writer
        begin(&writer)
        writer.is_plain = True
        if not self.is_put(&writer, value):
            return False
        Py_XDECREF(writer.heap)
        return True

    cdef bint is_put(self, Writer* out, value) except -1:
        """Write a value, or return that the portable codec should."""
        try:
            put(self.root, out, value, 0)
            return True
        except Exception:
            Py_XDECREF(out.heap)
            return False
        except:
            Py_XDECREF(out.heap)
            raise

    cdef otherwise(self, bytearray out, value):
        if self.portable is None:
            self.portable = self.make_portable()
        self.portable(out, value)


def write_long(bytearray out not None, value):
    """Append a zig-zag variable-length integer of at most 64 bits."""
    cdef uint8_t buffer[10]
    cdef int overflow = 0
    cdef int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return portable_write_long(out, value)
    extend(out, <char*>buffer, varint(buffer, number) - buffer)


def write_bytes(bytearray out not None, value):
    """Append bytes with their length before them."""
    write_long(out, len(value))
    out += value


def write_string(bytearray out not None, str value not None):
    """Append a string as UTF-8 with its length in bytes before it."""
    cdef Py_ssize_t size
    cdef const char* data = PyUnicode_AsUTF8AndSize(value, &size)
    write_long(out, size)
    extend(out, data, size)


cdef int extend(bytearray out, const char* data, Py_ssize_t size) except -1:
    cdef Py_ssize_t before = PyByteArray_GET_SIZE(out)
    PyByteArray_Resize(out, before + size)
    memcpy(PyByteArray_AS_STRING(out) + before, data, size)
    return 0


# --- Decoding ---------------------------------------------------------------------------------------------

cdef object known_limits = None
cdef int64_t known_depth, known_items


@cython.final
@cython.freelist(8)
cdef class Cursor:
    """A position in a body that a peer sent: `avrorpc.codec.portable_binary.Cursor`, with the same methods."""

    cdef readonly object data, limits
    cdef public Py_ssize_t position, depth, items
    cdef const uint8_t* start
    cdef Py_ssize_t size
    cdef int64_t max_depth, max_items

    def __init__(self, data, limits=DEFAULT_LIMITS, Py_ssize_t position=0):
        self.begin(data, limits, position)

    cdef int begin(self, data, limits, Py_ssize_t position) except -1:
        global known_limits, known_depth, known_items
        cdef int64_t depth, items
        self.data, self.limits, self.position = data, limits, position
        self.depth = self.items = 0
        self.start, self.size = NULL, -1  # of anything but bytes the portable codec knows more
        if PyBytes_CheckExact(data):
            self.start, self.size = <const uint8_t*>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)
        if limits is not known_limits:
            depth = max(-1, min(limits.max_depth, 1 << 40))
            items = max(-1, min(limits.max_items, 1 << 40))
            known_depth, known_items, known_limits = depth, items, limits
        self.max_depth, self.max_items = known_depth, known_items
        return 0

    def __repr__(self):
        return PortableCursor.__repr__(self)

    @property
    def remaining(self):
        """How many bytes are left."""
        return len(self.data) - self.position

    def take(self, size):
        """Read `size` bytes."""
        return PortableCursor.take(self, size)

    def read_long(self):
        """Read a zig-zag variable-length integer of at most 64 bits."""
        cdef int64_t value
        if long_at(self, &value):
            return PyLong_FromLongLong(value)
        return PortableCursor.read_long(self)

    def read_boolean(self):
        """Read one byte that must be 0 or 1."""
        return PortableCursor.read_boolean(self)

    def read_float(self):
        """Read a 32-bit float."""
        return PortableCursor.read_float(self)

    def read_double(self):
        """Read a 64-bit float."""
        return PortableCursor.read_double(self)

    def read_bytes(self):
        """Read bytes with their length before them."""
        cdef Py_ssize_t before = self.position
        try:
            return get_bytes(self)
        except Refused:
            self.position = before
        return PortableCursor.read_bytes(self)

    def read_string(self):
        """Read UTF-8 with its length in bytes before it."""
        cdef Py_ssize_t before = self.position
        try:
            return get_text(self)
        except (Refused, UnicodeDecodeError):
            self.position = before
        return PortableCursor.read_string(self)

    def block(self):
        """Read the item count of the next block of an array or a map; 0 ends it."""
        return PortableCursor.block(self)

    def enter(self):
        """Go one level deeper into a nested value; pair with `leave`."""
        PortableCursor.enter(self)

    def leave(self):
        """Come back up."""
        self.depth -= 1

    def finish(self):
        """Check that nothing is left."""
        if self.position != self.size:
            PortableCursor.finish(self)


cdef inline bint long_at(Cursor c, int64_t* value) noexcept:
    """Read a long, or leave the cursor where it is and return false."""
    cdef const uint8_t* at
    cdef uint64_t result, byte
    cdef Py_ssize_t left = c.size - c.position
    cdef int shift = 7
    if left <= 0 or c.position < 0:
        return False
    at = c.start + c.position
    result = at[0]
    if result >= 0x80:
        result &= 0x7F
        while True:
            at += 1
            left -= 1
            if left <= 0:
                return False
            byte = at[0]
            if shift == 63 and byte > 1:
                return False
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
    c.position = at + 1 - c.start
    value[0] = <int64_t>(result >> 1) ^ -<int64_t>(result & 1)
    return True


cdef inline int get_long(Cursor c, int64_t* value) except -1:
    if not long_at(c, value):
        raise Refused
    return 0


cdef inline const char* take(Cursor c, int64_t size) except NULL:
    """Step over so many bytes, and return where they begin."""
    cdef const char* at = <const char*>c.start + c.position
    if size < 0 or size > c.size - c.position:
        raise Refused
    c.position += size
    return at


cdef bytes get_bytes(Cursor c):
    cdef int64_t size = 0
    get_long(c, &size)
    return PyBytes_FromStringAndSize(take(c, size), size)


cdef get_text(Cursor c):
    cdef int64_t size = 0
    get_long(c, &size)
    return PyUnicode_DecodeUTF8(take(c, size), size, NULL)


cdef inline int64_t block(Cursor c) except -1:
    """Read the count of a block; what the limits do not allow is refused."""
    cdef int64_t count = 0, size = 0
    get_long(c, &count)
    if count < 0:
        get_long(c, &size)
        if size < 0 or count < -PY_SSIZE_T_MAX:
            raise Refused
        count = -count
    if count > c.size + c.max_items - c.items:
        raise Refused
    c.items += count
    return count


cdef inline int keep(PyObject** at, value) except -1:
    """Put a value where another may be."""
    cdef PyObject* before = at[0]
    Py_INCREF(value)
    at[0] = <PyObject*>value
    Py_XDECREF(before)
    return 0


cdef get_array(Node part, Cursor c):
    cdef int64_t count, fits, index
    cdef list values = []
    while True:
        count = block(c)
        if count == 0:
            return values
        if not values:
            # What takes no bytes is appended: an announcement alone takes no memory.
            fits = min(count, c.size - c.position)
            values = PyList_New(fits)
            for index in range(fits):
                item = get(part, c)
                Py_INCREF(item)
                PyList_SET_ITEM(values, index, item)
            count -= fits
        for index in range(count):
            values.append(get(part, c))



cdef get_numbers(Node node, Cursor c):
    """Read the items of an array into an `array.array`: by a copy of the block where they are as wide there."""
    cdef Node part = <Node>node.parts[0]
    cdef array.array target = array.clone(node.table, 0, False)
    cdef Py_ssize_t filled, size = target.itemsize
    cdef int64_t count, index, number = 0
    cdef char* at
    while True:
        count = block(c)
        if count == 0:
            return target
        if count > (c.size - c.position):
            raise Refused
        if not node.size:
            for index in range(count):
                target.append(get(part, c))
            continue
        filled = len(target)
        if part.op == DOUBLE or part.op == FLOAT:
            if count > (c.size - c.position) // size:
                raise Refused
            array.resize(target, filled + count)
            memcpy(target.data.as_chars + filled * size, take(c, count * size), count * size)
            continue
        array.resize(target, filled + count)
        at = target.data.as_chars + filled * size
        for index in range(count):
            get_long(c, &number)
            if part.op == LONG:
                (<int64_t*>at)[index] = number
            elif INT_MIN <= number <= INT_MAX:
                (<int32_t*>at)[index] = <int32_t>number
            else:
                raise Refused


cdef get_map(Node part, Cursor c):
    cdef int64_t count, index
    cdef dict values = {}
    while True:
        count = block(c)
        if count == 0:
            return values
        for index in range(count):
            key = get_text(c)
            values[key] = get(part, c)


cdef get_struct(Node node, Cursor c):
    """Make an object as its class does, by putting the fields where its attributes lie."""
    cdef PyObject* cls = <PyObject*>node.table
    cdef Py_ssize_t index, slot
    cdef bint needs_gc = False
    made = NEW_OBJECT(cls)
    for index in range(PyTuple_GET_SIZE(node.parts)):
        value = get(<Node>PyTuple_GET_ITEM(node.parts, index), c)
        slot = node.at[index]
        if slot >= 0:
            keep(FIELD(<PyObject*>made, slot), value)
            needs_gc = needs_gc or NEEDS_GC(<PyObject*>value)
    for slot_, give in node.missing:
        value = give()
        keep(FIELD(<PyObject*>made, slot_), value)
        needs_gc = needs_gc or NEEDS_GC(<PyObject*>value)
    if not needs_gc and HAS_GC(cls):
        PyObject_GC_UnTrack(<PyObject*>made)
    return made


cdef get_record(Node node, Cursor c):
    """Make a record by calling its class with its fields, or as a dict or, of parameters, a list."""
    cdef Py_ssize_t index, slot, count = PyTuple_GET_SIZE(node.names)
    cdef tuple values = PyTuple_New(count)
    cdef PyObject** items = TUPLE_ITEMS(<PyObject*>values)
    cdef PyObject* made
    for index in range(PyTuple_GET_SIZE(node.parts)):
        value = get(<Node>PyTuple_GET_ITEM(node.parts, index), c)
        slot = node.at[index]
        if slot >= 0:
            keep(&items[slot], value)
    for slot_, give in node.missing:
        keep(&items[slot_], give())
    for index in range(count):
        if items[index] == NULL:
            raise Refused
    if node.op == ROW:
        return list(values)
    if node.op == DICT:
        return dict(zip(node.names, values))
    made = PyObject_Vectorcall(<PyObject*>node.table, items, 0, <PyObject*>node.names)
    value = <object>made
    Py_XDECREF(made)
    return value


cdef get(Node node, Cursor c):
    """Read a value; what is refused leaves the cursor in an unknown state."""
    cdef int op = node.op
    cdef int64_t number = 0
    cdef const char* at
    if op == STRING:
        return get_text(c)
    if op == LONG:
        get_long(c, &number)
        return PyLong_FromLongLong(number)
    if op == INT or op == INT_AS_FLOAT:
        get_long(c, &number)
        if not INT_MIN <= number <= INT_MAX:
            raise Refused
        return PyLong_FromLongLong(number) if op == INT else PyFloat_FromDouble(<double>number)
    if op == DOUBLE:
        return PyFloat_FromDouble(PyFloat_Unpack8(take(c, 8), 1))
    if op == BOOLEAN:
        at = take(c, 1)
        if at[0] == 1:
            return True
        if at[0] == 0:
            return False
        raise Refused
    if op == UNION:
        get_long(c, &number)
        if not 0 <= number < PyTuple_GET_SIZE(node.parts):
            raise Refused
        return get(<Node>PyTuple_GET_ITEM(node.parts, number), c)
    if op == NULL_:
        return None
    if op == FLOAT:
        return PyFloat_FromDouble(PyFloat_Unpack4(take(c, 4), 1))
    if op == LONG_AS_FLOAT:
        get_long(c, &number)
        return PyFloat_FromDouble(<double>number)
    if op == BYTES:
        return get_bytes(c)
    if op == FIXED:
        at = take(c, node.size)
        return PyBytes_FromStringAndSize(at, node.size)
    if op == ENUM:
        get_long(c, &number)
        if not 0 <= number < PyList_GET_SIZE(node.table):
            raise Refused
        value = <object>PyList_GET_ITEM(node.table, number)
        if value is None:
            raise Refused
        return value
    if op == CALL:
        return node.call(c)
    if op == ROW:
        return get_record(node, c)
    if c.depth >= c.max_depth or c.depth >= DEEPEST:
        raise Refused
    c.depth += 1
    if op == STRUCT:
        value = get_struct(node, c)
    elif op == OBJECT or op == DICT:
        value = get_record(node, c)
    elif op == ARRAY:
        value = get_array(<Node>node.parts[0], c)
    elif op == NUMBERS:
        value = get_numbers(node, c)
    elif op == MAP:
        value = get_map(<Node>node.parts[0], c)
    else:
        raise Refused
    c.depth -= 1
    return value


@cython.final
cdef class Decoder:
    """Reads values by a program; `portable` makes what reads, or refuses, what the program cannot."""

    cdef Node root
    cdef object make_portable, portable

    def __init__(self, Node root not None, make_portable):
        self.root, self.make_portable = root, make_portable

    def read(self, cursor not None):
        """Read a value at a cursor."""
        return self.read_at(<Cursor>cursor) if type(cursor) is Cursor else self.otherwise(cursor)

    cdef read_at(self, Cursor c):
        cdef Py_ssize_t position = c.position, depth = c.depth, items = c.items
        if c.start != NULL and 0 <= position <= c.size and depth >= 0 and items >= 0:
            try:
                return get(self.root, c)
            except Exception:
                c.position, c.depth, c.items = position, depth, items
        return self.otherwise(c)

    def whole(self, limits):
        """Return a function that gives the value of bytes that hold it and nothing else."""
        return Whole(self, limits).read

    cdef otherwise(self, cursor):
        if self.portable is None:
            self.portable = self.make_portable()
        return self.portable(cursor)


@cython.final
cdef class Whole:
    """Reads values that are all there is."""

    cdef Decoder decoder
    cdef object limits
    cdef Py_ssize_t max_body

    def __init__(self, Decoder decoder not None, limits):
        self.decoder, self.limits = decoder, limits
        self.max_body = max(-1, min(limits.max_body, 1 << 60))

    def read(self, data):
        """Return the value."""
        if not PyBytes_CheckExact(data):
            data = bytes(data)
        if PyBytes_GET_SIZE(data) > self.max_body:
            raise LimitExceeded(f"a value of {len(data)} bytes exceeds max_body={self.limits.max_body}")
        cdef Cursor cursor = Cursor.__new__(Cursor)
        cursor.begin(data, self.limits, 0)
        value = self.decoder.read_at(cursor)
        if cursor.position != cursor.size:
            cursor.finish()
        return value
