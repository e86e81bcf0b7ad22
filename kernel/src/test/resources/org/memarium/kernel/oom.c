/* Programs that want more memory than there is: oom HOW [ARGUMENTS]
     hog                      fills memory until it is killed
     hold MIB                 has so much, and ends
     order MIB:ADJ ...        children that hold so much each, with an oom_score_adj each; the parent,
                              which must not be killed, fills the rest and tells who is killed when
     call                     the kernel itself meets the end of memory on behalf of the program
     shared                   two processes that share their memory: both die
     locked                   the victim has its memory locked
     forks DEPTH              a tree of processes, each of which holds as much as its depth */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1 << 20)

static void adjust(int value) {
  char text[16];
  int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  int n = snprintf(text, sizeof text, "%d", value);
  if (write(fd, text, n) != n) _exit(3);
  close(fd);
}

static char *hold(size_t bytes, int flags) {
  char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (at == MAP_FAILED) _exit(4);
  for (size_t i = 0; i < bytes; i += 4096) at[i] = 1;
  return at;
}

static void hog(void) {
  for (;;) hold(MIB, 0);
}

static int order(int count, char **specs) {
  pid_t pids[32];
  int ready[2];
  char byte;
  pipe(ready);
  for (int i = 0; i < count; i++) {
    int mib = atoi(specs[i]);
    char *colon = strchr(specs[i], ':');
    if ((pids[i] = fork()) == 0) {
      if (colon) adjust(atoi(colon + 1));
      hold((size_t)mib * MIB, 0);
      write(ready[1], "r", 1);
      for (;;) pause();
    }
    read(ready[0], &byte, 1);
  }
  adjust(-1000);
  for (int left = count; left > 0;) {
    int status;
    pid_t pid;
    hold(MIB / 4, 0);
    usleep(20000);
    while (left > 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
      for (int i = 0; i < count; i++) {
        if (pids[i] == pid) printf("%s killed by %d\n", specs[i], WTERMSIG(status));
      }
      left--;
      fflush(stdout);
    }
  }
  return 0;
}

/* The parent has its child read a file into more memory than there is. */
static int call(void) {
  int status;
  if (fork() == 0) {
    size_t bytes = 512u * MIB;
    char *at = mmap(0, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int fd = open("/dev/zero", O_RDONLY);
    if (at == MAP_FAILED) _exit(5);
    for (;;) read(fd, at, bytes);
  }
  wait(&status);
  printf("killed by %d\n", WTERMSIG(status));
  return 0;
}

static int sharing(void *unused) {
  for (;;) pause();
}

static int shared(void) {
  static char stack[16384];
  int status;
  pid_t child = fork();
  if (child == 0) {
    pid_t other = clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_PARENT | SIGCHLD, 0);
    if (other < 0) _exit(6);
    hog();
  }
  for (int i = 0; i < 2; i++) {
    pid_t pid = wait(&status);
    printf("%s killed by %d\n", pid == child ? "the child" : "who shared", WTERMSIG(status));
  }
  return 0;
}

static int locked(void) {
  int status;
  if (fork() == 0) {
    mlockall(MCL_CURRENT | MCL_FUTURE);
    hog();
  }
  wait(&status);
  printf("killed by %d\n", WTERMSIG(status));
  return 0;
}

static int forks(int depth) {
  int status;
  hold(MIB, 0);
  if (depth > 0) {
    pid_t child = fork();
    if (child == 0) return forks(depth - 1);
    waitpid(child, &status, 0);
    printf("depth %d: child %s %d\n", depth, WIFSIGNALED(status) ? "killed by" : "ended with",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
    return 0;
  }
  hog();
  return 1;
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (argc > 1 && !strcmp(argv[1], "hog")) hog();
  if (argc > 2 && !strcmp(argv[1], "hold")) return hold(atoi(argv[2]) * (size_t)MIB, 0) == 0;
  if (argc > 2 && !strcmp(argv[1], "order")) return order(argc - 2, argv + 2);
  if (argc > 1 && !strcmp(argv[1], "call")) return call();
  if (argc > 1 && !strcmp(argv[1], "shared")) return shared();
  if (argc > 1 && !strcmp(argv[1], "locked")) return locked();
  if (argc > 2 && !strcmp(argv[1], "forks")) return forks(atoi(argv[2]));
  return 2;
}
