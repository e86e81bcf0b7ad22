/* Prints what things cost on this machine, as lines NAME=NANOS that memarium run --costs reads.
 * Each figure is the least of several rounds: what disturbs only ever adds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define PAGES 16384L
#define ROUNDS 9
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif

static double nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "measure-costs: %s: %s\n", what, strerror(errno));
  exit(1);
}

static char *map(long bytes, int flags, int fd) {
  char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  madvise(at, bytes, MADV_NOHUGEPAGE);
  return at;
}

static double least(double a, double b) { return a < b ? a : b; }

/* A made-up checksum: eight instructions a turn, of which one loads and one jumps. */
static double instruction(void) {
  const uint32_t turns = 4000000;
  static uint32_t term = 77;
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    uint32_t sum = 1, at = 0, left = turns;
    double from = nanos();
    __asm__ volatile(
        "1: movl %1, %%ecx\n\t"
        "andl $1023, %%ecx\n\t"
        "addl %3, %0\n\t"
        "xorl %0, %%ecx\n\t"
        "roll $5, %0\n\t"
        "addl $7, %1\n\t"
        "subl $1, %2\n\t"
        "jnz 1b"
        : "+r"(sum), "+r"(at), "+r"(left)
        : "m"(term)
        : "ecx", "cc");
    best = least(best, (nanos() - from) / turns / 8);
  }
  return best;
}

/* A chain of loads over so many cache lines, a stride apart. */
static double chase(long lines, long stride) {
  char *at = map(lines * stride, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  uint32_t *order = malloc(lines * sizeof *order);
  uint32_t seed = 1;
  for (long i = 0; i < lines; i++) order[i] = i;
  for (long i = lines - 1; i > 0; i--) {
    seed = seed * 1664525u + 1013904223u;
    long j = (seed >> 8) % (i + 1);
    uint32_t t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
#define LINE(n) (*(char **)(at + (long)(n) * stride + (stride == 64 ? 0 : (n) % 64 * 64)))
  for (long i = 0; i < lines; i++) LINE(order[i]) = (char *)&LINE(order[(i + 1) % lines]);
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    char *volatile *p = (char *volatile *)&LINE(order[0]);
    double from = nanos();
    for (long i = 0; i < lines; i++) p = (char *volatile *)*p;
    best = least(best, (nanos() - from) / lines);
  }
  munmap(at, lines * stride);
  free(order);
  return best;
}

static double system_call(void) {
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    double from = nanos();
    for (int i = 0; i < 100000; i++) syscall(SYS_getppid);
    best = least(best, (nanos() - from) / 100000);
  }
  return best;
}

/* Reads of untouched memory find the page of zeroes; writes get a page of their own, and its end is
 * measured with it. */
static double fault(int write) {
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    char *at = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    volatile char sum = 0;
    double from = nanos();
    for (long i = 0; i < PAGES; i++) {
      if (write) at[i * PAGE] = 2;
      else sum += at[i * PAGE];
    }
    if (write) munmap(at, PAGES * PAGE);
    best = least(best, (nanos() - from) / PAGES);
    if (!write) munmap(at, PAGES * PAGE);
  }
  return best;
}

static double zero_or_copy(int copy) {
  char *a = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  char *b = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  memset(a, 1, PAGES * PAGE);
  memset(b, 1, PAGES * PAGE);
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    double from = nanos();
    for (long i = 0; i < PAGES; i++) {
      if (copy) memcpy(a + i * PAGE, b + i * PAGE, PAGE);
      else memset(a + i * PAGE, 0, PAGE);
    }
    best = least(best, (nanos() - from) / PAGES);
  }
  munmap(a, PAGES * PAGE);
  munmap(b, PAGES * PAGE);
  return best;
}

