/* Clocks, timers and sleeping. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int hits, value, code, overrun;

static void hit(int signal, siginfo_t *info, void *context) {
  hits++;
  value = info->si_value.sival_int;
  code = info->si_code;
  overrun = info->si_overrun;
  (void)signal, (void)context;
}

static void catch(int signal) {
  struct sigaction action = {.sa_sigaction = hit, .sa_flags = SA_SIGINFO};
  sigaction(signal, &action, NULL);
}

static void await(int count) {
  sigset_t none;
  sigemptyset(&none);
  while (hits < count) sigsuspend(&none);
}

static void spin(int count) {
  for (volatile long i = 0; hits < count; i++) continue;
}

static void interval(void) {
  struct itimerval old, value_ = {{0, 0}, {100, 0}}, none = {{0, 0}, {0, 0}};
  printf("alarm %d", alarm(50));
  printf(" %d", alarm(0));
  printf(" %d\n", alarm(0));
  setitimer(ITIMER_REAL, &value_, NULL);
  getitimer(ITIMER_REAL, &old);
  printf("left %d interval %d\n", old.it_value.tv_sec >= 99, (int)old.it_interval.tv_sec);
  printf("set %d", setitimer(ITIMER_REAL, &none, &old));
  printf(" old %d", old.it_value.tv_sec >= 99);
  printf(" bad %d", setitimer(3, &none, NULL));
  printf("/%d", errno);
  struct itimerval bad = {{0, 0}, {0, 1000000}};
  printf(" bad %d", setitimer(ITIMER_REAL, &bad, NULL));
  printf("/%d\n", errno);
  catch(SIGALRM);
  catch(SIGVTALRM);
  catch(SIGPROF);
  struct itimerval often = {{0, 1000}, {0, 1000}};
  hits = 0;
  setitimer(ITIMER_REAL, &often, NULL);
  await(3);
  setitimer(ITIMER_REAL, &none, NULL);
  printf("real: code %x\n", code);
  for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
    hits = 0;
    setitimer(which, &often, NULL);
    spin(3);
    setitimer(which, &none, NULL);
    printf("worked: code %x\n", code);
  }
}

static void posix(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
  event.sigev_value.sival_int = 4711;
  catch(SIGRTMIN);
  clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, &old);
  for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    hits = 0;
    printf("create %d", timer_create(clocks[i], &event, &timer));
    struct itimerspec once = {{0, 0}, {0, 1000000}}, now;
    timer_gettime(timer, &now);
    printf(" stopped %d", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
    timer_settime(timer, 0, &once, NULL);
    await(1);
    timer_gettime(timer, &now);
    printf(" value %d code %d stopped %d overrun %d", value, code, now.it_value.tv_nsec == 0, timer_getoverrun(timer));
    hits = 0;
    struct itimerspec past = {{0, 0}, {1, 0}};
    timer_settime(timer, TIMER_ABSTIME, &past, &now);
    await(1);
    printf(" past %d\n", hits);
    timer_delete(timer);
  }
  /* Overruns. */
  hits = 0;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec often = {{0, 1000000}, {0, 1000000}}, now, none = {{0, 0}, {0, 0}};
  timer_settime(timer, 0, &often, NULL);
  struct timespec some = {0, 10000000};
  nanosleep(&some, NULL);
  await(1);
  printf("overruns %d same %d\n", overrun >= 7, overrun == timer_getoverrun(timer));
  timer_settime(timer, 0, &none, &now);
  printf("interval was %ld\n", now.it_interval.tv_nsec);
  timer_delete(timer);
  printf("deleted twice %ld", syscall(SYS_timer_delete, 12345));
  printf("/%d\n", errno);
  sigprocmask(SIG_SETMASK, &old, NULL);
  /* To one thread, to nobody, and by what was worked. */
  struct sigevent mine = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
  mine.sigev_notify_thread_id = gettid();
  hits = 0;
  printf("thread %d", timer_create(CLOCK_THREAD_CPUTIME_ID, &mine, &timer));
  timer_settime(timer, 0, &often, NULL);
  spin(2);
  timer_delete(timer);
  printf(" code %d\n", code);
  hits = 0;
  printf("process %d", timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
  timer_settime(timer, 0, &often, NULL);
  spin(2);
  timer_delete(timer);
  printf(" code %d value %d\n", code, value);
  struct sigevent silent = {.sigev_notify = SIGEV_NONE};
  printf("none %d", timer_create(CLOCK_MONOTONIC, &silent, &timer));
  struct itimerspec minute = {{0, 0}, {60, 0}};
  timer_settime(timer, 0, &minute, NULL);
  timer_gettime(timer, &now);
  printf(" left %d\n", now.it_value.tv_sec == 59);
  timer_delete(timer);
  /* What is refused. */
  event.sigev_signo = 65;
  printf("refused %d", timer_create(CLOCK_MONOTONIC, &event, &timer));
  printf("/%d", errno);
  event.sigev_signo = SIGUSR1;
  event.sigev_notify = 99;
  printf(" %d", timer_create(CLOCK_MONOTONIC, &event, &timer));
  printf("/%d", errno);
  printf(" %d", timer_create(99, NULL, &timer));
  printf("/%d", errno);
  printf(" %d", timer_create(CLOCK_MONOTONIC_RAW, NULL, &timer));
  printf("/%d", errno);
  mine.sigev_notify_thread_id = 1;
  printf(" %d", timer_create(CLOCK_MONOTONIC, &mine, &timer));
  printf("/%d\n", errno);
}

