// Package own is the part of a worker's confinement that only the worker itself can
// put on: imported for its effect, it runs before main.
//
// NVIDIA's driver, by others' reports from version 570 on, does not start (CUDA error
// 304) unless it may name its threads, that is write /proc/self/task/N/comm. Landlock
// knows files, not names, so the edge cannot allow that of a process which is not
// there yet. With a card, and for no other worker, the edge therefore leaves /proc
// open and hands over the rules without it; the process adds its own threads to them
// and puts them on while it has one thread and has read nothing. Both sets of rules
// hold from then on, so what is left of /proc are its own threads.
package own

import "C"
