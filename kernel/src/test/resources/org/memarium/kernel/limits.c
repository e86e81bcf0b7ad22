/* RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK: which calls they refuse, and when a program cannot even begin. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit(int what, unsigned long soft, unsigned long hard) {
  struct rlimit limit = {soft, hard};
  printf("limit %d %lx %lx: %d\n", what, soft, hard, setrlimit(what, &limit));
}

static void call(const char *what, long result) {
  printf("%s: %s\n", what, result == -1 ? strerrorname_np(errno) : "fine");
}
#define CALL(x) call(#x, (long)(x))

static void *map(unsigned long bytes, int prot, int flags) {
  return mmap(0, bytes, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void status(const char *name) {
  char line[200];
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) printf("  %s", line);
  fclose(file);
}

static void data(void) {
  char *end = sbrk(0);
  int pages = 0;
  limit(RLIMIT_DATA, 1 << 20, 1 << 30);
  while (brk(end + (pages + 1) * 4096) == 0) pages++;
  printf("%d pages\n", pages);
  status("VmData");
  void *readable = map(4096, PROT_READ, MAP_PRIVATE);
  CALL(map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE));
  CALL(map(4096, PROT_READ | PROT_WRITE, MAP_SHARED));
  CALL(mprotect(readable, 4096, PROT_READ | PROT_WRITE));
  CALL(brk(end));
  void *writable = map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  CALL(mremap(writable, 4096, 4 << 20, MREMAP_MAYMOVE));
  CALL(mremap(writable, 4096, 64 << 10, MREMAP_MAYMOVE));
  CALL(map(2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN));
  limit(RLIMIT_DATA, 0, 1 << 30);
  CALL(map(2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE));
  CALL(brk(end + (1 << 20)));
  status("VmData");
}

static void size(void) {
  char *end = sbrk(0);
  limit(RLIMIT_AS, 8 << 20, 1 << 30);
  CALL(map(8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE));
  CALL(map(8 << 20, PROT_NONE, MAP_PRIVATE));
  CALL(map(4 << 20, PROT_NONE, MAP_SHARED));
  CALL(brk(end + (6 << 20)));
  status("VmSize");
}

static void locked(void) {
  char *memory = map(16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  limit(RLIMIT_MEMLOCK, 16 * 4096, 16 * 4096);
  setresuid(1000, 1000, 1000);
  CALL(mlock(memory, 16 * 4096));
  CALL(mlock(sbrk(0) - 4096, 4096));
  CALL(mlock(memory, 16 * 4096));
  status("VmLck");
  CALL(munlock(memory, 8 * 4096));
  CALL(mlock2(memory, 4 * 4096, 1));
  CALL(mlockall(MCL_CURRENT | MCL_FUTURE));
  CALL(mlockall(MCL_FUTURE));
  CALL(map(20 * 4096, PROT_READ, MAP_PRIVATE));
  CALL(map(2 * 4096, PROT_READ, MAP_PRIVATE));
  CALL(map(20 * 4096, PROT_READ, MAP_PRIVATE | MAP_LOCKED));
  CALL(munlockall());
  limit(RLIMIT_MEMLOCK, 17 * 4096, 17 * 4096);
  limit(RLIMIT_MEMLOCK, 0, 0);
  CALL(mlock(memory, 4096));
  CALL(mlockall(MCL_CURRENT));
  status("VmLck");
}

static void in_child(void (*what)(void)) {
  fflush(stdout);
  if (!fork()) {
    what();
    fflush(stdout);
    _exit(0);
  }
  wait(0);
}

/* The C library ends early in many ways where it gets too little; the kernel's way is a signal. */
static void begin(int what, unsigned long bytes, unsigned long hard) {
  int status;
  fflush(stdout);
  if (!fork()) {
    struct rlimit limit = {bytes, hard};
    setrlimit(what, &limit);
    close(2);
    execl("/proc/self/exe", "limits", "begun", (char *)0);
    _exit(1);
  }
  wait(&status);
  printf("%d %lx: %x\n", what, bytes, status);
}

int main(int count, char **arguments) {
  if (count > 1) return 3;
  struct rlimit stack = {8 << 20, 64 << 20};
  setrlimit(RLIMIT_STACK, &stack);
  in_child(data);
  in_child(size);
  in_child(locked);
  for (unsigned long bytes = 0; bytes <= 0x30000; bytes += bytes < 0x8000 ? 0x1000 : 0x8000) {
    begin(RLIMIT_DATA, bytes, bytes);
    begin(RLIMIT_DATA, bytes, 1 << 20);
  }
  for (unsigned long bytes = 0xc0000; bytes <= 0x140000; bytes += 0x2000) begin(RLIMIT_AS, bytes, bytes);
  return 0;
}
