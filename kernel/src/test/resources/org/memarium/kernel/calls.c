/* What system calls answer, above all to nonsense; printed, and compared with the host's kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)0x10)
#define KERNEL ((void *)0xfffff000)
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))
#define S(n, ...) T(syscall(SYS_##n, ##__VA_ARGS__))

static void show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld", what, result);
  if (result == -1) printf(" %s", strerrorname_np(e));
  printf("\n");
}

static char *edge(void) {
  /* the last byte before a page that is not there */
  char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(p + 4096, 4096);
  return p + 4096;
}

static void files(const char *name) {
  char *e = edge(), buffer[256];
  struct stat64 st;
  T(open(name, O_RDONLY));
  T(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
  T(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
  T(write(3, "0123456789", 10));
  T(lseek(3, 0, SEEK_SET));
  T(read(3, e - 4, 10));
  T(lseek(3, 0, SEEK_CUR));
  T(read(3, e, 10));
  T(read(3, BAD, 10));
  T(read(3, KERNEL, 10));
  T(read(3, BAD, 0));
  S(read, 3, buffer, -1);
  T(write(3, e - 2, 4));
  T(write(3, BAD, 4));
  T(write(3, KERNEL, 0x7fffffff));
  T(lseek(3, -1, SEEK_SET));
  T(lseek(3, 0, 99));
  T(pread64(3, buffer, 4, 2));
  T(pread64(3, buffer, 4, -1));
  T(pwrite64(3, "ab", 2, 20));
  struct iovec v[3] = {{buffer, 4}, {e - 2, 2}, {BAD, 1}};
  T(lseek(3, 0, SEEK_SET));
  T(readv(3, v, 3));
  T(readv(3, v, 2));
  T(readv(3, v, -1));
  T(readv(3, v, 1025));
  T(readv(3, BAD, 1));
  v[1].iov_len = -1;
  T(readv(3, v, 2));
  T(readv(3, v, 0));
  T(ftruncate64(3, 3));
  T(fstat64(3, &st) ? -1 : st.st_size);
  S(fstat64, 3, BAD);
  T(stat64(BAD, &st));
  T(stat64("", &st));
  T(lstat64("/nonexistent/x", &st));
  T(dup2(3, 4));
  T(dup2(3, 9));
  T(dup2(3, 2000000));
  T(dup2(99, 4));
  T(dup3(3, 4, 0));
  T(dup3(3, 10, 7));
  T(fcntl(9, F_GETFD));
  T(fcntl(3, F_DUPFD_CLOEXEC, 20));
  T(fcntl(20, F_GETFD));
  T(fcntl(3, F_GETFL) & O_ACCMODE);
  T(fcntl(3, 9999));
  T(fcntl(99, F_GETFD));
  T(close(99));
  T(access(name, R_OK));
  T(access(name, 99));
  T(access(BAD, 0));
  T(readlink(name, buffer, 10));
  T(readlink("/proc/self/exe", buffer, 0));
  T(getcwd(buffer, 1) == 0);
  S(getcwd, BAD, 4000);
  T(mkdir(name, 0700));
  T(rmdir(name));
  T(unlink("/"));
  T(rename(BAD, name));
  T(link(name, name));
  T(symlink("", name));
  T(chmod(name, 0640));
  T(stat64(name, &st) ? -1 : st.st_mode);
  T(ioctl(3, 0x5401, buffer));
  T(ioctl(3, 0x541b, BAD));
  T(ioctl(99, 0x5401, buffer));
  T(fsync(3));
  int ends[2];
  T(pipe(BAD));
  T(pipe(ends));
  T(write(ends[1], "abcdef", 6));
  T(read(ends[0], buffer, 3));
  struct pollfd p[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {99, POLLIN, 0}};
  T(poll(p, 3, 0));
  T(p[0].revents * 100 + p[1].revents * 10000 + p[2].revents);
  T(poll(BAD, 1, 0));
  T(lseek(ends[0], 0, SEEK_CUR));
  T(close(ends[0]));
  T(close(3));
  char longName[5000];
  memset(longName, 'a', sizeof longName - 1);
  longName[4999] = 0;
  T(open(longName, O_RDONLY));
  longName[300] = 0;
  T(open(longName, O_RDONLY));
  T(openat(AT_FDCWD, name, O_DIRECTORY));
  T(openat(99, "x", 0));
  T(unlink(name));
  T(unlink(name));
  S(getdents64, 0, buffer, 10);
}

static void memory(void) {
  char *p = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  T(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  T(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 99, 0));
  T(mmap(0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0));
  T(mmap((void *)1, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  T(mmap(KERNEL, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  T(mmap(0, 0xffff0000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  T(munmap(p + 1, 4096));
  T(munmap(p, 0));
  T(munmap(p + 4096, 4096));
  T(mprotect(p, 3 * 4096, PROT_READ));
  T(mprotect(p, 4096, 99));
  T(mprotect(p + 1, 4096, PROT_READ));
  T(msync(p, 4096, MS_SYNC | MS_ASYNC));
  T(msync(p, 3 * 4096, MS_SYNC));
  T(msync(p, 4096, MS_SYNC));
  T(madvise(p, 4096, 9999));
  T(madvise(p, 3 * 4096, MADV_DONTNEED));
  T(mremap(p, 4096, 8192, 0));
  T(mremap(p + 1, 4096, 8192, MREMAP_MAYMOVE));
  T(mremap(KERNEL, 4096, 8192, MREMAP_MAYMOVE));
  T(syscall(SYS_brk, 0) == syscall(SYS_brk, 1));
}

static void process(void) {
  char buffer[512];
  struct rlimit r = {5, 4};
  struct timespec ts = {0, 2000000000};
  T(setrlimit(RLIMIT_NOFILE, &r));
  T(getrlimit(99, &r));
  S(ugetrlimit, RLIMIT_STACK, BAD);
  r.rlim_cur = r.rlim_max = 64;
  T(setrlimit(RLIMIT_NOFILE, &r));
  T(dup2(1, 64));
  T(dup2(1, 63));
  S(prlimit64, 99999, RLIMIT_AS, 0, 0);
  S(getrusage, 7, buffer);
  S(getrusage, 0, BAD);
  T(uname(BAD));
  T(nanosleep(&ts, 0));
  S(nanosleep, BAD, 0);
  T(clock_gettime(77, &ts));
  S(clock_gettime, 1, BAD);
  T(clock_getres(CLOCK_MONOTONIC, &ts) ? -1 : ts.tv_nsec);
  T(waitpid(-1, 0, 0));
  T(waitpid(-1, 0, 0x1000));
  T(kill(getpid(), 0));
  T(kill(getpid(), 65));
  S(tgkill, getpid(), -1, 0);
  S(tgkill, getpid(), getpid(), 0);
  T(setpgid(99999, 0));
  S(set_robust_list, buffer, 11);
  S(set_thread_area, BAD);
  memset(buffer, -1, 16);
  S(set_thread_area, buffer);
  *(int *)buffer = 99, *(int *)(buffer + 12) = 1;
  S(set_thread_area, buffer);
  S(get_thread_area, buffer);
  int word = 5;
  S(futex, &word, FUTEX_WAIT, 4, 0);
  S(futex, &word, FUTEX_WAKE, 1);
  S(futex, (char *)&word + 1, FUTEX_WAKE, 1);
  S(futex, BAD, FUTEX_WAIT, 4, 0);
  ts.tv_sec = 0, ts.tv_nsec = 1000;
  S(futex, &word, FUTEX_WAIT, 5, &ts);
  S(getrandom, buffer, 16, 0);
  S(getrandom, buffer, 16, 99);
  S(getrandom, BAD, 16, 0);
  S(sched_yield);
  S(sched_getaffinity, 0, 3, buffer);
  S(rt_sigprocmask, 99, buffer, 0, 8);
  S(rt_sigprocmask, 0, buffer, 0, 4);
  S(rt_sigaction, 0, 0, 0, 8);
  S(rt_sigaction, 10, BAD, 0, 8);
  S(prctl, 15, "renamed-program-name");
  S(prctl, 16, buffer);
  printf("%s\n", buffer);
  T(getgroups(-1, 0));
  S(umask, 0777);
  S(umask, 0);
  S(statfs64, "/", 99, buffer);
  T(syscall(500));
  T(syscall(-1));
}

static void sockets(const char *name) {
  struct sockaddr_un to = {AF_UNIX, "/nonexistent/socket"};
  struct pollfd p = {0, POLLIN | POLLOUT, 0};
  char c;
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int d = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int q = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  T(fcntl(s, F_GETFD));
  T(fcntl(d, F_GETFL));
  S(socket, AF_UNIX, 9, 0);
  S(socket, AF_UNIX, 11, 0);
  S(socket, AF_UNIX, SOCK_STREAM | 0x100, 0);
  S(socket, AF_UNIX, SOCK_STREAM, 7);
  S(socket, 77, SOCK_STREAM, 0);
  S(connect, s, &to, sizeof to);
  S(connect, d, &to, sizeof to);
  S(connect, 99, &to, sizeof to);
  S(connect, 1, &to, sizeof to);
  S(connect, s, &to, 2);
  S(connect, s, &to, 111);
  S(connect, s, &to, 200);
  S(connect, s, &to, -1);
  S(connect, s, BAD, sizeof to);
  S(connect, 1, BAD, -1);
  strcpy(to.sun_path, name);
  S(connect, s, &to, sizeof to);
  strcpy(to.sun_path, "/");
  S(connect, d, &to, sizeof to);
  to.sun_path[0] = 0;
  S(connect, s, &to, sizeof to);
  to.sun_family = 2;
  S(connect, s, &to, sizeof to);
  T(read(s, &c, 1));
  T(read(d, &c, 1));
  T(read(q, &c, 1));
  T(write(s, &c, 1));
  T(write(d, &c, 1));
  T(write(q, &c, 1));
  T(lseek(s, 0, SEEK_SET));
  T(ftruncate(s, 0));
  p.fd = s;
  T(poll(&p, 1, 0));
  T(p.revents);
  p.fd = d;
  T(poll(&p, 1, 0));
  T(p.revents);
  S(getpeername, s, &to, &c);
  S(getpeername, 1, &to, &c);
  T(close(s));
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOLBF, 0);
  umask(022);
  files(argv[1]);
  memory();
  process();
  sockets(argv[1]);
  return argc;
}
