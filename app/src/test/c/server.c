/* A server that forks for each client, over a socket of a name; and descriptors that are passed on. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 12 };

static struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/tmp/server"};
static volatile sig_atomic_t ended;

static void child_ended(int signal) {
  int saved = errno;
  while (waitpid(-1, 0, WNOHANG) > 0) ended++;
  errno = saved;
}

static void serve(int connection) {
  char line[256];
  FILE *in = fdopen(connection, "r+");
  while (fgets(line, sizeof line, in)) {
    for (char *c = line; *c; c++)
      if (*c >= 'a' && *c <= 'z') *c -= 32;
    fprintf(in, "%zu %s", strlen(line), line);
    fflush(in);
  }
  exit(0);
}

static int client(int number) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&name, sizeof name)) return 100 + errno;
  FILE *stream = fdopen(fd, "r+");
  int sum = 0;
  for (int i = 0; i < 20; i++) {
    char line[256];
    fprintf(stream, "client %d says %d\n", number, i * number);
    fflush(stream);
    if (!fgets(line, sizeof line, stream)) return 99;
    sum += atoi(line);
  }
  fclose(stream);
  return sum & 63;
}

static void pass_a_descriptor(void) {
  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char byte = 'x';
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (fork() == 0) {
    int fd = open("passed", O_RDWR | O_CREAT, 0600);
    write(fd, "from the child", 14);
    control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    sendmsg(pair[1], &message, 0);
    _exit(0);
  }
  recvmsg(pair[0], &message, 0);
  int fd;
  memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  char text[64] = "";
  pread(fd, text, sizeof text - 1, 0);
  wait(0);
  printf("passed: %c, %s\n", byte, text);
}

static void share_memory(void) {
  int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int private = 1;
  for (int i = 0; i < 10; i++) {
    if (fork() == 0) {
      for (int k = 0; k < 1000; k++) __atomic_fetch_add(shared, 1, __ATOMIC_SEQ_CST);
      private += i;
      _exit(private);
    }
  }
  int status, codes = 0;
  while (wait(&status) > 0) codes += WEXITSTATUS(status);
  printf("shared %d, private %d, codes %d\n", *shared, private, codes);
}

int main(void) {
  unlink(name.sun_path);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) || listen(listener, 5)) return perror("bind"), 1;
  fflush(stdout);
  pid_t server = fork();
  if (server == 0) {
    struct sigaction action = {.sa_handler = child_ended, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, 0);
    for (int served = 0; served < CLIENTS; served++) {
      int connection = accept4(listener, 0, 0, SOCK_CLOEXEC);
      if (connection < 0) _exit(2);
      if (fork() == 0) serve(connection);
      close(connection);
    }
    while (ended < CLIENTS) poll(0, 0, 10);
    _exit(ended);
  }
  close(listener);
  pid_t clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++)
    if ((clients[i] = fork()) == 0) _exit(client(i));
  for (int i = 0; i < CLIENTS; i++) {
    int status;
    waitpid(clients[i], &status, 0);
    printf("client %d: %d\n", i, WEXITSTATUS(status));
  }
  int status;
  waitpid(server, &status, 0);
  printf("served %d\n", WEXITSTATUS(status));
  unlink(name.sun_path);
  pass_a_descriptor();
  share_memory();
  int none = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("nobody: %d\n", connect(none, (struct sockaddr *)&name, sizeof name) == -1 && errno == ENOENT);
  return 0;
}
