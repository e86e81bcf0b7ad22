/* Shares more memory than there is, and says whether it all came back.
 *
 * shared KIND MIB [MORE]
 *   KIND   anon    shared anonymous memory
 *          memfd   a file of memfd_create
 *          tmpfs   a file in /dev/shm, unlinked at once
 *          sysv    a segment of System V
 *   MORE   MiB of memory of its own, all of it used between the steps
 *
 * Whatever machine it runs on, it prints the same. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define WORDS (PAGE / 4)

static uint32_t buffer[3 * WORDS + 5];

static uint32_t *more;
static size_t more_pages;

static void die(const char *what) {
  perror(what);
  exit(3);
}

static uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

static uint32_t sum(const uint32_t *at, size_t words, uint32_t from) {
  for (size_t i = 0; i < words; i++) from = (from << 5 | from >> 27) + at[i];
  return from;
}

static void fill(uint32_t *at, size_t words, uint32_t seed) {
  for (size_t i = 0; i < words; i++) at[i] = mix(seed + i);
}

static void squeeze(void) {
  for (size_t page = 0; page < more_pages; page++) more[page * WORDS + 1] += page;
}

/* A hole that is only read through a mapping has a page as long as memory is not short: those that
 * shall be counted are written to. */
static void touch(uint32_t *at, size_t pages, uint32_t value) {
  for (size_t page = 0; page < pages; page++) at[page * WORDS + 3] += value;
  squeeze();
}

/* Waits for a child, which says in its status whether all was well. */
static void await(pid_t child, const char *what) {
  int status;
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  printf("%s: child %d\n", what, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void through_the_mapping(uint32_t *at, size_t pages, int fd) {
  fill(at, pages * WORDS, 1);
  printf("filled: %08x\n", sum(at, pages * WORDS, 0));
  squeeze();
  pid_t child = fork();
  if (child == 0) {
    uint32_t was = sum(at, pages * WORDS, 0);
    for (size_t page = 0; page < pages; page += 3) at[page * WORDS + 7] += page;
    _exit(was & 63);
  }
  await(child, "every third page");
  printf("rewritten: %08x\n", sum(at, pages * WORDS, 0));
  uint32_t seed = 5;
  for (size_t i = 0; i < 3 * pages; i++) {
    seed = mix(seed + i);
    at[seed % (pages * WORDS)] ^= seed;
  }
  printf("at random: %08x\n", sum(at, pages * WORDS, 0));
  squeeze();
  if (msync(at, pages * PAGE, MS_SYNC)) die("msync");
  for (size_t page = 5; page + 9 < pages; page += 97)
    if (madvise(at + page * WORDS, 8 * PAGE, MADV_REMOVE)) die("madvise");
  if (fd < 0) printf("holes: %08x\n", sum(at, pages * WORDS, 0));
}

/* Lengths of data and holes. */
static void extents(int fd, const char *when) {
  struct stat st;
  off_t at = 0;
  uint32_t hash = 0, count = 0;
  squeeze();
  if (fstat(fd, &st)) die("fstat");
  while (at < st.st_size) {
    off_t data = lseek(fd, at, SEEK_DATA);
    if (data < 0) break;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    hash = hash * 31 + (data >> 12) * 7 + (hole >> 12);
    count++;
    at = hole;
  }
  printf("%s: %u extents %08x, %lld blocks\n", when, count, hash, (long long)st.st_blocks);
}

static uint32_t read_all(int fd, size_t bytes) {
  uint32_t from = 0;
  size_t at = 0;
  while (at < bytes) {
    ssize_t got = pread(fd, buffer, sizeof buffer, at);
    if (got <= 0) die("pread");
    from = sum(buffer, got / 4, from);
    at += got;
  }
  return from;
}

static void through_the_file(int fd, uint32_t *at, size_t pages) {
  struct stat st;
  extents(fd, "begin");
  printf("read: %08x\n", read_all(fd, pages * PAGE));
  for (size_t page = 1; page + 3 < pages; page += 5) {
    fill(buffer, sizeof buffer / 4, page);
    if (pwrite(fd, buffer, sizeof buffer, page * PAGE + 20) != sizeof buffer) die("pwrite");
  }
  touch(at, pages, 11);
  printf("written: %08x\n", sum(at, pages * WORDS, 0));
  if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10 * PAGE + 100, 300 * PAGE))
    die("fallocate");
  extents(fd, "punched");
  printf("punched: %08x\n", sum(at, pages * WORDS, 0));

  /* A private mapping has copies of some pages, and the file's of others. */
  uint32_t *own = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (own == MAP_FAILED) die("mmap");
  for (size_t page = 0; page < pages; page += 4) own[page * WORDS + 9] = ~page;
  squeeze();
  printf("private: %08x\n", sum(own, pages * WORDS, 0));
  printf("not in the file: %08x\n", sum(at, pages * WORDS, 0));
  if (munmap(own, pages * PAGE)) die("munmap");

  int pipes[2];
  if (pipe(pipes)) die("pipe");
  pid_t child = fork();
  if (child == 0) {
    uint32_t from = 0;
    size_t all = 0;
    ssize_t got;
    close(pipes[1]);
    while ((got = read(pipes[0], (char *)buffer + all % 4, 4096)) > 0) {
      from = from * 33 + ((unsigned char *)buffer)[all % 4];
      all += got;
    }
    printf("through a pipe: %zu bytes\n", all);
    fflush(stdout);
    _exit(from != 0);
  }
  close(pipes[0]);
  fflush(stdout);
  off_t from = 3 * PAGE;
  while (from < (off_t)(pages * PAGE) && sendfile(pipes[1], fd, &from, 65536) > 0) {}
  close(pipes[1]);
  await(child, "sendfile");

  /* Half of it goes, and what comes instead are zeroes. */
  touch(at, pages, 13);
  if (ftruncate(fd, pages / 2 * PAGE + 77) || ftruncate(fd, pages * PAGE)) die("ftruncate");
  extents(fd, "cut");
  if (fallocate(fd, 0, pages / 2 * PAGE, 64 * PAGE)) die("fallocate");
  if (fstat(fd, &st)) die("fstat");
  printf("allocated: %lld bytes, %lld blocks\n", (long long)st.st_size, (long long)st.st_blocks);
  printf("again: %08x\n", sum(at, pages * WORDS, 0));
}

