/* The door from Python: checks every size, lets other threads run, hands back bytes or a code. */
#include <Python.h>

#include <string.h>

#include "splice.h"

typedef struct {
  Py_buffer data, components, huffman;
  Py_ssize_t start, stop;
  int width, height, restart;
} Source;

static void source_release(Source *source) {
  PyBuffer_Release(&source->data);
  PyBuffer_Release(&source->components);
  PyBuffer_Release(&source->huffman);
}

static int source_fits(const Source *source) {
  Py_ssize_t count = source->components.len / 4;
  return source->start >= 0 && source->start <= source->stop &&
         source->stop <= source->data.len && source->components.len == 4 * count && count >= 1 &&
         count <= MAX_COMPONENTS && source->huffman.len == TABLES * TABLE_BYTES &&
         source->width > 0 && source->height > 0 && source->width <= 65535 &&
         source->height <= 65535 && source->restart >= 0;
}

static Header header_of(const Source *source) {
  return (Header){.data = source->data.buf,
                  .start = (size_t)source->start,
                  .stop = (size_t)source->stop,
                  .width = source->width,
                  .height = source->height,
                  .restart = source->restart,
                  .components = source->components.buf,
                  .count = (int)(source->components.len / 4),
                  .huffman = source->huffman.buf};
}

/* The tables with their new codes, or None if there are none. */
static PyObject *grown_tables(const Splice *splice, const Scan *scan, const Source *source) {
  char records[TABLES * TABLE_BYTES];
  if (!splice->grown) Py_RETURN_NONE;
  memcpy(records, source->huffman.buf, sizeof records);
  for (int table = 0; table < TABLES; table++)
    if (scan->tables[table].total)
      table_record(scan->tables + table, (uint8_t *)records + TABLE_BYTES * table);
  return PyBytes_FromStringAndSize(records, sizeof records);
}

static PyObject *result(Code code, Splice *splice, Scan *scan, const Source *source) {
  PyObject *found = NULL;
  if (code) {
    found = PyLong_FromLong(code);
  } else {
    PyObject *coded = PyBytes_FromStringAndSize((const char *)splice->coded.data,
                                                (Py_ssize_t)splice->coded.size);
    PyObject *grown = coded ? grown_tables(splice, scan, source) : NULL;
    if (grown)
      found = Py_BuildValue("nnOO", (Py_ssize_t)splice->from, (Py_ssize_t)splice->to, coded, grown);
    Py_XDECREF(coded);
    Py_XDECREF(grown);
  }
  splice_clear(splice);
  scan_close(scan);
  return found;
}

static int steps_fit(const Py_buffer *steps, Py_ssize_t count) {
  const uint16_t *each = steps->buf;
  if (steps->len != 128 * count || (uintptr_t)steps->buf % sizeof *each) return 0;
  for (Py_ssize_t at = 0; at < 64 * count; at++)
    if (!each[at]) return 0;
  return 1;
}

static int colours_fit(const Py_buffer *colours, Py_ssize_t count, int channels) {
  const int32_t *each = colours->buf;
  if (channels < 1 || channels > MAX_CHANNELS) return 0;
  if (colours->len != 4 * count * (channels + 1) || (uintptr_t)each % sizeof *each) return 0;
  for (Py_ssize_t at = 0; at < count * (channels + 1); at++) {
    int offset = at % (channels + 1) == channels;
    int32_t most = offset ? 255 * COLOUR_ONE : COLOUR_ONE; /* 16 pixels of 4 channels fit 31 bits */
    if (each[at] < -most || each[at] > most) return 0;
  }
  return 1;
}

static int plate_fits(const Plate *plate, const Source *source, Py_ssize_t size) {
  return plate->x >= 0 && plate->y >= 0 && plate->width > 0 && plate->height > 0 &&
         plate->width <= source->width - plate->x && plate->height <= source->height - plate->y &&
         size == (Py_ssize_t)plate->width * plate->height * plate->channels;
}

