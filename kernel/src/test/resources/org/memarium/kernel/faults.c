/*
 * A mixed workload that checks all its data, and takes no for an answer: what the kernel has no
 * memory for is tried again. Prints "done"; or what was wrong, and ends with status 1.
 *
 *   faults               all steps
 *   faults STEP          one of them
 *   faults thrash PAGES  twice and a quarter as much memory as that, which should be more than RAM,
 *                        and all steps while it is in use
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, REFUSED = 2, ATTEMPTS = 20 };

static const char *self;
static size_t thrashed;

static void say(const char *text) {
  size_t length = strlen(text);
  while (length > 0) {
    ssize_t done = write(1, text, length);
    if (done > 0) {
      text += done;
      length -= done;
    }
  }
}

static void wrong(const char *what, int line) {
  char text[200];
  snprintf(text, sizeof text, "wrong: line %d: %s: %s\n", line, what, strerror(errno));
  say(text);
  _exit(1);
}

/* No memory is an answer; EFAULT too, where the kernel's own access found none. */
static int refused(const char *what, int line) {
  switch (errno) {
    case ENOMEM:
    case EAGAIN:
    case ENFILE:
    case ENOBUFS:
    case ENOSPC:
    case EFAULT:
      return REFUSED;
    default:
      wrong(what, line);
      return REFUSED;
  }
}

