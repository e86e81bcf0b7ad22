/* execve and execveat: what fails, and how; scripts; what the new program finds. */
#include "witness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char folder[64];
static char path[128];
static char *const nothing[] = {NULL};

static const char *file(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void executable(const char *name, const char *text, int mode) {
  make(file(name), text);
  M(chmod(path, mode));
}

/* In a child: what execve answers, or what the program's status is. */
static void run(const char *what, int directory, const char *program, const void *argv,
                const void *envp, int flags) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    syscall(SYS_execveat, directory, program, argv, envp, flags);
    printf("%s: %s\n", what, strerrorname_np(errno));
    fflush(stdout);
    _exit(99);
  }
  int status;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WEXITSTATUS(status) != 99) printf("%s: status %d\n", what, WEXITSTATUS(status));
}

#define X(program, ...)                                             \
  do {                                                              \
    char *argv[] = {__VA_ARGS__, NULL};                             \
    run(#program " " #__VA_ARGS__, AT_FDCWD, program, argv, environ, 0); \
  } while (0)

static void failures(void) {
  executable("empty", "", 0755);
  executable("text", "no program at all, but longer than a header of ELF would have to be", 0755);
  executable("closed", "#!/bin/sh\n", 0644);
  executable("nowhere", "#!/no/such/interpreter\n", 0755);
  executable("nothing", "#!\n", 0755);
  executable("blank", "#!   \n", 0755);
  X(file("missing"), "x");
  X(file("empty/below"), "x");
  X(file("empty"), "x");
  X(file("text"), "x");
  X(file("closed"), "x");
  X(file("nowhere"), "x");
  X(file("nothing"), "x");
  X(file("blank"), "x");
  X(folder, "x");
  X("", "x");
  run("null path", AT_FDCWD, NULL, nothing, nothing, 0);
  run("bad argv", AT_FDCWD, "/proc/self/exe", (void *)8, nothing, 0);
  char *bad[] = {(char *)8, NULL};
  run("bad argument", AT_FDCWD, "/proc/self/exe", bad, nothing, 0);
  run("bad variable", AT_FDCWD, "/proc/self/exe", nothing, bad, 0);
  run("bad flags", AT_FDCWD, "/proc/self/exe", nothing, nothing, 1);
  run("empty path", AT_FDCWD, "", nothing, nothing, 0);
  run("bad directory", 77, "x", nothing, nothing, 0);
  run("bad descriptor", 77, "", nothing, nothing, AT_EMPTY_PATH);
}

static void limits(void) {
  static char large[131072 + 1];
  memset(large, 'x', sizeof large - 1);
  X("/proc/self/exe", "exe", "count", large);
  large[131071] = 0;
  X("/proc/self/exe", "exe", "count", large);
  static char *many[60];
  many[0] = "exe";
  many[1] = "count";
  for (int i = 2; i < 50; i++) many[i] = large;
  run("49 * 128 KiB", AT_FDCWD, "/proc/self/exe", many, environ, 0);
  for (int i = 2; i < 17; i++) many[i] = large;
  many[17] = NULL;
  run("15 * 128 KiB", AT_FDCWD, "/proc/self/exe", many, environ, 0);
  many[18] = NULL;
  many[17] = large;
  run("16 * 128 KiB", AT_FDCWD, "/proc/self/exe", many, environ, 0);
  struct rlimit stack;
  getrlimit(RLIMIT_STACK, &stack);
  struct rlimit small = {1 << 20, stack.rlim_max};
  setrlimit(RLIMIT_STACK, &small);
  many[3] = NULL;
  run("128 KiB of 256", AT_FDCWD, "/proc/self/exe", many, environ, 0);
  many[3] = large;
  many[4] = NULL;
  run("256 KiB of 256", AT_FDCWD, "/proc/self/exe", many, environ, 0);
  setrlimit(RLIMIT_STACK, &stack);
}

static void scripts(void) {
  char text[512];
  char self[256];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length] = 0;
  snprintf(text, sizeof text, "#! %s  count  \nexit 1\n", self);
  executable("script", text, 0755);
  X(file("script"), "script", "one", "two");
  snprintf(text, sizeof text, "#!%s", self);
  executable("unended", text, 0755);
  X(file("unended"), "unended", "one");
  for (int depth = 1; depth < 7; depth++) {
    char name[16];
    snprintf(name, sizeof name, "deep%d", depth);
    char before[128];
    snprintf(before, sizeof before, "%s", file(depth == 1 ? "script" : "deep0"));
    if (depth > 1) before[strlen(before) - 1] = '0' + depth - 1;
    snprintf(text, sizeof text, "#!%s\n", before);
    executable(name, text, 0755);
    X(file(name), name);
  }
  int fd = M(open(file("script"), O_RDONLY));
  char *argv[] = {"script", NULL};
  run("script by descriptor", fd, "", argv, environ, AT_EMPTY_PATH);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  run("script by descriptor that closes", fd, "", argv, environ, AT_EMPTY_PATH);
  close(fd);
  fd = M(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  char *name[] = {"exe", "name", NULL};
  run("program by descriptor", fd, "", name, environ, AT_EMPTY_PATH);
  symlink("script", file("link"));
  run("link", AT_FDCWD, file("link"), argv, environ, 0);
  run("link, not followed", AT_FDCWD, file("link"), argv, environ, AT_SYMLINK_NOFOLLOW);
  int directory = M(open(folder, O_RDONLY | O_DIRECTORY));
  run("from a directory", directory, "script", argv, environ, 0);
  close(directory);
}

static void handler(int signal) { (void)signal; }

static void *thread_executes(void *argument) {
  (void)argument;
  char text[16];
  snprintf(text, sizeof text, "%d", getpid());
  execl("/proc/self/exe", "exe", "thread", text, NULL);
  return NULL;
}

static void inherited(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(1, 20);
    dup2(1, 21);
    fcntl(21, F_SETFD, FD_CLOEXEC);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTERM);
    prctl(PR_SET_NAME, "other");
    umask(077);
    chdir("/tmp");
    execl("/proc/self/exe", "exe", "inherited", NULL);
    _exit(98);
  }
  waitpid(pid, NULL, 0);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, thread_executes, NULL);
    for (;;) pause();
  }
  int status;
  waitpid(pid, &status, 0);
  printf("execve by a thread: %d\n", WEXITSTATUS(status));
}

