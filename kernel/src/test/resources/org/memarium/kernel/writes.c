/* Writes whose bytes cannot be had, or come from the file itself; files that have no such calls. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))

static char *absent;

static long show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld %s\n", what, result, result == -1 ? strerrorname_np(e) : "");
  return result;
}

static void told(const char *what, int fd) {
  struct stat st;
  fstat(fd, &st);
  printf("  %s: size %ld", what, (long)st.st_size);
  /* What a disk holds is its file system's business. */
  if (fcntl(fd, F_GET_SEALS) >= 0) printf(" blocks %ld", (long)st.st_blocks);
  printf("\n");
}

static void bytes_that_are_not_there(int fd) {
  T(pwrite(fd, absent, 100, 3 * PAGE));
  told("grown all the same", fd);
  T(pwrite(fd, absent, 100, PAGE));
  T(pwrite(fd, absent, 0, 9 * PAGE));
  T(pwrite(fd, (char *)0xfffff000, 100, 5 * PAGE));
  told("far pointer", fd);
  T(ftruncate(fd, 0));
  char *edge = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(edge + PAGE, PAGE);
  memset(edge, 'e', PAGE);
  T(pwrite(fd, edge + PAGE - 10, 20, 2 * PAGE - 4));
  told("partly there", fd);
  T(pwrite(fd, edge, 2 * PAGE, 4 * PAGE));
  told("a page there", fd);
  T(lseek(fd, 7 * PAGE + 5, SEEK_SET));
  T(write(fd, absent, 20));
  told("write", fd);
  T(lseek(fd, 0, SEEK_CUR));
  T(ftruncate(fd, 0));
}

/* Linux 6.18 brings nothing in from address 0 on. */
static void from_address_0(int fd) {
  char *zero = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  T(pwrite(fd, zero, 100, 2 * PAGE));
  told("nothing there", fd);
  T(pwrite(fd, zero + 1, 2 * PAGE - 1, 3 * PAGE));
  told("from the next byte on", fd);
  T(pwrite(fd, zero, 2 * PAGE, 5 * PAGE));
  told("brought in", fd);
  munmap(zero, 2 * PAGE);
  T(ftruncate(fd, 0));
}

static void from_behind_its_end(int fd) {
  char *shared = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *private = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  T(pwrite(fd, shared, PAGE + 700, 4 * PAGE));
  told("grew before it was read", fd);
  T(ftruncate(fd, 0));
  T(pwrite(fd, private + PAGE, 2 * PAGE, 2 * PAGE + 100));
  told("of a private mapping", fd);
  private[3 * PAGE] = 'p';
  shared[3 * PAGE + 1] = 's';
  printf("  %d %d %d\n", private[3 * PAGE], private[3 * PAGE + 1], shared[3 * PAGE]);
  T(ftruncate(fd, 0));
  T(pwrite(fd, shared, 100, 0));
  told("nothing to grow by", fd);
  T(ftruncate(fd, PAGE));
  memset(shared, 7, PAGE);
  T(pwrite(fd, shared, 4 * PAGE, PAGE));
  told("each page makes the next", fd);
  printf("  %d %d\n", shared[2 * PAGE], shared[5 * PAGE - 1]);
  munmap(shared, 8 * PAGE);
  munmap(private, 8 * PAGE);
}

static unsigned sum(unsigned char *at, int bytes) {
  unsigned sum = 17;
  for (int i = 0; i < bytes; i++) sum = sum * 31 + at[i];
  return sum;
}

static void onto_itself(int fd) {
  T(ftruncate(fd, 8 * PAGE));
  unsigned char *at = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  static const int distances[] = {1, 7, 64, 100, 0x800, 0xfff, 0x1000, 0x1800, -1, -100, -0x800, -0x1000};
  for (int i = 0; i < 12; i++) {
    for (int from = PAGE; from < PAGE + 1024; from += 291) {
      for (int j = 0; j < 8 * PAGE; j++) at[j] = j * 7 + j / 256 * 13;
      T(pwrite(fd, at + from, 0x2800, from + distances[i]));
      printf("  written %d: %x\n", distances[i], sum(at, 8 * PAGE));
      for (int j = 0; j < 8 * PAGE; j++) at[j] = j * 7 + j / 256 * 13;
      T(pread(fd, at + from + distances[i], 0x2800, from));
      printf("  read %d: %x\n", distances[i], sum(at, 8 * PAGE));
    }
  }
  munmap(at, 8 * PAGE);
  T(ftruncate(fd, 0));
}

static void sealed(int seal) {
  int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
  T(ftruncate(fd, PAGE + 0x800));
  T(fcntl(fd, F_ADD_SEALS, seal));
  static char buffer[4 * PAGE];
  T(pwrite(fd, absent, 100, 3 * PAGE));
  T(pwrite(fd, absent, 100, 100));
  T(pwrite(fd, absent, 0, 100));
  struct rusage before, after;
  char *fresh = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  getrusage(RUSAGE_SELF, &before);
  long written = pwrite(fd, fresh, 100, 3 * PAGE);
  getrusage(RUSAGE_SELF, &after);
  printf("%ld, faults %ld\n", written, after.ru_minflt - before.ru_minflt);
  T(pwrite(fd, buffer, PAGE, PAGE));
  T(pwrite(fd, buffer, 3 * PAGE, 0));
  T(pwrite(fd, buffer, 3 * PAGE, 100));
  T(pwrite(fd, buffer, 0x800, PAGE));
  told("sealed", fd);
  close(fd);
}