#define TRY(call)                        \
  do {                                   \
    errno = 0;                           \
    if ((intptr_t)(call) == -1) {        \
      return refused(#call, __LINE__);   \
    }                                    \
  } while (0)

#define EXPECT(that)            \
  do {                          \
    if (!(that)) {              \
      wrong(#that, __LINE__);   \
    }                           \
  } while (0)

static void fill(uint32_t *words, size_t pages, uint32_t seed) {
  for (size_t i = 0; i < pages * PAGE / 4; i += 61) {
    words[i] = seed ^ (uint32_t)i * 2654435761u;
  }
}

static int holds(const uint32_t *words, size_t pages, uint32_t seed) {
  for (size_t i = 0; i < pages * PAGE / 4; i += 61) {
    if (words[i] != (seed ^ (uint32_t)i * 2654435761u)) {
      return 0;
    }
  }
  return 1;
}

static void *map(size_t pages, int flags, int fd) {
  return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/* The answer of a child: 0, or that it was refused something. */
static int reap(pid_t child) {
  int status;
  pid_t ended = waitpid(child, &status, 0);
  // Its status has nowhere to go if the page of this stack cannot come back; it is gone nonetheless.
  if (ended == -1 && errno == EFAULT) {
    return REFUSED;
  }
  EXPECT(ended == child);
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == REFUSED)) {
    return WEXITSTATUS(status);
  }
  // A page that the device cannot read is gone, and who needs it with it.
  if (thrashed != 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) {
    return REFUSED;
  }
  char text[80];
  snprintf(text, sizeof text, "a child ended with status 0x%x", status);
  wrong(text, __LINE__);
  return 1;
}

static int anonymous(void) {
  enum { PAGES = 40 };
  uint32_t *memory;
  TRY(memory = map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  fill(memory, PAGES, 1);
  TRY(mprotect(memory + 8 * 1024, 8 * PAGE, PROT_READ));
  EXPECT(holds(memory, PAGES, 1));
  TRY(mprotect(memory + 8 * 1024, 8 * PAGE, PROT_READ | PROT_WRITE));
  fill(memory, PAGES, 2);
  uint32_t *moved;
  TRY(moved = mremap(memory, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE));
  EXPECT(holds(moved, PAGES, 2));
  EXPECT(moved[PAGES * 1024] == 0);
  TRY(munmap(moved + 4 * 1024, 4 * PAGE));
  EXPECT(holds(moved, 4, 2));
  TRY(madvise(moved, 2 * PAGE, MADV_DONTNEED));
  EXPECT(moved[0] == 0 && moved[1024] == 0);
  TRY(mlock(moved, 4 * PAGE));
  TRY(munmap(moved, 2 * PAGES * PAGE));
  return 0;
}

static int family(void) {
  enum { PAGES = 24 };
  uint32_t *memory;
  TRY(memory = map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  fill(memory, PAGES, 3);
  pid_t child;
  TRY(child = fork());
  if (child == 0) {
    EXPECT(holds(memory, PAGES, 3));
    fill(memory, PAGES, 4);
    pid_t grandchild;
    errno = 0;
    grandchild = fork();
    if (grandchild < 0) {
      _exit(refused("fork", __LINE__));
    }
    if (grandchild == 0) {
      EXPECT(holds(memory, PAGES, 4));
      fill(memory, PAGES, 5);
      EXPECT(holds(memory, PAGES, 5));
      _exit(0);
    }
    int answer = reap(grandchild);
    EXPECT(holds(memory, PAGES, 4));
    _exit(answer);
  }
  fill(memory, PAGES / 2, 6);
  int answer = reap(child);
  EXPECT(holds(memory, PAGES / 2, 6));
  fill(memory, PAGES / 2, 3);
  EXPECT(holds(memory, PAGES, 3));
  TRY(munmap(memory, PAGES * PAGE));
  return answer;
}

static int put(int fd, const void *from, size_t bytes) {
  while (bytes > 0) {
    ssize_t done;
    TRY(done = write(fd, from, bytes));
    from = (const char *)from + done;
    bytes -= done;
  }
  return 0;
}

static int get(int fd, void *to, size_t bytes) {
  while (bytes > 0) {
    ssize_t done;
    TRY(done = read(fd, to, bytes));
    EXPECT(done > 0);
    to = (char *)to + done;
    bytes -= done;
  }
  return 0;
}

static uint32_t buffer[10 * 1024];

static int files(void) {
  int fd;
  TRY(fd = open("/tmp/faults-a", O_RDWR | O_CREAT | O_TRUNC, 0600));
  fill(buffer, 10, 7);
  if (put(fd, buffer, sizeof buffer) != 0) {
    close(fd);
    return REFUSED;
  }
  uint32_t *shared;
  uint32_t *copy;
  TRY(shared = map(10, MAP_SHARED, fd));
  TRY(copy = map(10, MAP_PRIVATE, fd));
  TRY(close(fd));
  EXPECT(holds(shared, 10, 7));
  EXPECT(holds(copy, 10, 7));
  fill(copy, 10, 8);
  fill(shared, 5, 9);
  EXPECT(holds(copy, 10, 8));
  TRY(msync(shared, 10 * PAGE, MS_SYNC));
  TRY(fd = open("/tmp/faults-a", O_RDWR));
  memset(buffer, 0, sizeof buffer);
  int answer = get(fd, buffer, sizeof buffer);
  if (answer == 0) {
    EXPECT(holds(buffer, 5, 9));
    if (ftruncate(fd, 3 * PAGE + 10) == -1) {
      answer = refused("ftruncate", __LINE__);
    }
  }
  close(fd);
  TRY(munmap(shared, 10 * PAGE));
  EXPECT(holds(copy, 3, 8));
  TRY(munmap(copy, 10 * PAGE));
  TRY(unlink("/tmp/faults-a"));
  return answer;
}

static int folders(void) {
  struct stat status;
  if (mkdir("/tmp/faults-d", 0700) == -1 && errno != EEXIST) {
    return refused("mkdir", __LINE__);
  }
  int fd;
  TRY(fd = open("/tmp/faults-d/one", O_WRONLY | O_CREAT, 0600));
  TRY(close(fd));
  TRY(rename("/tmp/faults-d/one", "/tmp/faults-d/two"));
  if (symlink("two", "/tmp/faults-d/link") == -1 && errno != EEXIST) {
    return refused("symlink", __LINE__);
  }
  TRY(stat("/tmp/faults-d/link", &status));
  EXPECT(S_ISREG(status.st_mode));
  errno = 0;
  DIR *folder = opendir("/tmp/faults-d");
  if (folder == NULL) {
    return refused("opendir", __LINE__);
  }
  int names = 0;
  errno = 0;
  while (readdir(folder) != NULL) {
    names++;
  }
  int error = errno;
  closedir(folder);
  errno = error;
  if (error != 0) {
    return refused("readdir", __LINE__);
  }
  EXPECT(names == 4);
  TRY(unlink("/tmp/faults-d/link"));
  TRY(unlink("/tmp/faults-d/two"));
  TRY(rmdir("/tmp/faults-d"));
  return 0;
}

static int pipes(void) {
  int ends[2];
  TRY(pipe(ends));
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    fill(buffer, 10, 10);
    int answer = REFUSED;
    for (int i = 0; i < ATTEMPTS && answer != 0; i++) {
      // What was refused halfway cannot be told from what came: whole pages only.
      answer = 0;
      for (int page = 0; page < 10; page++) {
        while (put(ends[1], buffer + 1024 * page, PAGE) != 0) {
        }
      }
    }
    _exit(0);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return refused("fork", __LINE__);
  }
  memset(buffer, 0, sizeof buffer);
  for (size_t done = 0; done < sizeof buffer;) {
    ssize_t now = read(ends[0], (char *)buffer + done, sizeof buffer - done);
    if (now < 0) {
      EXPECT(refused("read", __LINE__) == REFUSED);
      continue;
    }
    EXPECT(now > 0);
    done += now;
  }
  close(ends[0]);
  EXPECT(holds(buffer, 10, 10));
  return reap(child);
}

static int events(void) {
  int pair[2];
  int counter;
  int epoll = -1;
  uint64_t value = 5;
  struct epoll_event event = {.events = EPOLLIN};
  char text[6] = "";
  TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  counter = eventfd(0, 0);
  int answer = counter < 0 ? refused("eventfd", __LINE__) : 0;
  if (answer == 0) {
    epoll = epoll_create1(0);
    answer = epoll < 0 ? refused("epoll_create1", __LINE__) : 0;
  }
  if (answer == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event) < 0) {
    answer = refused("epoll_ctl", __LINE__);
  }
  if (answer == 0 && write(counter, &value, 8) != 8) {
    answer = refused("write", __LINE__);
  }
  if (answer == 0 && epoll_wait(epoll, &event, 1, 0) != 1) {
    answer = refused("epoll_wait", __LINE__);
  }
  if (answer == 0 && write(pair[0], "hello", 6) != 6) {
    answer = refused("write", __LINE__);
  }
  if (answer == 0) {
    ssize_t got = read(pair[1], text, 6);
    if (got < 0) {
      answer = refused("read", __LINE__);
    } else {
      EXPECT(got == 6 && strcmp(text, "hello") == 0);
    }
  }
  close(epoll);
  close(counter);
  close(pair[0]);
  close(pair[1]);
  return answer;
}

static int shared(int fd) {
  uint32_t *memory;
  TRY(memory = map(6, fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd));
  fill(memory, 6, 11);
  pid_t child = fork();
  if (child == 0) {
    EXPECT(holds(memory, 6, 11));
    fill(memory, 6, 12);
    _exit(0);
  }
  int answer = child < 0 ? refused("fork", __LINE__) : reap(child);
  if (answer == 0) {
    EXPECT(holds(memory, 6, 12));
  }
  TRY(munmap(memory, 6 * PAGE));
  return answer;
}

static int anonymousShared(void) { return shared(-1); }

static int memfd(void) {
  int fd;
  TRY(fd = memfd_create("faults", 0));
  int answer = ftruncate(fd, 6 * PAGE) < 0 ? refused("ftruncate", __LINE__) : shared(fd);
  close(fd);
  return answer;
}

static int systemV(void) {
  int id;
  TRY(id = shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600));
  uint32_t *memory = shmat(id, NULL, 0);
  int answer = memory == (void *)-1 ? refused("shmat", __LINE__) : 0;
  if (answer == 0) {
    fill(memory, 5, 13);
    EXPECT(holds(memory, 5, 13));
    TRY(shmdt(memory));
  }
  TRY(shmctl(id, IPC_RMID, NULL));
  return answer;
}

