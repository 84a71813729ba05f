// One build serves every x86-64 processor: the loader picks the AVX2 version
// where there is one.
#ifndef BYSTANDER_CLONES_H
#define BYSTANDER_CLONES_H

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__gnu_linux__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

#endif
