/* The door from Python: checks every size, lets other threads run, hands back bytes or a code. What
   is kept between calls (tables, stencils, runs) is finished when Python first sees it. */
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "region.h"
#include "splice.h"

static const char TABLES_NAME[] = "kzmark.tables", STENCIL_NAME[] = "kzmark.stencil",
                  RUNS_NAME[] = "kzmark.runs";

/* Runs and what they were made of. */
typedef struct {
  Runs runs;
  PyObject *stencil, *tables;
} Kept;

static PyObject *wrong_sizes(void) {
  if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "sizes that do not go together");
  return NULL;
}

static void free_tables(PyObject *capsule) {
  free(PyCapsule_GetPointer(capsule, TABLES_NAME));
}

static void free_stencil(PyObject *capsule) {
  Stencil *stencil = PyCapsule_GetPointer(capsule, STENCIL_NAME);
  stencil_clear(stencil);
  free(stencil);
}

static void free_runs(PyObject *capsule) {
  Kept *kept = PyCapsule_GetPointer(capsule, RUNS_NAME);
  runs_clear(&kept->runs);
  Py_XDECREF(kept->stencil);
  Py_XDECREF(kept->tables);
  free(kept);
}

/* tables(records) → the Huffman tables. */
static PyObject *py_tables(PyObject *self, PyObject *args) {
  Py_buffer records;
  PyObject *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*:tables", &records)) return NULL;
  if (records.len != TABLES * TABLE_BYTES) {
    wrong_sizes();
  } else {
    Table *tables = malloc(TABLES * sizeof *tables);
    if (tables) {
      Py_BEGIN_ALLOW_THREADS;
      tables_build(tables, records.buf);
      Py_END_ALLOW_THREADS;
      found = PyCapsule_New(tables, TABLES_NAME, free_tables);
    } else {
      PyErr_NoMemory();
    }
    if (!found) free(tables);
  }
  PyBuffer_Release(&records);
  return found;
}

static int colours_fit(const Py_buffer *colours, int count, int channels) {
  const int32_t *each = colours->buf;
  if (channels < 1 || channels > MAX_CHANNELS) return 0;
  if (colours->len != 4 * count * (channels + 1) || (uintptr_t)each % sizeof *each) return 0;
  for (int at = 0; at < count * (channels + 1); at++) {
    int offset = at % (channels + 1) == channels;
    int32_t most = offset ? 255 * COLOUR_ONE : COLOUR_ONE; /* 16 pixels of 4 channels fit 31 bits */
    if (each[at] < -most || each[at] > most) return 0;
  }
  return 1;
}

static int plate_fits(const Plate *plate, const Frame *frame, Py_ssize_t size) {
  return plate->x >= 0 && plate->y >= 0 && plate->width > 0 && plate->height > 0 &&
         plate->width <= frame->width - plate->x && plate->height <= frame->height - plate->y &&
         size == (Py_ssize_t)plate->width * plate->height * plate->channels;
}

/* Lay out a frame from what Python found in the header; -1 if sizes are wrong. */
static int read_frame(Frame *frame, int width, int height, const Py_buffer *parts) {
  Py_ssize_t count = parts->len / COMPONENT_BYTES;
  if (parts->len != count * COMPONENT_BYTES || count < 1 || count > MAX_COMPONENTS) return -1;
  if (width < 1 || height < 1 || width > 65535 || height > 65535) return -1;
  return (int)frame_lay_out(frame, width, height, parts->buf, (int)count);
}

static PyObject *new_stencil(const Frame *frame, const Plate *plate) {
  Stencil *stencil = calloc(1, sizeof *stencil);
  PyObject *found = NULL;
  Code code;
  if (!stencil) return PyErr_NoMemory();
  stencil->frame = *frame;
  Py_BEGIN_ALLOW_THREADS;
  code = stencil_make(stencil, plate);
  Py_END_ALLOW_THREADS;
  found = code ? PyLong_FromLong(code) : PyCapsule_New(stencil, STENCIL_NAME, free_stencil);
  if (code || !found) {
    stencil_clear(stencil);
    free(stencil);
  }
  return found;
}