static int execs(void) {
  pid_t child;
  TRY(child = fork());
  if (child == 0) {
    execl(self, self, "child", NULL);
    _exit(refused("execl", __LINE__));
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child);
  // Behind the point of no return nobody is left to be told: the process is killed.
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGKILL)) {
    return REFUSED;
  }
  EXPECT(WIFEXITED(status));
  EXPECT(WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == REFUSED || WEXITSTATUS(status) == 127);
  return WEXITSTATUS(status) == 7 ? 0 : REFUSED;
}

static volatile int handled;

static void handler(int signal) { handled += signal; }

static int signals(void) {
  struct sigaction action = {.sa_handler = handler};
  handled = 0;
  TRY(sigaction(SIGUSR1, &action, NULL));
  TRY(kill(getpid(), SIGUSR1));
  EXPECT(handled == SIGUSR1);
  timer_t timer;
  TRY(timer_create(CLOCK_MONOTONIC, NULL, &timer));
  TRY(timer_delete(timer));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  TRY(sigprocmask(SIG_BLOCK, &set, NULL));
  union sigval value = {.sival_int = 77};
  TRY(sigqueue(getpid(), SIGUSR2, value));
  siginfo_t info;
  TRY(sigwaitinfo(&set, &info));
  // Of a signal that has no room for more, its number only is left.
  EXPECT(info.si_value.sival_int == (info.si_code == SI_USER ? 0 : 77));
  return info.si_code == SI_USER ? REFUSED : 0;
}

static void *thread(void *argument) {
  char local[3 * PAGE];
  memset(local, 3, sizeof local);
  return (char *)argument + local[PAGE] + local[100];
}

static int threads(void) {
  pthread_t made;
  void *answer;
  errno = pthread_create(&made, NULL, thread, (void *)1);
  if (errno != 0) {
    return refused("pthread_create", __LINE__);
  }
  EXPECT(pthread_join(made, &answer) == 0);
  EXPECT(answer == (void *)7);
  return 0;
}

