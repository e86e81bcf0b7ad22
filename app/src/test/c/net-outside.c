/* Tries to leave the machine: over TCP, UDP and IPv6, to addresses that only documents have. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *outcome(int family, int type, const char *host) {
  int fd = socket(family, type, 0);
  if (fd < 0) return strerrorname_np(errno);
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(53)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
  inet_pton(family, host, family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr);
  struct sockaddr *to = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
  socklen_t length = family == AF_INET ? sizeof four : sizeof six;
  long result = type == SOCK_DGRAM ? sendto(fd, "x", 1, 0, to, length) : connect(fd, to, length);
  return result < 0 ? strerrorname_np(errno) : "went out";
}

int main(void) {
  printf("%s ", outcome(AF_INET, SOCK_STREAM, "192.0.2.1"));
  printf("%s ", outcome(AF_INET, SOCK_DGRAM, "192.0.2.1"));
  printf("%s\n", outcome(AF_INET6, SOCK_STREAM, "2001:db8::1"));
  return 0;
}