/* stencil((width, height), components, colours, pixels, channels, box) → a stencil, or a code. */
static PyObject *py_stencil(PyObject *self, PyObject *args) {
  Py_buffer parts, colours, pixels;
  Plate plate = {0};
  Frame frame;
  PyObject *found = NULL;
  int width, height;
  (void)self;
  if (!PyArg_ParseTuple(args, "(ii)y*y*y*i(iiii):stencil", &width, &height, &parts, &colours,
                        &pixels, &plate.channels, &plate.x, &plate.y, &plate.width, &plate.height))
    return NULL;
  int code = read_frame(&frame, width, height, &parts);
  plate.pixels = pixels.buf;
  plate.colours = colours.buf;
  if (code < 0 || (!code && (!colours_fit(&colours, frame.count, plate.channels) ||
                             !plate_fits(&plate, &frame, pixels.len))))
    wrong_sizes();
  else
    found = code ? PyLong_FromLong(code) : new_stencil(&frame, &plate);
  PyBuffer_Release(&parts);
  PyBuffer_Release(&colours);
  PyBuffer_Release(&pixels);
  return found;
}

/* runs(stencil, tables) → the stencil's core in codes, or a code. */
static PyObject *py_runs(PyObject *self, PyObject *args) {
  PyObject *from, *with, *found;
  Code code;
  (void)self;
  if (!PyArg_ParseTuple(args, "OO:runs", &from, &with)) return NULL;
  const Stencil *stencil = PyCapsule_GetPointer(from, STENCIL_NAME);
  const Table *tables = stencil ? PyCapsule_GetPointer(with, TABLES_NAME) : NULL;
  if (!tables) return NULL;
  Kept *kept = calloc(1, sizeof *kept);
  if (!kept) return PyErr_NoMemory();
  Py_BEGIN_ALLOW_THREADS;
  code = runs_make(&kept->runs, stencil, tables);
  Py_END_ALLOW_THREADS;
  found = code ? PyLong_FromLong(code) : PyCapsule_New(kept, RUNS_NAME, free_runs);
  if (code || !found) {
    runs_clear(&kept->runs);
    free(kept);
    return found;
  }
  Py_INCREF(from);
  Py_INCREF(with);
  kept->stencil = from;
  kept->tables = with;
  return found;
}

static int scan_fits(const Py_buffer *data, Py_ssize_t start, Py_ssize_t stop, int restart) {
  return start >= 0 && start <= stop && stop <= data->len && restart >= 0;
}

/* The tables that have new codes and those that have not, or None if none has. */
static PyObject *grown_tables(const Splice *splice) {
  char records[TABLES * TABLE_BYTES] = {0};
  if (!splice->grown) Py_RETURN_NONE;
  for (int table = 0; table < TABLES; table++)
    if (splice->codes[table].total)
      codes_record(splice->codes + table, (uint8_t *)records + TABLE_BYTES * table);
  return PyBytes_FromStringAndSize(records, sizeof records);
}

static PyObject *spliced(const Splice *splice) {
  PyObject *found = NULL, *grown = grown_tables(splice);
  PyObject *coded = PyBytes_FromStringAndSize((const char *)splice->coded.data,
                                              (Py_ssize_t)splice->coded.size);
  if (grown && coded)
    found = Py_BuildValue("nnOO", (Py_ssize_t)splice->from, (Py_ssize_t)splice->to, coded, grown);
  Py_XDECREF(grown);
  Py_XDECREF(coded);
  return found;
}

