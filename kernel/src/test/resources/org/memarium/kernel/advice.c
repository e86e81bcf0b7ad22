/* Every advice to madvise, on every kind of memory: what the call says, and what is left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define P 4096
#define PAGES 8

static const int advices[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,  14,  15, 16,
                              17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 99, 100, 101, 102, 103, 104};
static sigjmp_buf back;

static void caught(int signal, siginfo_t *info, void *context) {
  siglongjmp(back, info->si_code);
}

/* A byte, or '!' where reading it is a signal. */
static char peek(volatile char *at) {
  return sigsetjmp(back, 1) ? '!' : "0123456789"[*at % 10];
}

/* For each page: mapped or not, in core or not. */
static void state(char *at) {
  unsigned char core[PAGES];
  uint64_t map[PAGES];
  int fd = open("/proc/self/pagemap", O_RDONLY);
  pread(fd, map, sizeof map, (uintptr_t)at / P * 8LL);
  close(fd);
  int error = mincore(at, PAGES * P, core) ? errno : 0;
  printf(" core %d:", error);
  for (int i = 0; i < PAGES; i++)
    printf(" %d%d%s", (int)(map[i] >> 63), error ? 9 : core[i] & 1, map[i] >> 58 & 17 ? "guard" : "");
}

/* The flags of the areas in [at, end). */
static void flags(char *at, char *end) {
  char line[300];
  int inside = 0;
  unsigned first, last;
  FILE *smaps = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, smaps)) {
    if (sscanf(line, "%x-%x ", &first, &last) == 2) {
      inside = last > (uintptr_t)at && first < (uintptr_t)end;
      if (inside)
        printf("   %d-%d", (int)(first - (uintptr_t)at) / P, (int)(last - (uintptr_t)at) / P);
    } else if (inside && !strncmp(line, "VmFlags: ", 9)) {
      printf(" %s", line + 9);
    } else if (inside && (!strncmp(line, "Rss:", 4) || !strncmp(line, "Referenced:", 11))) {
      printf(" %s %d", line[2] == 's' ? "rss" : "referenced", (int)strtol(strchr(line, ':') + 1, 0, 10));
    }
  }
  fclose(smaps);
}

static int memory;

/* Pages 0 and 1 written to, 2 read, the others untouched. */
static char *fresh(int kind) {
  static char *next = (char *)0x30000000;
  char *at = next;
  next += 64 * P;
  int fixed = MAP_FIXED, both = PROT_READ | PROT_WRITE, anon = MAP_ANONYMOUS;
  switch (kind) {
    case 0: mmap(at, PAGES * P, both, MAP_PRIVATE | anon | fixed, -1, 0); break;
    case 1: mmap(at, PAGES * P, both, MAP_SHARED | anon | fixed, -1, 0); break;
    case 2: mmap(at, PAGES * P, both, MAP_PRIVATE | anon | fixed | MAP_LOCKED, -1, 0); break;
    case 3: mmap(at, PAGES * P, PROT_READ, MAP_PRIVATE | anon | fixed, -1, 0); break;
    case 4: mmap(at, PAGES * P, PROT_NONE, MAP_PRIVATE | anon | fixed, -1, 0); break;
    case 5: case 6: case 7:
      memory = memfd_create("memory", 0);
      ftruncate(memory, 6 * P);
      pwrite(memory, "123456789", 9, 4 * P);
      mmap(at, PAGES * P, kind == 7 ? PROT_READ : both,
           (kind == 6 ? MAP_PRIVATE : MAP_SHARED) | fixed, memory, 0);
      break;
  }
  if (kind != 3 && kind != 4 && kind != 7)
    at[0] = 1, at[P] = 2;
  if (kind != 4)
    (void)*(volatile char *)(at + 2 * P);
  return at;
}

int main(void) {
  static const char *names[] = {"private", "shared", "locked", "read-only", "no access",
                                "memfd shared", "memfd private", "memfd read-only"};
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  setvbuf(stdout, 0, _IONBF, 0);
  for (int kind = 0; kind < 8; kind++)
    for (int i = 0; i < sizeof advices / sizeof *advices; i++) {
      char *at = fresh(kind);
      int result = madvise(at, 5 * P, advices[i]) ? errno : 0;
      printf("%s, %d: %d", names[kind], advices[i], result);
      state(at);
      printf(" bytes ");
      for (int page = 0; page < PAGES; page++)
        putchar(peek(at + page * P));
      putchar('\n');
      if (result == 0)
        flags(at, at + PAGES * P);
      munmap(at, PAGES * P);
      if (kind >= 5)
        close(memory);
    }
  /* holes, ends, and arguments that are none */
  char *at = fresh(0);
  munmap(at + 3 * P, P);
  for (int i = 0; i < sizeof advices / sizeof *advices; i++)
    printf("hole %d: %d %d %d %d\n", advices[i], madvise(at, PAGES * P, advices[i]) ? errno : 0,
           madvise(at + 1, P, advices[i]) ? errno : 0, madvise(at + 3 * P, 0, advices[i]) ? errno : 0,
           madvise((char *)0xfffff000, 0x2000, advices[i]) ? errno : 0);
  /* guards: forked, moved, dropped, and what stays */
  at = fresh(0);
  madvise(at, 2 * P, 102);
  madvise(at, P, 18);
  fflush(stdout);
  if (!fork()) {
    printf("child %c %c\n", peek(at), peek(at + P));
    flags(at, at + PAGES * P);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf("parent %c %c, mlock %d, lock on fault %d\n", peek(at), peek(at + P),
         mlock(at + P, P) ? errno : 0, mlock2(at + P, P, 1) ? errno : 0);
  munlock(at, PAGES * P);
  char *to = mremap(at + P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, at + 20 * P);
  printf("moved %c, its place %c\n", peek(to), peek(at + P));
  mprotect(to, P, PROT_NONE);
  mprotect(to, P, PROT_READ | PROT_WRITE);
  printf("protected %c\n", peek(to));
  mmap(to, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("mapped again %c\n", peek(to));
  /* lazily freed: kept if written to, gone when paged out */
  at = fresh(0);
  madvise(at, 2 * P, 8);
  at[P] = 7;
  madvise(at, 2 * P, 21);
  printf("freed %d %d\n", at[0], at[P]);
  return 0;
}
