/* Pipes, named pipes, splice and tee: how much fits, what is told to poll, what is never split. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 20];

#define SAY(call) \
  do { \
    errno = 0; \
    long result = (call); \
    printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static int events(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0};
  poll(&p, 1, 0);
  return p.revents;
}

static int pending(int fd) {
  int count = -1;
  ioctl(fd, FIONREAD, &count);
  return count;
}

static void capacity(void) {
  int p[2];
  SAY(pipe2(p, O_NONBLOCK));
  printf("empty: %x %x\n", events(p[0]), events(p[1]));
  SAY(write(p[1], buffer, 100));
  SAY(write(p[1], buffer, sizeof buffer));
  SAY(pending(p[0]));
  printf("full: %x %x\n", events(p[0]), events(p[1]));
  SAY(write(p[1], buffer, 1));
  SAY(read(p[0], buffer, 4095));
  printf("nearly: %x %x\n", events(p[0]), events(p[1]));
  SAY(write(p[1], buffer, 4096));
  SAY(read(p[0], buffer, 1));
  printf("a page: %x %x\n", events(p[0]), events(p[1]));
  SAY(write(p[1], buffer, 5000));
  SAY(fcntl(p[0], F_GETPIPE_SZ));
  SAY(fcntl(p[0], F_SETPIPE_SZ, 4096));
  SAY(fcntl(p[0], F_SETPIPE_SZ, 100000));
  SAY(fcntl(p[0], F_SETPIPE_SZ, 1 << 20));
  SAY(fcntl(p[0], F_SETPIPE_SZ, -1));
  SAY(write(p[1], buffer, sizeof buffer));
  SAY(read(p[0], buffer, sizeof buffer));
  SAY(fcntl(p[0], F_SETPIPE_SZ, 1));
  for (int i = 0; i < 3; i++) SAY(write(p[1], buffer, 3000));
  close(p[1]);
  printf("closed: %x\n", events(p[0]));
  SAY(read(p[0], buffer, sizeof buffer));
  SAY(read(p[0], buffer, sizeof buffer));
  printf("at the end: %x\n", events(p[0]));
  close(p[0]);
}

static void small_writes(void) {
  int p[2], count = 0;
  pipe2(p, O_NONBLOCK);
  while (write(p[1], buffer, 3000) == 3000) count++;
  printf("%d writes of 3000\n", count);
  SAY(pending(p[0]));
  SAY(write(p[1], buffer, 1000));
  SAY(write(p[1], buffer, 97));
  close(p[0]);
  signal(SIGPIPE, SIG_IGN);
  SAY(write(p[1], buffer, 1));
  printf("broken: %x\n", events(p[1]));
  close(p[1]);
  pipe2(p, O_NONBLOCK | O_DIRECT);
  SAY(write(p[1], "one", 3));
  SAY(write(p[1], "three", 5));
  SAY(write(p[1], buffer, 5000));
  SAY(read(p[0], buffer, 2));
  SAY(read(p[0], buffer, 100));
  SAY(read(p[0], buffer, 10000));
  SAY(read(p[0], buffer, 10000));
  SAY(read(p[0], buffer, 10000));
  close(p[0]);
  close(p[1]);
}

static void blocking(void) {
  int p[2], status;
  pipe(p);
  pid_t child = fork();
  if (child == 0) {
    close(p[0]);
    for (int i = 0; i < 300; i++) {
      char line[4096];
      memset(line, 'a' + i % 26, sizeof line);
      write(p[1], line, 1 + i * 13 % sizeof line);
    }
    _exit(0);
  }
  close(p[1]);
  unsigned long sum = 0, total = 0;
  long got;
  while ((got = read(p[0], buffer, 777)) > 0)
    for (long i = 0; i < got; i++) sum = sum * 31 + buffer[i], total++;
  waitpid(child, &status, 0);
  printf("through a pipe: %lu bytes, sum %lx, status %x\n", total, sum, status);
  close(p[0]);
  pipe(p);
  child = fork();
  if (child == 0) {
    close(p[0]);
    signal(SIGPIPE, SIG_DFL);
    long sent = write(p[1], buffer, 200000);
    _exit(sent == 200000 ? 1 : 2);
  }
  close(p[1]);
  SAY(read(p[0], buffer, 70000) > 0);
  close(p[0]);
  waitpid(child, &status, 0);
  printf("killed by %d\n", WTERMSIG(status));
}

static void vectors(void) {
  int p[2];
  pipe2(p, O_NONBLOCK);
  struct iovec v[3] = {{"hello ", 6}, {"", 0}, {"world", 5}};
  SAY(writev(p[1], v, 3));
  char a[4], b[20];
  struct iovec w[2] = {{a, 4}, {b, 20}};
  SAY(readv(p[0], w, 2));
  printf("%.4s|%.7s\n", a, b);
  close(p[0]);
  close(p[1]);
}

static void fifos(void) {
  unlink("fifo");
  SAY(mkfifo("fifo", 0600));
  SAY(open("fifo", O_WRONLY | O_NONBLOCK));
  int status;
  pid_t child = fork();
  if (child == 0) {
    int fd = open("fifo", O_WRONLY);
    write(fd, "from the child", 14);
    _exit(fd < 0);
  }
  int fd = open("fifo", O_RDONLY);
  SAY(read(fd, buffer, 100));
  SAY(read(fd, buffer, 100));
  printf("hung up: %x\n", events(fd));
  close(fd);
  waitpid(child, &status, 0);
  fd = open("fifo", O_RDONLY | O_NONBLOCK);
  printf("nobody yet: %x\n", events(fd));
  SAY(read(fd, buffer, 100));
  int out = open("fifo", O_WRONLY | O_NONBLOCK);
  SAY(read(fd, buffer, 100));
  SAY(write(out, "x", 1));
  close(out);
  printf("was there: %x\n", events(fd));
  close(fd);
  fd = open("fifo", O_RDWR);
  SAY(write(fd, "both", 4));
  SAY(read(fd, buffer, 100));
  SAY(lseek(fd, 0, SEEK_SET));
  struct stat st;
  fstat(fd, &st);
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  close(fd);
  SAY(unlink("fifo"));
}

static void splices(void) {
  int a[2], b[2];
  pipe2(a, O_NONBLOCK);
  pipe2(b, O_NONBLOCK);
  SAY(write(a[1], "splice me", 9));
  SAY(tee(a[0], b[1], 100, 0));
  SAY(splice(a[0], 0, b[1], 0, 6, 0));
  SAY(read(a[0], buffer, 100));
  SAY(read(b[0], buffer, 100));
  printf("%.15s\n", buffer);
  SAY(splice(a[0], 0, a[1], 0, 6, 0));
  SAY(splice(a[0], 0, b[1], 0, 6, 0));
  SAY(splice(a[0], 0, b[1], 0, 6, 99));
  int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
  SAY(write(fd, "0123456789", 10));
  loff_t at = 3;
  SAY(splice(fd, &at, a[1], 0, 100, 0));
  printf("at %lld\n", (long long)at);
  SAY(splice(a[0], 0, fd, 0, 100, 0));
  SAY(pread(fd, buffer, 100, 0));
  printf("%.17s\n", buffer);
  off_t from = 2;
  SAY(sendfile(a[1], fd, &from, 5));
  printf("from %ld\n", (long)from);
  SAY(read(a[0], buffer, 100));
  struct iovec v = {"gift", 4};
  SAY(vmsplice(a[1], &v, 1, 0));
  SAY(read(a[0], buffer, 100));
  SAY(splice(fd, 0, fd, 0, 10, 0));
  close(a[1]);
  SAY(splice(a[0], 0, fd, 0, 100, 0));
  close(b[0]);
  SAY(tee(a[0], b[1], 100, 0));
  SAY(splice(fd, &at, b[1], 0, 100, 0));
  unlink("data");
}

int main(int argc, char **argv) {
  if (argc > 1 && chdir(argv[1]) < 0) return 9;
  capacity();
  small_writes();
  blocking();
  vectors();
  fifos();
  splices();
  return 0;
}
