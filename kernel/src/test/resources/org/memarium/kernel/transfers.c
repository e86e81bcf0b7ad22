/* Transfers of many bytes while signals come: which ones are broken off, and with what result. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1 << 20)
#define PIECES 32

static volatile sig_atomic_t signals;

static void count(int signal) {
  signals++;
}

static pid_t startToDisturb(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    while (getppid() == parent) {
      kill(parent, SIGUSR1);
      for (volatile int i = 0; i < 300000; i++) {
      }
    }
    _exit(0);
  }
  while (signals == 0) {
    sched_yield();
  }
  return child;
}

static void stopDisturbing(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  signals = 0;
}

/* Repeats until a transfer is broken off, or so many went through. */
static void report(const char *name, ssize_t (*transfer)(void), ssize_t all, int tries) {
  pid_t child = startToDisturb();
  const char *what = "whole";
  for (int i = 0; i < tries; i++) {
    ssize_t moved = transfer();
    if (moved != all) {
      what = moved > 0 && moved < all ? "a part" : "failed";
      break;
    }
  }
  stopDisturbing(child);
  printf("%s: %s\n", name, what);
}

static int sparse, zero, null;
static char *buffer;
static struct iovec vector[PIECES];

static ssize_t sendAll(void) {
  off_t offset = 0;
  return sendfile(null, sparse, &offset, (size_t)PIECES * 8 * MIB);
}

static ssize_t readFile(void) {
  return preadv(sparse, vector, PIECES, 0);
}

static ssize_t readZero(void) {
  return readv(zero, vector, PIECES);
}

static ssize_t getBytes(void) {
  return getrandom(buffer, 24 * MIB, 0);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  sparse = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (sparse < 0 || ftruncate(sparse, (off_t)PIECES * 8 * MIB) != 0) {
    perror(argv[1]);
    return 1;
  }
  zero = open("/dev/zero", O_RDONLY);
  null = open("/dev/null", O_WRONLY);
  buffer = malloc(24 * MIB);
  memset(buffer, 1, 24 * MIB);
  for (int i = 0; i < PIECES; i++) {
    vector[i].iov_base = buffer;
    vector[i].iov_len = MIB;
  }
  report("sendfile", sendAll, (ssize_t)PIECES * 8 * MIB, 1000);
  report("preadv of a file", readFile, (ssize_t)PIECES * MIB, 5);
  report("readv of /dev/zero", readZero, (ssize_t)PIECES * MIB, 1000);
  report("getrandom", getBytes, 24 * MIB, 1000);
  unlink(argv[1]);
  return 0;
}
