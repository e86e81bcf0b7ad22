/* What capget and capset answer to somebody who has no capabilities. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

int main(void) {
  struct __user_cap_header_struct h = {0, 0};
  struct __user_cap_data_struct d[2];
  setresuid(12345, 12345, 12345);
  say("asked for the version", syscall(SYS_capget, &h, NULL));
  printf("%#x\n", h.version);
  h.version = 7;
  say("a version that is none", syscall(SYS_capget, &h, d));
  printf("%#x\n", h.version);
  memset(d, 1, sizeof d);
  say("capget", syscall(SYS_capget, &h, d));
  printf("%#x %#x %#x %#x\n", d[0].effective, d[0].permitted, d[1].effective, d[1].permitted);
  h.pid = -1;
  say("a negative process", syscall(SYS_capget, &h, d));
  h.pid = 0x3ffffff;
  say("no process", syscall(SYS_capget, &h, d));
  h.pid = 0;
  say("a bad address", syscall(SYS_capget, NULL, d));
  memset(d, 0, sizeof d);
  say("none set", syscall(SYS_capset, &h, d));
  d[0].permitted = 1;
  say("one more permitted", syscall(SYS_capset, &h, d));
  d[0].permitted = 0;
  d[0].effective = 1;
  say("one more effective", syscall(SYS_capset, &h, d));
  h.pid = getppid();
  say("another process", syscall(SYS_capset, &h, d));
  h.version = 0x19980330;
  h.pid = getpid();
  say("version 1", syscall(SYS_capget, &h, d));
  return 0;
}
