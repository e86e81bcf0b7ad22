/* Pseudo-terminals: lines and their editing, echo, raw bytes, signals, job control, the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SAY(call) \
  do { \
    errno = 0; \
    long result = (call); \
    printf("%s = %ld%s%s\n", #call, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static char buffer[8192];
static int master, slave;
static struct termios first;

static void show(const char *what, int fd) {
  usleep(10000);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  errno = 0;
  long got = read(fd, buffer, sizeof buffer);
  printf("%s: %ld %s ", what, got, got < 0 ? strerrorname_np(errno) : "");
  for (long i = 0; i < got; i++) printf(buffer[i] < 32 || buffer[i] > 126 ? "\\%o" : "%c", (unsigned char)buffer[i]);
  printf("\n");
  fcntl(fd, F_SETFL, 0);
}

/* What is typed arrives a moment later on Linux. */
static void type(const char *text) {
  write(master, text, strlen(text));
  usleep(10000);
}

static int events(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  poll(&p, 1, 0);
  return p.revents;
}

static void mode(tcflag_t i, tcflag_t o, tcflag_t l) {
  struct termios t = first;
  t.c_iflag = i;
  t.c_oflag = o;
  t.c_lflag = l;
  tcsetattr(slave, TCSANOW, &t);
}

static void open_pair(void) {
  master = posix_openpt(O_RDWR | O_NOCTTY);
  char path[64];
  SAY(ptsname_r(master, path, sizeof path));
  printf("%.9s\n", path);
  SAY(open(path, O_RDWR | O_NOCTTY));
  SAY(grantpt(master));
  SAY(unlockpt(master));
  slave = open(path, O_RDWR | O_NOCTTY);
  SAY(isatty(slave));
  SAY(isatty(master));
  tcgetattr(slave, &first);
  printf("%x %x %x %x\n", first.c_iflag, first.c_oflag, first.c_cflag, first.c_lflag);
  for (int i = 0; i < 19; i++) printf("%d ", first.c_cc[i]);
  printf("\n");
  struct winsize w = {24, 80, 1, 2}, got;
  SAY(ioctl(master, TIOCSWINSZ, &w));
  SAY(ioctl(slave, TIOCGWINSZ, &got));
  printf("%d %d %d %d\n", got.ws_row, got.ws_col, got.ws_xpixel, got.ws_ypixel);
  SAY(tcgetpgrp(slave));
  SAY(tcgetpgrp(master));
  SAY(ioctl(slave, TIOCNOTTY));
  SAY(ioctl(slave, 0x5499));
}

static void lines(void) {
  printf("quiet: %x %x\n", events(slave), events(master));
  type("hel");
  printf("half: %x %x\n", events(slave), events(master));
  show("slave", slave);
  show("echo", master);
  type("lo\nworld\n");
  int count = 0;
  ioctl(slave, FIONREAD, &count);
  printf("ready %x, %d\n", events(slave), count);
  show("slave", slave);
  show("slave", slave);
  show("echo", master);
  type("abc\177\177x\n");
  show("slave", slave);
  show("echo", master);
  type("two words\027more\n");
  show("slave", slave);
  show("echo", master);
  type("killed\025kept\n");
  show("slave", slave);
  show("echo", master);
  type("a\tb\177\177\177z\n");
  show("slave", slave);
  show("echo", master);
  type("\001\033[A\177\n");
  show("slave", slave);
  show("echo", master);
  type("\026\003lit\n");
  show("slave", slave);
  show("echo", master);
  type("again\022!\n");
  show("slave", slave);
  show("echo", master);
  type("no end\004");
  show("slave", slave);
  type("\004");
  show("end of file", slave);
  show("echo", master);
  type("return\r");
  show("slave", slave);
  show("echo", master);
  type("long line\n");
  read(slave, buffer, 4);
  printf("%.4s\n", buffer);
  show("rest", slave);
  show("echo", master);
  mode(ICRNL | IUTF8, OPOST | ONLCR, ICANON | ECHO | ECHOE | ECHOK | ECHOKE | ECHOCTL | IEXTEN);
  type("\303\244\303\266\177!\n");
  show("utf8", slave);
  show("echo", master);
  mode(ICRNL, OPOST | ONLCR, ICANON | ECHO | ECHOK);
  type("abc\177d\025e\n");
  show("old", slave);
  show("echo", master);
  mode(ICRNL, OPOST | ONLCR, ICANON | ECHONL);
  type("secret\n");
  show("slave", slave);
  show("echo", master);
}