/* splice(data, start, stop, restart, runs) → (from, to, coded, tables), or a code. */
static PyObject *py_splice(PyObject *self, PyObject *args) {
  Py_buffer data;
  Py_ssize_t start, stop;
  int restart;
  PyObject *runs, *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*nniO:splice", &data, &start, &stop, &restart, &runs)) return NULL;
  const Kept *kept = PyCapsule_GetPointer(runs, RUNS_NAME);
  Splice *splice = calloc(1, sizeof *splice);
  if (!kept || !splice || !scan_fits(&data, start, stop, restart)) {
    wrong_sizes();
  } else {
    const Stencil *stencil = PyCapsule_GetPointer(kept->stencil, STENCIL_NAME);
    const Table *tables = PyCapsule_GetPointer(kept->tables, TABLES_NAME);
    Scan scan = {.data = data.buf, .start = (size_t)start, .stop = (size_t)stop};
    Code code;
    Py_BEGIN_ALLOW_THREADS;
    code = scan_open(&scan, &stencil->frame, tables, restart);
    if (!code) code = splice_plate(splice, &scan, stencil, &kept->runs);
    scan_close(&scan);
    Py_END_ALLOW_THREADS;
    found = code ? PyLong_FromLong(code) : spliced(splice);
    splice_clear(splice);
  }
  free(splice);
  PyBuffer_Release(&data);
  return found;
}

static int region_fits(const Region *region, const Frame *frame) {
  int least = region->model == AS_THEY_ARE ? 1 : region->model == FROM_YCC ? 3 : 4;
  int most = region->model == FROM_YCC ? 3 : MAX_COMPONENTS, by = region->by;
  return (by == 1 || by == 2 || by == 4 || by == 8) && region->x >= 0 && region->y >= 0 &&
         region->width > 0 && region->height > 0 &&
         region->width <= region_side(frame->width, by) - region->x &&
         region->height <= region_side(frame->height, by) - region->y && region->model < MODELS &&
         frame->count >= least && frame->count <= most;
}

static PyObject *decoded(const Region *region, Scan *scan, const Frame *frame, const Table *tables,
                         int restart) {
  Py_ssize_t size = (Py_ssize_t)region->width * region->height * frame->count;
  PyObject *pixels = PyBytes_FromStringAndSize(NULL, size);
  uint8_t *out = pixels ? (uint8_t *)PyBytes_AsString(pixels) : NULL;
  Code code;
  if (!out) return NULL;
  Py_BEGIN_ALLOW_THREADS;
  code = scan_open(scan, frame, tables, restart);
  if (!code) code = region_decode(region, scan, out);
  scan_close(scan);
  Py_END_ALLOW_THREADS;
  if (!code) return pixels;
  Py_DECREF(pixels);
  return PyLong_FromLong(code);
}

/* region(data, start, stop, restart, (width, height), components, tables, box, model, by) → pixels,
   or a code. */
static PyObject *py_region(PyObject *self, PyObject *args) {
  Py_buffer data, parts;
  Py_ssize_t start, stop;
  int restart, width, height, model;
  Region region;
  Frame frame;
  PyObject *with, *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*nni(ii)y*O(iiii)ii:region", &data, &start, &stop, &restart, &width,
                        &height, &parts, &with, &region.x, &region.y, &region.width,
                        &region.height, &model, &region.by))
    return NULL;
  const Table *tables = PyCapsule_GetPointer(with, TABLES_NAME);
  int code = read_frame(&frame, width, height, &parts);
  region.model = (Model)model;
  if (!tables || code < 0 || !scan_fits(&data, start, stop, restart) ||
      (!code && !region_fits(&region, &frame))) {
    wrong_sizes();
  } else if (code) {
    found = PyLong_FromLong(code);
  } else {
    Scan scan = {.data = data.buf, .start = (size_t)start, .stop = (size_t)stop};
    found = decoded(&region, &scan, &frame, tables, restart);
  }
  PyBuffer_Release(&data);
  PyBuffer_Release(&parts);
  return found;
}

/* scan_end(data, at) → the place. */
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

static PyMethodDef METHODS[] = {
    {"tables", py_tables, METH_VARARGS, NULL},     {"stencil", py_stencil, METH_VARARGS, NULL},
    {"runs", py_runs, METH_VARARGS, NULL},         {"splice", py_splice, METH_VARARGS, NULL},
    {"region", py_region, METH_VARARGS, NULL},     {"scan_end", py_scan_end, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "kzmark.native._jpeg", NULL, 0, METHODS,
                             SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__jpeg(void);
PyMODINIT_FUNC PyInit__jpeg(void) { return PyModuleDef_Init(&MODULE); }
