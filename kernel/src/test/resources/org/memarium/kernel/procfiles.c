// What a process reads of itself, and of its children, in /proc/PID.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
static char text[1 << 20];

static int slurp(const char *path) {
  int fd = open(path, O_RDONLY), n = 0, r;
  if (fd < 0) return -errno;
  while ((r = read(fd, text + n, sizeof text - 1 - n)) > 0) n += r;
  if (r < 0) n = -errno;
  close(fd);
  text[n < 0 ? 0 : n] = 0;
  return n;
}

static int put(const char *path, const char *what) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -errno;
  int r = write(fd, what, strlen(what));
  if (r < 0) r = -errno;
  close(fd);
  return r;
}

// The lines of smaps of the areas in [from, to), without addresses.
static void smaps(const char *label, char *from, char *to) {
  slurp("/proc/self/smaps");
  printf("-- %s\n", label);
  int on = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long start, end;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3) {
      on = start >= (unsigned long)from && end <= (unsigned long)to;
      if (on) printf("+%lx %lx %s\n", start - (unsigned long)from, end - start, rights);
    } else if (on) {
      char name[32];
      unsigned value;
      char *flags = strstr(line, " sd ");
      if (!strncmp(line, "VmFlags", 7)) {
        // The host's kernel may not track soft-dirty pages.
        if (flags) memmove(flags, flags + 3, strlen(flags + 3) + 1);
        printf("%s\n", line);
      } else if (sscanf(line, "%31[^:]: %u", name, &value) == 2 && value) {
        printf("%s\n", line);
      }
    }
  }
}

// Bits of pagemap, without frame numbers and soft-dirty.
static void pagemap(const char *label, char *from, int pages) {
  uint64_t words[64];
  int fd = open("/proc/self/pagemap", O_RDONLY);
  int n = pread(fd, words, pages * 8, (uint64_t)(uintptr_t)from / PAGE * 8);
  printf("%s:", label);
  for (int i = 0; i < n / 8; i++) {
    uint64_t w = words[i];
    printf(" %c%c%c%c%c", w >> 63 & 1 ? 'P' : '-', w >> 62 & 1 ? 'S' : '-', w >> 61 & 1 ? 'F' : '-',
           w >> 56 & 1 ? 'E' : '-', (w & ((1ull << 55) - 1)) ? 'n' : '-');
  }
  printf("\n");
  close(fd);
}

