/* What MADV_PAGEOUT leaves mapped of shared pages that are, were or seem to be locked. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define P 4096
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define DROPPABLE 8

static int pagemap;

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

static void show(const char *what, char *at, int pages) {
  printf("%-40s", what);
  for (int i = 0; i < pages; i++) {
    unsigned long long entry = 0;
    pread64(pagemap, &entry, 8, (long long)((unsigned)at / P + i) * 8);
    putchar(entry >> 63 ? 'x' : '.');
  }
  putchar('\n');
}

static void pageout(const char *what, char *at, int pages) {
  if (madvise(at, pages * P, MADV_PAGEOUT))
    puts("madvise failed");
  show(what, at, pages);
}

static char *map(int pages, int flags) {
  return mmap(0, pages * P, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_POPULATE | flags, -1, 0);
}

int main(void) {
  /* Linux gathers what it locks and unlocks for each processor. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  pagemap = open("/proc/self/pagemap", O_RDONLY);

  char *at = map(4, MAP_SHARED);
  pageout("shared", at, 4);
  long before = faults();
  mlock(at, 4 * P);
  printf("faults %ld\n", faults() - before);
  pageout("locked", at, 4);
  munlock(at, 2 * P);
  pageout("two unlocked", at, 4);

  at = map(4, MAP_SHARED | MAP_LOCKED);
  char *moved = mremap(at, P, P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  pageout("a page moved, the rest left locked", at, 4);
  munlock(at, 4 * P);
  pageout("unlocked: it was not", at, 4);
  munlock(moved, P);
  pageout("the one that moved, unlocked", moved, 1);
  mlock(at, 4 * P);
  munlock(at, 4 * P);
  pageout("locked and unlocked after pageout", at, 4);

  /* Two areas lock a page; what is taken off its list and put back forgets how many. */
  at = map(2, MAP_SHARED | MAP_LOCKED);
  moved = mremap(at, P, P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  char *twice = mremap(at + P, 0, P, MREMAP_MAYMOVE);
  mlock(twice, P);
  munlock(twice, P);
  munmap(twice, P);
  pageout("locked twice, unlocked once", at, 2);
  twice = mremap(at + P, 0, P, MREMAP_MAYMOVE);
  mlock(twice, P);
  munmap(twice, P);
  pageout("once more after pageout", at, 2);

  at = map(3, DROPPABLE);
  at[P] = 1;
  pageout("droppable", at, 3);
  mlock(at, 3 * P);
  show("droppable, brought in by mlock", at, 3);
  pageout("and dropped", at, 3);
  at = map(3, MAP_PRIVATE);
  pageout("private: there is no swap", at, 3);
  return 0;
}
