/* RLIMIT_FSIZE: what is cut short, what fails, and what sends SIGXFSZ. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT 8192

static char buffer[3 * LIMIT];
static int code;

static void noted(int signal, siginfo_t *info, void *context) {
  code = info->si_code;
  if (info->si_pid != getpid()) {
    code += 1000;
  }
}

static void told(const char *what, long result) {
  int error = result < 0 ? errno : 0;
  char line[200];
  snprintf(line, sizeof line, "%s: %ld%s%s%s\n", what, result, error ? " " : "",
           error ? strerror(error) : "", code != 99 ? " signal" : "");
  write(1, line, strlen(line));
  if (code != 99 && code != SI_USER) {
    snprintf(line, sizeof line, "  si_code %d\n", code);
    write(1, line, strlen(line));
  }
  code = 99;
}

static void size(int fd) {
  struct stat status;
  fstat(fd, &status);
  char line[50];
  snprintf(line, sizeof line, "  size %lld\n", (long long)status.st_size);
  write(1, line, strlen(line));
}

static void all(int fd) {
  told("write within", write(fd, buffer, 5000));
  told("write across", write(fd, buffer, 5000));
  told("write nothing behind", write(fd, buffer, 0));
  told("write behind", write(fd, buffer, 1));
  size(fd);
  told("pwrite within", pwrite(fd, buffer, 100, 100));
  told("pwrite across", pwrite(fd, buffer, 100, LIMIT - 10));
  told("pwrite at", pwrite(fd, buffer, 100, LIMIT));
  told("pwrite far", pwrite(fd, buffer, 100, 1LL << 40));
  told("ftruncate to", ftruncate(fd, LIMIT));
  told("ftruncate beyond", ftruncate(fd, LIMIT + 1));
  told("fallocate to", fallocate(fd, 0, 100, LIMIT - 100));
  told("fallocate beyond", fallocate(fd, 0, 100, LIMIT));
  told("lseek", lseek(fd, 0, SEEK_SET));
  size(fd);
}

int main(int argc, char **argv) {
  code = 99;
  struct sigaction action = {.sa_sigaction = noted, .sa_flags = SA_SIGINFO};
  sigaction(SIGXFSZ, &action, NULL);
  int large = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  told("before", ftruncate(large, 2 * LIMIT));
  struct rlimit limit = {LIMIT, RLIM_INFINITY};
  told("setrlimit", setrlimit(RLIMIT_FSIZE, &limit));
  told("one that is larger already, inside", pwrite(large, buffer, 10, 0));
  told("one that is larger already, behind", pwrite(large, buffer, 10, LIMIT + 10));
  told("it shrinks", ftruncate(large, LIMIT + 100));
  told("and does not grow", ftruncate(large, LIMIT + 200));
  told("by name", truncate(argv[1], LIMIT + 300));
  close(large);
  int fd = open(argv[1], O_RDWR | O_TRUNC);
  all(fd);
  int append = open(argv[1], O_WRONLY | O_APPEND);
  told("truncate by name", truncate(argv[1], LIMIT - 5));
  told("append across", write(append, buffer, 10));
  told("append behind", write(append, buffer, 10));
  close(append);
  ftruncate(fd, 0);
  int zero = open("/dev/zero", O_RDONLY);
  int memory = memfd_create("limited", 0);
  all(memory);
  lseek(fd, LIMIT - 100, SEEK_SET);
  lseek(memory, 0, SEEK_SET);
  told("sendfile across", sendfile(fd, memory, NULL, 1000));
  told("sendfile behind", sendfile(fd, memory, NULL, 1000));
  int pipes[2];
  pipe(pipes);
  told("a pipe", write(pipes[1], buffer, 2 * LIMIT));
  told("a device", write(open("/dev/null", O_WRONLY), buffer, 3 * LIMIT));
  signal(SIGXFSZ, SIG_IGN);
  told("ignored", pwrite(fd, buffer, 1, LIMIT));
  unlink(argv[1]);
  signal(SIGXFSZ, SIG_DFL);
  pwrite(fd, buffer, 1, LIMIT);
  return 1;
}
