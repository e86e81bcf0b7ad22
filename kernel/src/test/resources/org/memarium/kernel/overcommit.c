// Which mappings count in Committed_AS, and with an argument: what the modes of overcommitting refuse.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20 };
#define WINDOW 0x20000000ul
#define RW (PROT_READ | PROT_WRITE)
#define P (MAP_PRIVATE | MAP_ANONYMOUS)
#define S (MAP_SHARED | MAP_ANONYMOUS)

static void put(const char *name, const char *value) {
  char path[64];
  sprintf(path, "/proc/sys/vm/%s", name);
  int fd = open(path, O_WRONLY);
  printf("%s = %s: %s\n", name, value,
         write(fd, value, strlen(value)) < 0 ? strerrorname_np(errno) : "set");
  close(fd);
}

static long meminfo(const char *name) {
  FILE *f = fopen("/proc/meminfo", "r");
  char line[256];
  long value = -1;
  while (fgets(line, sizeof line, f))
    if (strncmp(line, name, strlen(name)) == 0) value = atol(line + strlen(name) + 1);
  fclose(f);
  return value;
}

// Whether each area of the window is charged.
static void charged(const char *what) {
  FILE *f = fopen("/proc/self/smaps", "r");
  char line[512];
  unsigned long from = 0, start, end;
  printf("%s:", what);
  while (fgets(line, sizeof line, f)) {
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) from = start;
    if (from >= WINDOW && from < WINDOW + MIB && strncmp(line, "VmFlags:", 8) == 0)
      printf(" %lu%s%s", (from - WINDOW) / PAGE, strstr(line, " ac") ? " charged" : "",
             strstr(line, " nr") ? " never" : "");
  }
  printf("\n");
  fclose(f);
}

static void map(int page, int pages, int prot, int flags, int fd) {
  if (syscall(SYS_mmap2, WINDOW + page * PAGE, pages * PAGE, prot, flags | MAP_FIXED, fd, 0) == -1)
    printf("mmap: %s\n", strerrorname_np(errno));
}

static void which(void) {
  int fd = syscall(SYS_memfd_create, "file", 0);
  ftruncate(fd, 16 * PAGE);
  map(0, 1, RW, P, -1);
  map(2, 1, PROT_READ, P, -1);
  map(4, 1, RW, P | MAP_NORESERVE, -1);
  map(6, 1, RW, S, -1);
  map(8, 1, PROT_READ, P | MAP_NORESERVE, -1);
  map(10, 1, RW, MAP_PRIVATE, fd);
  map(12, 1, PROT_READ, MAP_PRIVATE, fd);
  map(14, 1, RW, MAP_SHARED, fd);
  map(16, 1, RW, S | MAP_NORESERVE, -1);
  map(18, 1, PROT_NONE, P, -1);
  map(20, 1, RW, P | MAP_GROWSDOWN, -1);
  charged("made");
  for (int page = 0; page < 22; page += 2) mprotect((void *)(WINDOW + page * PAGE), PAGE, RW);
  charged("may be written");
  for (int page = 0; page < 22; page += 2) mprotect((void *)(WINDOW + page * PAGE), PAGE, PROT_READ);
  charged("may be read");
  for (int page = 0; page < 22; page += 2) {
    mprotect((void *)(WINDOW + page * PAGE), PAGE, RW);
    *(volatile char *)(WINDOW + page * PAGE) = 1;
    mprotect((void *)(WINDOW + page * PAGE), PAGE, PROT_READ);
  }
  charged("touched, may be read");
  for (int page = 0; page < 22; page += 2)
    syscall(SYS_mremap, WINDOW + page * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | 4,
            WINDOW + (40 + page) * PAGE);
  charged("moved and kept");
}

static void try(const char *what, long mib, int prot, int flags) {
  void *at = mmap(0, mib * MIB, prot, flags, -1, 0);
  printf("%s, %ld MiB: %s\n", what, mib, at == MAP_FAILED ? strerrorname_np(errno) : "mapped");
  if (at != MAP_FAILED) munmap(at, mib * MIB);
}

// Whether a process that has so much may fork.
static void forked(const char *what, long mib) {
  void *at = mmap(0, mib * MIB, RW, P, -1, 0);
  fflush(stdout);
  int child = fork();
  if (child == 0) _exit(0);
  printf("fork with %s: %s\n", what, child < 0 ? strerrorname_np(errno) : "yes");
  if (child > 0) wait(0);
  munmap(at, mib * MIB);
}

static void all(long ram) {
  try("private", ram / 4, RW, P);
  try("private", ram * 3 / 5, RW, P);
  try("private", ram - 1, RW, P);
  try("private", ram + 8, RW, P);
  try("private", 2 * ram, RW, P);
  try("without reserve", 2 * ram, RW, P | MAP_NORESERVE);
  try("read only", 2 * ram, PROT_READ, P);
  try("shared", ram / 4, RW, S);
  try("shared", 2 * ram, RW, S);
  try("shared without reserve", 2 * ram, RW, S | MAP_NORESERVE);
  void *at = mmap(0, 2 * ram * MIB, PROT_READ, P, -1, 0);
  printf("given the right to write: %s\n",
         mprotect(at, 2 * ram * MIB, RW) == 0 ? "yes" : strerrorname_np(errno));
  munmap(at, 2 * ram * MIB);
  at = mmap(0, ram / 4 * MIB, RW, P, -1, 0);
  void *grown = mremap(at, ram / 4 * MIB, 2 * ram * MIB, MREMAP_MAYMOVE);
  printf("grown: %s\n", grown == MAP_FAILED ? strerrorname_np(errno) : "yes");
  if (grown == MAP_FAILED)
    munmap(at, ram / 4 * MIB);
  else
    munmap(grown, 2 * ram * MIB);
  forked("an eighth", ram / 8);
  forked("a third", ram / 3);
  void *heap = sbrk(0);
  printf("brk: %s\n", sbrk(2 * ram * MIB) == (void *)-1 ? strerrorname_np(errno) : "yes");
  brk(heap);
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  if (argc == 1) {
    which();
    return 0;
  }
  long ram = meminfo("MemTotal:") / 1024, limit = meminfo("CommitLimit:");
  put("overcommit_memory", argv[1]);
  all(ram);
  if (argv[1][0] == '2') {
    long all = meminfo("MemTotal:");
    printf("limit is half of the RAM: %d\n", limit >= all / 2 - 4 && limit <= all / 2 + 4);
    put("overcommit_ratio", "80");
    printf("limit is 80 %%: %d\n", meminfo("CommitLimit:") >= all * 4 / 5 - 4);
    try("private", ram * 3 / 5, RW, P);
    put("overcommit_kbytes", "8192");
    printf("limit is %ld kB\n", meminfo("CommitLimit:"));
    try("private", 9, RW, P);
    try("private", 4, RW, P);
    try("without reserve", 9, RW, P | MAP_NORESERVE);
  }
  return 0;
}
