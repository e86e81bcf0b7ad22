/* Signals that are read from a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 65536);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGALRM);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  struct signalfd_siginfo info[4];
  printf("empty %d", (int)read(fd, info, sizeof info));
  printf("/%d", errno);
  printf(" small %d", (int)read(fd, info, 127));
  printf("/%d\n", errno);
  struct pollfd polled = {fd, POLLIN | POLLOUT, 0};
  printf("poll %d\n", poll(&polled, 1, 0));
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 7});
  kill(getpid(), SIGUSR1);
  printf("poll %d", poll(&polled, 1, 0));
  printf(" %x\n", polled.revents);
  int got = read(fd, info, sizeof info);
  printf("read %d\n", got);
  for (int i = 0; i < got / (int)sizeof *info; i++)
    printf("signal %d code %d value %d ptr %lld mine %d\n", info[i].ssi_signo, info[i].ssi_code,
           info[i].ssi_int, (long long)info[i].ssi_ptr, info[i].ssi_pid == getpid());
  /* Blocking, woken by a timer. */
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  int slow = signalfd(-1, &alarms, 0);
  struct itimerval soon = {{0, 0}, {0, 1000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  printf("blocked %d", (int)read(slow, info, sizeof *info));
  printf(" signal %d code %x\n", info[0].ssi_signo, info[0].ssi_code);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  event.sigev_value.sival_int = -5;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec once = {{0, 0}, {0, 1000000}};
  timer_settime(timer, 0, &once, NULL);
  int ep = epoll_create1(0);
  struct epoll_event wanted = {EPOLLIN, {.u32 = 99}}, seen;
  epoll_ctl(ep, EPOLL_CTL_ADD, slow, &wanted);
  printf("epoll %d", epoll_wait(ep, &seen, 1, 1000));
  printf(" %d", seen.data.u32);
  printf(" read %d", (int)read(slow, info, sizeof *info));
  printf(" code %d value %d ptr %lld tid %d overrun %d\n", info[0].ssi_code, info[0].ssi_int,
         (long long)info[0].ssi_ptr, info[0].ssi_tid, info[0].ssi_overrun);
  /* Another mask. */
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  printf("change %d\n", signalfd(fd, &set, 0) == fd);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(3);
  polled.events = POLLIN;
  printf("poll %d", poll(&polled, 1, -1));
  printf(" read %d", (int)read(fd, info, sizeof *info));
  printf(" signal %d code %d status %d child %d\n", info[0].ssi_signo, info[0].ssi_code,
         info[0].ssi_status, info[0].ssi_pid == child);
  wait(NULL);
  printf("refused %d", signalfd(99, &set, 0));
  printf("/%d", errno);
  printf(" %d", signalfd(0, &set, 0));
  printf("/%d", errno);
  printf(" %d", signalfd(-1, &set, 1));
  printf("/%d\n", errno);
  fflush(stdout);
  return 0;
}