static PyObject *py_splice(PyObject *self, PyObject *args) {
  Source source;
  Py_buffer steps, colours, pixels;
  Plate plate = {0};
  Scan scan = {0};
  Splice splice = {0};
  PyObject *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*nn(iii)y*y*y*y*y*i(iiii):splice", &source.data, &source.start,
                        &source.stop, &source.width, &source.height, &source.restart,
                        &source.components, &source.huffman, &steps, &colours, &pixels,
                        &plate.channels, &plate.x, &plate.y, &plate.width, &plate.height))
    return NULL;
  if (!source_fits(&source) || !steps_fit(&steps, source.components.len / 4) ||
      !colours_fit(&colours, source.components.len / 4, plate.channels) ||
      !plate_fits(&plate, &source, pixels.len)) {
    PyErr_SetString(PyExc_ValueError, "sizes that do not go together");
  } else {
    Header header = header_of(&source);
    Code code;
    plate.pixels = pixels.buf;
    plate.steps = steps.buf;
    plate.colours = colours.buf;
    Py_BEGIN_ALLOW_THREADS;
    code = scan_open(&scan, &header);
    if (!code) code = splice_plate(&splice, &scan, &plate);
    Py_END_ALLOW_THREADS;
    found = result(code, &splice, &scan, &source);
  }
  source_release(&source);
  PyBuffer_Release(&steps);
  PyBuffer_Release(&colours);
  PyBuffer_Release(&pixels);
  return found;
}

static PyObject *py_crop(PyObject *self, PyObject *args) {
  Source source;
  int left, top, right, bottom;
  Scan scan = {0};
  Splice splice = {0};
  PyObject *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*nn(iii)y*y*(iiii):crop", &source.data, &source.start,
                        &source.stop, &source.width, &source.height, &source.restart,
                        &source.components, &source.huffman, &left, &top, &right, &bottom))
    return NULL;
  if (!source_fits(&source) || left < 0 || top < 0 || left >= right || top >= bottom) {
    PyErr_SetString(PyExc_ValueError, "sizes that do not go together");
  } else {
    Header header = header_of(&source);
    Code code;
    Py_BEGIN_ALLOW_THREADS;
    code = scan_open(&scan, &header);
    if (!code && (right > scan.across || bottom > scan.down)) code = UNSUPPORTED;
    if (!code) code = splice_crop(&splice, &scan, left, top, right, bottom);
    Py_END_ALLOW_THREADS;
    found = result(code, &splice, &scan, &source);
  }
  source_release(&source);
  return found;
}

/* Where the first marker stands that ends a scan, or how many bytes there are. */
static size_t scan_end(const uint8_t *data, size_t at, size_t size) {
  while (at + 1 < size) {
    const uint8_t *found = memchr(data + at, 0xFF, size - 1 - at);
    if (!found) break;
    at = (size_t)(found - data) + 1;
    uint8_t marker = data[at];
    if (marker == 0xFF) continue; /* a fill byte */
    if (marker && (marker < 0xD0 || marker > 0xD7)) return at - 1;
    at++;
  }
  return size;
}

static PyObject *py_scan_end(PyObject *self, PyObject *args) {
  Py_buffer data;
  Py_ssize_t at, found;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*n:scan_end", &data, &at)) return NULL;
  if (at < 0 || at > data.len) at = data.len;
  Py_BEGIN_ALLOW_THREADS;
  found = (Py_ssize_t)scan_end(data.buf, (size_t)at, (size_t)data.len);
  Py_END_ALLOW_THREADS;
  PyBuffer_Release(&data);
  return PyLong_FromSsize_t(found);
}

static PyMethodDef METHODS[] = {{"splice", py_splice, METH_VARARGS, NULL},
                                {"crop", py_crop, METH_VARARGS, NULL},
                                {"scan_end", py_scan_end, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "kzmark.native._jpeg", NULL, 0, METHODS,
                             SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__jpeg(void);
PyMODINIT_FUNC PyInit__jpeg(void) { return PyModuleDef_Init(&MODULE); }
