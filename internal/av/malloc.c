#include <malloc.h>

// A Go program calls C from many threads, and glibc would give each a heap of
// its own that never shrinks: over hours a decoder's memory creeps up. Two heaps
// are enough for what is allocated here.
__attribute__((constructor)) static void by_few_heaps(void) { mallopt(M_ARENA_MAX, 2); }