static void mappings(void) {
  char *at = mmap(0, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *end = at + 64 * PAGE;
  munmap(at, 64 * PAGE);
  // Two private anonymous areas with a hole in pages.
  mmap(at + 2 * PAGE, 8 * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[2 * PAGE] = 1, at[4 * PAGE] = 1;
  volatile char c = at[6 * PAGE];
  // A file, private: read and written pages.
  char name[] = "/tmp/procfilesXXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  ftruncate(fd, 8 * PAGE);
  for (int i = 0; i < 8; i++) pwrite(fd, "x", 1, i * PAGE);
  fsync(fd);
  mmap(at + 12 * PAGE, 8 * PAGE, 3, MAP_FIXED | MAP_PRIVATE, fd, 0);
  madvise(at + 12 * PAGE, 8 * PAGE, MADV_RANDOM);
  at[12 * PAGE] = 1;
  at[13 * PAGE] = 1;
  // Shared anonymous memory.
  mmap(at + 24 * PAGE, 6 * PAGE, 3, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  at[24 * PAGE] = 1;
  at[25 * PAGE] = 1;
  // A memfd, private, read.
  int mem = syscall(SYS_memfd_create, "some name", 0);
  ftruncate(mem, 4 * PAGE);
  write(mem, "abc", 3);
  mmap(at + 34 * PAGE, 4 * PAGE, 1, MAP_FIXED | MAP_SHARED, mem, 0);
  c = at[34 * PAGE];
  // Rights and advice.
  mmap(at + 40 * PAGE, 2 * PAGE, 1, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  c = at[40 * PAGE];
  mmap(at + 44 * PAGE, 2 * PAGE, 7, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  at[45 * PAGE] = 1;
  mmap(at + 48 * PAGE, 2 * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(at + 48 * PAGE, PAGE, MADV_DONTFORK);
  madvise(at + 49 * PAGE, PAGE, MADV_SEQUENTIAL);
  mmap(at + 52 * PAGE, 2 * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[52 * PAGE] = 1;
  mprotect(at + 52 * PAGE, PAGE, 0);
  smaps("first", at, end);
  pagemap("private", at + 2 * PAGE, 8);
  pagemap("shared", at + 24 * PAGE, 6);
  pagemap("memfd", at + 34 * PAGE, 4);
  pagemap("none", at + 52 * PAGE, 2);
  // Three processes share what is there, and one has a copy.
  int go[2], ready[2];
  pipe(go);
  pipe(ready);
  for (int i = 0; i < 2; i++) {
    if (!fork()) {
      if (i) at[2 * PAGE] = 2;
      c = at[24 * PAGE];
      write(ready[1], "r", 1);
      read(go[0], text, 1);
      _exit(0);
    }
    read(ready[0], text, 1);
  }
  smaps("forked", at, end);
  pagemap("private", at + 2 * PAGE, 8);
  write(go[1], "gg", 2);
  while (wait(0) > 0) {}
  smaps("alone again", at, end);
  // clear_refs
  printf("clear 2: %d\n", put("/proc/self/clear_refs", "2"));
  printf("clear 9: %d, x: %d, ' 3\\n': %d\n", put("/proc/self/clear_refs", "9"),
         put("/proc/self/clear_refs", "x"), put("/proc/self/clear_refs", " 3\n"));
  printf("clear 5: %d\n", put("/proc/self/clear_refs", "5"));
  munmap(at, 64 * PAGE);
  close(fd);
  close(mem);
  (void)c;
}

// mem: reads and writes whatever the rights are.
static void memory(void) {
  int fd = open("/proc/self/mem", O_RDWR);
  char *at = mmap(0, 8 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(at, "first");
  mprotect(at, PAGE, PROT_READ);
  mprotect(at + PAGE, PAGE, PROT_NONE);
  munmap(at + 4 * PAGE, PAGE);
  char buffer[3 * PAGE];
  printf("read-only: %d", (int)pwrite64(fd, "second", 7, (uintptr_t)at));
  printf(" %s\n", at);
  printf("none: %d", (int)pwrite64(fd, "third", 6, (uintptr_t)at + PAGE));
  memset(buffer, 0, sizeof buffer);
  printf(" %d %s\n", (int)pread64(fd, buffer, 10, (uintptr_t)at + PAGE), buffer);
  printf("hole: %d", (int)pread64(fd, buffer, 10, (uintptr_t)at + 4 * PAGE));
  printf(" errno %d\n", errno);
  printf("to the hole: %d\n", (int)pread64(fd, buffer, 2 * PAGE, (uintptr_t)at + 3 * PAGE));
  printf("to the hole: %d\n", (int)pwrite64(fd, buffer, 2 * PAGE, (uintptr_t)at + 3 * PAGE));
  mprotect(at + PAGE, PAGE, PROT_READ);
  printf("later: %s\n", at + PAGE);
  // Code.
  const char *source = "abc";
  printf("constant: %d %s\n", (int)pwrite64(fd, "xyz", 3, (uintptr_t)source), source);
  // Shared and read-only.
  char name[] = "/tmp/procfilesXXXXXX";
  int file = mkstemp(name);
  unlink(name);
  ftruncate(file, PAGE);
  char *shared = mmap(0, PAGE, PROT_READ, MAP_SHARED, file, 0);
  errno = 0;
  printf("shared read-only: %d errno %d\n", (int)pwrite64(fd, "x", 1, (uintptr_t)shared), errno);
  char *mine = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
  printf("private read-only: %d %s", (int)pwrite64(fd, "mine", 5, (uintptr_t)mine), mine);
  printf(" file %d\n", (int)pread(file, buffer, 1, 0) == 1 ? buffer[0] : -1);
  char *both = mmap(0, PAGE, 3, MAP_SHARED, file, 0);
  printf("shared: %d", (int)pwrite64(fd, "both", 5, (uintptr_t)both));
  pread(file, buffer, 5, 0);
  printf(" file %s\n", buffer);
  // Another process's.
  int go[2];
  pipe(go);
  fflush(stdout);
  int child = fork();
  if (!child) {
    read(go[0], buffer, 1);
    printf("child has %s\n", at);
    fflush(stdout);
    _exit(0);
  }
  sprintf(buffer, "/proc/%d/mem", child);
  int other = open(buffer, O_RDWR);
  printf("child's: %d\n", (int)pwrite64(other, "child", 6, (uintptr_t)at));
  fflush(stdout);
  write(go[1], "g", 1);
  int status;
  waitpid(child, &status, 0);
  errno = 0;
  printf("of the dead: %d errno %d; own %s\n", (int)pread64(other, buffer, 6, (uintptr_t)at), errno, at);
  close(other);
  close(fd);
  fd = open("/proc/self/mem", O_RDONLY);
  printf("lseek: %d %d %d\n", (int)lseek(fd, 4096, SEEK_SET), (int)lseek(fd, 1, SEEK_CUR), (int)lseek(fd, 0, SEEK_END));
  close(fd);
}

static void zombie(void) {
  const char *files[] = {"maps", "smaps", "smaps_rollup", "pagemap", "mem", "environ", "auxv", "cmdline", "statm",
                         "wchan", "oom_score", "oom_score_adj", "coredump_filter", "timerslack_ns", "comm", "exe", 0};
  char path[64];
  int child = fork();
  if (!child) _exit(3);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  for (int i = 0; files[i]; i++) {
    sprintf(path, "/proc/%d/%s", child, files[i]);
    int n = slurp(path);
    printf("zombie %s: %d\n", files[i], n);
  }
  waitpid(child, 0, 0);
}

static void permissions(void) {
  const char *files[] = {"maps", "smaps", "smaps_rollup", "pagemap", "mem", "environ", "auxv", "cmdline", "status",
                         "stat", "statm", "limits", "wchan", "oom_score", "oom_score_adj", "numa_maps",
                         "coredump_filter", "timerslack_ns", "personality", "comm", "map_files", "exe", "fd", 0};
  char path[64], what[64];
  fflush(stdout);
  for (int round = 0; round < 3; round++) {
    int go[2], ready[2];
    pipe(go);
    pipe(ready);
    // The one that is looked at.
    int target = fork();
    if (!target) {
      if (round) setgid(1000), setuid(1000);
      if (round == 1) prctl(PR_SET_DUMPABLE, 1);
      write(ready[1], "r", 1);
      read(go[0], text, 1);
      _exit(0);
    }
    read(ready[0], text, 1);
    int looker = fork();
    if (!looker) {
      setgroups(0, 0);
      setgid(1000);
      setuid(1000);
      for (int i = 0; files[i]; i++) {
        sprintf(path, "/proc/%d/%s", target, files[i]);
        int fd = open(path, O_RDONLY), failed = errno;
        int n = fd < 0 ? 0 : read(fd, text, 10);
        snprintf(what, sizeof what, "%s", fd < 0 ? strerror(failed) : n < 0 ? strerror(errno) : "ok");
        printf("round %d %s: %s", round, files[i], what);
        struct stat st;
        if (!stat(path, &st) && strcmp(files[i], "exe")) printf(" %o %d", st.st_mode & 07777, st.st_uid);
        printf("\n");
      }
      sprintf(path, "/proc/%d/exe", target);
      int n = readlink(path, text, 100);
      printf("readlink %s\n", n < 0 ? strerror(errno) : "ok");
      sprintf(path, "/proc/%d/stat", target);
      slurp(path);
      char *behind = strrchr(text, ')');
      unsigned long long f[60];
      int k = 0;
      for (char *t = strtok(behind + 4, " "); t && k < 60; t = strtok(0, " ")) f[k++] = strtoull(t, 0, 10);
      // startcode and endcode, startstack, wchan, start_data ... exit_code: fields 26, 27, 28, 35, 45 to 52
      printf("stat: %d %d %d %d %d %d\n", f[22] > 1, f[23] > 1, f[24] > 0, (int)f[31], f[41] > 0, f[45] > 0);
      fflush(stdout);
      _exit(0);
    }
    waitpid(looker, 0, 0);
    write(go[1], "g", 1);
    waitpid(target, 0, 0);
    close(go[0]), close(go[1]), close(ready[0]), close(ready[1]);
  }
}

static void settings(void) {
  printf("oom_score_adj 500: %d", put("/proc/self/oom_score_adj", "500\n"));
  slurp("/proc/self/oom_score_adj");
  printf(" %s", text);
  slurp("/proc/self/oom_adj");
  printf("oom_adj %s", text);
  printf("1001: %d, x: %d, 0x10: %d", put("/proc/self/oom_score_adj", "1001"), put("/proc/self/oom_score_adj", "x"),
         put("/proc/self/oom_score_adj", "0x10"));
  slurp("/proc/self/oom_score_adj");
  printf(" %s", text);
  fflush(stdout);
  int child = fork();
  if (!child) {
    setuid(1000);
    prctl(PR_SET_DUMPABLE, 1);
    printf("user: 30: %d, 20: %d, -1: %d\n", put("/proc/self/oom_score_adj", "30"),
           put("/proc/self/oom_score_adj", "20"), put("/proc/self/oom_score_adj", "-1"));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
  printf("coredump_filter: %d", put("/proc/self/coredump_filter", "0x7f"));
  slurp("/proc/self/coredump_filter");
  printf(" %s", text);
  printf("timerslack: %d", put("/proc/self/timerslack_ns", "1234"));
  slurp("/proc/self/timerslack_ns");
  printf(" %s", text);
  printf("prctl %d", prctl(PR_GET_TIMERSLACK));
  prctl(PR_SET_TIMERSLACK, 0);
  printf(" then %d\n", prctl(PR_GET_TIMERSLACK));
  printf("comm: %d", put("/proc/self/comm", "a name that is too long"));
  slurp("/proc/self/comm");
  printf(" %s", text);
  slurp("/proc/self/wchan");
  printf("wchan %s\n", text);
}

static void files(void) {
  char name[] = "/tmp/procfilesXXXXXX", path[64], target[256];
  int fd = mkstemp(name);
  ftruncate(fd, 2 * PAGE);
  char *at = mmap(0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
  sprintf(path, "/proc/self/map_files/%lx-%lx", (unsigned long)at, (unsigned long)at + 2 * PAGE);
  int n = readlink(path, target, 255);
  target[n < 0 ? 0 : n] = 0;
  struct stat st;
  lstat(path, &st);
  printf("map_files: %d %o\n", !strcmp(target, name), st.st_mode);
  int again = open(path, O_RDONLY);
  write(fd, "hello", 5);
  n = read(again, target, 5);
  printf("open: %.5s\n", target);
  sprintf(path, "/proc/self/map_files/%lx-%lx", (unsigned long)at, (unsigned long)at + PAGE);
  printf("other bounds: %d errno %d\n", (int)readlink(path, target, 255), errno);
  unlink(name);
  slurp("/proc/self/maps");
  printf("deleted: %d\n", strstr(text, "(deleted)") != 0);
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  for (int i = 1; i < count; i++) {
    if (!strcmp(arguments[i], "mappings")) mappings();
    if (!strcmp(arguments[i], "memory")) memory();
    if (!strcmp(arguments[i], "zombie")) zombie();
    if (!strcmp(arguments[i], "permissions")) permissions();
    if (!strcmp(arguments[i], "settings")) settings();
    if (!strcmp(arguments[i], "files")) files();
    fflush(stdout);
  }
  return 0;
}
