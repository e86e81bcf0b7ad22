/* What the test programs share: each call is printed with its result or its error by name, so that
 * two kernels can be compared line by line. Calls are made by number, as the kernel has them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define LO(x) ((long)(uint32_t)(uint64_t)(x))
#define HI(x) ((long)(uint32_t)((uint64_t)(x) >> 32))

static void told(const char *what, long long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerrorname_np(errno) ? strerrorname_np(errno) : "?");
  } else {
    printf("%s: %lld\n", what, result);
  }
}

/* Prints a call and its result. */
#define T(call) told(#call, (call))

/* Prints whether a call that gives a descriptor gave one, and closes it. */
#define O(call)                        \
  do {                                 \
    int made = (call);                 \
    told(#call, made < 0 ? -1 : 0);    \
    if (made >= 0) close(made);        \
  } while (0)

#define S(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static int must(const char *what, int result) {
  if (result < 0) {
    printf("%s must work: %s\n", what, strerrorname_np(errno));
    exit(9);
  }
  return result;
}

/* A descriptor that the test needs. */
#define M(call) must(#call, (call))

static void make(const char *path, const char *text) {
  int fd = M(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  M(write(fd, text, strlen(text)));
  close(fd);
}

static void show(const char *path) {
  char text[256];
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    printf("%s: %s\n", path, strerrorname_np(errno));
    return;
  }
  int n = read(fd, text, sizeof text);
  close(fd);
  printf("%s: \"%.*s\"\n", path, n < 0 ? 0 : n, text);
}

/* Each program works below the directory that it is given, in one of its own making. */
static void begin(char **argv) {
  umask(022);
  M(chdir(argv[1]));
  M(mkdir("work", 0755));
  M(chdir("work"));
}