/* Two tasks on one processor hand a byte to and fro. */
static double ping_pong(void) {
  int to[2], fro[2];
  char byte = 0;
  const int turns = 20000;
  double best = 1e30;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  for (int round = 0; round < ROUNDS; round++) {
    if (pipe(to) || pipe(fro)) die("pipe");
    pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < turns; i++)
        if (read(to[0], &byte, 1) != 1 || write(fro[1], &byte, 1) != 1) _exit(1);
      _exit(0);
    }
    double from = nanos();
    for (int i = 0; i < turns; i++)
      if (write(to[1], &byte, 1) != 1 || read(fro[0], &byte, 1) != 1) die("pipe");
    best = least(best, (nanos() - from) / turns / 2);
    waitpid(child, 0, 0);
    close(to[0]), close(to[1]), close(fro[0]), close(fro[1]);
  }
  return best;
}

/* Advice about mapped clean pages of a file: reclaim looks at each, or takes each. */
static double advice(int fd, int what) {
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    char *at = map(PAGES * PAGE, MAP_SHARED, fd);
    volatile char sum = 0;
    for (long i = 0; i < PAGES; i++) sum += at[i * PAGE];
    double from = nanos();
    if (madvise(at, PAGES * PAGE, what)) die("madvise");
    best = least(best, (nanos() - from) / PAGES);
    munmap(at, PAGES * PAGE);
  }
  return best;
}

/* Pages that were never written before go to swap, so few that its device takes them all at once. */
static double pageout(void) {
  double best = 1e30;
  for (int round = 0; round < ROUNDS; round++) {
    char *at = map(64 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(at, 1, 64 * PAGE);
    double from = nanos();
    if (madvise(at, 64 * PAGE, MADV_PAGEOUT)) die("madvise");
    best = least(best, (nanos() - from) / 64);
    munmap(at, 64 * PAGE);
  }
  return best;
}

static int has_swap(void) {
  char line[256];
  int lines = 0;
  FILE *swaps = fopen("/proc/swaps", "r");
  while (swaps && fgets(line, sizeof line, swaps)) lines++;
  if (swaps) fclose(swaps);
  return lines > 1;
}

/* Reads past the page cache, at random places. */
static double direct(int fd, long pages) {
  char *buffer = map(pages * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  uint32_t seed = 7;
  double all = 0;
  const int reads = 500;
  for (int i = 0; i < reads; i++) {
    seed = seed * 1664525u + 1013904223u;
    off_t at = (seed >> 8) % (PAGES - pages) * PAGE;
    double from = nanos();
    if (pread(fd, buffer, pages * PAGE, at) != pages * PAGE) die("pread");
    all += nanos() - from;
  }
  munmap(buffer, pages * PAGE);
  return all / reads;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "measure-costs.data";
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) die(name);
  static char page[4096];
  for (long i = 0; i < PAGES; i++) {
    memset(page, (int)i, sizeof page);
    if (write(fd, page, sizeof page) != sizeof page) die(name);
  }
  fsync(fd);

  double call = system_call();
  double minor = fault(0);
  double anonymous = fault(1);
  double zero = zero_or_copy(0);
  double look = advice(fd, MADV_COLD);
  double take = advice(fd, MADV_PAGEOUT);
  double alloc = anonymous - minor - zero;
  printf("instruction=%.2f\n", instruction());
  printf("tlb-walk=%.2f\n", chase(PAGES, PAGE) - chase(PAGES, 64));
  printf("system-call=%.0f\n", call);
  printf("context-switch=%.0f\n", ping_pong() - 2 * call);
  printf("minor-fault=%.0f\n", minor);
  printf("page-alloc=%.0f\n", alloc < 0 ? 0 : alloc);
  printf("page-zero=%.0f\n", zero);
  printf("page-copy=%.0f\n", zero_or_copy(1));
  printf("reclaim-scan=%.0f\n", look);
  printf("reclaim-steal=%.0f\n", take < look ? 0 : take - look);
  if (has_swap()) printf("pageout=%.0f\n", pageout());
  close(fd);

  fd = open(name, O_RDONLY | O_DIRECT);
  if (fd >= 0) {
    double one = direct(fd, 1), many = direct(fd, 64);
    double each = many > one ? (many - one) / 63 : 0;
    printf("file-latency=%.0f\nfile-read=%.0f\n", one - each, each);
    printf("swap-latency=%.0f\nswap-read=%.0f\n", one - each, each);
    close(fd);
  }
  unlink(name);
  return 0;
}
