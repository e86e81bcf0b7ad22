/* Sockets of the UNIX domain: names, connections, messages, descriptors and credentials. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 19];

#define SAY(call) \
  do { \
    errno = 0; \
    long result = (call); \
    printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static struct sockaddr_un name(const char *path, socklen_t *length) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  size_t bytes = path[0] == '@' ? strlen(path) : strlen(path) + 1;
  memcpy(a.sun_path, path, bytes);
  if (path[0] == '@') a.sun_path[0] = 0;
  *length = offsetof(struct sockaddr_un, sun_path) + bytes;
  return a;
}

static long bind_to(int fd, const char *path) {
  socklen_t length;
  struct sockaddr_un a = name(path, &length);
  return bind(fd, (struct sockaddr *)&a, length);
}

static long connect_to(int fd, const char *path) {
  socklen_t length;
  struct sockaddr_un a = name(path, &length);
  return connect(fd, (struct sockaddr *)&a, length);
}

static long send_to(int fd, const char *path, const char *text) {
  socklen_t length;
  struct sockaddr_un a = name(path, &length);
  return sendto(fd, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&a, length);
}

static void tell(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_un a;
  socklen_t length = sizeof a;
  memset(&a, 'x', sizeof a);
  errno = 0;
  int result = get(fd, (struct sockaddr *)&a, &length);
  printf("%s: %d %s length %u", what, result, strerrorname_np(errno), length);
  if (result == 0 && length > 2) printf(" '%c%.*s'", a.sun_path[0] ? a.sun_path[0] : '@', (int)length - 3, a.sun_path + 1);
  printf("\n");
}

static int option(int fd, int which) {
  int value = -1;
  socklen_t length = sizeof value;
  errno = 0;
  return getsockopt(fd, SOL_SOCKET, which, &value, &length) < 0 ? -errno : value;
}

static int events(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  poll(&p, 1, 0);
  return p.revents;
}

static void refusals(void) {
  SAY(socket(AF_UNIX, 77, 0));
  SAY(socket(AF_UNIX, SOCK_STREAM, 9));
  SAY(socket(99, SOCK_STREAM, 0));
  SAY(socket(AF_UNIX, SOCK_STREAM | 0x10, 0));
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  printf("fresh: %x\n", events(s));
  SAY(connect_to(s, "nowhere"));
  SAY(connect_to(s, "@nowhere"));
  SAY(connect_to(s, "/etc/passwd"));
  SAY(listen(s, 1));
  SAY(accept(s, 0, 0));
  SAY(read(s, buffer, 1));
  SAY(write(s, buffer, 1));
  SAY(send(s, buffer, 1, MSG_NOSIGNAL));
  SAY(accept(0, 0, 0));
  SAY(shutdown(s, 7));
  SAY(shutdown(s, SHUT_RD));
  SAY(getpeername(s, 0, 0));
  tell("name", getsockname, s);
  SAY(bind(s, (struct sockaddr *)buffer, 2));
  SAY(bind(s, (struct sockaddr *)buffer, 200));
  SAY(setsockopt(s, 99, 1, buffer, 4));
  SAY(lseek(s, 0, SEEK_SET));
  SAY(ioctl(s, TIOCGWINSZ, buffer));
  close(s);
}

static void streams(void) {
  unlink("socket");
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(bind_to(server, "socket"));
  SAY(bind_to(server, "other"));
  int again = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY(bind_to(again, "socket"));
  SAY(connect_to(again, "socket"));
  tell("server", getsockname, server);
  struct stat st;
  SAY(stat("socket", &st));
  printf("mode %o\n", st.st_mode);
  SAY(open("socket", O_RDWR));
  SAY(listen(server, 1));
  printf("listening: %x, %d\n", events(server), option(server, SO_ACCEPTCONN));
  SAY(connect_to(again, "socket"));
  SAY(connect_to(again, "socket"));
  printf("waiting: %x\n", events(server));
  int third = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY(connect_to(third, "socket"));
  int fourth = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY(connect_to(fourth, "socket"));
  int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY(connect_to(datagram, "socket"));
  SAY(write(again, "early", 5));
  int accepted = accept4(server, 0, 0, SOCK_NONBLOCK);
  SAY(accepted >= 0);
  SAY(read(accepted, buffer, 3));
  SAY(read(accepted, buffer, 30));
  SAY(read(accepted, buffer, 30));
  tell("accepted", getsockname, accepted);
  tell("its peer", getpeername, accepted);
  tell("peer's peer", getpeername, again);
  printf("connected: %x %x\n", events(again), events(accepted));
  SAY(shutdown(again, SHUT_WR));
  printf("half closed: %x %x\n", events(again), events(accepted));
  SAY(read(accepted, buffer, 30));
  SAY(send(again, "x", 1, MSG_NOSIGNAL));
  SAY(write(accepted, "back", 4));
  SAY(recv(again, buffer, 2, MSG_PEEK));
  SAY(recv(again, buffer, 30, 0));
  write(accepted, "unread", 6);
  close(again);
  printf("closed: %x %d\n", events(accepted), option(accepted, SO_ERROR));
  SAY(read(accepted, buffer, 30));
  SAY(send(accepted, "x", 1, MSG_NOSIGNAL));
  close(accepted);
  close(server);
  printf("orphan: %x\n", events(third));
  SAY(read(third, buffer, 1));
  SAY(connect_to(fourth, "socket"));
  unlink("socket");
}

static void messages(void) {
  int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY(bind_to(a, "@a"));
  SAY(bind_to(b, "@a"));
  SAY(bind_to(b, "@b"));
  SAY(send_to(b, "@a", "first"));
  SAY(send_to(b, "@a", "second, which is longer"));
  SAY(send_to(b, "@a", ""));
  SAY(send_to(b, "@zzz", "lost"));
  int left = 0;
  ioctl(a, FIONREAD, &left);
  printf("next has %d\n", left);
  struct sockaddr_un from;
  socklen_t length = sizeof from;
  SAY(recvfrom(a, buffer, 100, 0, (struct sockaddr *)&from, &length));
  printf("from @%.*s\n", (int)length - 3, from.sun_path + 1);
  SAY(recv(a, buffer, 4, MSG_TRUNC));
  SAY(recv(a, buffer, 4, MSG_DONTWAIT));
  SAY(recv(a, buffer, 4, MSG_DONTWAIT));
  int c = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY(connect_to(c, "@a"));
  int count = 0;
  while (send(c, "x", 1, MSG_DONTWAIT) == 1) count++;
  printf("%d messages, %s, %x\n", count, strerrorname_np(errno), events(c));
  SAY(recv(a, buffer, 4, 0));
  printf("room: %x\n", events(c));
  SAY(connect_to(a, "@b"));
  SAY(send(c, "x", 1, MSG_DONTWAIT));
  close(a);
  SAY(send(c, "x", 1, MSG_DONTWAIT));
  SAY(send(c, "x", 1, MSG_DONTWAIT));
  SAY(write(b, "x", 1));
  int p[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, p);
  SAY(write(p[0], "packet one", 10));
  SAY(write(p[0], "two", 3));
  SAY(read(p[1], buffer, 6));
  SAY(read(p[1], buffer, 60));
  SAY(read(p[1], buffer, 60));
  close(p[0]);
  SAY(read(p[1], buffer, 60));
  SAY(send(p[1], "x", 1, MSG_NOSIGNAL));
  printf("types %d %d %d\n", option(b, SO_TYPE), option(p[1], SO_TYPE), option(p[1], SO_DOMAIN));
  close(p[1]);
}

static long pass(int socket, int *fds, int count, int with_text) {
  char control[256] = {0};
  struct iovec v = {"descriptors", with_text ? 11 : 0};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  return sendmsg(socket, &m, 0);
}

static int take(int socket, int *fds, int room) {
  char control[256];
  struct iovec v = {buffer, 100};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  long got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  printf("got %ld, flags %x, control %d\n", got, m.msg_flags & ~MSG_CMSG_CLOEXEC, (int)m.msg_controllen);
  int count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); got >= 0 && c; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_type == SCM_RIGHTS) {
      count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    } else if (c->cmsg_type == SCM_CREDENTIALS) {
      struct ucred u;
      memcpy(&u, CMSG_DATA(c), sizeof u);
      printf("credentials: own %d %d %d\n", u.pid == getpid(), u.uid == getuid(), u.gid == getgid());
    }
  }
  return count;
}

static void descriptors(void) {
  int s[2], p[2], fds[8];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  pipe(p);
  SAY(pass(s[0], p, 2, 1));
  close(p[0]);
  close(p[1]);
  int n = take(s[1], fds, 256);
  printf("%d descriptors\n", n);
  SAY(write(fds[1], "through", 7));
  SAY(read(fds[0], buffer, 100));
  printf("%.7s, close on exec %d\n", buffer, fcntl(fds[0], F_GETFD));
  SAY(pass(s[0], fds, 2, 1));
  printf("%d descriptors\n", take(s[1], fds + 2, CMSG_LEN(sizeof(int))));
  SAY(pass(s[0], fds, 2, 1));
  SAY(write(s[0], "more", 4));
  SAY(read(s[1], buffer, 100));
  SAY(read(s[1], buffer, 100));
  int bad = 99;
  SAY(pass(s[0], &bad, 1, 1));
  int on = 1;
  SAY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  SAY(write(s[0], "who", 3));
  take(s[1], fds, 256);
  struct ucred u;
  socklen_t length = sizeof u;
  SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &length));
  printf("peer %d %d %d\n", u.pid == getpid(), u.uid == getuid(), u.gid == getgid());
  /* Two sockets in each other's queues, and nobody else has them. */
  for (int i = 0; i < 3; i++) {
    int a[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, a);
    pass(a[0], a, 2, 1);
    pass(a[1], a, 2, 1);
    close(a[0]);
    close(a[1]);
  }
  close(s[0]);
  SAY(read(s[1], buffer, 10));
  close(s[1]);
}

