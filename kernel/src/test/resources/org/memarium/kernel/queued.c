/* Signals that queue, are awaited, sent with a value, and break calls off. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int log_[64], n;

static void note(int signal, siginfo_t *info, void *context) {
  log_[n++] = signal;
  log_[n++] = info->si_code;
  log_[n++] = info->si_value.sival_int;
  (void)context;
}

static void dump(const char *what) {
  printf("%s:", what);
  for (int i = 0; i < n; i += 3) printf(" %d/%d/%d", log_[i], log_[i + 1], log_[i + 2]);
  printf("\n");
  n = 0;
}

static void catch(int signal, int flags) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};
  sigaction(signal, &action, NULL);
}

static sigset_t of(int a, int b) {
  sigset_t set;
  sigemptyset(&set);
  if (a) sigaddset(&set, a);
  if (b) sigaddset(&set, b);
  return set;
}

static void queue(int signal, int value) {
  sigqueue(getpid(), signal, (union sigval){.sival_int = value});
}

static void queues(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  int first = SIGRTMIN;
  for (int i = 0; i < 3; i++) catch(first + i, 0);
  catch(SIGUSR1, 0);
  catch(SIGUSR2, 0);
  queue(first + 2, 1);
  queue(first, 2);
  queue(first + 2, 3);
  queue(SIGUSR2, 4);
  queue(SIGUSR2, 5);
  queue(first, 6);
  queue(SIGUSR1, 7);
  sigset_t pending;
  sigpending(&pending);
  printf("pending: %d %d %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
         sigismember(&pending, first), sigismember(&pending, first + 1),
         sigismember(&pending, first + 2));
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dump("order");
  sigprocmask(SIG_SETMASK, &all, NULL);
  queue(SIGUSR1, 1);
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
  queue(first, 2);
  signal(SIGUSR1, SIG_IGN);
  catch(SIGUSR1, 0);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dump("ignored for a moment");
}

static void awaited(void) {
  sigset_t set = of(SIGUSR1, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  queue(SIGRTMIN, 42);
  kill(getpid(), SIGUSR1);
  siginfo_t info;
  struct timespec none = {0, 0}, some = {0, 3000000}, bad = {0, 1000000000};
  for (int i = 0; i < 2; i++) {
    int got = sigtimedwait(&set, &info, &none);
    printf("sigtimedwait %d code %d value %d\n", got - (got >= SIGRTMIN ? SIGRTMIN - 100 : 0),
           info.si_code, info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
  }
  printf("empty: %d", sigtimedwait(&set, NULL, &none));
  printf(" errno %d", errno);
  printf(" some: %d", sigtimedwait(&set, NULL, &some));
  printf(" errno %d", errno);
  printf(" bad: %d", sigtimedwait(&set, NULL, &bad));
  printf(" errno %d\n", errno);
  /* A timer's signal ends the wait. */
  struct itimerval soon = {{0, 0}, {0, 2000}};
  sigset_t alarm = of(SIGALRM, 0);
  sigprocmask(SIG_BLOCK, &alarm, NULL);
  setitimer(ITIMER_REAL, &soon, NULL);
  printf("sigwaitinfo %d", sigwaitinfo(&alarm, &info));
  printf(" code %x pid %d\n", info.si_code, info.si_pid);
  /* Another signal breaks it off. */
  catch(SIGUSR2, SA_RESTART);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
  event.sigev_value.sival_int = 9;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec once = {{0, 0}, {0, 20000000}};
  timer_settime(timer, 0, &once, NULL);
  printf("broken off: %d", sigwaitinfo(&alarm, &info));
  printf(" errno %d\n", errno);
  dump("by");
  timer_delete(timer);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void refused(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_USER;
  printf("%ld", syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info));
  printf("/%d", errno);
  info.si_code = SI_TKILL;
  printf(" %ld/%d", syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, &info), errno);
  info.si_code = SI_QUEUE;
  info.si_signo = 0;
  printf(" %ld", syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
  printf(" %ld/%d", syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info), errno);
  printf(" %ld/%d", syscall(SYS_rt_sigqueueinfo, 999999, 0, &info), errno);
  printf(" %ld/%d", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)8), errno);
  printf("\n%d/%d", kill(999999, 0), errno);
  printf(" %d/%d", kill(getpid(), 65), errno);
  printf(" %d/%d", kill(getpid(), -1), errno);
  printf(" %d", kill(getpid(), 0));
  printf(" %d/%d", kill((pid_t)0x80000000, 0), errno);
  printf(" %ld/%d", syscall(SYS_tkill, 0, 0), errno);
  printf(" %ld/%d", syscall(SYS_tkill, 999999, 0), errno);
  printf(" %ld/%d", syscall(SYS_tgkill, getpid(), -1, 0), errno);
  printf(" %ld\n", syscall(SYS_tgkill, getpid(), getpid(), 0));

  struct rlimit limit = {0, 0};
  getrlimit(RLIMIT_SIGPENDING, &limit);
  struct rlimit none = {0, limit.rlim_max};
  sigset_t set = of(SIGRTMIN, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  setrlimit(RLIMIT_SIGPENDING, &none);
  printf("no room: %d", sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1}));
  printf("/%d", errno);
  printf(" kill %d", kill(getpid(), SIGRTMIN));
  printf(" classic %d", sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1}));
  timer_t timer;
  printf(" timer %d", timer_create(CLOCK_MONOTONIC, NULL, &timer));
  printf("/%d\n", errno);
  setrlimit(RLIMIT_SIGPENDING, &limit);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  dump("without room");
}

