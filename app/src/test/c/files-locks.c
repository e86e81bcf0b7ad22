/* Locks between processes: waiting, order, deadlock, signals, what close, fork and exit do. */
#include "witness.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

/* Moments are far enough apart for a busy host. */
static void sleepMillis(int millis) {
  struct timespec t = {0, millis * 3000000L};
  nanosleep(&t, 0);
}

static int lock(int fd, int command, int type, off_t start, off_t len) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  return fcntl(fd, command, &l);
}

/* Who is in the way: "nobody", or a type and a range, and whether the pid is the expected one. */
static void blocker(int fd, int command, int type, off_t start, off_t len, pid_t expected) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  M(fcntl(fd, command, &l));
  if (l.l_type == F_UNLCK) {
    printf("nobody\n");
  } else {
    printf("type %d from %ld for %ld, pid %s\n", l.l_type, (long)l.l_start, (long)l.l_len,
           l.l_pid == expected ? "as expected" : "another");
  }
}

/* Everything printed before must not be printed by the child again. */
static pid_t begun(void) {
  fflush(stdout);
  return M(fork());
}

static int ended(pid_t child) {
  int status = -1;
  M(waitpid(child, &status, 0));
  return status;
}

static void waiting(int fd) {
  pid_t child = begun();
  if (child == 0) {
    T(lock(fd, F_SETLK, F_WRLCK, 0, 10));
    T(lock(fd, F_SETLK, F_RDLCK, 20, 10));
    fflush(stdout);
    sleepMillis(60);
    printf("child lets go\n");
    fflush(stdout);
    lock(fd, F_SETLK, F_UNLCK, 0, 10);
    sleepMillis(60);
    printf("child ends\n");
    fflush(stdout);
    _exit(0);
  }
  sleepMillis(30);
  T(lock(fd, F_SETLK, F_WRLCK, 5, 1));
  T(lock(fd, F_SETLK, F_RDLCK, 5, 1));
  T(lock(fd, F_SETLK, F_RDLCK, 25, 1));
  T(lock(fd, F_SETLK, F_WRLCK, 25, 1));
  blocker(fd, F_GETLK, F_WRLCK, 0, 0, child);
  blocker(fd, F_GETLK, F_RDLCK, 22, 2, child);
  fflush(stdout);
  T(lock(fd, F_SETLKW, F_WRLCK, 5, 1));
  fflush(stdout);
  T(lock(fd, F_SETLKW, F_WRLCK, 22, 1));
  T(ended(child));
  T(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void inOrder(int fd) {
  pid_t children[4];
  T(lock(fd, F_SETLK, F_WRLCK, 0, 0));
  for (int i = 0; i < 4; i++) {
    children[i] = begun();
    if (children[i] == 0) {
      sleepMillis(20 + 20 * i);
      M(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
      printf("a child has it\n");
      fflush(stdout);
      sleepMillis(30);
      _exit(i);
    }
  }
  sleepMillis(150);
  printf("the lock goes\n");
  fflush(stdout); /* before a child says anything */
  M(lock(fd, F_SETLK, F_UNLCK, 0, 0));
  for (int i = 0; i < 4; i++) T(ended(children[i]));
}

static void deadlock(int fd) {
  T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  pid_t child = begun();
  if (child == 0) {
    M(lock(fd, F_SETLK, F_WRLCK, 1, 1));
    int result = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
    _exit(result == 0 ? 7 : errno);
  }
  sleepMillis(40);
  T(lock(fd, F_SETLKW, F_WRLCK, 1, 1));
  T(lock(fd, F_SETLK, F_UNLCK, 0, 0));
  T(ended(child));
}

static void handler(int signal) { (void)signal; }

static void interrupted(int fd) {
  struct sigaction action = {.sa_handler = handler};
  for (int restart = 0; restart < 2; restart++) {
    action.sa_flags = restart ? SA_RESTART : 0;
    sigaction(SIGUSR1, &action, 0);
    pid_t parent = getpid();
    pid_t child = begun();
    if (child == 0) {
      M(lock(fd, F_SETLK, F_WRLCK, 0, 1));
      M(flock(fd, LOCK_UN));
      sleepMillis(40);
      kill(parent, SIGUSR1);
      sleepMillis(40);
      _exit(0);
    }
    sleepMillis(20);
    T(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
    T(ended(child));
    T(lock(fd, F_SETLK, F_UNLCK, 0, 0));
  }
}

static void closing(int fd) {
  T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  pid_t child = begun();
  if (child == 0) {
    /* Not inherited, and closing the inherited descriptor does nothing to the parent's. */
    T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    close(fd);
    fd = M(open("f", O_RDWR));
    T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    fflush(stdout);
    _exit(0);
  }
  T(ended(child));
  /* Closing any descriptor of the file lets go of all locks of the process on it. */
  close(M(open("f", O_RDONLY)));
  child = begun();
  if (child == 0) {
    T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    fflush(stdout);
    execl("/proc/self/exe", "again", "keep", (char *)0);
    _exit(9);
  }
  T(ended(child));
  T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  T(lock(fd, F_SETLK, F_UNLCK, 0, 1));
}

static void ofOpenFiles(int fd) {
  int other = M(open("f", O_RDWR));
  T(flock(fd, LOCK_EX));
  T(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
  pid_t child = begun();
  if (child == 0) {
    /* The same open file: the same locks. */
    T(flock(fd, LOCK_SH | LOCK_NB));
    T(flock(other, LOCK_SH | LOCK_NB));
    T(flock(fd, LOCK_EX | LOCK_NB));
    T(lock(fd, F_OFD_SETLK, F_RDLCK, 0, 10));
    blocker(other, F_OFD_GETLK, F_WRLCK, 0, 0, -1);
    T(lock(other, F_OFD_SETLK, F_WRLCK, 0, 1));
    fflush(stdout);
    close(fd);
    sleepMillis(50);
    printf("child lets go\n");
    fflush(stdout);
    flock(other, LOCK_UN);
    _exit(0);
  }
  sleepMillis(20);
  close(fd);
  fd = M(open("f", O_RDWR));
  T(flock(fd, LOCK_EX));
  fflush(stdout);
  T(lock(fd, F_OFD_SETLKW, F_WRLCK, 0, 0));
  T(ended(child));
  close(fd);
  close(other);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "keep") == 0) {
    /* After execve: the same process still has its lock. */
    int fd = M(open("f", O_RDWR));
    pid_t child = begun();
    if (child == 0) {
      T(lock(fd, F_SETLK, F_WRLCK, 0, 1));
      fflush(stdout);
      _exit(0);
    }
    T(ended(child));
    return 0;
  }
  begin(argv);
  make("f", "0123456789");
  int fd = M(open("f", O_RDWR));
  waiting(fd);
  inOrder(fd);
  deadlock(fd);
  interrupted(fd);
  closing(fd);
  ofOpenFiles(fd);
  return 0;
}
