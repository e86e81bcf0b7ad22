/* What parents hear of their children: exits, signals, stops, and children of others. */
#include "witness.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static volatile int *shared;

static void until(int value) {
  while (*shared != value) sched_yield();
}

static pid_t child(void (*body)(void)) {
  fflush(stdout);
  pid_t pid = M(fork());
  if (pid == 0) {
    body();
    _exit(0);
  }
  return pid;
}

static void tell_status(const char *what, int status) {
  if (WIFEXITED(status)) printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WIFSTOPPED(status)) printf("%s: stopped by %d\n", what, WSTOPSIG(status));
  else if (WIFCONTINUED(status)) printf("%s: continued\n", what);
  else printf("%s: %x\n", what, status);
}

static void tell_info(const char *what, int result, siginfo_t *info, pid_t pid) {
  told(what, result);
  printf("  signo %d code %d status %d pid %s uid %s\n", info->si_signo, info->si_code,
         info->si_status, info->si_pid == pid ? "right" : info->si_pid == 0 ? "0" : "wrong",
         info->si_uid == getuid() ? "mine" : "another");
}

static void exit_300(void) { _exit(300); }
static void kill_self(void) { raise(SIGTERM); }
static void segv(void) { *(volatile int *)8 = 1; }
/* Whoever runs again ends only when that was seen: shared[2]. */
static void stop_self(void) {
  raise(SIGSTOP);
  while (shared[2] == 0) sched_yield();
  _exit(5);
}
static void wait_for_one(void) { until(1); _exit(6); }
static void forever(void) { for (;;) pause(); }

static void statuses(void) {
  int status;
  pid_t pid = child(exit_300);
  printf("same %d\n", wait(&status) == pid);
  tell_status("exit(300)", status);
  pid = child(kill_self);
  printf("same %d\n", waitpid(pid, &status, 0) == pid);
  tell_status("raise", status);
  pid = child(segv);
  printf("same %d\n", waitpid(0, &status, 0) == pid);
  printf("segv %x\n", status & 0x7f);
  T(wait(&status));
  T(waitpid(-1, &status, WNOHANG));
  T(waitpid(1, &status, 0));
  T(waitpid(-12345, &status, 0));
  T(waitpid((pid_t)0x80000000, &status, 0));
  T(waitpid(-1, &status, 0x10));
  T(S(waitid, 9, 0, 0, WEXITED, 0));
  T(S(waitid, P_ALL, 0, 0, 0, 0));
  T(S(waitid, P_PID, 0, 0, WEXITED, 0));
  T(S(waitid, P_PID, -1, 0, WEXITED, 0));
  T(S(waitid, P_PGID, -1, 0, WEXITED, 0));
  T(S(waitid, P_ALL, 0, 0, WEXITED | 0x40, 0));
}

static void stops(void) {
  int status;
  pid_t pid = child(stop_self);
  printf("same %d\n", waitpid(pid, &status, WUNTRACED) == pid);
  tell_status("stopped", status);
  T(waitpid(pid, &status, WUNTRACED | WNOHANG));
  T(waitpid(pid, &status, WCONTINUED | WNOHANG));
  kill(pid, SIGCONT);
  printf("same %d\n", waitpid(pid, &status, WCONTINUED) == pid);
  tell_status("continued", status);
  shared[2] = 1;
  printf("same %d\n", waitpid(pid, &status, 0) == pid);
  tell_status("ended", status);

  siginfo_t info;
  memset(&info, 1, sizeof info);
  shared[2] = 0;
  pid = child(stop_self);
  int result = waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT);
  tell_info("waitid stopped, left", result, &info, pid);
  result = waitid(P_PID, pid, &info, WSTOPPED);
  tell_info("waitid stopped", result, &info, pid);
  result = waitid(P_PID, pid, &info, WSTOPPED | WNOHANG);
  tell_info("waitid again", result, &info, pid);
  kill(pid, SIGCONT);
  result = waitid(P_ALL, 0, &info, WCONTINUED);
  tell_info("waitid continued", result, &info, pid);
  shared[2] = 1;
  result = waitid(P_PGID, 0, &info, WEXITED | WNOWAIT);
  tell_info("waitid exited, left", result, &info, pid);
  result = waitid(P_PGID, getpgrp(), &info, WEXITED);
  tell_info("waitid exited", result, &info, pid);
  memset(&info, 1, sizeof info);
  result = waitid(P_ALL, 0, &info, WEXITED);
  tell_info("waitid nobody", result, &info, pid);
  pid = child(stop_self);
  waitpid(pid, &status, WUNTRACED);
  kill(pid, SIGKILL);
  waitpid(pid, &status, WUNTRACED | WCONTINUED);
  tell_status("killed while stopped", status);
}

