/* What /proc/self/io counts of calls that read and write, of threads that have ended, of children
 * that were waited for. Prints differences only.
 *
 *   taskio FILE
 *   taskio FILE blocks   what getrusage counts of the disk, and pages that were never written */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RCHAR, WCHAR, SYSCR, SYSCW, FIELDS };
static long was[FIELDS];
static char text[512], page[4096];

static void look(const char *path, long *to) {
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  if (sscanf(text, "rchar: %ld\nwchar: %ld\nsyscr: %ld\nsyscw: %ld", to, to + 1, to + 2, to + 3) != 4)
    exit(3);
}

/* The reading of the file itself was counted after it was made: the length of its text, one call. */
static long length;

static void begin(void) {
  look("/proc/self/io", was);
  length = strlen(text);
}

static void tell(const char *what) {
  long is[FIELDS];
  look("/proc/self/io", is);
  printf("%s: rchar %ld wchar %ld syscr %ld syscw %ld\n", what, is[RCHAR] - was[RCHAR] - length,
         is[WCHAR] - was[WCHAR], is[SYSCR] - was[SYSCR] - 1, is[SYSCW] - was[SYSCW]);
  fflush(stdout);
  begin();
}

static void *thread(void *fd) {
  if (pwrite((int)(long)fd, page, 100, 0) != 100) exit(3);
  return 0;
}

static void blocks(const char *what) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage)) exit(3);
  long ignored[FIELDS];
  look("/proc/self/io", ignored);
  printf("%s: inblock %ld oublock %ld %s", what, usage.ru_inblock, usage.ru_oublock,
         strstr(text, "cancelled"));
}

static int disk(int fd) {
  for (int i = 0; i < 8; i++)
    if (write(fd, page, 4096) != 4096) return 3;
  blocks("written");
  if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) return 3;
  for (int i = 0; i < 8; i++)
    if (pread(fd, page, 4096, i * 4096) != 4096) return 3;
  blocks("read");
  for (int i = 0; i < 4; i++)
    if (pwrite(fd, page, 4096, i * 4096) != 4096) return 3;
  if (ftruncate(fd, 0)) return 3;
  blocks("cut");
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 3;
  char *shown;
  int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDWR);
  int ends[2], pair[2];
  if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 3;
  setvbuf(stdout, 0, _IOFBF, 4096);
  if (argc > 2) return disk(fd);
  begin();
  tell("nothing");
  write(fd, page, 4096);
  tell("write");
  pread(fd, page, 1000, 100);
  tell("pread");
  pread(fd, page, 1000, 100000);
  tell("behind the end");
  read(-1, page, 10);
  tell("no descriptor");
  write(fd, 0, 10);
  tell("no buffer");
  write(null, page, 77);
  read(null, page, 77);
  tell("/dev/null");
  struct iovec two[2] = {{page, 10}, {page + 100, 20}};
  writev(ends[1], two, 2);
  readv(ends[0], two, 2);
  tell("vectors");
  send(pair[0], page, 50, 0);
  recv(pair[1], page, 50, 0);
  tell("send and recv");
  write(pair[0], page, 50);
  read(pair[1], page, 50);
  tell("a socket");
  off_t from = 0;
  sendfile(null, fd, &from, 2000);
  tell("sendfile");
  off_t to = 8192;
  from = 0;
  copy_file_range(fd, &from, fd, &to, 3000, 0);
  tell("copy_file_range");
  splice(fd, &(off_t){0}, ends[1], 0, 500, 0);
  read(ends[0], page, 500);
  tell("splice and read");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  read(ends[0], page, 1);
  tell("nothing there");
  pthread_t made;
  pthread_create(&made, 0, thread, (void *)(long)fd);
  pthread_join(made, 0);
  tell("a thread that has ended");
  pid_t child = fork();
  if (child == 0) {
    read(fd, page, 64);
    _exit(0);
  }
  waitpid(child, 0, 0);
  tell("a child that was waited for");
  shown = strstr(text, "read_bytes");
  printf("%s\n", shown && strstr(shown, "\nwrite_bytes") && strstr(shown, "\ncancelled_write_bytes") ? "seven lines" : text);
  unlink(argv[1]);
  return 0;
}
