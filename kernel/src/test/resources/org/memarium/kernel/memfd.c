/* Files in memory: memfd_create and its seals, mappings beside read and write, holes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC 16
#endif

static long show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld", what, result);
  if (result == -1) printf(" %s", strerrorname_np(e));
  printf("\n");
  return result;
}

static sigjmp_buf jump;
static void on_fault(int signal, siginfo_t *info, void *context) {
  printf("  signal %d code %d\n", signal, info->si_code);
  siglongjmp(jump, 1);
}

static void touch(const char *what, volatile char *at, int write) {
  printf("%s\n", what);
  if (!sigsetjmp(jump, 1)) {
    if (write) {
      *at = 7;
    } else {
      printf("  reads %d\n", *at);
    }
    printf("  done\n");
  }
}

/* Maps, and says what became of it; unmaps it again. */
static void map(const char *what, int fd, int prot, int flags) {
  char *p = mmap(0, PAGE, prot, flags, fd, 0);
  printf("%s: %s", what, p == MAP_FAILED ? strerrorname_np(errno) : "mapped");
  if (p != MAP_FAILED) {
    printf(", mprotect to write %s", mprotect(p, PAGE, PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "can");
    printf(", to execute %s", mprotect(p, PAGE, PROT_READ | PROT_EXEC) ? strerrorname_np(errno) : "can");
    munmap(p, PAGE);
  }
  printf("\n");
}

static int raw(const void *name, unsigned flags) {
  return syscall(SYS_memfd_create, name, flags);
}

static void flags_and_names(void) {
  char name[300];
  memset(name, 'n', sizeof name);
  name[249] = 0;
  T(raw(name, 0));
  name[249] = 'n';
  name[250] = 0;
  T(raw(name, 0));
  T(raw("", 0));
  T(raw((void *)8, 0));
  T(raw((void *)8, 0x100));
  T(raw((void *)8, 4));
  T(raw("x", 0x20));
  T(raw("x", 0x80000000));
  T(raw("x", MFD_EXEC | MFD_NOEXEC_SEAL));
  T(raw("x", 4 | 5 << 26));
  T(raw("x", 4 | 0x40));
  T(raw("x", 21 << 26));
  for (int flags = 0; flags < 32; flags++) {
    if (flags & 4) continue;
    int fd = raw("flags", flags);
    struct stat st = {0};
    if (fd >= 0) fstat(fd, &st);
    printf("flags %d: %s mode %o seals %d cloexec %d getfl %o", flags, fd < 0 ? strerrorname_np(errno) : "made", st.st_mode,
           fcntl(fd, F_GET_SEALS), fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
    if (fd >= 0) {
      int mode = fchmod(fd, 0755);
      printf(" chmod 755 %s", mode ? strerrorname_np(errno) : "can");
      mode = fchmod(fd, 0600);
      printf(" chmod 600 %s", mode ? strerrorname_np(errno) : "can");
      fstat(fd, &st);
      printf(" now %o", st.st_mode);
    }
    printf("\n");
    close(fd);
  }
  int fd = raw("a name", 0);
  char link[60] = "", target[100] = "";
  sprintf(link, "/proc/self/fd/%d", fd);
  T(readlink(link, target, sizeof target - 1));
  printf("%s\n", target);
  char *p = mmap((void *)0x50000000, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
  FILE *f = fopen("/proc/self/maps", "r");
  while (fgets(target, sizeof target, f)) {
    if (!strncmp(target, "50000000", 8)) {
      char rights[5], file[60];
      sscanf(target, "%*s %4s %*s %*s %*s %59[^\n]", rights, file);
      printf("%s %s\n", rights, file);
    }
  }
  fclose(f);
  munmap(p, PAGE);
  close(fd);
}

static const int kinds[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC};

static void seals(void) {
  for (int kind = 0; kind < 5; kind++) {
    int seal = kinds[kind];
    printf("seal %d\n", seal);
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    T(ftruncate(fd, 2 * PAGE));
    char *early = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *read_only = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *private = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    private[0] = 1;
    T(fcntl(fd, F_ADD_SEALS, seal));
    T(mprotect(early, PAGE, PROT_READ));
    T(fcntl(fd, F_ADD_SEALS, seal));
    T(mprotect(early, PAGE, PROT_READ | PROT_WRITE));
    munmap(early, PAGE);
    T(fcntl(fd, F_ADD_SEALS, seal));
    T(mprotect(read_only, PAGE, PROT_READ | PROT_WRITE));
    munmap(read_only, PAGE);
    T(fcntl(fd, F_ADD_SEALS, seal));
    touch("private", private, 1);
    T(fcntl(fd, F_ADD_SEALS, seal));
    T(fcntl(fd, F_GET_SEALS));
    T(write(fd, "hello", 5));
    T(pwrite(fd, "hello", 5, 2 * PAGE - 2));
    T(pwrite(fd, "hello", 5, 2 * PAGE));
    T(pwrite(fd, "hello", 5, 9 * PAGE));
    T(pwrite(fd, "hello", 0, 9 * PAGE));
    T(lseek(fd, 0, SEEK_END));
    T(ftruncate(fd, PAGE));
    T(ftruncate(fd, 3 * PAGE));
    T(ftruncate(fd, lseek(fd, 0, SEEK_END)));
    T(fallocate(fd, 0, 0, PAGE));
    T(fallocate(fd, 0, 0, 5 * PAGE));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 6 * PAGE, PAGE));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE));
    T(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
    T(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
    T(fallocate(fd, 0, 0, 0));
    T(fallocate(fd, 0, -1, 1));
    map("shared, to read", fd, PROT_READ, MAP_SHARED);
    map("shared, to write", fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    map("private, to write", fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    map("shared, to execute", fd, PROT_READ | PROT_EXEC, MAP_SHARED);
    map("private, to execute", fd, PROT_READ | PROT_EXEC, MAP_PRIVATE);
    char *p = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED) {
      munmap(p, PAGE);
    }
    T(fchmod(fd, 0777));
    T(fchmod(fd, 0600));
    T(fchmod(fd, 0700));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    T(fcntl(fd, F_ADD_SEALS, 0));
    T(fcntl(fd, F_ADD_SEALS, 0x40));
    T(fcntl(fd, F_GET_SEALS));
    munmap(private, PAGE);
    close(fd);
  }
  int fd = memfd_create("executable", MFD_ALLOW_SEALING | MFD_EXEC);
  ftruncate(fd, PAGE);
  char *p = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  T(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
  munmap(p, PAGE);
  T(fcntl(fd, F_GET_SEALS));
  char path[60];
  sprintf(path, "/proc/self/fd/%d", fd);
  int again = open(path, O_RDONLY);
  T(again >= 0);
  T(fcntl(again, F_ADD_SEALS, F_SEAL_GROW));
  T(fcntl(again, F_GET_SEALS));
  map("a second opening, to read", again, PROT_READ, MAP_SHARED);
  map("a second opening, to write", again, PROT_READ | PROT_WRITE, MAP_SHARED);
  int unsealable = memfd_create("unsealable", 0);
  T(fcntl(unsealable, F_ADD_SEALS, F_SEAL_GROW));
  T(fcntl(0, F_GET_SEALS));
  T(fcntl(0, F_ADD_SEALS, 0));
  int pipes[2];
  pipe(pipes);
  T(fcntl(pipes[1], F_ADD_SEALS, 0));
  T(fcntl(pipes[0], F_ADD_SEALS, 0));
}

static void holes(void) {
  int fd = memfd_create("holes", 0);
  struct stat st;
  T(ftruncate(fd, 10 * PAGE + 100));
  T(lseek(fd, 0, SEEK_DATA));
  T(lseek(fd, 0, SEEK_HOLE));
  T(pwrite(fd, "x", 1, 3 * PAGE + 5));
  T(lseek(fd, 0, SEEK_DATA));
  T(lseek(fd, 3 * PAGE + 7, SEEK_DATA));
  T(lseek(fd, 3 * PAGE, SEEK_HOLE));
  T(lseek(fd, 4 * PAGE, SEEK_DATA));
  T(lseek(fd, 10 * PAGE + 99, SEEK_HOLE));
  T(lseek(fd, 10 * PAGE + 100, SEEK_HOLE));
  char *p = mmap(0, 12 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  touch("reading a hole makes data of it", p + 5 * PAGE, 0);
  fstat(fd, &st);
  T(st.st_blocks);
  T(lseek(fd, 4 * PAGE, SEEK_DATA));
  T(fallocate(fd, 0, 7 * PAGE, 2 * PAGE));
  T(lseek(fd, 6 * PAGE, SEEK_DATA));
  touch("what was allocated", p + 7 * PAGE, 0);
  T(lseek(fd, 6 * PAGE, SEEK_DATA));
  fstat(fd, &st);
  T(st.st_blocks);
  touch("behind the end, in its page", p + 10 * PAGE + 200, 1);
  touch("the page behind", p + 11 * PAGE, 0);
  T(ftruncate(fd, 10 * PAGE + 300));
  touch("is zero", p + 10 * PAGE + 200, 0);
  T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE, PAGE));
  touch("punched", p + 3 * PAGE + 5, 0);
  p[3 * PAGE + 5] = 9;
  T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE + 5, 1));
  touch("a byte punched", p + 3 * PAGE + 5, 0);
  char *q = mmap(0, 12 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  q[3 * PAGE] = 1;
  touch("private, another's page", q + 5 * PAGE, 0);
  touch("the private copy stays", q + 3 * PAGE, 0);
  T(ftruncate(fd, PAGE));
  touch("the private copy is behind the end", q + 3 * PAGE, 0);
  touch("so is the shared page", p + 3 * PAGE, 1);
  touch("and the first is there", p, 1);
  T(ftruncate(fd, 4 * PAGE));
  touch("longer again", q + 3 * PAGE, 0);
  fstat(fd, &st);
  T(st.st_blocks);
  T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 6 * PAGE, 2 * PAGE));
  fstat(fd, &st);
  T(st.st_blocks);
  T(st.st_size);
  T(ftruncate(fd, 4 * PAGE));
  fstat(fd, &st);
  T(st.st_blocks);
  munmap(p, 12 * PAGE);
  munmap(q, 12 * PAGE);
  close(fd);
}

