/* Many processes: one after the other, all at once, or as many as there can be. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int in_a_row(int count) {
  for (int i = 0; i < count; i++) {
    int status;
    pid_t pid = fork();
    if (pid == 0) _exit(i & 127);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != (i & 127)) return 1;
  }
  return 0;
}

static int with_programs(int count, char *self) {
  for (int i = 0; i < count; i++) {
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
      execl(self, self, "nothing", "0", NULL);
      _exit(9);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) return 1;
  }
  return 0;
}

/* Every child writes to a page of its own, and waits until the parent lets all go. */
static int at_once(int count) {
  int ends[2], made = 0, ended = 0, good = 0, status;
  if (pipe(ends) != 0) return 1;
  char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (; made < count; made++) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      char byte;
      close(ends[1]);
      page[0] = made;
      read(ends[0], &byte, 1);
      _exit(page[0] == (char)made ? 42 : 1);
    }
  }
  printf("made %d%s%s\n", made, made < count ? ": " : "", made < count ? strerrorname_np(errno) : "");
  fflush(stdout);
  getppid(); /* here the test looks at all of them */
  close(ends[1]);
  while (wait(&status) > 0) {
    ended++;
    good += WEXITSTATUS(status) == 42;
  }
  printf("ended %d, as they should %d\n", ended, good);
  return 0;
}

/* Each process makes two more, until there can be none. */
static int bomb(void) {
  volatile int *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid < 0) {
      counts[errno == EAGAIN ? 1 : 2]++;
      break;
    }
    counts[0] += pid == 0;
  }
  while (wait(NULL) > 0) {}
  if (getpid() == 100)
    printf("more than 20: %d, EAGAIN: %d, other: %d\n", counts[0] > 20, counts[1] > 0, counts[2]);
  return 0;
}

/* Forks until that succeeds; the test makes it fail. */
static int until_it_works(void) {
  int failures = 0, wrong = 0;
  for (;;) {
    long pid = syscall(SYS_fork);
    int error = errno;
    if (pid == 0) _exit(0);
    syscall(SYS_getppid);
    if (pid > 0) break;
    failures++;
    wrong += error != ENOMEM;
  }
  wait(NULL);
  printf("wrong %d, failed %d\n", wrong, failures > 5);
  return 0;
}

/* More than half of what may be promised, twice. */
static int promised(size_t mebibytes) {
  void *area = mmap(NULL, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("mmap %s\n", area == MAP_FAILED ? strerrorname_np(errno) : "works");
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  printf("fork %s\n", pid < 0 ? strerrorname_np(errno) : "works");
  return 0;
}

int main(int argc, char **argv) {
  int count = atoi(argv[2]);
  if (strcmp(argv[1], "nothing") == 0) return 0;
  if (strcmp(argv[1], "row") == 0) return in_a_row(count);
  if (strcmp(argv[1], "programs") == 0) return with_programs(count, argv[0]);
  if (strcmp(argv[1], "once") == 0) return at_once(count);
  if (strcmp(argv[1], "bomb") == 0) return bomb();
  if (strcmp(argv[1], "fail") == 0) return until_it_works();
  if (strcmp(argv[1], "promised") == 0) return promised(count);
  return 2;
}
