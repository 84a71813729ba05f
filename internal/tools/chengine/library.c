#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// The shapes are those of chdb.h in version 26.7: a connection is a pointer to
// a pointer, of which queries take the inner one.
static struct {
  void **(*connect)(int, char **);
  void (*close_conn)(void **);
  void *(*query_n)(void *, const char *, size_t, const char *, size_t);
  void (*destroy_result)(void *);
  char *(*buffer)(void *);
  size_t (*length)(void *);
  const char *(*error)(void *);
  uint64_t (*rows_read)(void *), (*bytes_read)(void *), (*rows_written)(void *), (*bytes_written)(void *);
  void *(*stream_insert_n)(void *, const char *, size_t, const char *, size_t);
  int (*stream_append)(void *, const char *, size_t);
  void *(*stream_done)(void *);
  const char *(*stream_error)(void *);
  void (*stream_destroy)(void *);
  void (*stream_cancel)(void *);
  void (*signal_handlers)(int);
} lib;

const char *engine_load(const char *path) {
  void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!h) return dlerror();
#define SYM(field, name)                                  \
  if (!(*(void **)&lib.field = dlsym(h, name))) return "no symbol " name
  SYM(connect, "chdb_connect");
  SYM(close_conn, "chdb_close_conn");
  SYM(query_n, "chdb_query_n");
  SYM(destroy_result, "chdb_destroy_query_result");
  SYM(buffer, "chdb_result_buffer");
  SYM(length, "chdb_result_length");
  SYM(error, "chdb_result_error");
  SYM(rows_read, "chdb_result_rows_read");
  SYM(bytes_read, "chdb_result_bytes_read");
  SYM(rows_written, "chdb_result_rows_written");
  SYM(bytes_written, "chdb_result_bytes_written");
  SYM(stream_insert_n, "chdb_stream_insert_n");
  SYM(stream_append, "chdb_stream_append");
  SYM(stream_done, "chdb_stream_done");
  SYM(stream_error, "chdb_stream_insert_error");
  SYM(stream_destroy, "chdb_destroy_insert_stream");
  SYM(stream_cancel, "chdb_stream_cancel_insert");
  SYM(signal_handlers, "chdb_set_signal_handlers_enabled");
#undef SYM
  lib.signal_handlers(0);  // the Go runtime has its own
  return NULL;
}

void *engine_connect(int argc, char **argv) { return lib.connect(argc, argv); }

void engine_close(void *conn) { lib.close_conn((void **)conn); }

static engine_answer answer(void *r) {
  engine_answer a;
  memset(&a, 0, sizeof a);
  a.result = r;
  if (!r) {
    a.error = "Code: 1001. DB::Exception: the engine gave no answer";
    return a;
  }
  a.error = lib.error(r);
  a.data = lib.buffer(r);
  a.len = lib.length(r);
  a.read_rows = lib.rows_read(r);
  a.read_bytes = lib.bytes_read(r);
  a.written_rows = lib.rows_written(r);
  a.written_bytes = lib.bytes_written(r);
  return a;
}

engine_answer engine_query(void *conn, const char *sql, size_t sql_len, const char *format, size_t format_len) {
  return answer(lib.query_n(*(void **)conn, sql, sql_len, format, format_len));
}

engine_answer engine_insert(void *conn, const char *sql, size_t sql_len, const char *format, size_t format_len,
                            const char *data, size_t data_len) {
  engine_answer a;
  memset(&a, 0, sizeof a);
  void *s = lib.stream_insert_n(*(void **)conn, sql, sql_len, format, format_len);
  const char *err = s ? lib.stream_error(s) : "Code: 1001. DB::Exception: the engine opened no stream";
  if (!err && lib.stream_append(s, data, data_len) != 0) {
    err = lib.stream_error(s);
    if (!err) err = "Code: 1001. DB::Exception: the engine refused the data";
  }
  if (!err) {
    a = answer(lib.stream_done(s));
    lib.stream_destroy(s);
    return a;
  }
  // The text belongs to the stream: it is copied before the stream goes.
  a.error = a.copy = strdup(err);
  if (s) {
    lib.stream_cancel(s);
    lib.stream_destroy(s);
  }
  return a;
}

void engine_free(engine_answer *a) {
  free(a->copy);
  if (a->result) lib.destroy_result(a->result);
}