static int second(int argc, char **argv) {
  if (strcmp(argv[1], "count") == 0) {
    int size = 0;
    for (int i = 2; i < argc; i++) size += strlen(argv[i]) + 1;
    printf("  %d arguments, %d bytes\n", argc, size);
    return argc < 50 ? argc : 50;
  }
  if (strcmp(argv[1], "name") == 0) {
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    printf("  named %s\n", strcmp(name, "exe") ? "by its descriptor" : name);
    return 0;
  }
  if (strcmp(argv[1], "thread") == 0)
    return getpid() == atoi(argv[2]) && syscall(SYS_gettid) == getpid() ? 7 : 8;
  if (strcmp(argv[1], "inherited") == 0) {
    struct sigaction one, two;
    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGUSR2, NULL, &two);
    sigset_t blocked, pending;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigpending(&pending);
    char name[16] = "", directory[64];
    prctl(PR_GET_NAME, name);
    getcwd(directory, sizeof directory);
    printf("20 %s, 21 %s\n", fcntl(20, F_GETFD) < 0 ? "closed" : "open",
           fcntl(21, F_GETFD) < 0 ? "closed" : "open");
    printf("handler %s, ignored %s\n", one.sa_handler == SIG_DFL ? "gone" : "kept",
           two.sa_handler == SIG_IGN ? "kept" : "gone");
    printf("blocked %d, pending %d\n", sigismember(&blocked, SIGTERM),
           sigismember(&pending, SIGTERM));
    printf("name %s, umask %o, directory %s\n", name, umask(0), directory);
    return 0;
  }
  printf("  argv[1] %s, %d arguments\n", argv[1][0] == '/' ? "a path" : argv[1], argc);
  return 3;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 0 || argv[0][0] == 0) {
    printf("  argv[0] is empty\n");
    return 4;
  }
  if (argc > 1) return second(argc, argv);
  snprintf(folder, sizeof folder, "/tmp/memarium-exec-%08d", getpid());
  M(mkdir(folder, 0755));
  failures();
  run("no arguments", AT_FDCWD, "/proc/self/exe", nothing, nothing, 0);
  limits();
  scripts();
  inherited();
  const char *names[] = {"empty", "text", "closed", "nowhere", "nothing", "blank", "script",
                         "unended", "deep1", "deep2", "deep3", "deep4", "deep5", "deep6", "link"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(file(names[i]));
  T(rmdir(folder));
  return 0;
}
