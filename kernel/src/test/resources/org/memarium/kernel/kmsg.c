/* The kernel's log: /dev/kmsg and syslog(2). Numbers and times of lines are not printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

static char text[1 << 17];

static void tell(const char *what, long result) {
  printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : "");
}

/* 12,7,1234,-;text -> 12,-;text */
static void record(int fd) {
  ssize_t n = read(fd, text, sizeof text - 1);
  if (n < 0) {
    tell("read", n);
    return;
  }
  text[n] = 0;
  char *rest = strstr(text, ",-;");
  printf("%.*s%s", (int)strcspn(text, ","), text, rest ? rest : "?\n");
}

int main(void) {
  int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
  tell("open", fd < 0 ? fd : 0);
  tell("SIZE_BUFFER", klogctl(10, 0, 0));
  if (fd < 0) {
    fd = open("/dev/kmsg", O_WRONLY);
    tell("open to write", fd < 0 ? fd : 0);
    return 0;
  }
  struct pollfd ready = {fd, POLLIN, 0};
  tell("SEEK_SET", lseek(fd, 0, SEEK_SET));
  record(fd);
  tell("SEEK_END", lseek(fd, 0, SEEK_END));
  tell("SEEK_CUR", lseek(fd, 0, SEEK_CUR));
  tell("an offset", lseek(fd, 4, SEEK_SET));
  tell("poll", poll(&ready, 1, 0));
  record(fd);
  tell("write", write(fd, "<3>daemon: hello\n", 17));
  tell("write", write(fd, "<30>a\tb\\c", 9));
  tell("write", write(fd, "plain", 5));
  tell("too much", write(fd, text, 1000));
  tell("poll", poll(&ready, 1, 0));
  tell("no room", read(fd, text, 5));
  record(fd);
  record(fd);
  record(fd);
  record(fd);
  int n = klogctl(3, text, sizeof text);
  for (char *line = strtok((text[n] = 0, text), "\n"); line; line = strtok(0, "\n"))
    printf("%.*s%s\n", (int)strcspn(line, "["), line, strchr(line, ']'));
  tell("as much as fits", klogctl(3, text, 60) > 30);
  long unread = klogctl(9, 0, 0);
  tell("unread, all", unread == n);
  tell("READ", klogctl(2, text, 10));
  printf("unread = %ld\n", klogctl(9, 0, 0) - unread);
  tell("CLEAR", klogctl(5, 0, 0));
  tell("READ_ALL after it", klogctl(3, text, sizeof text));
  tell("SEEK_DATA", lseek(fd, 0, SEEK_DATA));
  record(fd);
  tell("SEEK_SET", lseek(fd, 0, SEEK_SET));
  record(fd);
  tell("no buffer", klogctl(3, 0, 10));
  tell("no such action", klogctl(11, text, 10));
  tell("console level", klogctl(8, 0, 9));
  return 0;
}
