/* What the kernel does to pages when it reads, writes, populates or cuts them itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE 4096
#define TABLE (2 << 20)

static sigjmp_buf back;

static void handler(int number) {
  siglongjmp(back, number);
}

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

/* A field of the area that begins at an address, or of the process's status. */
static void field(const char *file, const void *area, const char *name) {
  char line[512], start[16];
  FILE *text = fopen(file, "r");
  int here = area == 0;
  sprintf(start, "%08lx-", (unsigned long)area);
  while (fgets(line, sizeof line, text)) {
    if (area && strchr("0123456789abcdef", line[0])) here = !strncmp(line, start, strlen(start));
    if (here && !strncmp(line, name, strlen(name))) printf("  %s", line);
  }
  fclose(text);
}

static void present(const char *at, int pages) {
  int fd = open("/proc/self/pagemap", O_RDONLY);
  printf("  present ");
  for (int i = 0; i < pages; i++) {
    uint64_t word = 0;
    pread(fd, &word, 8, ((uintptr_t)at / PAGE + i) * 8);
    printf("%d", (int)(word >> 63));
  }
  printf("\n");
  close(fd);
}

/* What a child still does after a fork costs its parent faults, or saves them, as it happens. */
static void until_it_sleeps(int pid) {
  char name[32], text[64] = "";
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  for (;;) {
    int fd = open(name, O_RDONLY);
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    text[count > 0 ? count : 0] = 0;
    const char *behind = strrchr(text, ')');
    if (behind && behind[2] == 'S') return;
    sched_yield();
  }
}

/* A page that is shared since a fork is copied before it is read for somebody else. */
static void readers(void) {
  char *at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static char buffer[PAGE];
  memset(at, 'a', PAGE);
  memset(buffer, 'b', PAGE);
  faults();
  for (int i = 0; i < 2; i++) {
    int child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    until_it_sleeps(child);
    struct iovec local = {buffer, PAGE}, remote = {at, PAGE};
    buffer[0] = 'c';
    at[PAGE] = 1;
    for (int round = 0; round < 3; round++) {
      long before = faults();
      long count = process_vm_readv(i ? getpid() : child, &local, 1, &remote, 1, 0);
      printf("readv %ld, faults %ld\n", count, faults() - before);
    }
    long before = faults();
    at[1] = 'd';
    printf("write after it, faults %ld\n", faults() - before);
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
  }
}

/* Pages that are there already become dirty when they are populated, or cut, not before. */
static void dirt(void) {
  int fd = memfd_create("dirt", 0);
  ftruncate(fd, 8 * PAGE);
  char *at = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  printf("locked %d\n", mlock(at, 8 * PAGE));
  field("/proc/self/smaps", at, "Pss_Dirty");
  printf("populated %d\n", madvise(at, 3 * PAGE, MADV_POPULATE_WRITE));
  field("/proc/self/smaps", at, "Pss_Dirty");
  printf("cut %d\n", ftruncate(fd, 5 * PAGE + 100));
  field("/proc/self/smaps", at, "Pss_Dirty");
  field("/proc/self/smaps", at, "Private_Clean");
}

/* A table that MADV_DONTNEED empties, and one that it reaches only in part. */
static void tables(void) {
  char *at = mmap((void *)0x40000000, 4 * TABLE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  field("/proc/self/status", 0, "VmPTE");
  for (int i = 0; i < 4; i++) at[i * TABLE + 5 * PAGE] = 1;
  field("/proc/self/status", 0, "VmPTE");
  printf("advised %d\n", madvise(at + 6 * PAGE, 2 * TABLE, MADV_DONTNEED));
  field("/proc/self/status", 0, "VmPTE");
  printf("advised %d\n", madvise(at, 4 * TABLE, MADV_DONTNEED));
  field("/proc/self/status", 0, "VmPTE");
}

/* What is mapped around a page behind the end of a file, with a table for it and without. */
static void around(const char *name) {
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  char page[PAGE] = "x";
  for (int pages = 1; pages <= 2; pages++) {
    write(fd, page, PAGE);
    for (int table = 0; table < 2; table++) {
      char *at = mmap((void *)0x50000000, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
      if (table) {
        *(char *)mmap(at + 64 * PAGE, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                      0) = 1;
      }
      int number = sigsetjmp(back, 1);
      if (number == 0) number = *(volatile char *)(at + 3 * PAGE);
      printf("pages %d, table %d: signal %d\n", pages, table, number);
      present(at, 4);
      munmap(at, TABLE);
    }
  }
  close(fd);
}

static void execution(void) {
  int id = shmget(IPC_PRIVATE, PAGE, 0600);
  personality(personality(-1) | READ_IMPLIES_EXEC);
  char *at = shmat(id, 0, 0), start[16], line[512];
  sprintf(start, "%08lx-", (unsigned long)at);
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    if (!strncmp(line, start, strlen(start))) printf("attached %.4s\n", line + 18);
  }
  shmctl(id, IPC_RMID, 0);
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IONBF, 0);
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  signal(SIGBUS, handler);
  readers();
  dirt();
  tables();
  around(arguments[1]);
  execution();
  return count != 2;
}
