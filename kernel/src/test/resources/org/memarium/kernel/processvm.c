/* process_vm_readv and process_vm_writev: whose memory, how much of it, and nonsense. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))
#define READ(pid, l, ln, r, rn, f) syscall(SYS_process_vm_readv, pid, l, ln, r, rn, f)
#define WRITE(pid, l, ln, r, rn, f) syscall(SYS_process_vm_writev, pid, l, ln, r, rn, f)

static void show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld", what, result);
  if (result == -1) printf(" %s", strerrorname_np(e));
  printf("\n");
}

static char *map(int prot, int flags, int pages) {
  return mmap(0, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  char *area = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 8);
  char *shared = map(PROT_READ | PROT_WRITE, MAP_SHARED, 2);
  char *read_only = map(PROT_READ, MAP_PRIVATE, 2);
  char *none = map(PROT_NONE, MAP_PRIVATE, 2);
  strcpy(area, "the parent's");
  strcpy(shared, "shared");
  munmap(area + 4 * PAGE, PAGE);
  int ready[2], go[2];
  pipe(ready);
  pipe(go);
  pid_t child = fork();
  if (child == 0) {
    char c;
    strcpy(area, "the child's");
    strcpy(area + 2 * PAGE - 3, "abcdef");
    write(ready[1], "x", 1);
    read(go[0], &c, 1);
    printf("the child finds %s, %s, %s\n", area, area + PAGE + 100, area + 3 * PAGE);
    fflush(stdout);
    write(ready[1], "x", 1);
    read(go[0], &c, 1);
    setgid(1000);
    setuid(1000);
    write(ready[1], "x", 1);
    read(go[0], &c, 1);
    _exit(0);
  }
  char c, buffer[10 * PAGE];
  read(ready[0], &c, 1);
  struct iovec l = {buffer, 100}, r = {area, 100};
  memset(buffer, 0, sizeof buffer);
  T(READ(child, &l, 1, &r, 1, 0));
  printf("%s; here still: %s\n", buffer, area);
  T(READ(child, &l, 1, &r, 1, 1));
  T(READ(child, &l, 0, &r, 1, 0));
  T(READ(child, &l, 1, &r, 0, 0));
  T(READ(99999, &l, 1, &r, 1, 0));
  T(READ(99999, &l, 1, &r, 0, 0));
  T(READ(99999, &l, 0, &r, 1, 0));
  T(READ(0, &l, 1, &r, 1, 0));
  T(READ(-1, &l, 1, &r, 1, 0));
  T(READ(child, &l, 1025, &r, 1, 0));
  T(READ(child, &l, 1, &r, 1025, 0));
  T(READ(child, &l, -1, &r, 1, 0));
  T(READ(child, 8, 1, &r, 1, 0));
  T(READ(child, &l, 1, 8, 1, 0));
  T(READ(child, 8, 0, &r, 1, 0));
  struct iovec zero = {buffer, 0}, negative = {buffer, -1}, kernel = {(void *)0xfffff000, 0x2000};
  T(READ(child, &zero, 1, &r, 1, 0));
  T(READ(child, &l, 1, &zero, 1, 0));
  T(READ(child, &zero, 1, 8, 1, 0));
  T(READ(child, &negative, 1, &r, 1, 0));
  T(READ(child, &l, 1, &negative, 1, 0));
  T(READ(child, &kernel, 1, &r, 1, 0));
  T(READ(child, &l, 1, &kernel, 1, 0));

  struct iovec over = {area + 3 * PAGE + 96, 8000}, in = {buffer, 9000};
  T(READ(child, &in, 1, &over, 1, 0));
  struct iovec hole = {area + 4 * PAGE, 10};
  T(READ(child, &in, 1, &hole, 1, 0));
  struct iovec pieces[3] = {{area + 2 * PAGE - 3, 2}, {area + 2 * PAGE - 1, 4}, {area + 4 * PAGE, 5}};
  struct iovec into[4] = {{buffer, 1}, {buffer + 10, 0}, {buffer + 20, 3}, {buffer + 30, 50}};
  memset(buffer, 0, 100);
  T(READ(child, into, 4, pieces, 3, 0));
  printf("%s %s %s\n", buffer, buffer + 20, buffer + 30);
  char *edge = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 2);
  munmap(edge + PAGE, PAGE);
  struct iovec short_local = {edge + PAGE - 5, 50};
  T(READ(child, &short_local, 1, &r, 1, 0));
  struct iovec bad_local = {edge + PAGE, 50};
  T(READ(child, &bad_local, 1, &r, 1, 0));
  T(WRITE(child, &short_local, 1, &r, 1, 0));

  struct iovec out = {"written by the parent", 22}, at[2] = {{area + PAGE + 100, 7}, {area + PAGE + 107, 15}};
  T(WRITE(child, &out, 1, at, 2, 0));
  struct iovec fresh = {area + 3 * PAGE, 22};
  T(WRITE(child, &out, 1, &fresh, 1, 0));
  struct iovec ro = {read_only, 10};
  T(WRITE(child, &out, 1, &ro, 1, 0));
  T(READ(child, &l, 1, &ro, 1, 0));
  struct iovec no = {none, 10};
  T(WRITE(child, &out, 1, &no, 1, 0));
  T(READ(child, &l, 1, &no, 1, 0));
  struct iovec both = {area + PAGE - 4, 4 * PAGE}, large = {buffer, 5 * PAGE};
  T(READ(child, &large, 1, &both, 1, 0));
  struct iovec in_shared = {shared, 22};
  T(WRITE(child, &out, 1, &in_shared, 1, 0));
  printf("%s\n", shared);
  struct iovec code = {(void *)main, 16};
  T(READ(child, &l, 1, &code, 1, 0));
  printf("%d\n", memcmp(buffer, (void *)main, 16));
  T(WRITE(child, &out, 1, &code, 1, 0));
  T(READ(getpid(), &l, 1, &r, 1, 0));
  printf("%s\n", buffer);
  struct iovec self_from = {area, 12}, self_to = {area + PAGE, 12};
  T(WRITE(getpid(), &self_from, 1, &self_to, 1, 0));
  printf("%s\n", area + PAGE);
  fflush(stdout);
  write(go[1], "x", 1);
  read(ready[0], &c, 1);

  fflush(stdout);
  if (fork() == 0) {
    setgid(1000);
    setuid(1000);
    T(READ(child, &l, 1, &r, 1, 0));
    T(WRITE(child, &out, 1, &r, 1, 0));
    T(READ(getppid(), &l, 1, &r, 1, 0));
    T(READ(getpid(), &l, 1, &r, 1, 0));
    write(go[1], "x", 1);
    read(ready[0], &c, 1);
    T(READ(child, &l, 1, &r, 1, 0));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  T(READ(child, &l, 1, &r, 1, 0));
  fflush(stdout);
  write(go[1], "x", 1);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  T(READ(child, &l, 1, &r, 1, 0));
  waitpid(child, 0, 0);
  T(READ(child, &l, 1, &r, 1, 0));
  return 0;
}