int main(int argc, char **argv) {
  const char *kind = argv[1];
  size_t pages = atoi(argv[2]) * 256u;
  uint32_t *at;
  int fd = -1;
  setvbuf(stdout, 0, _IOLBF, 0);
  if (argc > 3) {
    more_pages = atoi(argv[3]) * 256u;
    more = mmap(0, more_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED) die("mmap");
  }
  if (!strcmp(kind, "sysv")) {
    int id = shmget(IPC_PRIVATE, pages * PAGE, 0600);
    if (id < 0) die("shmget");
    at = shmat(id, 0, 0);
    if (at == (void *)-1 || shmctl(id, IPC_RMID, 0)) die("shmat");
  } else {
    if (!strcmp(kind, "memfd")) fd = memfd_create("shared", MFD_ALLOW_SEALING);
    if (!strcmp(kind, "tmpfs")) {
      fd = open("/dev/shm/shared.test", O_RDWR | O_CREAT | O_EXCL, 0600);
      if (fd >= 0) unlink("/dev/shm/shared.test");
    }
    int anon = !strcmp(kind, "anon");
    if (!anon && (fd < 0 || ftruncate(fd, pages * PAGE))) die(kind);
    at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | (anon ? MAP_ANONYMOUS : 0), fd, 0);
    if (at == MAP_FAILED) die("mmap");
  }
  through_the_mapping(at, pages, fd);
  if (fd >= 0) through_the_file(fd, at, pages);
  if (!strcmp(kind, "memfd")) {
    if (munmap(at, pages * PAGE)) die("munmap");
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK)) die("seals");
    printf("sealed: write %zd, truncate %d\n", pwrite(fd, "x", 1, 0), ftruncate(fd, 0));
    printf("sealed: %08x\n", read_all(fd, pages * PAGE));
  }
  return 0;
}