static void limited(int fd) {
  T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 3 * PAGE, PAGE));
  T(fallocate(fd, 0, 3 * PAGE, 2 * PAGE));
  T(fallocate(fd, 0, 3 * PAGE, PAGE));
  T(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 5 * PAGE, 2 * PAGE));
  T(pwrite(fd, absent, 100, 4 * PAGE));
  T(pwrite(fd, absent, 100, 4 * PAGE - 1));
  T(pwrite(fd, absent, 0, 5 * PAGE));
  told("limited", fd);
}

static void without_calls(const char *what, int fd) {
  printf("%s\n", what);
  T(read(fd, absent, 100));
  T(write(fd, absent, 100));
  T(pread(fd, absent, 100, 0));
  T(pwrite(fd, absent, 100, 0));
  T(pwrite(fd, absent, 100, -1));
  close(fd);
}

static void process(void) {
  fflush(stdout);
  int fd = syscall(SYS_pidfd_open, getpid(), 0);
  T(ftruncate(fd, 100));
  T(ftruncate(fd, 0));
  T(ftruncate(fd, -1));
  for (int prot = 0; prot < 8; prot++) {
    for (int flags = MAP_SHARED; flags <= MAP_SHARED_VALIDATE; flags++) {
      printf("prot %d flags %d: ", prot, flags);
      T(mmap(0, PAGE, prot, flags, fd, 0));
    }
  }
  for (int mode = 0; mode < 32; mode++) T(fallocate(fd, mode, 0, PAGE));
  T(fallocate(fd, 0, -1, 100));
  T(posix_fadvise(fd, 0, 0, 0));
  T(sync_file_range(fd, 0, 1, 1));
  T(readahead(fd, 0, 1));
  T(fsync(fd));
  T(lseek(fd, 0, SEEK_SET));
  T(fchmod(fd, 0600));
  T(fchown(fd, 0, 0));
  T(futimens(fd, 0));
  struct stat one, two;
  T(fstat(fd, &one));
  printf("mode %o size %ld nlink %ld uid %d\n", one.st_mode, (long)one.st_size, (long)one.st_nlink, one.st_uid);
  int again = syscall(SYS_pidfd_open, getpid(), 0);
  fstat(again, &two);
  printf("one file %d\n", one.st_ino == two.st_ino);
  pid_t child = fork();
  if (child == 0) {
    pause();
  }
  int other = syscall(SYS_pidfd_open, child, 0);
  fstat(other, &two);
  printf("another %d %d\n", one.st_ino == two.st_ino, one.st_dev == two.st_dev);
  kill(child, SIGKILL);
  waitpid(child, 0, 0);
  close(again);
  without_calls("pidfd", fd);
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  absent = mmap(0, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int disk = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  int memory = memfd_create("memory", MFD_ALLOW_SEALING);
  for (int i = 0; i < 2; i++) {
    int fd = i ? disk : memory;
    printf("%s\n", i ? "a file" : "memory");
    bytes_that_are_not_there(fd);
    if (argc > 2) continue;
    from_address_0(fd);
    from_behind_its_end(fd);
    onto_itself(fd);
  }
  process();
  if (argc > 2) return 0;
  sealed(F_SEAL_WRITE);
  sealed(F_SEAL_FUTURE_WRITE);
  sealed(F_SEAL_GROW);
  sigset_t none;
  sigemptyset(&none);
  int pipes[2];
  pipe(pipes);
  without_calls("epoll", epoll_create1(0));
  without_calls("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  without_calls("signalfd", signalfd(-1, &none, SFD_NONBLOCK));
  without_calls("pipe", pipes[1]);
  without_calls("folder", open("/", O_RDONLY));
  without_calls("path", open("/", O_PATH));
  without_calls("null", open("/dev/null", O_RDWR));
  signal(SIGXFSZ, SIG_IGN);
  fflush(stdout);
  struct rlimit limit = {4 * PAGE, 1000 * PAGE};
  setrlimit(RLIMIT_FSIZE, &limit);
  limited(memory);
  T(fallocate(memory, FALLOC_FL_KEEP_SIZE, 5 * PAGE, PAGE));
  T(fallocate(memory, FALLOC_FL_ZERO_RANGE, 5 * PAGE, PAGE));
  T(fallocate(memory, 0x80, 5 * PAGE, PAGE));
  T(fallocate(disk, 0x80, 5 * PAGE, PAGE));
  T(fallocate(memory, FALLOC_FL_KEEP_SIZE, 3 * PAGE, 2 * PAGE));
  limited(disk);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
  unlink(argv[1]);
  return 0;
}
