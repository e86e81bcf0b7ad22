/* Calls that wait, and two signals: the first breaks a call off, the second brings what it waits for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int in[2], out[2], pair[2], epoll;
static volatile int alarms;
static sem_t semaphore;
static char much[65536];

static void soon(void) {
  struct itimerval value = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &value, NULL);
}

static void ring(int signal) {
  if (++alarms == 1) {
    soon();
  } else {
    char drained[65536];
    write(in[1], "x", 1);
    write(pair[1], "y", 1);
    read(out[0], drained, sizeof drained);
    sem_post(&semaphore);
  }
  (void)signal;
}

static void drain(void) {
  char rest[65536];
  while (read(in[0], rest, sizeof rest) > 0) continue;
  while (recv(pair[0], rest, sizeof rest, MSG_DONTWAIT) > 0) continue;
  while (sem_trywait(&semaphore) == 0) continue;
}

static int waiting(int which) {
  char byte;
  struct iovec one = {&byte, 1};
  struct pollfd polled = {in[0], POLLIN, 0};
  struct epoll_event event;
  fd_set set;
  FD_ZERO(&set);
  FD_SET(in[0], &set);
  switch (which) {
    case 0: return read(in[0], &byte, 1);
    case 1: return readv(in[0], &one, 1);
    case 2: return recv(pair[0], &byte, 1, 0);
    case 3: return write(out[1], much, 4096);
    case 4: return poll(&polled, 1, -1);
    case 5: return select(in[0] + 1, &set, NULL, NULL, NULL);
    case 6: return epoll_wait(epoll, &event, 1, -1);
    case 7: return sem_wait(&semaphore);
    default: return 0;
  }
}

int main(void) {
  static const char *const names[] = {"read", "readv", "recv", "write", "poll", "select", "epoll_wait", "sem_wait"};
  setvbuf(stdout, NULL, _IOFBF, 65536);
  pipe(in);
  pipe(out);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  sem_init(&semaphore, 0, 0);
  epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {0}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, in[0], &event);
  for (int which = 0; which < 8; which++) {
    for (int restart = 0; restart < 2; restart++) {
      struct sigaction action = {.sa_handler = ring, .sa_flags = restart ? SA_RESTART : 0};
      sigaction(SIGALRM, &action, NULL);
      fcntl(in[0], F_SETFL, O_NONBLOCK);
      drain();
      fcntl(in[0], F_SETFL, 0);
      fcntl(out[1], F_SETFL, O_NONBLOCK);
      while (write(out[1], much, 4096) > 0) continue;
      fcntl(out[1], F_SETFL, 0);
      alarms = 0;
      errno = 0;
      soon();
      int result = waiting(which);
      int error = result < 0 ? errno : 0;
      printf("%s, restart %d: %d errno %d after %d\n", names[which], restart, result, error, alarms);
      while (alarms < 2) pause();
    }
  }
  /* A child's end, and a stop that is no reason to break off. */
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct timespec some = {0, 60000000};
    raise(SIGSTOP);
    _exit(nanosleep(&some, NULL) == 0 ? 5 : 6);
  }
  int status;
  printf("stopped %d", waitpid(child, &status, WUNTRACED) == child);
  printf(" by %d\n", WSTOPSIG(status));
  kill(child, SIGCONT);
  printf("continued %d", waitpid(child, &status, WCONTINUED) == child);
  printf(" %d\n", WIFCONTINUED(status) != 0);
  struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  alarms = 0;
  soon();
  printf("ended %d", waitpid(child, &status, 0) == child);
  printf(" status %d alarms %d\n", WEXITSTATUS(status), alarms > 0);
  fflush(stdout);
  return 0;
}
