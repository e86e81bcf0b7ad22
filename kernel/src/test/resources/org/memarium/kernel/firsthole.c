/* Which pages a hole unmaps at the beginning and at the end of a file, in a file on a disk and in one of memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define P 4096
#define PAGES 4
#define HOLE (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static int pagemap;

static void show(const char *kind, const char *what, char *at) {
  printf("%s, %-32s", kind, what);
  for (int i = 0; i < PAGES; i++) {
    unsigned long long entry = 0;
    pread64(pagemap, &entry, 8, (long long)((unsigned)at / P + i) * 8);
    putchar(entry >> 63 ? 'x' : '.');
  }
  putchar('\n');
}

static void touch(char *at) {
  for (int i = 0; i < PAGES; i++)
    at[i * P + 9]++;
}

static void holes(const char *kind, int fd) {
  static const struct {
    const char *what;
    int from, bytes;
  } all[] = {
    {"in the middle of the first", 100, 200}, {"its beginning", 0, 200}, {"its end", 100, P - 100},
    {"all of it", 0, P},                      {"in the second", P, 200}, {"over two", 100, P},
    {"a piece in the last", 3 * P, 2000},     {"the last to the end", 3 * P + 100, P},
    {"beyond the end", 2 * P + 5, 2 * P},     {"behind the end", 5 * P, P},
    {"to the end, not of the page", 2 * P + 5, P + 3500},
  };
  char page[P];
  memset(page, 7, P);
  for (int i = 0; i < PAGES; i++)
    pwrite(fd, page, i < PAGES - 1 ? P : 3000, i * P);
  char *at = mmap(0, PAGES * P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    touch(at);
    if (fallocate(fd, HOLE, all[i].from, all[i].bytes))
      perror("fallocate");
    show(kind, all[i].what, at);
  }
  touch(at);
  printf("%d %d %d %d\n", at[9], at[P + 9], at[P + 300], at[2 * P + 9]);
}

int main(int count, char **arguments) {
  pagemap = open("/proc/self/pagemap", O_RDONLY);
  int fd = open(arguments[count - 1], O_RDWR | O_CREAT, 0600);
  unlink(arguments[count - 1]);
  holes("disk", fd);
  holes("memory", memfd_create("m", 0));
  return 0;
}
