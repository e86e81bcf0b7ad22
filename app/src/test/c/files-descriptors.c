/* Descriptors: duplicating, closing ranges, fcntl, locks of one process, memfd and its seals. */
#include "witness.h"

#include <linux/memfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4
#endif

static void duplicates(void) {
  int fd = M(open("f", O_RDWR | O_CLOEXEC));
  printf("%d %d\n", fcntl(fd, F_GETFD), fd);
  T(dup(fd));
  T(dup(99));
  T(dup(-1));
  T(dup2(fd, 20));
  T(dup2(fd, fd));
  T(dup2(99, 99));
  T(dup2(99, 3));
  T(dup2(fd, -1));
  T(dup2(fd, 1 << 20));
  T(dup3(fd, 21, O_CLOEXEC));
  T(dup3(fd, fd, 0));
  T(dup3(fd, 22, 1));
  T(dup3(99, 22, 0));
  T(dup3(fd, -1, 0));
  T(fcntl(20, F_GETFD));
  T(fcntl(21, F_GETFD));
  T(fcntl(fd, F_DUPFD, 20));
  T(fcntl(fd, F_DUPFD_CLOEXEC, 20));
  T(fcntl(fd, F_DUPFD, -1));
  T(fcntl(fd, F_DUPFD, 1 << 20));
  T(fcntl(fd, F_SETFD, 0));
  T(fcntl(fd, F_GETFD));
  T(fcntl(fd, F_SETFD, 3));
  T(fcntl(fd, F_GETFD));
  T(lseek(fd, 3, SEEK_SET));
  T(lseek(20, 0, SEEK_CUR));
  T(fcntl(20, F_SETFL, O_APPEND));
  printf("%#o\n", fcntl(fd, F_GETFL));
  T(ioctl(20, FIOCLEX));
  T(fcntl(20, F_GETFD));
  T(ioctl(20, FIONCLEX));
  T(fcntl(20, F_GETFD));
  T(close(99));
  T(close(-1));
  T(S(close_range, 20, 22, CLOSE_RANGE_CLOEXEC));
  T(fcntl(20, F_GETFD));
  T(S(close_range, 21, 20, 0));
  T(S(close_range, 20, 30, 1));
  T(S(close_range, 20, -1, 0));
  T(fcntl(21, F_GETFD));
  T(S(close_range, 3, 10, CLOSE_RANGE_UNSHARE));
  T(fcntl(fd, F_GETFD));
  T(S(close_range, 1000, 2000, 0));
  T(S(fcntl, 99, F_GETFD, 0));
}

static void controls(void) {
  int fd = M(open("f", O_RDWR));
  T(fcntl(fd, 999, 0));
  T(fcntl(99, F_GETFL));
  T(fcntl(fd, F_GETOWN));
  T(fcntl(fd, F_SETOWN, getpid()));
  T(fcntl(fd, F_GETOWN) == getpid());
  T(fcntl(fd, F_SETOWN, 99999));
  T(fcntl(fd, F_SETOWN, 0));
  T(fcntl(fd, F_GETOWN));
  T(fcntl(fd, F_GETSIG));
  T(fcntl(fd, F_SETSIG, 70));
  T(fcntl(fd, F_SETSIG, -1));
  T(fcntl(fd, F_SETSIG, 10));
  T(fcntl(fd, F_GETSIG));
  struct { int type, pid; } owner = {1, 0};
  T(fcntl(fd, 16, &owner));
  printf("owner %d %d\n", owner.type, owner.pid);
  owner.type = 5;
  T(fcntl(fd, 15, &owner));
  T(fcntl(fd, F_GETLEASE));
  T(fcntl(fd, F_GETPIPE_SZ));
  T(fcntl(fd, F_SETPIPE_SZ, 4096));
  T(S(fcntl, fd, F_GETLK64, 0));
  T(S(fcntl, fd, F_OFD_GETLK, 0));
  int n = 5;
  T(ioctl(fd, FIONREAD, &n));
  printf("%d\n", n);
  T(ioctl(fd, 0x1234, &n));
  T(ioctl(fd, TIOCGWINSZ, &n));
  n = 1;
  T(ioctl(fd, FIONBIO, &n));
  printf("%#o\n", fcntl(fd, F_GETFL));
  T(S(flock, fd, 1));
  T(S(flock, fd, 2 | 4));
  T(S(flock, fd, 8));
  T(S(flock, fd, 0));
  T(S(flock, fd, 3));
  T(S(flock, fd, 32));
  T(S(flock, 99, 1));
  close(fd);
}