/* What the kernel takes with kvmalloc: a long table of descriptors, a large pipe, messages. */
static int tables(void) {
  int ends[2];
  int queue;
  TRY(pipe(ends));
  int far = dup2(ends[0], 700);
  int answer = far < 0 ? refused("dup2", __LINE__) : 0;
  if (answer == 0 && fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) < 0) {
    answer = refused("F_SETPIPE_SZ", __LINE__);
  }
  close(far);
  close(ends[0]);
  close(ends[1]);
  TRY(queue = msgget(IPC_PRIVATE, 0600));
  fill(buffer, 2, 14);
  *(long *)buffer = 5;
  if (answer == 0 && msgsnd(queue, buffer, 2 * PAGE - sizeof(long), IPC_NOWAIT) < 0) {
    answer = refused("msgsnd", __LINE__);
  }
  memset(buffer, 0, 2 * PAGE);
  if (answer == 0) {
    if (msgrcv(queue, buffer, 2 * PAGE - sizeof(long), 0, IPC_NOWAIT) < 0) {
      answer = refused("msgrcv", __LINE__);
    } else {
      EXPECT(*(long *)buffer == 5);
      buffer[0] = 14;
      EXPECT(holds(buffer, 2, 14));
    }
  }
  TRY(msgctl(queue, IPC_RMID, NULL));
  return answer;
}

static const struct {
  const char *name;
  int (*run)(void);
} STEPS[] = {
    {"anonymous", anonymous}, {"family", family},   {"files", files},
    {"folders", folders},     {"pipes", pipes},     {"events", events},
    {"shared", anonymousShared}, {"memfd", memfd},  {"systemV", systemV},
    {"execs", execs},         {"signals", signals}, {"threads", threads},
    {"tables", tables},
};

/* All steps, or that of one name. */
static void steps(const char *name) {
  for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
    if (name != NULL && strcmp(name, STEPS[i].name) != 0) {
      continue;
    }
    int attempts = 0;
    while (STEPS[i].run() != 0) {
      if (++attempts == ATTEMPTS) {
        wrong(STEPS[i].name, __LINE__);
      }
    }
  }
}

/* A child sees what it should, and changes a half of it. */
static int inherit(uint32_t *memory, size_t pages, uint32_t seed) {
  pid_t child = fork();
  if (child < 0) {
    return refused("fork", __LINE__);
  }
  if (child == 0) {
    EXPECT(holds(memory, pages, seed));
    fill(memory, pages / 2, seed + 1);
    EXPECT(holds(memory, pages / 2, seed + 1));
    _exit(0);
  }
  return reap(child);
}

/* More memory than there is: private, shared, and of a file. */
static int thrash(void) {
  uint32_t *mine;
  uint32_t *ours;
  uint32_t *files;
  size_t few = thrashed / 4;
  TRY(mine = map(thrashed, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  fill(mine, thrashed, 21);
  EXPECT(holds(mine, thrashed, 21));
  steps(NULL);
  EXPECT(holds(mine, thrashed, 21));
  int answer = inherit(mine, thrashed, 21);
  EXPECT(holds(mine, thrashed, 21));
  fill(mine, thrashed, 23);
  if (answer == 0) {
    ours = map(few, MAP_SHARED | MAP_ANONYMOUS, -1);
    answer = ours == MAP_FAILED ? refused("mmap", __LINE__) : 0;
  }
  if (answer == 0) {
    fill(ours, few, 24);
    EXPECT(holds(mine, thrashed, 23));
    EXPECT(holds(ours, few, 24));
    answer = inherit(ours, few, 24);
    if (answer == 0) {
      EXPECT(holds(ours, few / 2, 25));
    }
    TRY(munmap(ours, few * PAGE));
  }
  int fd = open("/tmp/faults-t", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ftruncate(fd, few * PAGE) < 0) {
    answer = refused("ftruncate", __LINE__);
  } else {
    files = map(few, MAP_SHARED, fd);
    if (files == MAP_FAILED) {
      answer = refused("mmap", __LINE__);
    } else {
      fill(files, few, 26);
      EXPECT(holds(mine, thrashed, 23));
      EXPECT(holds(files, few, 26));
      TRY(munmap(files, few * PAGE));
    }
  }
  close(fd);
  unlink("/tmp/faults-t");
  TRY(munmap(mine, thrashed * PAGE));
  return answer;
}

int main(int argc, char **argv) {
  self = argv[0];
  if (argc > 1 && strcmp(argv[1], "child") == 0) {
    return 7;
  }
  if (argc > 2) {
    thrashed = strtoul(argv[2], NULL, 10);
    int attempts = 0;
    while (thrash() != 0) {
      if (++attempts == ATTEMPTS) {
        wrong("thrash", __LINE__);
      }
    }
    say("done\n");
    return 0;
  }
  steps(argc > 1 ? argv[1] : NULL);
  say("done\n");
  return 0;
}
