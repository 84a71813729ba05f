#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "av.h"

static _Thread_local char last[160];
static _Thread_local int size_refused, errors;

// hook keeps the last error line of this thread and prints nothing. A line
// that holds an address is dropped whole: it may carry a password.
static void hook(void *ctx, int level, const char *fmt, va_list vl)
{
	(void)ctx;
	if (level > AV_LOG_ERROR)
		return;
	errors++;
	if (!strncmp(fmt, "Picture size", 12))
		size_refused = 1;
	char line[sizeof last];
	vsnprintf(line, sizeof line, fmt, vl);
	if (strstr(line, "://"))
		return;
	size_t n = strcspn(line, "\r\n");
	line[n] = 0;
	if (n)
		memcpy(last, line, n + 1);
}

void by_log_init(void)
{
	av_log_set_level(AV_LOG_ERROR);
	av_log_set_callback(hook);
}

void by_log_clear(void)
{
	last[0] = 0;
	size_refused = 0;
	errors = 0;
}

void by_log_take(by_err *e)
{
	memcpy(e->text, last, sizeof last);
}

int by_log_size_refused(void) { return size_refused; }
int by_log_errors(void) { return errors; }