static volatile int signals;
static volatile siginfo_t last;
static void count(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  signals++;
  memcpy((void *)&last, info, sizeof last);
}

static void sigchld(void) {
  int status;
  struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO};
  sigaction(SIGCHLD, &action, NULL);
  pid_t pid = child(exit_300);
  while (waitpid(pid, &status, 0) < 0) {}
  printf("SIGCHLD %d code %d status %d pid %d\n", signals, last.si_code, last.si_status,
         last.si_pid == pid);
  pid = child(kill_self);
  while (waitpid(pid, &status, 0) < 0) {}
  printf("SIGCHLD %d code %d status %d\n", signals, last.si_code, last.si_status);
  pid = child(stop_self);
  while (waitpid(pid, &status, WUNTRACED) < 0) {}
  printf("SIGCHLD %d code %d status %d\n", signals, last.si_code, last.si_status);
  kill(pid, SIGCONT);
  while (waitpid(pid, &status, 0) < 0) {}
  printf("SIGCHLD at least %d code %d status %d\n", signals >= 5, last.si_code, last.si_status);
  action.sa_flags |= SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, NULL);
  signals = 0;
  pid = child(stop_self);
  while (waitpid(pid, &status, WUNTRACED) < 0) {}
  printf("SA_NOCLDSTOP %d\n", signals);
  kill(pid, SIGCONT);
  while (waitpid(pid, &status, 0) < 0) {}
  printf("SA_NOCLDSTOP %d\n", signals);
  action.sa_flags = SA_SIGINFO | SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
  signals = 0;
  child(exit_300);
  int result;
  while ((result = wait(&status)) < 0 && errno == EINTR) {}
  told("SA_NOCLDWAIT wait", result);
  printf("SA_NOCLDWAIT %d\n", signals);
  signal(SIGCHLD, SIG_IGN);
  child(exit_300);
  child(exit_300);
  T(wait(&status));
  signal(SIGCHLD, SIG_DFL);
}

static void grandchild_tells_parent(void) {
  pid_t pid = fork();
  if (pid == 0) {
    until(1); /* our parent has ended */
    shared[1] = getppid();
    *shared = 2;
    _exit(9);
  }
  _exit(0);
}

static void orphans(void) {
  int status;
  *shared = 0;
  T(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  int on = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &on);
  printf("subreaper %d\n", on);
  pid_t pid = child(grandchild_tells_parent);
  waitpid(pid, &status, 0);
  *shared = 1;
  until(2);
  printf("the grandchild is ours: %d\n", shared[1] == getpid());
  pid_t other = wait(&status);
  printf("another %d\n", other > 0 && other != pid);
  tell_status("grandchild", status);
  T(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
}

static void asks_for_death_signal(void) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    *shared = 1;
    forever();
  }
  until(1);
  _exit(0);
}

static void death_signal(void) {
  int status;
  *shared = 0;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  pid_t pid = child(asks_for_death_signal);
  waitpid(pid, &status, 0);
  wait(&status);
  tell_status("the parent's death", status);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

static void usage(void) {
  int status;
  struct rusage before, mine;
  getrusage(RUSAGE_CHILDREN, &before);
  pid_t pid = child(exit_300);
  struct rusage used;
  printf("same %d\n", wait4(pid, &status, 0, &used) == pid);
  getrusage(RUSAGE_CHILDREN, &mine);
  printf("faults %d, in all %d, size %d\n", used.ru_minflt > 0,
         mine.ru_minflt - before.ru_minflt == used.ru_minflt, used.ru_maxrss > 0);
  pid = child(wait_for_one);
  *shared = 1;
  T(S(wait4, pid, 8, 0, 0));
  T(waitpid(pid, &status, WNOHANG)); /* it was reaped although the status had no place */
}

static void groups(void) {
  int status;
  *shared = 0;
  pid_t a = child(wait_for_one), b = child(wait_for_one);
  T(setpgid(a, a));
  T(setpgid(b, a));
  printf("group of both %d\n", getpgid(a) == a && getpgid(b) == a);
  T(waitpid(0, &status, 0));
  T(waitpid(-a, &status, WNOHANG));
  *shared = 1;
  pid_t first = waitpid(-a, &status, 0), second = waitpid(-a, &status, 0);
  printf("both %d\n", first + second == a + b);
  T(waitpid(-a, &status, 0));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  statuses();
  stops();
  sigchld();
  orphans();
  death_signal();
  usage();
  groups();
  return 0;
}