static void waits(void) {
  int s[2], status;
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  struct timeval t = {0, 20000};
  SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
  SAY(read(s[0], buffer, 1));
  pid_t child = fork();
  if (child == 0) {
    close(s[0]);
    for (int i = 0; i < 200; i++) {
      memset(buffer, 'a' + i % 26, 3000);
      send(s[1], buffer, 1 + i * 17 % 3000, 0);
    }
    _exit(0);
  }
  close(s[1]);
  t.tv_usec = 0;
  setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  unsigned long sum = 0, total = 0;
  long got;
  while ((got = recv(s[0], buffer, 1000, MSG_WAITALL)) > 0)
    for (long i = 0; i < got; i++) sum = sum * 31 + buffer[i], total++;
  waitpid(child, &status, 0);
  printf("through a socket: %lu bytes, sum %lx, status %x\n", total, sum, status);
  close(s[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  child = fork();
  if (child == 0) {
    close(s[0]);
    long sent = write(s[1], buffer, sizeof buffer);
    _exit(sent == sizeof buffer ? 3 : 4);
  }
  close(s[1]);
  total = 0;
  while (total < sizeof buffer && (got = read(s[0], buffer, 60000)) > 0) total += got;
  waitpid(child, &status, 0);
  printf("%lu bytes at once, status %x\n", total, status);
}

/* sendmmsg and recvmmsg: each message may have to wait, the first as well as the last. */
static void series(void) {
  enum { MESSAGES = 40, BYTES = 20000 };
  static char bytes[MESSAGES][BYTES];
  struct iovec pieces[MESSAGES];
  struct mmsghdr many[MESSAGES] = {0};
  int s[2], status;
  for (int i = 0; i < MESSAGES; i++) {
    pieces[i] = (struct iovec){bytes[i], BYTES - i};
    many[i].msg_hdr.msg_iov = &pieces[i];
    many[i].msg_hdr.msg_iovlen = 1;
    memset(bytes[i], 'a' + i % 26, BYTES);
  }
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  pid_t child = fork();
  if (child == 0) {
    int sent = sendmmsg(s[1], many, MESSAGES, 0);
    _exit(sent == MESSAGES && many[39].msg_len == BYTES - 39 ? 5 : 6);
  }
  int got = recvmmsg(s[0], many, MESSAGES, 0, 0);
  unsigned long sum = 0;
  for (int i = 0; i < got; i++) sum = sum * 31 + many[i].msg_len + bytes[i][many[i].msg_len - 1];
  waitpid(child, &status, 0);
  printf("%d messages, sum %lx, status %x\n", got, sum, status);
  SAY(recvmmsg(s[0], many, 3, MSG_DONTWAIT, 0));
  write(s[1], "x", 1);
  SAY(recvmmsg(s[0], many, 3, MSG_WAITFORONE, 0));
  write(s[1], "x", 1);
  SAY(recvmmsg(s[0], (void *)16, 3, 0, 0));
  many[1].msg_hdr.msg_iov = (void *)16;
  SAY(sendmmsg(s[1], many, 2, 0));
  SAY(sendmmsg(s[1], many, 0, 0));
}

int main(int argc, char **argv) {
  if (argc > 1 && chdir(argv[1]) < 0) return 9;
  signal(SIGPIPE, SIG_IGN);
  refusals();
  streams();
  messages();
  descriptors();
  waits();
  series();
  return 0;
}
