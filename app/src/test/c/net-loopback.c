/* TCP and UDP over the loopback interface: an echo server that forks, datagrams, and what goes wrong. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 18];
static int pipes;

#define SAY(call) \
  do { \
    errno = 0; \
    long result = (call); \
    printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static void on_pipe(int signal) { pipes += signal == SIGPIPE; }

static struct sockaddr_in v4(const char *host, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  return a;
}

static struct sockaddr_in6 v6(const char *host, int port) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, host, &a.sin6_addr);
  return a;
}

static int bind4(int fd, const char *host, int port) {
  struct sockaddr_in a = v4(host, port);
  return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static int bind6(int fd, const char *host, int port) {
  struct sockaddr_in6 a = v6(host, port);
  return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static int connect4(int fd, const char *host, int port) {
  struct sockaddr_in a = v4(host, port);
  return connect(fd, (struct sockaddr *)&a, sizeof a);
}

static int connect6(int fd, const char *host, int port) {
  struct sockaddr_in6 a = v6(host, port);
  return connect(fd, (struct sockaddr *)&a, sizeof a);
}

static long send4(int fd, const char *text, const char *host, int port) {
  struct sockaddr_in a = v4(host, port);
  return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a, sizeof a);
}

static int port_of(int fd) {
  struct sockaddr_in6 a;
  socklen_t length = sizeof a;
  getsockname(fd, (struct sockaddr *)&a, &length);
  return ntohs(a.sin6_port);
}

static void tell(const char *what, int result, struct sockaddr_storage *a, socklen_t length, int known) {
  char text[64] = "";
  int port = ntohs(((struct sockaddr_in6 *)a)->sin6_port);
  if (result == 0 && length > 0) {
    inet_ntop(a->ss_family, a->ss_family == AF_INET ? (void *)&((struct sockaddr_in *)a)->sin_addr : (void *)&((struct sockaddr_in6 *)a)->sin6_addr, text, sizeof text);
  }
  printf("%s: %d %s family %d %s port %s length %d\n", what, result, result ? strerrorname_np(errno) : "", result || !length ? 0 : a->ss_family, text, result || !length ? "-" : port == 0 ? "0" : port == known ? "known" : "some", result ? 0 : (int)length);
}

static void names(int fd, int known) {
  struct sockaddr_storage a;
  socklen_t length = sizeof a;
  int result = getsockname(fd, (struct sockaddr *)&a, &length);
  tell("  own", result, &a, length, known);
  length = sizeof a;
  result = getpeername(fd, (struct sockaddr *)&a, &length);
  tell("  peer", result, &a, length, known);
}

static void events(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
  int n = poll(&p, 1, 0);
  printf("  %s: poll %d %#x\n", what, n, p.revents);
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) < 0 ? -errno : value;
}

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

static int listener(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  bind4(fd, "127.0.0.1", 0);
  listen(fd, 8);
  *port = port_of(fd);
  return fd;
}

static void pair(int fds[2]) {
  int port;
  int l = listener(&port);
  fds[0] = socket(AF_INET, SOCK_STREAM, 0);
  connect4(fds[0], "127.0.0.1", port);
  fds[1] = accept(l, NULL, NULL);
  close(l);
}

static void making(void) {
  printf("-- making\n");
  SAY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
  SAY(socket(AF_INET, 77, 0));
  SAY(socket(AF_INET, SOCK_STREAM, 999));
  int two[2];
  SAY(socketpair(AF_INET, SOCK_STREAM, 0, two));
  int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int d = socket(AF_INET6, SOCK_DGRAM, 0);
  printf("%d %d %d %d\n", option(s, SOL_SOCKET, SO_TYPE), option(s, SOL_SOCKET, SO_DOMAIN), option(s, SOL_SOCKET, SO_PROTOCOL), option(s, SOL_SOCKET, SO_ERROR));
  printf("%d %d %d %d\n", option(d, SOL_SOCKET, SO_TYPE), option(d, SOL_SOCKET, SO_DOMAIN), option(d, SOL_SOCKET, SO_PROTOCOL), option(d, SOL_SOCKET, SO_ACCEPTCONN));
  printf("%#x %#x\n", fcntl(s, F_GETFL), fcntl(s, F_GETFD));
  SAY(set(s, IPPROTO_TCP, TCP_NODELAY, 7));
  SAY(option(s, IPPROTO_TCP, TCP_NODELAY));
  SAY(set(s, SOL_SOCKET, SO_KEEPALIVE, 1));
  SAY(option(s, SOL_SOCKET, SO_KEEPALIVE));
  SAY(option(s, SOL_SOCKET, SO_REUSEADDR));
  SAY(set(d, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  SAY(option(d, IPPROTO_IPV6, IPV6_V6ONLY));
  SAY(set(s, SOL_SOCKET, SO_RCVBUF, 5000));
  SAY(option(s, SOL_SOCKET, SO_RCVBUF));
  names(s, 0);
  names(d, 0);
  events("fresh TCP", s);
  events("fresh UDP", d);
  SAY(recv(s, buffer, 10, 0));
  SAY(send(s, buffer, 10, MSG_NOSIGNAL));
  SAY(send(d, buffer, 10, 0));
  SAY(shutdown(s, SHUT_RDWR));
  SAY(shutdown(d, SHUT_RD));
  SAY(accept(s, NULL, NULL));
  SAY(accept(d, NULL, NULL));
  SAY(listen(d, 1));
  close(s);
  close(d);
}

static void binding(void) {
  printf("-- binding\n");
  int s = socket(AF_INET, SOCK_STREAM, 0);
  SAY(bind4(s, "8.8.8.8", 0));
  struct sockaddr_in a = v4("127.0.0.1", 0);
  SAY(bind(s, (struct sockaddr *)&a, 8));
  a.sin_family = AF_INET6;
  SAY(bind(s, (struct sockaddr *)&a, sizeof a));
  SAY(bind4(s, "127.0.0.1", 0));
  SAY(bind4(s, "127.0.0.1", 0));
  int port = port_of(s);
  names(s, port);
  int t = socket(AF_INET, SOCK_STREAM, 0);
  SAY(bind4(t, "127.0.0.1", port));
  SAY(bind4(t, "0.0.0.0", port));
  SAY(set(s, SOL_SOCKET, SO_REUSEADDR, 1));
  SAY(set(t, SOL_SOCKET, SO_REUSEADDR, 1));
  SAY(bind4(t, "127.0.0.1", port));
  SAY(listen(s, 3));
  SAY(listen(t, 3));
  SAY(option(s, SOL_SOCKET, SO_ACCEPTCONN));
  close(t);
  t = socket(AF_INET, SOCK_STREAM, 0);
  SAY(bind4(t, "127.0.0.2", port));
  close(t);
  t = socket(AF_INET, SOCK_DGRAM, 0);
  SAY(bind4(t, "127.0.0.1", port));
  close(t);
  t = socket(AF_INET6, SOCK_STREAM, 0);
  SAY(bind6(t, "::", port));
  SAY(set(t, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  SAY(bind6(t, "::", port));
  names(t, port);
  close(t);
  close(s);
  int p = socket(AF_INET, SOCK_STREAM, 0), q = socket(AF_INET, SOCK_STREAM, 0);
  set(p, SOL_SOCKET, SO_REUSEPORT, 1);
  set(q, SOL_SOCKET, SO_REUSEPORT, 1);
  SAY(bind4(p, "127.0.0.1", 0));
  SAY(bind4(q, "127.0.0.1", port_of(p)));
  SAY(listen(p, 1));
  SAY(listen(q, 1));
  close(p);
  close(q);
  if (geteuid() != 0) {
    s = socket(AF_INET, SOCK_STREAM, 0);
    SAY(bind4(s, "127.0.0.1", 81));
    close(s);
  }
}

static void echo_server(int l, int clients) {
  for (int i = 0; i < clients; i++) {
    int fd = accept(l, NULL, NULL);
    if (fork() == 0) {
      close(l);
      long n, all = 0;
      while ((n = read(fd, buffer, 5000)) > 0) {
        for (long done = 0; done < n;) done += write(fd, buffer + done, n - done);
        all += n;
      }
      _exit(all % 97 == 0 ? 0 : 1);
    }
    close(fd);
  }
  int status, good = 0;
  while (wait(&status) > 0) good += WIFEXITED(status);
  _exit(good);
}

static void echo(void) {
  printf("-- a server that forks, and its clients\n");
  int port, status;
  int l = listener(&port);
  pid_t server = fork();
  if (server == 0) echo_server(l, 3);
  close(l);
  for (int i = 0; i < 3; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    SAY(connect4(fd, "127.0.0.1", port));
    names(fd, port);
    unsigned sum = 0, back = 0;
    pid_t writer = fork();
    if (writer == 0) {
      for (int k = 0; k < 40; k++) {
        memset(buffer, 'a' + (i + k) % 26, 7000);
        for (int done = 0; done < 7000;) done += send(fd, buffer + done, 7000 - done, 0);
      }
      shutdown(fd, SHUT_WR);
      _exit(0);
    }
    for (int k = 0; k < 40; k++) sum = sum * 31 + 'a' + (i + k) % 26;
    long n, all = 0;
    while ((n = recv(fd, buffer, 7000, MSG_WAITALL)) > 0) {
      back = back * 31 + buffer[0];
      all += n;
    }
    printf("%ld bytes back, the same %d, end %ld\n", all, sum == back, n);
    waitpid(writer, NULL, 0);
    close(fd);
  }
  waitpid(server, &status, 0);
  printf("server %d\n", WEXITSTATUS(status));
}

static void refusals(void) {
  printf("-- connecting\n");
  int port;
  int l = listener(&port);
  close(l);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  SAY(connect4(s, "127.0.0.1", port));
  SAY(option(s, SOL_SOCKET, SO_ERROR));
  close(s);
  s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY(connect4(s, "127.0.0.1", port));
  struct pollfd p = {s, POLLOUT, 0};
  poll(&p, 1, 1000);
  printf("poll %#x\n", p.revents);
  SAY(option(s, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
  SAY(option(s, SOL_SOCKET, SO_ERROR));
  close(s);
  l = listener(&port);
  s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY(connect4(s, "127.0.0.1", port));
  p.fd = s;
  poll(&p, 1, 1000);
  SAY(option(s, SOL_SOCKET, SO_ERROR));
  SAY(connect4(s, "127.0.0.1", port));
  SAY(connect4(s, "127.0.0.1", port));
  SAY(bind4(s, "127.0.0.1", 0));
  SAY(listen(s, 1));
  SAY(recv(s, buffer, 1, 0));
  events("connected", s);
  events("a listener with somebody", l);
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  int a = accept4(l, (struct sockaddr *)&from, &length, SOCK_NONBLOCK);
  tell("accepted", 0, &from, length, port_of(s));
  names(a, port);
  SAY(fcntl(a, F_GETFL));
  events("a listener alone", l);
  SAY(recv(l, buffer, 1, 0));
  SAY(send(l, buffer, 1, MSG_NOSIGNAL));
  SAY(connect4(l, "127.0.0.1", port));
  SAY(shutdown(l, SHUT_RD));
  SAY(accept(l, NULL, NULL));
  struct sockaddr_in6 six = v6("::1", port);
  int t = socket(AF_INET, SOCK_STREAM, 0);
  SAY(connect(t, (struct sockaddr *)&six, sizeof six));
  SAY(connect(t, (struct sockaddr *)&six, 4));
  close(t);
  close(a);
  close(s);
  close(l);
}

static void ending(void) {
  printf("-- ending\n");
  int f[2];
  pair(f);
  SAY(send(f[0], "hello world", 11, 0));
  SAY(recv(f[1], buffer, 5, MSG_PEEK));
  int n = 0;
  SAY(ioctl(f[1], FIONREAD, &n));
  printf("%d\n", n);
  SAY(recv(f[1], buffer, 5, 0));
  SAY(recv(f[1], buffer, 100, MSG_DONTWAIT));
  SAY(recv(f[1], buffer, 100, MSG_DONTWAIT));
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  send(f[0], "x", 1, 0);
  SAY(recvfrom(f[1], buffer, 1, 0, (struct sockaddr *)&from, &length));
  printf("length %d\n", (int)length);
  SAY(shutdown(f[0], SHUT_WR));
  events("half closed, it", f[0]);
  events("half closed, the other", f[1]);
  SAY(send(f[0], "x", 1, 0));
  printf("SIGPIPE %d\n", pipes);
  SAY(recv(f[1], buffer, 1, 0));
  SAY(send(f[1], "back", 4, 0));
  SAY(recv(f[0], buffer, 100, 0));
  SAY(shutdown(f[1], SHUT_WR));
  events("closed", f[0]);
  events("closed, the other", f[1]);
  SAY(recv(f[0], buffer, 1, 0));
  SAY(shutdown(f[0], SHUT_RD));
  names(f[0], 0);
  close(f[0]);
  close(f[1]);

  pair(f);
  close(f[0]);
  events("the other has closed", f[1]);
  SAY(send(f[1], "x", 1, 0));
  events("reset", f[1]);
  SAY(send(f[1], "x", 1, 0));
  SAY(send(f[1], "x", 1, MSG_NOSIGNAL));
  printf("SIGPIPE %d\n", pipes);
  SAY(recv(f[1], buffer, 1, 0));
  close(f[1]);

  pair(f);
  send(f[1], "unread", 6, 0);
  send(f[0], "kept", 4, 0);
  close(f[0]);
  events("closed with bytes unread", f[1]);
  SAY(recv(f[1], buffer, 100, 0));
  SAY(recv(f[1], buffer, 100, 0));
  SAY(recv(f[1], buffer, 100, 0));
  SAY(send(f[1], "x", 1, 0));
  printf("SIGPIPE %d\n", pipes);
  close(f[1]);

  pair(f);
  struct linger hard = {1, 0};
  SAY(setsockopt(f[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard));
  close(f[0]);
  SAY(option(f[1], SOL_SOCKET, SO_ERROR) == ECONNRESET);
  SAY(recv(f[1], buffer, 1, 0));
  close(f[1]);

  pair(f);
  SAY(shutdown(f[0], SHUT_RD));
  SAY(send(f[1], "late", 4, 0));
  SAY(recv(f[0], buffer, 100, 0));
  SAY(recv(f[0], buffer, 100, 0));
  close(f[0]);
  close(f[1]);

  int port;
  int l = listener(&port);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  SAY(connect4(s, "127.0.0.1", port));
  close(l);
  SAY(recv(s, buffer, 1, 0));
  close(s);
}

static void datagrams(void) {
  printf("-- datagrams\n");
  int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
  SAY(bind4(a, "127.0.0.1", 0));
  SAY(bind4(b, "0.0.0.0", 0));
  int pa = port_of(a), pb = port_of(b);
  SAY(send4(a, "first", "127.0.0.1", pb));
  SAY(send4(a, "", "127.0.0.1", pb));
  SAY(send4(a, "the third", "127.0.0.5", pb));
  SAY(send4(a, "x", "127.0.0.1", 0));
  events("with messages", b);
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  SAY(recvfrom(b, buffer, 100, MSG_PEEK, (struct sockaddr *)&from, &length));
  tell("from", 0, &from, length, pa);
  SAY(recvfrom(b, buffer, 2, MSG_TRUNC, NULL, NULL));
  SAY(recv(b, buffer, 100, 0));
  struct iovec v = {buffer, 4};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof from};
  SAY(recvmsg(b, &m, 0));
  printf("flags %#x name %d\n", m.msg_flags, (int)m.msg_namelen);
  SAY(recv(b, buffer, 100, MSG_DONTWAIT));
  SAY(connect4(b, "127.0.0.1", pa));
  names(b, pa);
  int c = socket(AF_INET, SOCK_DGRAM, 0);
  SAY(send4(c, "a stranger's", "127.0.0.1", pb));
  SAY(recv(b, buffer, 100, MSG_DONTWAIT));
  SAY(send4(a, "a friend's", "127.0.0.1", pb));
  SAY(recv(b, buffer, 100, 0));
  close(a);
  SAY(send(b, "nobody", 6, 0));
  events("refused", b);
  SAY(recv(b, buffer, 100, MSG_DONTWAIT));
  SAY(send(b, "nobody", 6, 0));
  SAY(send(b, "nobody", 6, 0));
  SAY(send4(c, "nobody", "127.0.0.1", pa));
  SAY(recv(c, buffer, 100, MSG_DONTWAIT));
  SAY(sendto(c, buffer, 65508, 0, (struct sockaddr *)&from, sizeof(struct sockaddr_in)));
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  SAY(connect(b, &none, sizeof none));
  names(b, pb);
  SAY(send(b, "x", 1, 0));
  SAY(bind4(c, "127.0.0.1", pb));
  close(b);
  close(c);
}

static void version6(void) {
  printf("-- version 6\n");
  int l = socket(AF_INET6, SOCK_STREAM, 0);
  SAY(bind6(l, "::", 0));
  SAY(listen(l, 4));
  int port = port_of(l);
  names(l, port);
  int s = socket(AF_INET6, SOCK_STREAM, 0), t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET6, SOCK_STREAM, 0);
  SAY(connect6(s, "::1", port));
  SAY(connect4(t, "127.0.0.1", port));
  SAY(connect6(u, "::ffff:127.0.0.1", port));
  for (int i = 0; i < 3; i++) {
    int a = accept(l, NULL, NULL);
    names(a, port);
    SAY(write(a, "abc", 3));
    close(a);
  }
  names(u, port);
  SAY(read(s, buffer, 10));
  SAY(read(t, buffer, 10));
  SAY(read(u, buffer, 10));
  SAY(read(u, buffer, 10));
  int d = socket(AF_INET6, SOCK_DGRAM, 0), e = socket(AF_INET, SOCK_DGRAM, 0);
  SAY(bind6(d, "::", 0));
  SAY(send4(e, "four", "127.0.0.1", port_of(d)));
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  SAY(recvfrom(d, buffer, 100, 0, (struct sockaddr *)&from, &length));
  tell("from", 0, &from, length, port_of(e));
  SAY(sendto(d, "back", 4, 0, (struct sockaddr *)&from, length));
  SAY(recv(e, buffer, 100, 0));
}

static void crowd(void) {
  printf("-- more clients than the backlog has room for\n");
  int port, status, good = 0;
  int l = listener(&port);
  listen(l, 1);
  for (int i = 0; i < 6; i++) {
    if (fork() == 0) {
      char answer = 0;
      int s = socket(AF_INET, SOCK_STREAM, 0);
      int connected = connect4(s, "127.0.0.1", port);
      _exit(connected == 0 && write(s, "q", 1) == 1 && read(s, &answer, 1) == 1 && answer == 'r' ? 0 : 1);
    }
  }
  usleep(100000);
  for (int i = 0; i < 6; i++) {
    char question;
    int s = accept(l, NULL, NULL);
    if (read(s, &question, 1) == 1) write(s, "r", 1);
    close(s);
  }
  while (wait(&status) > 0) good += status == 0;
  printf("%d served\n", good);
  close(l);
}

int main(int count, char **arguments) {
  struct sigaction pipe = {.sa_handler = on_pipe};
  sigaction(SIGPIPE, &pipe, NULL);
  making();
  binding();
  echo();
  crowd();
  refusals();
  ending();
  datagrams();
  if (count > 1 && strcmp(arguments[1], "with-version-6") == 0) version6();
  return 0;
}