static void *notified(union sigval v) {
  value = v.sival_int;
  __sync_fetch_and_add(&hits, 1);
  return NULL;
}

static void threads(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = (void (*)(union sigval))notified};
  event.sigev_value.sival_int = 5;
  hits = 0;
  printf("thread %d", timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec once = {{0, 0}, {0, 1000000}};
  timer_settime(timer, 0, &once, NULL);
  struct timespec some = {0, 1000000};
  while (!hits) nanosleep(&some, NULL);
  printf(" value %d\n", value);
  timer_delete(timer);
}

static void sleeping(void) {
  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, none = {0, 0}, short_ = {0, 1000000};
  printf("nanosleep %d", nanosleep(&bad, NULL));
  printf("/%d", errno);
  printf(" %d", nanosleep(&negative, NULL));
  printf("/%d", errno);
  printf(" %d\n", nanosleep(&none, NULL));
  int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -2, -6};
  for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    if (clocks[i] == 2 || clocks[i] == 8 || clocks[i] == 9 || clocks[i] == -2 || clocks[i] == -6) continue;
    struct timespec now, resolution;
    printf("clock %d: %d %d", clocks[i], clock_gettime(clocks[i], &now), clock_getres(clocks[i], &resolution));
    printf(" sleep %ld\n", syscall(407, clocks[i], 0, &(long long[]){0, 1000}, NULL) < 0 ? errno : 0);
  }
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  nanosleep(&short_, NULL);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("slept %d\n", (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >= 1000000);
  clockid_t clock;
  printf("cpu clock %d", clock_getcpuclockid(0, &clock));
  printf(" %d", clock_gettime(clock, &a));
  printf(" own %d", clock_getcpuclockid(getpid(), &clock));
  printf(" %d", clock_gettime(clock, &a));
  printf(" none %d\n", clock_getcpuclockid(999999, &clock));
  pthread_getcpuclockid(pthread_self(), &clock);
  printf("thread's %d\n", clock_gettime(clock, &a));
}

static void limited(void) {
  fflush(stdout);
  if (fork() == 0) {
    struct rlimit limit = {1, 2}, now;
    catch(SIGXCPU);
    hits = 0;
    setrlimit(RLIMIT_CPU, &limit);
    spin(1);
    getrlimit(RLIMIT_CPU, &now);
    printf("limit: soft %d hard %d\n", (int)now.rlim_cur, (int)now.rlim_max);
    fflush(stdout);
    for (;;) continue;
  }
  int status;
  wait(&status);
  printf("ended by %d\n", WTERMSIG(status));
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOFBF, 65536);
  interval();
  posix();
  threads();
  sleeping();
  if (argc > 1) limited();
  fflush(stdout);
  (void)argv;
  return 0;
}
