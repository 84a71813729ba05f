#pragma once
#include <stddef.h>
#include <stdint.h>

// The engine's C interface, found in libchdb.so when the program starts.

typedef struct {
  void *result;       // to be given to engine_free
  char *copy;         // of an error's text, for engine_free too
  const char *error;  // NULL when the query succeeded
  const char *data;
  size_t len;
  uint64_t read_rows, read_bytes, written_rows, written_bytes;
} engine_answer;

// engine_load opens the library; it returns NULL or what went wrong.
const char *engine_load(const char *path);

// engine_connect returns a connection, a session of its own, or NULL.
void *engine_connect(int argc, char **argv);
void engine_close(void *conn);

// engine_query runs one statement.
engine_answer engine_query(void *conn, const char *sql, size_t sql_len, const char *format, size_t format_len);

// engine_insert runs an INSERT without its FORMAT clause on data in format.
engine_answer engine_insert(void *conn, const char *sql, size_t sql_len, const char *format, size_t format_len,
                            const char *data, size_t data_len);

void engine_free(engine_answer *a);
