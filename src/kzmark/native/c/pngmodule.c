/* The door from Python for PNG: checks every size, lets other threads run, hands back bytes or a
   code. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "pngsplice.h"

static const Py_ssize_t MOST_HEIGHT = 0x7FFFFFFF, MOST_WIDTH = (Py_ssize_t)1 << 30;

static int shape_fits(Py_ssize_t height, Py_ssize_t width, Py_ssize_t unit) {
  int known = (unit >= 1 && unit <= 4) || unit == 6 || unit == 8;
  return known && height > 0 && width > 0 && height <= MOST_HEIGHT && width <= MOST_WIDTH &&
         height <= PY_SSIZE_T_MAX / 2 / (width + 1);
}

static int ink_fits(const Py_ssize_t *box, int first, int last, Py_ssize_t size, Py_ssize_t height,
                    Py_ssize_t width) {
  Py_ssize_t top = box[0], rows = box[1], left = box[2], right = box[3];
  return top >= 0 && rows > 0 && top < height && rows <= height - top && left >= 0 &&
         left < right && right <= width && first >= 0 && first <= 255 && last >= 0 && last <= 255 &&
         size / (right - left) == rows && size % (right - left) == 0;
}

static int pieces_fit(const Py_buffer *pieces, Py_ssize_t size) {
  const Piece *each = pieces->buf;
  Py_ssize_t count = pieces->len / (Py_ssize_t)sizeof *each;
  if (!count || pieces->len % (Py_ssize_t)sizeof *each || (uintptr_t)each % sizeof each->from)
    return 0;
  for (; count; count--, each++)
    if (each->from < 0 || each->size < 0 || each->from > size || each->size > size - each->from)
      return 0;
  return 1;
}

static Data data_of(const Py_buffer *file, const Py_buffer *pieces) {
  return (Data){file->buf, pieces->buf, (size_t)pieces->len / sizeof(Piece)};
}

static PyObject *not_together(void) {
  PyErr_SetString(PyExc_ValueError, "sizes that do not go together");
  return NULL;
}

static PyObject *py_splice(PyObject *self, PyObject *args) {
  Py_buffer file, pieces, pixels;
  Py_ssize_t height, width, unit, box[4];
  int first, last, full, indexed;
  PyObject *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*y*(nnn)(nnnn)(ii)ppy*:splice", &file, &pieces, &height,
                        &width, &unit, box, box + 1, box + 2, box + 3, &first, &last, &full,
                        &indexed, &pixels))
    return NULL;
  if (pieces_fit(&pieces, file.len) && shape_fits(height, width, unit) &&
      ink_fits(box, first, last, pixels.len, height, width) &&
      (!full || (!box[2] && box[3] == width))) {
    Shape shape = {(size_t)height, (size_t)width, (size_t)unit};
    Ink ink = {(size_t)box[0], (size_t)box[1],  (size_t)box[2], (size_t)box[3], pixels.buf,
               (uint8_t)first, (uint8_t)last, full,           indexed};
    Graft graft;
    Data data = data_of(&file, &pieces);
    Code code;
    Py_BEGIN_ALLOW_THREADS;
    code = graft_ink(&graft, &data, &shape, &ink);
    Py_END_ALLOW_THREADS;
    found = code ? PyLong_FromLong(code)
                 : Py_BuildValue("nny#k", (Py_ssize_t)graft.from, (Py_ssize_t)graft.to,
                                 (const char *)graft.coded.data, (Py_ssize_t)graft.coded.size,
                                 (unsigned long)graft.adler);
    graft_clear(&graft);
  } else {
    not_together();
  }
  PyBuffer_Release(&file);
  PyBuffer_Release(&pieces);
  PyBuffer_Release(&pixels);
  return found;
}

static PyObject *py_rows(PyObject *self, PyObject *args) {
  Py_buffer file, pieces, target;
  Py_ssize_t height, width, unit, first, last, right;
  int whole;
  PyObject *found = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "y*y*(nnn)nnnpw*:rows", &file, &pieces, &height, &width,
                        &unit, &first, &last, &right, &whole, &target))
    return NULL;
  if (pieces_fit(&pieces, file.len) && shape_fits(height, width, unit) &&
      first >= 0 && first < last && last <= height &&
      right > 0 && right <= width && target.len / right == last - first &&
      target.len % right == 0) {
    Shape shape = {(size_t)height, (size_t)width, (size_t)unit};
    Data data = data_of(&file, &pieces);
    Code code;
    Py_BEGIN_ALLOW_THREADS;
    code = stream_rows(target.buf, &data, &shape, (size_t)first,
                       (size_t)last, (size_t)right, whole);
    Py_END_ALLOW_THREADS;
    found = PyLong_FromLong(code);
  } else {
    not_together();
  }
  PyBuffer_Release(&file);
  PyBuffer_Release(&pieces);
  PyBuffer_Release(&target);
  return found;
}

static PyMethodDef METHODS[] = {{"splice", py_splice, METH_VARARGS, NULL},
                                {"rows", py_rows, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "kzmark.native._png", NULL, 0, METHODS,
                             SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__png(void);
PyMODINIT_FUNC PyInit__png(void) { return PyModuleDef_Init(&MODULE); }
