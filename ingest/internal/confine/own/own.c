#define _GNU_SOURCE // O_PATH
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// As in linux/landlock.h, which not every machine that builds this has.
struct path_beneath {
	unsigned long long access;
	int parent;
} __attribute__((packed));

enum { PATH_BENEATH = 1, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, FAILED = 70 };

#ifndef SYS_landlock_add_rule
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

// hold_to_own_threads runs before main, and before Go's runtime makes a second
// thread, which Landlock would not reach. Where it cannot do its work the process
// ends: it is held less closely than the edge takes it to be.
__attribute__((constructor)) static void hold_to_own_threads(void)
{
	const char *fd = getenv("BYSTANDER_CARD_RULES");
	if (!fd)
		return;
	int rules = atoi(fd);
	int task = open("/proc/self/task", O_PATH | O_CLOEXEC);
	struct path_beneath own = {READ_FILE | WRITE_FILE, task};
	if (task < 0 || syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &own, 0) ||
		syscall(SYS_landlock_restrict_self, rules, 0)) {
		static const char why[] = "E the rules of a worker with a card cannot be put on\n";
		if (write(STDERR_FILENO, why, sizeof why - 1) < 0)
			_exit(FAILED + 1);
		_exit(FAILED);
	}
	close(task);
	close(rules);
}