/* Calls that a signal breaks off. */
static volatile int alarms;
static void ring(int signal) { alarms++, (void)signal; }

static void soon(long micros, long again) {
  struct itimerval value = {{0, again}, {0, micros}};
  setitimer(ITIMER_REAL, &value, NULL);
}

static void brokenOff(void) {
  for (int restart = 0; restart < 2; restart++) {
    struct sigaction action = {.sa_handler = ring, .sa_flags = restart ? SA_RESTART : 0};
    sigaction(SIGALRM, &action, NULL);
    sigset_t set = of(SIGALRM, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    struct timespec some = {5, 0}, left = {9, 9};
    soon(20000, 0);
    printf("nanosleep %d", nanosleep(&some, &left));
    printf(" errno %d left %d\n", errno, left.tv_sec < 5 && (left.tv_sec > 0 || left.tv_nsec > 0));
    soon(20000, 0);
    printf("pause %d", pause());
    printf(" errno %d\n", errno);
    soon(20000, 0);
    clock_gettime(CLOCK_MONOTONIC, &some);
    some.tv_sec += 5;
    printf("clock_nanosleep %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &some, NULL));
  }
  printf("alarms %d\n", alarms);
  /* Without a handler the sleep goes on. */
  signal(SIGCONT, SIG_DFL);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec often = {{0, 1000000}, {0, 1000000}};
  timer_settime(timer, 0, &often, NULL);
  struct timespec before, after, some = {0, 8000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  printf("goes on: %d", nanosleep(&some, NULL));
  clock_gettime(CLOCK_MONOTONIC, &after);
  long took = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  printf(" whole %d\n", took >= 8000000);
  timer_delete(timer);
}

/* Alternate stacks. */
static char stack[65536];
static void onStack(int signal, siginfo_t *info, void *context) {
  stack_t now, other = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(NULL, &now);
  ucontext_t *at = context;
  printf("handler: on stack %d flags %x frame's %x", (char *)&now >= stack && (char *)&now < stack + sizeof stack,
         now.ss_flags, at->uc_stack.ss_flags);
  printf(" change %d", sigaltstack(&other, NULL));
  printf("/%d\n", errno);
  (void)signal, (void)info;
}

static void stacks(void) {
  stack_t old, bad = {.ss_sp = stack, .ss_size = 2047}, odd = {.ss_sp = stack, .ss_flags = 4, .ss_size = 65536};
  printf("too small %d", sigaltstack(&bad, NULL));
  printf("/%d", errno);
  printf(" bad flags %d", sigaltstack(&odd, NULL));
  printf("/%d", errno);
  printf(" bad pointer %ld/%d\n", syscall(SYS_sigaltstack, 8, 0), errno);
  for (int disarm = 0; disarm < 2; disarm++) {
    errno = 0;
    stack_t good = {.ss_sp = stack, .ss_size = sizeof stack, .ss_flags = disarm ? 1U << 31 : 0};
    printf("set %d", sigaltstack(&good, &old));
    printf(" before: %x %d %d\n", old.ss_flags, old.ss_sp == stack, (int)old.ss_size);
    struct sigaction action = {.sa_sigaction = onStack, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
  }
  sigaltstack(NULL, &old);
  printf("after: %x %d\n", old.ss_flags, (int)old.ss_size);
  stack_t off = {.ss_flags = SS_DISABLE};
  sigaltstack(&off, NULL);
}

static sigjmp_buf back;
static char *overflowed;
static void tooDeep(int signal, siginfo_t *info, void *context) {
  printf("overflow: code %d near %d\n", info->si_code, labs((char *)info->si_addr - overflowed) < 1 << 20);
  (void)signal, (void)context;
  siglongjmp(back, 1);
}
static int deeper(int depth) {
  volatile char room[4096];
  room[0] = depth;
  overflowed = (char *)room;
  return deeper(depth + 1) + room[0];
}
static void overflow(void) {
  struct rlimit limit = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_STACK, &limit);
  stack_t good = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&good, NULL);
  struct sigaction action = {.sa_sigaction = tooDeep, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  if (sigsetjmp(back, 1) == 0) deeper(0);
  printf("back\n");
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 65536);
  queues();
  awaited();
  refused();
  brokenOff();
  stacks();
  overflow();
  fflush(stdout);
  return 0;
}
