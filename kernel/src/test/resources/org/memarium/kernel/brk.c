// Moves the break up to every limit and back, with neighbours in its way, and prints where it is
// and what areas are left. Calls malloc nowhere: the heap is its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static unsigned long start;
static char buffer[1 << 16];

static unsigned long set(long bytes) {
  unsigned long now = syscall(SYS_brk, start + bytes);
  printf("brk %ld = %ld\n", bytes, (long)(now - start));
  return now;
}

// Areas from the heap's beginning up to the first mapping far above it.
static void heap(void) {
  static char text[1 << 15];
  int fd = open("/proc/self/maps", O_RDONLY), length = 0, n;
  while ((n = read(fd, text + length, sizeof text - 1 - length)) > 0) length += n;
  close(fd);
  text[length] = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long from, to;
    char rights[8];
    sscanf(line, "%lx-%lx %7s", &from, &to, rights);
    if (to > start && from < start + 64 * MIB)
      printf("  %ld-%lu %s%s\n", from < start ? -1 : (from - start) / PAGE, (to - start) / PAGE, rights,
             strstr(line, "[heap]") ? " [heap]" : "");
  }
}

static void map(long page, long pages, int prot, int flags) {
  long at = syscall(SYS_mmap2, start + page * PAGE, pages * PAGE, prot,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);
  printf("mmap %ld %ld %x %x: %s\n", page, pages, prot, flags,
         at == -1 ? strerrorname_np(errno) : "there");
}

static void unmap(long page, long pages) {
  printf("munmap %ld %ld: %ld\n", page, pages, (long)syscall(SYS_munmap, start + page * PAGE, pages * PAGE));
}

static void protect(long page, long pages, int prot) {
  long result = syscall(SYS_mprotect, start + page * PAGE, pages * PAGE, prot);
  printf("mprotect %ld %ld %x: %ld\n", page, pages, prot, result);
}

static void limit(int which, unsigned long value) {
  struct rlimit limit = {value, RLIM_INFINITY};
  printf("limit %d: %d\n", which, setrlimit(which, &limit));
}

static long field(const char *name) {
  static char text[4096];
  int fd = open("/proc/self/status", O_RDONLY), length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length] = 0;
  char *at = strstr(text, name);
  return at ? strtol(at + strlen(name), 0, 10) / 4 : -1;
}

int main(void) {
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  start = syscall(SYS_brk, 0);
  start = (start + PAGE - 1) & -PAGE;
  syscall(SYS_brk, start);
  printf("== up and down\n");
  set(0);
  set(1);
  set(PAGE);
  set(PAGE + 1);
  set(10 * PAGE - 1);
  heap();
  memset((void *)start, 7, 10 * PAGE - 1);
  set(3 * PAGE + 5);
  printf("%d\n", ((char *)start)[3 * PAGE + 4000]);
  set(5 * PAGE);
  printf("%d %d\n", ((char *)start)[3 * PAGE + 4000], ((char *)start)[4 * PAGE]);
  set(-PAGE * 100);
  set(-1 - PAGE * 100);
  heap();

  printf("== neighbours\n");
  map(20, 1, PROT_READ, 0);
  set(19 * PAGE);
  set(19 * PAGE + 1);
  set(20 * PAGE);
  set(30 * PAGE);
  heap();
  unmap(20, 1);
  map(400, 1, PROT_READ | PROT_WRITE, MAP_GROWSDOWN);
  set((400 - 257) * PAGE);
  set((400 - 257) * PAGE + 1);
  set((400 - 256) * PAGE);
  unmap(400, 1);
  set(5 * PAGE);
  map(7, 2, PROT_READ | PROT_WRITE, 0);
  set(6 * PAGE);
  set(7 * PAGE);
  heap();
  unmap(7, 2);

  printf("== holes\n");
  set(16 * PAGE);
  unmap(10, 2);
  set(14 * PAGE);
  heap();
  set(12 * PAGE);
  unmap(12, 10);
  set(11 * PAGE);
  set(10 * PAGE);
  set(20 * PAGE);
  heap();
  unmap(8, 12);
  set(9 * PAGE);
  set(21 * PAGE);
  heap();
  unmap(8, 20);
  map(19, 1, PROT_READ | PROT_WRITE, 0);
  set(4 * PAGE);
  heap();

  printf("== rights\n");
  set(4 * PAGE);
  protect(1, 1, PROT_READ);
  set(8 * PAGE);
  protect(6, 2, PROT_READ);
  set(12 * PAGE);
  heap();
  set(7 * PAGE);
  set(2 * PAGE);
  heap();
  set(0);
  heap();

  printf("== limits\n");
  long data = field("VmData:");
  limit(RLIMIT_DATA, 2 * MIB);
  unsigned long most = 0;
  for (long bytes = PAGE; bytes < 8 * MIB; bytes += PAGE)
    if (syscall(SYS_brk, start + bytes) == start + bytes) most = bytes;
  printf("most: %lu\n", most / PAGE);
  set(0);
  limit(RLIMIT_DATA, RLIM_INFINITY);
  limit(RLIMIT_AS, (field("VmSize:") + 100) * PAGE);
  set(100 * PAGE);
  set(100 * PAGE + 1);
  set(101 * PAGE);
  set(99 * PAGE);
  limit(RLIMIT_AS, RLIM_INFINITY);
  set(0);
  limit(RLIMIT_DATA, 0);
  set(PAGE);
  limit(RLIMIT_DATA, RLIM_INFINITY);
  printf("data %ld\n", field("VmData:") - data);
  set(16 * MIB);
  heap();
  printf("data %ld\n", field("VmData:") - data);
  if (syscall(462, start + PAGE, PAGE, 0) == 0) {
    set(PAGE);
    set(2 * PAGE);
    set(3 * PAGE);
    heap();
  }
  return 0;
}