struct lock64 {
  int16_t type, whence;
  int64_t start, len;
  int32_t pid;
} __attribute__((packed, aligned(4)));

static int lock(int fd, int command, int type, int whence, int64_t start, int64_t len) {
  struct lock64 l = {type, whence, start, len, 0};
  int result = S(fcntl64, fd, command, &l);
  if (result == 0 && (command == 12 || command == 36)) {
    printf("  type %d whence %d start %lld len %lld pid %d\n", l.type, l.whence,
           (long long)l.start, (long long)l.len, l.pid > 0 ? 1 : l.pid);
  }
  return result;
}

static void locks(void) {
  make("f", "0123456789");
  int fd = M(open64("f", O_RDWR));
  int other = M(open64("f", O_RDWR));
  int reader = M(open64("f", O_RDONLY));
  int writer = M(open64("f", O_WRONLY));
  T(lock(fd, 13, F_WRLCK, 0, 0, 10));
  T(lock(fd, 12, F_WRLCK, 0, 0, 10));
  T(lock(other, 12, F_WRLCK, 0, 0, 10));
  T(lock(other, 13, F_WRLCK, 0, 5, 10));
  T(lock(reader, 13, F_WRLCK, 0, 0, 1));
  T(lock(reader, 13, F_RDLCK, 0, 0, 1));
  T(lock(writer, 13, F_RDLCK, 0, 0, 1));
  T(lock(writer, 13, F_WRLCK, 0, 0, 1));
  T(lock(fd, 13, 7, 0, 0, 1));
  T(lock(fd, 13, F_RDLCK, 7, 0, 1));
  T(lock(fd, 13, F_RDLCK, 0, -1, 1));
  T(lock(fd, 13, F_RDLCK, 0, 5, -5));
  T(lock(fd, 13, F_RDLCK, 0, 5, -6));
  T(lock(fd, 13, F_RDLCK, 1, -1, 1));
  T(lock(fd, 13, F_RDLCK, 2, -1, 1));
  T(lock(fd, 13, F_RDLCK, 2, -11, 1));
  T(lock(fd, 13, F_RDLCK, 0, INT64_MAX, 1));
  T(lock(fd, 13, F_RDLCK, 0, INT64_MAX, 2));
  T(lock(fd, 13, F_RDLCK, 0, 1, INT64_MAX));
  T(lock(fd, 13, F_RDLCK, 2, INT64_MAX, 1));
  T(lock(fd, 12, F_UNLCK, 0, 0, 1));
  T(lock(fd, 13, F_UNLCK, 0, 0, 0));
  T(lock(99, 13, F_RDLCK, 0, 0, 1));
  T(S(fcntl64, fd, 13, 8));
  T(S(fcntl64, fd, 12, 8));
  struct flock32 { int16_t type, whence; int32_t start, len, pid; } l = {F_WRLCK, 0, 0, 0, 0};
  T(S(fcntl, fd, 6, &l));
  l.start = -1;
  T(S(fcntl, fd, 6, &l));
  /* Those of open file descriptions, against each other and those of the process. */
  T(lock(fd, 37, F_WRLCK, 0, 0, 5));
  close(writer);
  T(lock(fd, 37, F_WRLCK, 0, 0, 5));
  T(lock(other, 37, F_WRLCK, 0, 4, 5));
  T(lock(other, 37, F_RDLCK, 0, 4, 5));
  T(lock(other, 36, F_WRLCK, 0, 0, 0));
  T(lock(fd, 36, F_WRLCK, 0, 0, 0));
  T(lock(other, 12, F_WRLCK, 0, 0, 0));
  T(lock(other, 13, F_WRLCK, 0, 0, 1));
  T(lock(other, 13, F_WRLCK, 0, 5, 1));
  T(lock(other, 37, F_WRLCK, 0, 5, 1));
  int same = dup(fd);
  T(lock(same, 37, F_RDLCK, 0, 0, 3));
  T(lock(other, 37, F_RDLCK, 0, 0, 3));
  T(lock(other, 36, F_WRLCK, 0, 3, 1));
  close(fd);
  T(lock(other, 36, F_WRLCK, 0, 3, 1));
  close(same);
  T(lock(other, 36, F_WRLCK, 0, 3, 1));
  struct lock64 given = {F_WRLCK, 0, 0, 1, 77};
  T(S(fcntl64, other, 37, &given));
  fd = M(open("f", O_RDWR));
  T(S(flock, fd, 2 | 4));
  T(S(flock, other, 1 | 4));
  T(S(flock, reader, 2 | 4));
  T(S(flock, fd, 1 | 4));
  T(S(flock, other, 1 | 4));
  T(S(flock, other, 2 | 4));
  T(S(flock, fd, 2 | 4));
  close(other);
  T(S(flock, fd, 2 | 4));
  T(S(flock, reader, 1 | 4));
  T(S(flock, fd, 8));
  T(S(flock, reader, 1 | 4));
  close(fd);
  close(reader);
  int pipes[2];
  M(pipe(pipes));
  T(lock(pipes[0], 13, F_RDLCK, 0, 0, 1));
  T(lock(pipes[0], 13, F_WRLCK, 0, 0, 1));
  T(S(flock, pipes[0], 2 | 4));
  close(pipes[0]);
  close(pipes[1]);
  fd = M(open("/dev/null", O_RDWR));
  T(lock(fd, 13, F_WRLCK, 0, 0, 1));
  close(fd);
  fd = M(open(".", O_RDONLY));
  T(lock(fd, 13, F_RDLCK, 0, 0, 1));
  T(S(flock, fd, 2 | 4));
  close(fd);
}