static void bytes(void) {
  mode(0, 0, 0);
  type("raw\r\n\003\004");
  show("raw", slave);
  show("echo", master);
  struct termios t;
  tcgetattr(slave, &t);
  t.c_cc[VMIN] = 0;
  t.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &t);
  SAY(read(slave, buffer, 10));
  t.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &t);
  SAY(read(slave, buffer, 10));
  t.c_cc[VMIN] = 3;
  tcsetattr(slave, TCSANOW, &t);
  type("ab");
  printf("two of three: %x\n", events(slave));
  type("c");
  printf("three: %x\n", events(slave));
  SAY(read(slave, buffer, 10));
  mode(INLCR | ISTRIP, OPOST | OCRNL | ONLRET, 0);
  type("\n\351");
  show("slave", slave);
  SAY(write(slave, "a\rb\nc\td", 7));
  show("output", master);
  mode(IGNCR, OPOST | ONLCR | TAB3 | OLCUC, 0);
  type("x\ry");
  show("slave", slave);
  SAY(write(slave, "ab\tc\n\td", 7));
  show("output", master);
  mode(ICRNL | IXON, OPOST | ONLCR, ICANON | ECHO | ISIG | IEXTEN);
  type("\023");
  fcntl(slave, F_SETFL, O_NONBLOCK);
  SAY(write(slave, "stopped", 7));
  fcntl(slave, F_SETFL, 0);
  printf("stopped: %x\n", events(slave) & POLLIN);
  type("\021");
  SAY(write(slave, "started", 7));
  show("output", master);
  type("between");
  mode(0, 0, 0);
  show("became raw", slave);
  tcsetattr(slave, TCSANOW, &first);
  type("flushed\n");
  SAY(tcflush(slave, TCIFLUSH));
  show("slave", slave);
  show("echo", master);
}

static volatile int caught;

static void on_signal(int signal) {
  caught = signal;
}

static void jobs(void) {
  int go[2], status;
  pipe(go);
  char path[64];
  ptsname_r(master, path, sizeof path);
  tcsetattr(slave, TCSANOW, &first);
  pid_t leader = fork();
  if (leader == 0) {
    close(go[0]);
    setsid();
    int tty = open(path, O_RDWR);
    FILE *out = fdopen(go[1], "w");
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, 0);
    sigaction(SIGWINCH, &act, 0);
    sigaction(SIGTTOU, &act, 0);
    fprintf(out, "controls %d, session %d\n", tcgetpgrp(tty) == getpid(), tcgetsid(tty) == getpid());
    fprintf(out, "dev tty %d\n", open("/dev/tty", O_RDWR) >= 0);
    fflush(out);
    char c[16];
    errno = 0;
    long got = read(tty, c, 16);
    fprintf(out, "read %ld %s, signal %d\n", got, strerrorname_np(errno), caught);
    fflush(out);
    pause();
    fprintf(out, "signal %d\n", caught);
    fflush(out);
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      errno = 0;
      got = read(tty, c, 16);
      _exit(got == 5 ? 55 : 1);
    }
    setpgid(job, job);
    int state;
    waitpid(job, &state, WUNTRACED);
    fprintf(out, "in the background: stopped %d by %d\n", WIFSTOPPED(state), WSTOPSIG(state));
    fprintf(out, "foreground %d\n", tcsetpgrp(tty, job));
    fprintf(out, "wrong group %d %s\n", tcsetpgrp(tty, 9999), strerrorname_np(errno));
    fflush(out);
    kill(-job, SIGCONT);
    waitpid(job, &state, 0);
    fprintf(out, "job %d\n", WEXITSTATUS(state));
    caught = 0;
    signal(SIGTTOU, SIG_IGN);
    fprintf(out, "back %d\n", tcsetpgrp(tty, getpid()));
    fflush(out);
    read(tty, c, 16);
    _exit(7);
  }
  close(go[1]);
  FILE *in = fdopen(go[0], "r");
  for (int i = 0; i < 2; i++) printf("%s", fgets(buffer, sizeof buffer, in));
  usleep(50000);
  type("lost\003");
  printf("%s", fgets(buffer, sizeof buffer, in));
  usleep(50000);
  struct winsize w = {30, 90, 0, 0};
  SAY(ioctl(master, TIOCSWINSZ, &w));
  for (int i = 0; i < 4; i++) printf("%s", fgets(buffer, sizeof buffer, in));
  type("work\n");
  for (int i = 0; i < 2; i++) printf("%s", fgets(buffer, sizeof buffer, in));
  usleep(50000);
  type("\034");
  waitpid(leader, &status, 0);
  printf("ended by %d\n", WTERMSIG(status));
}

static void ends(void) {
  int m = posix_openpt(O_RDWR | O_NOCTTY);
  unlockpt(m);
  int s = open(ptsname(m), O_RDWR | O_NOCTTY);
  write(s, "last words", 10);
  close(s);
  printf("slave closed: %x\n", events(m) & POLLHUP);
  show("master", m);
  show("master", m);
  s = open(ptsname(m), O_RDWR | O_NOCTTY);
  printf("open again: %x\n", events(m));
  close(m);
  printf("master closed: %x\n", events(s) & (POLLHUP | POLLIN));
  SAY(read(s, buffer, 10));
  SAY(write(s, "x", 1));
  close(s);
}

int main(void) {
  open_pair();
  lines();
  bytes();
  jobs();
  ends();
  return 0;
}
