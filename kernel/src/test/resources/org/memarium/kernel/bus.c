/* Signals of memory accesses, with their code and address; truncation under mappings; mincore. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define P 4096
#define E(call) ((call) ? errno : 0)

static sigjmp_buf back;
static siginfo_t info;

static void caught(int signal, siginfo_t *what, void *context) {
  info = *what;
  siglongjmp(back, 1);
}

static void look(const char *name, char *base, volatile char *at, int write) {
  if (sigsetjmp(back, 1)) {
    printf("%s: signal %d, code %d, at %d\n", name, info.si_signo, info.si_code,
           (int)((char *)info.si_addr - base));
  } else if (write) {
    *at = 5;
    printf("%s: written\n", name);
  } else {
    printf("%s: %d\n", name, *at);
  }
}

static void core(const char *name, char *at, int pages) {
  unsigned char vector[16];
  memset(vector, 9, sizeof vector);
  printf("%s: %d", name, E(mincore(at, pages * P, vector)));
  for (int i = 0; i < pages; i++)
    printf(" %d", vector[i]);
  putchar('\n');
}

static void truncated(const char *kind, int fd) {
  printf("%s\n", kind);
  ftruncate(fd, 5 * P + 100);
  char buffer[P];
  memset(buffer, 7, P);
  for (int i = 0; i < 5; i++)
    pwrite(fd, buffer, P, i * P);
  char *shared = mmap(0, 8 * P, 3, MAP_SHARED, fd, 0);
  char *private = mmap(0, 8 * P, 3, MAP_PRIVATE, fd, 0);
  core("in core", shared, 8);
  look("last byte", shared, shared + 5 * P + 99, 0);
  look("behind it, same page", shared, shared + 5 * P + 4000, 0);
  look("next page", shared, shared + 6 * P + 9, 0);
  look("next page, written", shared, shared + 6 * P + 9, 1);
  look("next page, private", private, private + 7 * P + 1, 1);
  private[P] = 8;
  private[3 * P] = 8;
  shared[3 * P] = 6;
  shared[2 * P + 50] = 6;
  ftruncate(fd, 2 * P + 40);
  look("private copy behind the end", private, private + 3 * P, 0);
  look("private copy before it", private, private + P, 0);
  look("shared behind the end", shared, shared + 3 * P, 0);
  look("shared, last page", shared, shared + 2 * P + 39, 0);
  look("cut off", shared, shared + 2 * P + 50, 0);
  core("in core", shared, 8);
  core("private", private, 8);
  ftruncate(fd, 8 * P);
  look("longer again", shared, shared + 3 * P, 0);
  look("longer again, private", private, private + 3 * P, 0);
  look("cut off", shared, shared + 2 * P + 50, 0);
  if (kind[0] == 'm') /* a file is read ahead */
    core("in core", shared, 8);
  printf("populate %d %d, lock %d\n", E(madvise(shared, 8 * P, MADV_POPULATE_READ)),
         E(madvise(private, 8 * P, MADV_POPULATE_WRITE)), E(mlock(shared, 8 * P)));
  ftruncate(fd, P);
  printf("behind the end: populate %d %d, lock %d, will need %d, sync %d\n",
         E(madvise(shared, 8 * P, MADV_POPULATE_READ)),
         E(madvise(private + P, P, MADV_POPULATE_WRITE)), E(mlock(shared, 8 * P)),
         E(madvise(shared, 8 * P, MADV_WILLNEED)), E(msync(shared, 8 * P, MS_SYNC)));
  char *more = mmap(0, 4 * P, 3, MAP_SHARED | MAP_POPULATE, fd, 0);
  printf("populated %d\n", more != MAP_FAILED);
  core("populated", more, 4);
  printf("busy %d\n", E(msync(shared, P, MS_INVALIDATE)));
  munmap(shared, 8 * P);
  munmap(private, 8 * P);
  munmap(more, 4 * P);
}

int main(int count, char **arguments) {
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  setvbuf(stdout, 0, _IONBF, 0);
  char *at = mmap((char *)0x30000000, 16 * P, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  munmap(at + 8 * P, P);
  mprotect(at + 2 * P, P, PROT_NONE);
  mprotect(at + 3 * P, P, PROT_READ);
  madvise(at + 4 * P, P, 102);
  look("wild", 0, (char *)16, 0);
  look("wild write", 0, (char *)16, 1);
  look("high", 0, (char *)0xfffffff0, 0);
  look("hole", at, at + 8 * P + 5, 0);
  look("no access", at, at + 2 * P + 5, 0);
  look("no access, write", at, at + 2 * P + 5, 1);
  look("read-only", at, at + 3 * P + 5, 0);
  look("read-only, write", at, at + 3 * P + 5, 1);
  look("guard", at, at + 4 * P + 5, 0);
  look("guard, write", at, at + 4 * P + 5, 1);
  look("code", 0, (char *)main, 1);
  look("ok", at, at + 5 * P, 1);
  core("before the hole", at, 8);
  core("over the hole", at, 12);
  unsigned char byte;
  printf("mincore %d %d %d %d %d %d\n", E(mincore(at + 1, P, &byte)), E(mincore(at, 0, &byte)),
         E(mincore(at, P, 0)), E(mincore(at + 8 * P, P, &byte)), E(mincore(at + 8 * P, P, 0)),
         E(syscall(SYS_mincore, 0xfffff000, 0x2000, &byte)));
  printf("msync %d %d %d %d %d %d\n", E(msync(at, 16 * P, MS_SYNC)), E(msync(at, 16 * P, MS_ASYNC)),
         E(msync(at, P, 8)), E(msync(at + 1, P, 0)), E(msync(at, P, MS_SYNC | MS_ASYNC)),
         E(msync(at + 8 * P, 0, 0)));
  truncated("memfd", memfd_create("file", 0));
  truncated("file", open(arguments[1], O_RDWR | O_CREAT | O_TRUNC, 0600));
  int fd = memfd_create("pages", 0);
  ftruncate(fd, 8 * P);
  for (int i = 0; i < 8; i++)
    pwrite(fd, &(char){i}, 1, i * P);
  char *map = mmap(0, 8 * P, 3, MAP_SHARED, fd, 0);
  printf("remap %d %d %d %d %d %d\n", E(remap_file_pages(map, 2 * P, 0, 4, 0)),
         E(remap_file_pages(map + 7 * P, P, 0, 0, MAP_NONBLOCK)), E(remap_file_pages(map, P, 1, 0, 0)),
         E(remap_file_pages(at, P, 0, 0, 0)), E(remap_file_pages(map, 100, 0, 0, 0)),
         E(remap_file_pages(map + 4 * P, 99 * P, 0, 0, 0)));
  for (int i = 0; i < 8; i++)
    look("page", map, map + i * P, 0);
  return 0;
}
