/* What ioctl asks of /proc/self/maps and /proc/self/pagemap. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PAGE 4096
#define AT 0x50000000u
#define P(n) ((char *)(AT + (n) * PAGE))

struct scan { uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned; };
struct region { uint64_t start, end, categories; };
struct query {
  uint64_t size, flags, addr, start, end, rights, page_size, offset, inode;
  uint32_t major, minor, name_size, id_size;
  uint64_t name, id;
};
#define SCAN _IOWR('f', 16, struct scan)
#define QUERY _IOWR('f', 17, struct query)
/* All but soft-dirty pages, which not every kernel knows. */
#define ALL 0x17f

static int pagemap, maps;
static struct region regions[2000];

static struct scan scan(uint64_t from, uint64_t to) {
  struct scan s = {sizeof s, 0, AT + from * PAGE, AT + to * PAGE, 77, (uintptr_t)regions, 2000, 0, 0, 0, 0, ALL};
  return s;
}

static void ask_scan(const char *what, struct scan s) {
  errno = 0;
  int n = ioctl(pagemap, SCAN, &s);
  printf("%s: %d %s, walked to %llx\n", what, n, n < 0 ? strerrorname_np(errno) : "", (long long)s.walk_end);
  for (int i = 0; i < n; i++) {
    if (i < 20 || i > n - 3)
      printf("  %llx-%llx %llx\n", (long long)(regions[i].start - AT) / PAGE, (long long)(regions[i].end - AT) / PAGE,
             (long long)regions[i].categories);
  }
}

