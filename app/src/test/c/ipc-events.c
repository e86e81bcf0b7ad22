/* poll, select, epoll, eventfd, timerfd: what is ready when, and in which order. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAY(call) \
  do { \
    errno = 0; \
    long result = (call); \
    printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static void show(int epoll, int most) {
  struct epoll_event e[8];
  int n = epoll_wait(epoll, e, most, 0);
  printf("%d:", n);
  for (int i = 0; i < n; i++) printf(" %x/%llu", e[i].events, (unsigned long long)e[i].data.u64);
  printf("\n");
}

static long ctl(int epoll, int op, int fd, uint32_t events, uint64_t data) {
  struct epoll_event e = {events, {.u64 = data}};
  return epoll_ctl(epoll, op, fd, &e);
}

static void counters(void) {
  uint64_t value;
  int fd = eventfd(3, EFD_NONBLOCK);
  SAY(read(fd, &value, 8));
  printf("%llu\n", (unsigned long long)value);
  SAY(read(fd, &value, 8));
  value = 5;
  SAY(write(fd, &value, 8));
  SAY(write(fd, &value, 4));
  SAY(read(fd, &value, 7));
  value = -1;
  SAY(write(fd, &value, 8));
  value = -2;
  SAY(write(fd, &value, 8));
  value = UINT64_MAX - 1 - 5;
  SAY(write(fd, &value, 8));
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  SAY(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  close(fd);
  fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  SAY(read(fd, &value, 8));
  SAY(read(fd, &value, 8));
  SAY(read(fd, &value, 8));
  close(fd);
  SAY(eventfd(0, 1234567));
  SAY(lseek(eventfd(0, 0), 0, SEEK_SET));
}

static void levels_and_edges(void) {
  int e = epoll_create1(EPOLL_CLOEXEC), p[2], q[2];
  pipe2(p, O_NONBLOCK);
  pipe2(q, O_NONBLOCK);
  char c[10];
  SAY(ctl(e, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SAY(ctl(e, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SAY(ctl(e, EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLET, 2));
  SAY(ctl(e, EPOLL_CTL_ADD, q[1], EPOLLOUT | EPOLLONESHOT, 3));
  show(e, 8);
  show(e, 8);
  write(p[1], "xx", 2);
  write(q[1], "yy", 2);
  show(e, 8);
  show(e, 8);
  write(q[1], "z", 1);
  show(e, 8);
  read(p[0], c, 1);
  show(e, 8);
  read(p[0], c, 1);
  show(e, 8);
  SAY(ctl(e, EPOLL_CTL_MOD, q[1], EPOLLOUT | EPOLLONESHOT, 33));
  show(e, 8);
  SAY(ctl(e, EPOLL_CTL_MOD, q[0], EPOLLIN | EPOLLET, 22));
  show(e, 8);
  SAY(ctl(e, EPOLL_CTL_DEL, q[0], 0, 0));
  SAY(ctl(e, EPOLL_CTL_DEL, q[0], 0, 0));
  SAY(ctl(e, EPOLL_CTL_MOD, q[0], 0, 0));
  SAY(ctl(e, EPOLL_CTL_ADD, e, EPOLLIN, 0));
  SAY(ctl(e, EPOLL_CTL_ADD, 99, EPOLLIN, 0));
  SAY(ctl(p[0], EPOLL_CTL_ADD, q[0], EPOLLIN, 0));
  SAY(ctl(e, 9, q[0], EPOLLIN, 0));
  int file = open("/etc/passwd", O_RDONLY);
  SAY(ctl(e, EPOLL_CTL_ADD, file, EPOLLIN, 0));
  close(p[1]);
  show(e, 8);
  close(p[0]);
  show(e, 8);
  int f = epoll_create(1), g = epoll_create1(0);
  SAY(ctl(f, EPOLL_CTL_ADD, e, EPOLLIN, 5));
  SAY(ctl(e, EPOLL_CTL_ADD, f, EPOLLIN, 6));
  SAY(ctl(g, EPOLL_CTL_ADD, f, EPOLLIN, 7));
  ctl(e, EPOLL_CTL_ADD, q[0], EPOLLIN, 8);
  show(g, 8);
  show(f, 8);
  read(q[0], c, 10);
  show(g, 8);
  SAY(epoll_wait(e, 0, 0, 0));
  SAY(epoll_create(0));
  SAY(epoll_create1(99));
  int r[6];
  for (int i = 0; i < 3; i++) {
    pipe2(r + 2 * i, O_NONBLOCK);
    ctl(e, EPOLL_CTL_ADD, r[2 * i], EPOLLIN, 10 + i);
    write(r[2 * i + 1], "r", 1);
  }
  show(e, 1);
  show(e, 1);
  show(e, 2);
  show(e, 8);
}

static void timers(void) {
  uint64_t ticks = 0;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  SAY(read(fd, &ticks, 8));
  struct itimerspec set = {{0, 20000000}, {0, 10000000}}, old;
  SAY(timerfd_settime(fd, 0, &set, &old));
  printf("%ld %ld\n", old.it_value.tv_sec, old.it_value.tv_nsec);
  struct pollfd p = {fd, POLLIN, 0};
  SAY(poll(&p, 1, 1000));
  SAY(read(fd, &ticks, 8));
  printf("%llu\n", (unsigned long long)ticks);
  SAY(timerfd_gettime(fd, &old));
  printf("every %ld, left %d\n", old.it_interval.tv_nsec, old.it_value.tv_nsec <= 20000000);
  set.it_value.tv_nsec = set.it_interval.tv_nsec = 0;
  SAY(timerfd_settime(fd, 0, &set, 0));
  SAY(poll(&p, 1, 30));
  SAY(timerfd_settime(fd, 99, &set, 0));
  SAY(timerfd_create(99, 0));
  SAY(timerfd_settime(0, 0, &set, 0));
  close(fd);
  fd = timerfd_create(CLOCK_REALTIME, 0);
  set.it_value.tv_sec = 1;
  SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0));
  SAY(read(fd, &ticks, 8));
  close(fd);
}

static void on_alarm(int signal) {}

static void waits(void) {
  int p[2];
  pipe(p);
  fd_set in;
  FD_ZERO(&in);
  FD_SET(p[0], &in);
  struct timeval t = {0, 20000};
  SAY(select(p[0] + 1, &in, 0, 0, &t));
  printf("left %ld.%06ld, set %d\n", (long)t.tv_sec, (long)t.tv_usec, FD_ISSET(p[0], &in));
  FD_SET(p[0], &in);
  FD_SET(p[1], &in);
  fd_set out = in;
  write(p[1], "x", 1);
  SAY(select(p[1] + 1, &in, &out, 0, 0));
  printf("%d %d %d %d\n", FD_ISSET(p[0], &in), FD_ISSET(p[1], &in), FD_ISSET(p[0], &out), FD_ISSET(p[1], &out));
  /* One beyond the table of descriptors is not looked at, and how long that is nobody says. */
  FD_SET(29, &in);
  SAY(select(30, &in, 0, 0, 0));
  SAY(select(-1, 0, 0, 0, 0));
  char c;
  read(p[0], &c, 1);
  struct pollfd many[4] = {{p[0], POLLIN, 0}, {-1, POLLIN, 9}, {99, POLLIN, 0}, {p[1], POLLOUT | POLLIN, 0}};
  SAY(poll(many, 4, -1));
  printf("%x %x %x %x\n", many[0].revents, many[1].revents, many[2].revents, many[3].revents);
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, 0);
  pid_t child = fork();
  if (child == 0) {
    usleep(50000);
    kill(getppid(), SIGALRM);
    usleep(50000);
    write(p[1], "late", 4);
    _exit(0);
  }
  SAY(poll(many, 1, -1));
  SAY(poll(many, 1, -1));
  printf("%x\n", many[0].revents);
  waitpid(child, 0, 0);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, 0);
  raise(SIGALRM);
  struct timespec second = {1, 0};
  SAY(ppoll(0, 0, &second, &none));
  raise(SIGALRM);
  SAY(pselect(0, 0, 0, 0, &second, &none));
  raise(SIGALRM);
  struct epoll_event e;
  SAY(epoll_pwait(epoll_create1(0), &e, 1, 1000, &none));
  sigpending(&block);
  printf("pending %d\n", sigismember(&block, SIGALRM));
}

int main(void) {
  counters();
  levels_and_edges();
  timers();
  waits();
  return 0;
}