static void sealed(void) {
  char name[300];
  char text[64];
  struct stat st;
  memset(name, 'm', 299);
  name[249] = 0;
  O(memfd_create(name, 0));
  name[249] = 'm';
  name[250] = 0;
  O(memfd_create(name, 0));
  O(memfd_create("", 0));
  O(memfd_create("x", 0x100));
  O(S(memfd_create, 8, 0));
  int fd = M(memfd_create("plain", MFD_CLOEXEC));
  printf("%d %#o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
  T(fcntl(fd, F_GET_SEALS));
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  M(fstat(fd, &st));
  printf("%o %d %d\n", st.st_mode, (int)st.st_nlink, (int)st.st_size);
  sprintf(name, "/proc/self/fd/%d", fd);
  int n = readlink(name, text, 64);
  printf("%.*s\n", n, text);
  T(write(fd, "hello", 5));
  O(open(name, O_RDONLY));
  T(linkat(AT_FDCWD, name, AT_FDCWD, "memfd", AT_SYMLINK_FOLLOW));
  close(fd);
  fd = M(memfd_create("seals", MFD_ALLOW_SEALING));
  printf("%d %#o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
  T(fcntl(fd, F_GET_SEALS));
  T(fcntl(fd, F_ADD_SEALS, 0x100));
  T(ftruncate(fd, 8192));
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
  T(ftruncate(fd, 8193));
  T(pwrite(fd, "x", 1, 8191));
  T(pwrite(fd, "xy", 2, 8191));
  T(pwrite(fd, "xy", 2, 8192));
  T(S(fallocate, fd, 0, 8192, 0, 1, 0));
  T(ftruncate(fd, 4096));
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  T(ftruncate(fd, 4095));
  T(ftruncate(fd, 4096));
  char *map = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  munmap(map, 4096);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  T(write(fd, "x", 1));
  T(S(fallocate, fd, 3, 0, 0, 4096, 0));
  T(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  T(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
  T(fcntl(fd, F_ADD_SEALS, 0));
  T(fcntl(fd, F_GET_SEALS));
  close(fd);
  fd = M(memfd_create("future", MFD_ALLOW_SEALING));
  T(ftruncate(fd, 4096));
  map = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
  map[0] = 'x';
  T(write(fd, "x", 1));
  T(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  T(fcntl(fd, F_GET_SEALS));
  munmap(map, 4096);
  close(fd);
}

int main(int argc, char **argv) {
  begin(argv);
  make("f", "0123456789");
  duplicates();
  controls();
  locks();
  sealed();
  return 0;
}
