/*
 * Files larger than RAM on a disk that may fail: written, read, mapped, shared and copied. Every
 * error is tried again, and all data are checked. Prints "done" and how many errors it was told of:
 * by fsync and msync, by read and write, by SIGBUS.
 *
 *   iofaults PAGES [FOLDER]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, STRIDE = 61 };

static const char *self, *folder = "/tmp";
static int synced, transferred, signalled;
static volatile int expecting;
static sigjmp_buf again;
static uint32_t page[PAGE / 4];

static void wrong(const char *what, int line) {
  printf("wrong: line %d: %s: %s\n", line, what, strerror(errno));
  fflush(stdout);
  _exit(1);
}

#define EXPECT(that) ((that) ? (void)0 : wrong(#that, __LINE__))

static void bus(int signal) {
  if (!expecting) _exit(128 + signal);
  signalled++;
  siglongjmp(again, 1);
}

static uint32_t value(size_t index, size_t word, uint32_t seed) {
  return seed ^ (uint32_t)(index * 1024 + word) * 2654435761u;
}

static void fill(uint32_t *at, size_t index, uint32_t seed) {
  for (size_t i = 0; i < PAGE / 4; i += STRIDE) at[i] = value(index, i, seed);
}

static int holds(const uint32_t *at, size_t index, uint32_t seed) {
  for (size_t i = 0; i < PAGE / 4; i += STRIDE)
    if (at[i] != value(index, i, seed)) return 0;
  return 1;
}

static int named(const char *name, int flags) {
  char path[256];
  snprintf(path, sizeof path, "%s/iofaults-%s", folder, name);
  int fd = open(path, flags, 0600);
  EXPECT(fd >= 0);
  return fd;
}

/* Tells of an error of a transfer; anything else is wrong. */
static void failed(const char *what, int line) {
  if (errno != EIO) wrong(what, line);
  transferred++;
}

static void sync_file(int fd) {
  while (fsync(fd) < 0) {
    if (errno != EIO) wrong("fsync", __LINE__);
    synced++;
  }
}

/* Its pages are written, and not cached any more. */
static void forget(int fd) {
  sync_file(fd);
  EXPECT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
}

static void write_all(int fd, size_t pages, uint32_t seed) {
  for (size_t i = 0; i < pages; i++) {
    fill(page, i, seed);
    while (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE) failed("pwrite", __LINE__);
  }
}

static void read_all(int fd, size_t pages, uint32_t seed) {
  for (size_t i = 0; i < pages; i++) {
    memset(page, 0, PAGE);
    while (pread(fd, page, PAGE, (off_t)i * PAGE) != PAGE) failed("pread", __LINE__);
    EXPECT(holds(page, i, seed));
  }
}

static uint32_t *map(int fd, size_t pages, int flags) {
  uint32_t *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
  EXPECT(at != MAP_FAILED);
  return at;
}

/* Checks and fills a mapping, whatever signals it takes. */
static void renew(uint32_t *at, size_t pages, uint32_t was, uint32_t is) {
  for (volatile size_t i = 0; i < pages; i++) {
    sigsetjmp(again, 1);
    expecting = 1;
    volatile uint32_t first = at[i * 1024];
    (void)first;
    expecting = 0;
    EXPECT(holds(at + i * 1024, i, was));
    /* A clean page may go meanwhile, and has to be read once more. */
    sigsetjmp(again, 1);
    expecting = 1;
    fill(at + i * 1024, i, is);
    expecting = 0;
    EXPECT(holds(at + i * 1024, i, is));
  }
}

static void execs(void) {
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    execl(self, self, (char *)0);
    if (errno != EIO && errno != ENOEXEC && errno != EFAULT) wrong("execl", __LINE__);
    _exit(9);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    int signal = WTERMSIG(status);
    EXPECT(signal == SIGBUS || signal == SIGKILL || signal == SIGSEGV);
    signalled++;
    return;
  }
  EXPECT(WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 9);
  transferred += WEXITSTATUS(status) == 9;
}

int main(int argc, char **argv) {
  if (argc < 2) return 7;
  self = argv[0];
  size_t pages = atol(argv[1]);
  if (argc > 2) folder = argv[2];
  signal(SIGBUS, bus);
  int a = named("a", O_RDWR | O_CREAT | O_TRUNC);
  write_all(a, pages, 1);
  sync_file(a);
  read_all(a, pages, 1);
  forget(a);
  read_all(a, pages, 1);

  /* A page that is not there is changed in part. */
  forget(a);
  uint32_t one = value(1, 61, 2);
  while (pwrite(a, &one, 4, PAGE + 61 * 4) != 4) failed("pwrite", __LINE__);
  fill(page, 1, 1);
  page[61] = one;
  uint32_t is[PAGE / 4];
  while (pread(a, is, PAGE, PAGE) != PAGE) failed("pread", __LINE__);
  for (int i = 0; i < PAGE / 4; i += STRIDE) EXPECT(is[i] == page[i]);
  write_all(a, pages, 1);

  /* Through mappings. */
  forget(a);
  uint32_t *shared = map(a, pages, MAP_SHARED);
  renew(shared, pages, 1, 3);
  while (msync(shared, pages * PAGE, MS_SYNC) < 0) {
    if (errno != EIO) wrong("msync", __LINE__);
    synced++;
  }
  sync_file(a);
  read_all(a, pages, 3);
  EXPECT(munmap(shared, pages * PAGE) == 0);
  forget(a);
  uint32_t *mine = map(a, pages / 4, MAP_PRIVATE);
  renew(mine, pages / 4, 3, 4);
  read_all(a, pages, 3);
  EXPECT(munmap(mine, pages / 4 * PAGE) == 0);

  /* A copy, and a file whose end is cut in the middle of a page that is not there. */
  forget(a);
  int b = named("b", O_RDWR | O_CREAT | O_TRUNC);
  off_t from = 0;
  while (from < (off_t)pages * PAGE) {
    off_t left = (off_t)pages * PAGE - from;
    if (sendfile(b, a, &from, left) < 0) failed("sendfile", __LINE__);
    EXPECT(lseek(b, from, SEEK_SET) == from);
  }
  sync_file(b);
  read_all(b, pages, 3);
  forget(b);
  while (ftruncate(b, 3 * PAGE + 4) < 0) failed("ftruncate", __LINE__);
  EXPECT(ftruncate(b, 4 * PAGE) == 0);
  while (pread(b, is, PAGE, 3 * PAGE) != PAGE) failed("pread", __LINE__);
  EXPECT(is[0] == value(3, 0, 3) && is[1] == 0 && is[61] == 0);
  read_all(b, 3, 3);
  sync_file(b);
  execs();
  close(a);
  close(b);
  printf("done %d %d %d\n", synced, transferred, signalled);
  return 0;
}
