/* What fork, vfork, clone and clone3 share and refuse; groups and sessions. */
#include "witness.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static volatile int *shared;
static int value = 1;

static int clone_flags(unsigned long flags) {
  long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, NULL, __WALL);
  return pid < 0 ? -1 : 0;
}

#define C(flags) told("clone " #flags, clone_flags(flags))

static int clone3_with(struct clone_args *args, size_t size) {
  long pid = syscall(SYS_clone3, args, size);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, NULL, __WALL);
  return pid < 0 ? -1 : 0;
}

#define C3(size, ...)                                       \
  do {                                                      \
    struct clone_args args = {__VA_ARGS__};                 \
    told("clone3 " #size " " #__VA_ARGS__, clone3_with(&args, size)); \
  } while (0)

static void flags(void) {
  C(SIGCHLD);
  C(0);
  C(SIGCHLD | CLONE_FS);
  C(SIGCHLD | CLONE_FILES);
  C(SIGCHLD | CLONE_THREAD);
  C(SIGCHLD | CLONE_THREAD | CLONE_SIGHAND);
  C(SIGCHLD | CLONE_SIGHAND);
  C(SIGCHLD | CLONE_NEWNS | CLONE_FS);
  C(SIGCHLD | CLONE_NEWUSER | CLONE_FS);
  C(SIGCHLD | CLONE_IO | CLONE_SYSVSEM | CLONE_DETACHED | CLONE_UNTRACED | CLONE_PTRACE);
  C(SIGCHLD | CLONE_PIDFD | CLONE_DETACHED);
  C(SIGCHLD | CLONE_PIDFD | CLONE_PARENT_SETTID);
  C(SIGCHLD | CLONE_NEWIPC | CLONE_SYSVSEM);
  C3(64, .exit_signal = SIGCHLD);
  C3(88, .exit_signal = SIGCHLD);
  C3(63, .exit_signal = SIGCHLD);
  C3(4097, .exit_signal = SIGCHLD);
  C3(64, .exit_signal = 65);
  C3(64, .exit_signal = 0x100);
  C3(64, .flags = SIGCHLD);
  C3(64, .flags = CLONE_DETACHED, .exit_signal = SIGCHLD);
  C3(64, .flags = 1ULL << 40, .exit_signal = SIGCHLD);
  C3(64, .flags = CLONE_PARENT, .exit_signal = SIGCHLD);
  C3(64, .stack = 4096, .exit_signal = SIGCHLD);
  C3(64, .stack_size = 4096, .exit_signal = SIGCHLD);
  C3(88, .set_tid_size = 1, .exit_signal = SIGCHLD);
  C3(88, .set_tid = 4096, .exit_signal = SIGCHLD);
  C3(88, .set_tid = 4096, .set_tid_size = 33, .exit_signal = SIGCHLD);
  C3(64, .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD);
  C3(64, .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
  char large[128] = {0};
  ((struct clone_args *)large)->exit_signal = SIGCHLD;
  told("clone3 with zeroes behind", clone3_with((void *)large, sizeof large));
  large[100] = 1;
  told("clone3 with more behind", clone3_with((void *)large, sizeof large));
  told("clone3 of nothing", clone3_with((void *)8, 64));
}

static int in_child(void *argument) {
  (void)argument;
  value = 2;
  chdir("/tmp");
  close(7);
  _exit(value);
}

static void share(const char *what, int with) {
  static char stack[65536] __attribute__((aligned(16)));
  int status;
  value = 1;
  chdir("/");
  dup2(1, 7);
  pid_t pid = clone(in_child, stack + sizeof stack, with | SIGCHLD, NULL);
  waitpid(pid, &status, 0);
  char directory[64] = "?";
  getcwd(directory, sizeof directory);
  printf("%s: exit %d, value %d, directory %s, descriptor %s\n", what, WEXITSTATUS(status), value,
         directory, fcntl(7, F_GETFD) < 0 ? "closed" : "open");
}

static void handler(int signal) { (void)signal; }

static int clears(void *argument) {
  (void)argument;
  signal(SIGUSR1, SIG_DFL);
  _exit(0);
}

static void sharing(void) {
  share("fork", 0);
  share("CLONE_VM", CLONE_VM);
  share("CLONE_FS", CLONE_FS);
  share("CLONE_FILES", CLONE_FILES);
  share("all", CLONE_VM | CLONE_FS | CLONE_FILES);
  static char stack[65536] __attribute__((aligned(16)));
  signal(SIGUSR1, handler);
  pid_t pid = clone(clears, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
  waitpid(pid, NULL, 0);
  struct sigaction now;
  sigaction(SIGUSR1, NULL, &now);
  printf("CLONE_SIGHAND: handler %s\n", now.sa_handler == handler ? "kept" : "gone");
  pid = vfork();
  if (pid == 0) {
    value = 42;
    _exit(3);
  }
  printf("vfork: value %d\n", value);
  waitpid(pid, NULL, 0);
}

static void numbers(void) {
  int parent_tid = 0, child_tid = 0;
  pid_t pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
                      &parent_tid, 0, &child_tid);
  if (pid == 0) _exit(child_tid == getpid() && parent_tid == getpid() ? 1 : 0);
  int status;
  waitpid(pid, &status, 0);
  printf("parent_tid %d, child_tid in the parent %d, both in the child %d\n", parent_tid == pid,
         child_tid, WEXITSTATUS(status));
  /* The signal at the end may be another one, or none: then only __WCLONE or __WALL waits. */
  pid = syscall(SYS_clone, SIGUSR2, 0, 0, 0, 0);
  if (pid == 0) _exit(4);
  signal(SIGUSR2, handler);
  int result = waitpid(pid, &status, 0);
  printf("wait without __WCLONE: %s\n", result < 0 ? strerrorname_np(errno) : "found");
  while ((result = waitpid(pid, &status, __WCLONE)) < 0 && errno == EINTR) {}
  printf("with __WCLONE: %d, %d\n", result == pid, WEXITSTATUS(status));
  signal(SIGUSR2, SIG_DFL);
}

static void in_new_session(void) {
  pid_t me = getpid();
  printf("setsid %d\n", setsid() == me);
  printf("session %d, group %d\n", getsid(0) == me, getpgrp() == me);
  T(setsid());
  T(setpgid(0, 0));
  T(setpgid(0, getppid()));
  pid_t pid = fork();
  if (pid == 0) {
    T(setpgid(0, 0));
    printf("own group %d, session %d\n", getpgrp() == getpid(), getsid(0) == me);
    T(setsid()); /* the leader of a group must not */
    T(setpgid(0, me)); /* back to the parent's */
    printf("group of the parent %d\n", getpgrp() == me);
    T(setpgid(0, 1));
    T(setpgid(getppid(), 0));
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  T(setpgid(pid, pid));
  T(setpgid(0, -1));
  T(getpgid(-1));
  T(getsid(pid));
  fflush(stdout);
  _exit(0);
}

static void sessions(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) in_new_session();
  waitpid(pid, NULL, 0);
  /* A child that has executed a program cannot be moved. */
  *shared = 0;
  pid = fork();
  if (pid == 0) {
    execl("/proc/self/exe", "exe", "linger", NULL);
    _exit(1);
  }
  while (setpgid(pid, pid) == 0) sched_yield();
  told("setpgid after execve", -1);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static void orphaned_group(void) {
  /* A group that is stopped as its last connection ends gets SIGHUP and SIGCONT. */
  fflush(stdout);
  *shared = 0;
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      signal(SIGHUP, SIG_DFL);
      *shared = getpid();
      raise(SIGSTOP);
      shared[1] = 1;
      _exit(0);
    }
    int status;
    waitpid(job, &status, WUNTRACED);
    shared[2] = WIFSTOPPED(status);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  printf("stopped %d\n", shared[2]);
  for (int i = 0; i < 1000000 && kill(*shared, 0) == 0; i++) sched_yield();
  printf("went on %d\n", shared[1]);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1 && strcmp(argv[1], "linger") == 0) pause();
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  flags();
  sharing();
  numbers();
  sessions();
  orphaned_group();
  return 0;
}