static void modes(void) {
  int fd = memfd_create("modes", 0);
  ftruncate(fd, 5 * PAGE);
  char path[60];
  sprintf(path, "/proc/self/fd/%d", fd);
  int read_only = open(path, O_RDONLY);
  for (int mode = 0; mode < 512; mode++) {
    int there = fallocate(fd, mode, 0, PAGE) ? errno : 0;
    int refused = fallocate(read_only, mode, 0, PAGE) ? errno : 0;
    printf("fallocate %x: %d %d\n", mode, there, refused);
  }
  close(fd);
  close(read_only);
}

static void between_processes(void) {
  int pair[2], fd = memfd_create("shared", MFD_ALLOW_SEALING);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  ftruncate(fd, 4 * PAGE);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    close(fd);
    char byte, control[64];
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    T(recvmsg(pair[1], &message, 0));
    int got;
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
    T(lseek(got, 0, SEEK_CUR));
    char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, got, 0);
    printf("the child reads: %s\n", p + 100);
    strcpy(p + 2 * PAGE, "written by the child's mapping");
    T(pwrite(got, "written by the child's call", 28, 3 * PAGE));
    T(lseek(got, 77, SEEK_SET));
    fflush(stdout);
    write(pair[1], "x", 1);
    read(pair[1], &byte, 1);
    touch("truncated by the parent", p + 3 * PAGE, 0);
    T(fcntl(got, F_ADD_SEALS, F_SEAL_WRITE));
    munmap(p, 4 * PAGE);
    T(fcntl(got, F_ADD_SEALS, F_SEAL_WRITE));
    fflush(stdout);
    write(pair[1], "x", 1);
    _exit(0);
  }
  char byte, control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec iov = {"x", 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  pwrite(fd, "from the parent", 16, 100);
  sendmsg(pair[0], &message, 0);
  read(pair[0], &byte, 1);
  char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  printf("the parent reads: %s; %s\n", p + 2 * PAGE, p + 3 * PAGE);
  T(lseek(fd, 0, SEEK_CUR));
  munmap(p, 4 * PAGE);
  T(ftruncate(fd, 3 * PAGE));
  fflush(stdout);
  write(pair[0], "x", 1);
  read(pair[0], &byte, 1);
  T(write(fd, "x", 1));
  T(fcntl(fd, F_GET_SEALS));
  waitpid(child, 0, 0);
  close(fd);
  close(pair[0]);
  close(pair[1]);
}

static void anonymous(void) {
  char *shared = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(shared, "before");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    strcpy(shared, "by the child");
    strcpy(shared + PAGE, "a page that the child made");
    char *more = mremap(shared, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    T(more != MAP_FAILED);
    touch("behind what was mapped at first", more + 5 * PAGE, 0);
    fflush(stdout);
    _exit(0);
  }
  shared[2 * PAGE] = 1;
  waitpid(child, 0, 0);
  printf("%s; %s\n", shared, shared + PAGE);
  char *twice = mremap(shared, 0, 4 * PAGE, MREMAP_MAYMOVE);
  strcpy(twice, "through the second mapping");
  printf("%s\n", shared);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  flags_and_names();
  seals();
  holes();
  modes();
  between_processes();
  anonymous();
  return 0;
}
