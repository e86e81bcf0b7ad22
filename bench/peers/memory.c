/*
 * What the host's kernel takes for the work that UserMemory measures of ours, in a process
 * that has so many areas of one page that none of them can merge.
 *
 *   memory MECHANISM AREAS      prints nanoseconds of processor time, that of children that ended
 *                               included: the median of several rounds
 *
 *   hole         munmap of one of the areas, and mmap, which finds the hole; all in turn, far apart
 *   place        mmap of one page more, and munmap of it
 *   write-fault  the first write to each of 1,024 pages, and their share of mmap and munmap
 *   read-fault   the same, reading: the zero page
 *   protect      mprotect of the middle of three pages, which makes three areas of one, and back
 *   cow-fault    a write to a page that a forked process has too
 *   page-copy    the copy of a page alone, after such a fork
 *   cold-copy    the same, after 64 MiB of other memory were written: no cache has the pages
 *   fork         fork of a process that has touched 64 MiB, exit of the child, wait
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024, TOUCHED = 64 << 20, STRIDE = 7919, ROUNDS = 9 };

static int areas;
static char **places;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double nanos(void) {
  struct timespec own;
  struct rusage children;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  return own.tv_sec * 1e9 + own.tv_nsec +
         (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1e9 +
         (children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e3;
}

static char *map(size_t bytes, int prot) {
  char *place = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) {
    fail("mmap");
  }
  return place;
}

static void unmap(char *place, size_t bytes) {
  if (munmap(place, bytes) != 0) {
    fail("munmap");
  }
}

static int rights(int area) { return area % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE; }

static double hole(void) {
  enum { TIMES = 50000 };
  static int at;
  double start = nanos();
  for (int i = 0; i < TIMES; i++) {
    at = (at + STRIDE) % areas;
    unmap(places[at], PAGE);
    places[at] = map(PAGE, rights(at));
  }
  return (nanos() - start) / TIMES;
}

static double place(void) {
  enum { TIMES = 50000 };
  double start = nanos();
  for (int i = 0; i < TIMES; i++) {
    unmap(map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), PAGE);
  }
  return (nanos() - start) / TIMES;
}

static double faults(int write) {
  enum { TIMES = 40 };
  int sum = 0;
  double start = nanos();
  for (int i = 0; i < TIMES; i++) {
    volatile char *memory = map(PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int page = 0; page < PAGES; page++) {
      if (write) {
        memory[page * PAGE] = 1;
      } else {
        sum += memory[page * PAGE];
      }
    }
    unmap((char *)memory, PAGES * PAGE);
  }
  double result = (nanos() - start) / TIMES / PAGES;
  return sum == 0 ? result : 0;
}

static double write_fault(void) { return faults(1); }

static double read_fault(void) { return faults(0); }

static double protect(void) {
  enum { TIMES = 30000, ALL = PROT_READ | PROT_WRITE | PROT_EXEC };
  char *memory = map(3 * PAGE, ALL);
  memset(memory, 1, 3 * PAGE);
  double start = nanos();
  for (int i = 0; i < TIMES; i++) {
    if (mprotect(memory + PAGE, PAGE, PROT_READ) != 0 || mprotect(memory + PAGE, PAGE, ALL) != 0) {
      fail("mprotect");
    }
  }
  double result = (nanos() - start) / TIMES;
  unmap(memory, 3 * PAGE);
  return result;
}

/* A child that has what we have, and waits until the pipe closes. */
static pid_t hold(int pipe_ends[2]) {
  if (pipe(pipe_ends) != 0) {
    fail("pipe");
  }
  pid_t child = fork();
  if (child < 0) {
    fail("fork");
  }
  if (child == 0) {
    char byte;
    close(pipe_ends[1]);
    _exit(read(pipe_ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  return child;
}

static double cow_fault(void) {
  enum { TIMES = 20 };
  char *memory = map(PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  double sum = 0;
  for (int i = 0; i < TIMES; i++) {
    int ends[2];
    for (int page = 0; page < PAGES; page++) {
      memory[page * PAGE] = 1;
    }
    pid_t child = hold(ends);
    double start = nanos();
    for (int page = 0; page < PAGES; page++) {
      memory[page * PAGE] = 2;
    }
    sum += nanos() - start;
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
  }
  unmap(memory, PAGES * PAGE);
  return sum / TIMES / PAGES;
}

/* The same 64 MiB each time, a byte in each line of the processor's cache. */
static void write_other(void) {
  enum { BYTES = 64 << 20, LINE = 64 };
  static volatile char *other;
  if (other == NULL) {
    other = map(BYTES, PROT_READ | PROT_WRITE);
  }
  for (int i = 0; i < BYTES; i += LINE) {
    other[i]++;
  }
}

static double page_copies(int forks) {
  enum { TIMES = 20 };
  char *memory = map(2 * PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  if (madvise(memory + PAGES * PAGE, PAGES * PAGE, MADV_DONTFORK) != 0) {
    fail("madvise");
  }
  double sum = 0;
  for (int i = 0; i < TIMES; i++) {
    int ends[2];
    for (int page = 0; page < 2 * PAGES; page++) {
      memory[page * PAGE] = 1;
    }
    pid_t child = 0;
    if (forks) {
      child = hold(ends);
    } else {
      write_other();
    }
    double start = nanos();
    for (int page = 0; page < PAGES; page++) {
      memcpy(memory + (PAGES + page) * PAGE, memory + page * PAGE, PAGE);
    }
    sum += nanos() - start;
    if (forks) {
      close(ends[0]);
      close(ends[1]);
      waitpid(child, NULL, 0);
    }
  }
  unmap(memory, 2 * PAGES * PAGE);
  return sum / TIMES / PAGES;
}

static double page_copy(void) { return page_copies(1); }

static double cold_copy(void) { return page_copies(0); }

static char *touched;

static double fork_exit(void) {
  enum { TIMES = 5 };
  if (touched == NULL) {
    touched = map(TOUCHED, PROT_READ | PROT_WRITE | PROT_EXEC);
    if (madvise(touched, TOUCHED, MADV_NOHUGEPAGE) != 0) {
      fail("madvise");
    }
    memset(touched, 1, TOUCHED);
  }
  double start = nanos();
  for (int i = 0; i < TIMES; i++) {
    pid_t child = fork();
    if (child < 0) {
      fail("fork");
    }
    if (child == 0) {
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  return (nanos() - start) / TIMES;
}

static const struct {
  const char *name;
  double (*measure)(void);
} MECHANISMS[] = {
    {"hole", hole},       {"place", place},         {"write-fault", write_fault},
    {"protect", protect}, {"cow-fault", cow_fault}, {"page-copy", page_copy},
    {"cold-copy", cold_copy}, {"read-fault", read_fault}, {"fork", fork_exit},
};

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  areas = argc == 3 ? atoi(argv[2]) : 0;
  if (areas <= 0) {
    fprintf(stderr, "usage: memory MECHANISM AREAS\n");
    return 2;
  }
  for (size_t i = 0; i < sizeof MECHANISMS / sizeof MECHANISMS[0]; i++) {
    if (strcmp(argv[1], MECHANISMS[i].name) != 0) {
      continue;
    }
    double results[ROUNDS];
    places = malloc(areas * sizeof *places);
    for (int area = 0; area < areas; area++) {
      places[area] = map(PAGE, rights(area));
    }
    MECHANISMS[i].measure();
    for (int round = 0; round < ROUNDS; round++) {
      results[round] = MECHANISMS[i].measure();
    }
    qsort(results, ROUNDS, sizeof results[0], ascending);
    printf("%.1f\n", results[ROUNDS / 2]);
    return 0;
  }
  fprintf(stderr, "memory: no such mechanism: %s\n", argv[1]);
  return 2;
}