static void scanning(int file) {
  mmap(P(0), 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  *(volatile char *)P(1) = 1;
  (void)*(volatile char *)P(2);
  *(volatile char *)P(3) = 1;
  *(volatile char *)P(4) = 1;
  printf("guard %d\n", madvise(P(5), PAGE, 102));
  printf("guard %d\n", madvise(P(3), PAGE, 102));
  mmap(P(10), 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  *(volatile char *)P(11) = 1;
  mmap(P(14), 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
  *(volatile char *)P(14) = 1;
  *(volatile char *)P(15) = 1;
  (void)*(volatile char *)P(16);
  struct scan s = scan(0, 20);
  ask_scan("everything", s);
  for (int bit = 0; bit < 10; bit++) {
    s = scan(0, 20);
    s.mask = 1 << bit;
    if (bit == 7) continue;
    ask_scan("one", s);
    s.mask = 0;
    s.anyof = 1 << bit;
    ask_scan("any of", s);
    s.inverted = 1 << bit;
    ask_scan("not", s);
    s = scan(0, 20);
    s.returned = 1 << bit;
    ask_scan("returned", s);
  }
  s = scan(0, 20);
  s.mask = s.returned = 2;
  ask_scan("written alone", s);
  s = scan(0, 20);
  s.anyof = 0xa;
  s.mask = 8;
  s.inverted = 4;
  ask_scan("several", s);
  for (int most = 1; most < 6; most++) {
    s = scan(0, 20);
    s.mask = 8;
    s.max_pages = most;
    ask_scan("at most pages", s);
    s = scan(0, 20);
    s.vec_len = most;
    ask_scan("at most regions", s);
    s.max_pages = 9;
    ask_scan("at most both", s);
  }
  s = scan(0, 20);
  s.vec_len = s.vec = 0;
  ask_scan("no vector", s);
  s.vec_len = 1;
  ask_scan("vector 0", s);
  s = scan(0, 20);
  s.vec = 8;
  ask_scan("absent vector", s);
  s.vec = 1ull << 60;
  ask_scan("far vector", s);
  s = scan(0, 20);
  s.size = 95;
  ask_scan("size", s);
  s = scan(0, 20);
  s.start++;
  ask_scan("odd start", s);
  s = scan(0, 20);
  s.end -= 100;
  ask_scan("odd end", s);
  ask_scan("backwards", scan(20, 0));
  ask_scan("nothing", scan(5, 5));
  for (int flags = 1; flags < 6; flags++) {
    s = scan(0, 20);
    s.flags = flags;
    ask_scan("flags", s);
    s = scan(30, 40);
    s.flags = flags;
    ask_scan("flags without an area", s);
  }
  s = scan(0, 0);
  s.start = AT + 20 * PAGE;
  s.end = 0x5f000000;
  s.mask = 8;
  ask_scan("no page", s);
  s.end = 1ull << 46;
  s.start = 1ull << 45;
  ask_scan("far", s);
  /* Every second page of many: more regions than the kernel gathers at once. */
  char *many = mmap(P(100), 1400 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int i = 0; i < 1400; i += 2) many[i * PAGE] = 1;
  s = scan(100, 1500);
  s.mask = 8;
  ask_scan("many", s);
  s.vec_len = 600;
  ask_scan("many and little room", s);
  s.vec_len = 512;
  ask_scan("many and 512", s);
  s.vec_len = 1000;
  s.max_pages = 550;
  ask_scan("many and at most", s);
  errno = 0;
  printf("another request %d %s\n", ioctl(pagemap, QUERY, &s), strerrorname_np(errno));
  errno = 0;
  printf("at no address %d %s\n", ioctl(pagemap, SCAN, 8), strerrorname_np(errno));
  munmap(P(0), 2000 * PAGE);
}

static char name[300], id[64];

static struct query query(uint64_t addr, uint64_t flags) {
  memset(name, 0, sizeof name);
  memset(id, 0, sizeof id);
  struct query q = {sizeof q, flags, addr, 1, 2, 3, 4, 5, 6, 7, 8, sizeof name, sizeof id, (uintptr_t)name, (uintptr_t)id};
  return q;
}

static void ask_query(const char *what, struct query q) {
  errno = 0;
  int r = ioctl(maps, QUERY, &q);
  printf("%s: %d %s\n", what, r, r < 0 ? strerrorname_np(errno) : "");
  if (r < 0) return;
  printf("  %llx-%llx %llx page %llx offset %llx file %d name %u %s id %u ", (long long)q.start, (long long)q.end,
         (long long)q.rights, (long long)q.page_size, (long long)q.offset, q.inode != 0 && strncmp(name, "/dev", 4), q.name_size,
         q.name_size ? name : "-", q.id_size);
  for (unsigned i = 0; i < q.id_size; i++) printf("%02x", (unsigned char)id[i]);
  printf("\n");
}

static void asking(int file, const char *path) {
  mmap(P(0), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap(P(2), 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap(P(5), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, PAGE);
  mmap(P(7), 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0);
  mmap(P(9), 2 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int page = 0; page < 12; page++) {
    for (int flags = 0; flags < 0x40; flags += page % 4 == 0 ? 1 : 0x11) {
      printf("%d %x ", page, flags);
      ask_query("query", query(AT + page * PAGE + 5, flags));
    }
  }
  ask_query("the program", query((uintptr_t)&asking, 0));
  struct query q = query((uintptr_t)&asking, 0);
  q.name_size = 3;
  ask_query("little room for the name", q);
  q = query((uintptr_t)&asking, 0);
  q.id_size = 3;
  ask_query("little room for the id", q);
  q = query((uintptr_t)&asking, 0);
  q.name = 8;
  ask_query("absent name", q);
  q = query((uintptr_t)&asking, 0);
  q.id = 8;
  ask_query("absent id", q);
  q = query((uintptr_t)&asking, 0);
  q.id_size = 0;
  ask_query("one without the other", q);
  q.id = 0;
  q.name = 0;
  ask_query("one without the other", q);
  q.name_size = 0;
  ask_query("no names", q);
  q.flags = 0x40;
  ask_query("flags", q);
  static const int sizes[] = {0, 8, 23, 24, 25, 40, 103, 104, 105, 112, 4096, 4097};
  for (int i = 0; i < 12; i++) {
    char bytes[5000] = {0};
    q.flags = 0;
    q.size = sizes[i];
    memcpy(bytes, &q, sizes[i] < 104 ? sizes[i] < 8 ? 8 : sizes[i] : 104);
    errno = 0;
    int r = ioctl(maps, QUERY, bytes);
    printf("size %d: %d %s\n", sizes[i], r, r < 0 ? strerrorname_np(errno) : "");
    bytes[sizes[i] > 0 ? sizes[i] - 1 : 0] = 1;
    memcpy(bytes, &q, 8);
    errno = 0;
    r = ioctl(maps, QUERY, bytes);
    if (sizes[i] > 104) printf("size %d and more: %d %s\n", sizes[i], r, r < 0 ? strerrorname_np(errno) : "");
  }
  ask_query("heap", query((uintptr_t)sbrk(0) - 1, 0));
  int on_stack;
  q = query((uintptr_t)&on_stack, 0);
  q.id = q.id_size = 0;
  ask_query("stack", q);
  ask_query("far", query(1ull << 40, 0));
  ask_query("last", query(0xffffe000, 0x10));
  struct stat st;
  stat(path, &st);
  q = query(AT + 7 * PAGE, 0);
  ioctl(maps, QUERY, &q);
  printf("inode %d device %d %d\n", q.inode == st.st_ino, q.major == major(st.st_dev), q.minor == minor(st.st_dev));
  errno = 0;
  printf("another request %d %s\n", ioctl(maps, SCAN, &q), strerrorname_np(errno));
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 20);
  pagemap = open("/proc/self/pagemap", O_RDONLY);
  maps = open("/proc/self/maps", O_RDONLY);
  int file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  ftruncate(file, 3 * PAGE);
  char zeroes[3 * PAGE] = {1};
  write(file, zeroes, sizeof zeroes);
  scanning(file);
  asking(file, argv[1]);
  unlink(argv[1]);
  return 0;
}
