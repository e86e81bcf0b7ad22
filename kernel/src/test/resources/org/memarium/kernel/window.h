// A window of address space, the calls that change it, and what they print: for programs that are
// compared with the host. What lies in the window is told in pages from its beginning.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64 };
#define WINDOW 0x20000000ul
#define AT(page) (WINDOW + (page) * PAGE)

#define P MAP_PRIVATE
#define S MAP_SHARED
#define A MAP_ANONYMOUS
#define F MAP_FIXED
#define RW (PROT_READ | PROT_WRITE)
#define NOREPLACE 0x100000
#define DROPPABLE 8
#define MSEAL 462

// An address or an error: what lies in the window is told from its beginning.
static void answer(long result) {
  if (result == -1)
    printf(" = %s\n", strerrorname_np(errno));
  else if ((unsigned long)result >= WINDOW && (unsigned long)result < AT(PAGES))
    printf(" = page %lu\n", ((unsigned long)result - WINDOW) / PAGE);
  else
    printf(" = %lx\n", result);
}

static long map(unsigned long at, unsigned long bytes, int prot, int flags, int fd, unsigned page) {
  long result = syscall(SYS_mmap2, at, bytes, prot, flags, fd, page);
  printf("mmap %lx %lx %x %x %d %x", at, bytes, prot, flags, fd < 0 ? -1 : 0, page);
  answer(result);
  return result;
}

static void unmap(unsigned long at, unsigned long bytes) {
  long result = syscall(SYS_munmap, at, bytes);
  printf("munmap %lx %lx", at, bytes);
  answer(result);
}

static void protect(unsigned long at, unsigned long bytes, int prot) {
  long result = syscall(SYS_mprotect, at, bytes, prot);
  printf("mprotect %lx %lx %x", at, bytes, prot);
  answer(result);
}

static void seal(unsigned long at, unsigned long bytes, unsigned long flags) {
  long result = syscall(MSEAL, at, bytes, flags);
  printf("mseal %lx %lx %lx", at, bytes, flags);
  answer(result);
}

static void maps(void) {
  FILE *f = fopen("/proc/self/maps", "r");
  char line[512];
  while (fgets(line, sizeof line, f)) {
    unsigned long from, to, offset;
    char rights[8];
    sscanf(line, "%lx-%lx %7s %lx", &from, &to, rights, &offset);
    if (from >= WINDOW && to <= AT(PAGES))
      printf("  %2lu-%2lu %s %lx\n", (from - WINDOW) / PAGE, (to - WINDOW) / PAGE, rights, offset);
  }
  fclose(f);
}

static void clear(void) {
  syscall(SYS_munmap, WINDOW, PAGES * PAGE);
}

static void title(const char *text) {
  printf("== %s\n", text);
  clear();
}

static void touch(unsigned long page, int pages) {
  for (int i = 0; i < pages; i++) *(volatile char *)AT(page + i) = 1;
}

static int memory_file(int pages) {
  int fd = syscall(SYS_memfd_create, "file", 2);
  ftruncate(fd, pages * PAGE);
  return fd;
}

static void limit(int which, unsigned long value) {
  struct rlimit limit = {value, RLIM_INFINITY};
  setrlimit(which, &limit);
}

// Pages of address space, of data, and locked, in /proc/self/status.
static long counter(const char *name) {
  FILE *f = fopen("/proc/self/status", "r");
  char line[256];
  long value = -1;
  while (fgets(line, sizeof line, f))
    if (strncmp(line, name, strlen(name)) == 0) value = atol(line + strlen(name) + 1);
  fclose(f);
  return value;
}
