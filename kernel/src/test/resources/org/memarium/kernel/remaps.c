// Moves, grows and shrinks areas of a window of its own, rightly and wrongly, and prints what each
// call answers, what areas are left and what the pages hold.
#include "window.h"

static long remap(unsigned long at, unsigned long bytes, unsigned long more, int flags,
                  unsigned long to) {
  long result = syscall(SYS_mremap, at, bytes, more, flags, to);
  printf("mremap %lx %lx %lx %x %lx", at, bytes, more, flags, to);
  answer(result);
  return result;
}

// The first byte of each page: . for a hole or no right to read, else a letter.
static void pages(void) {
  char text[PAGES + 1];
  int tube[2];
  pipe(tube);
  for (int i = 0; i < PAGES; i++) {
    char c = 0;
    if (write(tube[1], (void *)AT(i), 1) != 1)
      text[i] = '.';
    else {
      read(tube[0], &c, 1);
      text[i] = c ? c : '0';
    }
  }
  text[PAGES] = 0;
  close(tube[0]);
  close(tube[1]);
  printf("  %s\n", text);
}

static void letters(int page, int count, char first) {
  for (int i = 0; i < count; i++) *(volatile char *)AT(page + i) = first + i;
}

static void look(void) {
  maps();
  pages();
}

#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | 4)

static long size0, data0, locked0;
static void counters(void) {
  printf("  size %+ld data %+ld locked %+ld\n", counter("VmSize:") / 4 - size0,
         counter("VmData:") / 4 - data0, counter("VmLck:") / 4 - locked0);
}

static void wrong(int fd) {
  title("wrong arguments");
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  map(AT(4), 4 * PAGE, RW, S | F, fd, 0);
  remap(AT(0), PAGE, PAGE, 8, 0);
  remap(AT(0), PAGE, PAGE, MREMAP_FIXED, AT(20));
  remap(AT(0), PAGE, PAGE, 4, AT(20));
  remap(AT(0), PAGE, 2 * PAGE, KEEP, AT(20));
  remap(AT(0), PAGE, 1, KEEP, AT(20));
  remap(AT(30), PAGE, 2 * PAGE, KEEP, AT(20));
  remap(AT(0) + 1, PAGE, PAGE, 0, 0);
  remap(AT(0), PAGE, 0, 0, 0);
  remap(AT(0), PAGE, -1, 0, 0);
  remap(AT(0), PAGE, -PAGE, 0, 0);
  remap(AT(0), PAGE, -PAGE, MREMAP_MAYMOVE, 0);
  remap(AT(0), PAGE, 0xffffe000, MREMAP_MAYMOVE, 0);
  remap(AT(0), PAGE, 0xffffd000, MREMAP_MAYMOVE, 0);
  remap(AT(30), PAGE, -1, 0, 0);
  remap(AT(30), PAGE, PAGE, 0, 0);
  remap(AT(30), 0, PAGE, 0, 0);
  remap(AT(0), PAGE, PAGE, MOVE, AT(20) + 1);
  remap(AT(0), PAGE, PAGE, MOVE, AT(0));
  remap(AT(0), 2 * PAGE, 2 * PAGE, MOVE, AT(1));
  remap(AT(1), 2 * PAGE, 2 * PAGE, MOVE, AT(0));
  remap(AT(1), PAGE, 2 * PAGE, MOVE, AT(0));
  remap(AT(0), PAGE, PAGE, MOVE, 0xfffff000);
  remap(AT(0), PAGE, PAGE, MOVE, 0xffffe000);
  remap(AT(0), PAGE, 2 * PAGE, MOVE, 0xffffd000);
  remap(AT(0), PAGE, -1, MOVE, AT(20));
  remap(AT(0), 0, PAGE, MREMAP_MAYMOVE, 0);
  remap(AT(0), 0, PAGE, MOVE, AT(20));
  remap(AT(0), 0, PAGE, 0, 0);
  remap(AT(0), 0, 0, 0, 0);
  remap(AT(4), 0, PAGE, 0, 0);
  remap(AT(0), 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, 0);
  remap(AT(0), 8 * PAGE, 9 * PAGE, 0, 0);
  remap(AT(0), 8 * PAGE, 8 * PAGE, 0, 0);
  remap(AT(0), -1, PAGE, 0, 0);
  remap(AT(0), 20 * PAGE, 20 * PAGE, 0, 0);
  remap(AT(0), 6 * PAGE, 7 * PAGE, MOVE, AT(20));
  remap(AT(0), 9 * PAGE, 8 * PAGE, MOVE, AT(20));
  remap(AT(0), -PAGE, PAGE, MOVE, AT(20));
  look();
  map(AT(20), PAGE, RW, P | A | F, -1, 0);
  remap(AT(0), 6 * PAGE, 5 * PAGE, MOVE, AT(20));
  remap(AT(30), PAGE, PAGE, MOVE, AT(20));
  remap(AT(2), 0, PAGE, MOVE, AT(20));
  look();
}

static void growing(int fd) {
  title("growing and shrinking in place");
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 4, 'a');
  remap(AT(0), 4 * PAGE, 6 * PAGE, 0, 0);
  remap(AT(2), 4 * PAGE, 6 * PAGE, 0, 0);
  remap(AT(2), 2 * PAGE, 6 * PAGE, 0, 0);
  remap(AT(0), 8 * PAGE, 5 * PAGE, 0, 0);
  remap(AT(1), 2 * PAGE, PAGE, 0, 0);
  look();
  map(AT(8), 2 * PAGE, RW, P | A | F, -1, 0);
  remap(AT(3), 2 * PAGE, 4 * PAGE, 0, 0);
  remap(AT(3), 4 * PAGE, 5 * PAGE, 0, 0);
  look();
  remap(AT(3), 7 * PAGE, 8 * PAGE, 0, 0);
  look();
  map(AT(20), 2 * PAGE, RW, S | F, fd, 2);
  remap(AT(20), 2 * PAGE, 3 * PAGE, 0, 0);
  map(AT(24), 2 * PAGE, RW, S | F, fd, 6);
  remap(AT(20), 3 * PAGE, 4 * PAGE, 0, 0);
  look();
  remap(AT(20), 8 * PAGE, PAGE, 0, 0);
  look();
}

static void moving(int fd) {
  title("moving");
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 3, 'a');
  remap(AT(0), 4 * PAGE, 4 * PAGE, MOVE, AT(20));
  look();
  remap(AT(21), 2 * PAGE, 2 * PAGE, MOVE, AT(1));
  look();
  remap(AT(1), 2 * PAGE, 2 * PAGE, MOVE, AT(21));
  look();
  remap(AT(20), 4 * PAGE, 2 * PAGE, MOVE, AT(0));
  look();
  remap(AT(0), 2 * PAGE, 5 * PAGE, MOVE, AT(30));
  look();
  remap(AT(30), 2 * PAGE, 6 * PAGE, MOVE, AT(40));
  look();
  counters();
  title("moving what was never touched");
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  remap(AT(1), 2 * PAGE, 2 * PAGE, MOVE, AT(4));
  remap(AT(3), PAGE, PAGE, MOVE, AT(1));
  look();
  map(AT(10), 4 * PAGE, RW, P | A | F, -1, 0);
  remap(AT(12), 2 * PAGE, 2 * PAGE, MOVE, AT(8));
  look();
  remap(AT(4), 2 * PAGE, 2 * PAGE, MOVE, AT(12));
  look();
  counters();
  title("moving files");
  map(AT(0), 4 * PAGE, RW, P | F, fd, 2);
  map(AT(4), 4 * PAGE, RW, S | F, fd, 6);
  letters(0, 2, 'a');
  letters(4, 2, 'k');
  remap(AT(1), 2 * PAGE, 2 * PAGE, MOVE, AT(20));
  remap(AT(5), 2 * PAGE, 4 * PAGE, MOVE, AT(30));
  look();
  remap(AT(30), 0, 2 * PAGE, MOVE, AT(40));
  remap(AT(30), 0, 6 * PAGE, MOVE, AT(44));
  remap(AT(31), 0, PAGE, MOVE, AT(29));
  look();
  remap(AT(20), 2 * PAGE, 2 * PAGE, MOVE, AT(1));
  look();
  counters();
}

static void keeping(int fd) {
  title("moving pages out of areas that stay");
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 4, 'a');
  remap(AT(1), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(20));
  look();
  counters();
  protect(AT(21), PAGE, PROT_READ);
  protect(AT(21), PAGE, RW);
  letters(1, 1, 'x');
  look();
  remap(AT(20), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(22));
  look();
  counters();
  remap(AT(22), 2 * PAGE, 2 * PAGE, KEEP, AT(40));
  look();
  map(AT(50), 2 * PAGE, RW, P | A | F, -1, 0);
  remap(AT(50), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(52));
  remap(AT(50), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(48));
  look();
  counters();
  clear();
  counters();
  map(AT(0), 2 * PAGE, RW, P | F, fd, 0);
  map(AT(4), 2 * PAGE, RW, S | F, fd, 0);
  map(AT(8), 2 * PAGE, RW, S | A | F, -1, 0);
  letters(0, 2, 'a');
  letters(4, 2, 'k');
  letters(8, 2, 'p');
  remap(AT(0), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(20));
  remap(AT(4), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(24));
  remap(AT(8), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(28));
  remap(AT(8), 0, 0, KEEP | MREMAP_FIXED, AT(32));
  look();
  counters();
}

static void several(int fd) {
  title("several areas at once");
  map(AT(0), 2 * PAGE, RW, P | A | F, -1, 0);
  map(AT(2), 2 * PAGE, RW, S | F, fd, 0);
  map(AT(6), 2 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 4, 'a');
  letters(6, 2, 'p');
  remap(AT(0), 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0);
  remap(AT(0), 8 * PAGE, 9 * PAGE, MOVE, AT(20));
  remap(AT(1), 6 * PAGE, 6 * PAGE, MOVE, AT(20));
  look();
  map(AT(24), PAGE, RW, P | A | F, -1, 0);
  remap(AT(20), 7 * PAGE, 7 * PAGE, MOVE, AT(40));
  look();
  remap(AT(39), 8 * PAGE, 8 * PAGE, MOVE, AT(20));
  remap(AT(40), 12 * PAGE, 12 * PAGE, MOVE, AT(20));
  look();
  remap(AT(20), 8 * PAGE, 8 * PAGE, KEEP | MREMAP_FIXED, AT(4));
  look();
  seal(AT(22), PAGE, 0);
  remap(AT(20), 6 * PAGE, 6 * PAGE, MOVE, AT(50));
  look();
  counters();
}

static void locked(void) {
  title("locked areas");
  map(AT(0), 4 * PAGE, RW, P | A | F | MAP_LOCKED, -1, 0);
  counters();
  remap(AT(0), 4 * PAGE, 6 * PAGE, 0, 0);
  counters();
  remap(AT(0), 2 * PAGE, 3 * PAGE, MOVE, AT(20));
  counters();
  remap(AT(20), 3 * PAGE, PAGE, 0, 0);
  counters();
  remap(AT(2), 4 * PAGE, 2 * PAGE, MOVE, AT(30));
  counters();
  look();
  remap(AT(30), PAGE, PAGE, KEEP | MREMAP_FIXED, AT(40));
  counters();
  look();
  clear();
  counters();
}

static void limited(void) {
  title("limits");
  size0 = counter("VmSize:") / 4;
  data0 = counter("VmData:") / 4;
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 4, 'a');
  limit(RLIMIT_AS, (size0 + 6) * PAGE);
  remap(AT(0), 4 * PAGE, 7 * PAGE, 0, 0);
  remap(AT(0), 4 * PAGE, 7 * PAGE, MREMAP_MAYMOVE, 0);
  remap(AT(0), 4 * PAGE, 7 * PAGE, MOVE, AT(20));
  remap(AT(0), 4 * PAGE, 4 * PAGE, KEEP | MREMAP_FIXED, AT(20));
  remap(AT(0), 4 * PAGE, 6 * PAGE, MOVE, AT(20));
  look();
  remap(AT(20), 4 * PAGE, PAGE, MOVE, AT(0));
  remap(AT(24), 2 * PAGE, PAGE, MOVE, AT(1));
  look();
  limit(RLIMIT_AS, RLIM_INFINITY);
  counters();
}

static void forked(void) {
  title("what a child moves");
  map(AT(0), 8 * PAGE, RW, P | A | F, -1, 0);
  letters(0, 4, 'a');
  fflush(stdout);
  if (fork() == 0) {
    remap(AT(0), 2 * PAGE, 2 * PAGE, MOVE, AT(20));
    remap(AT(4), 4 * PAGE, 4 * PAGE, MOVE, AT(22));
    letters(21, 2, 'x');
    look();
    remap(AT(20), 2 * PAGE, 2 * PAGE, MOVE, AT(0));
    remap(AT(22), 4 * PAGE, 4 * PAGE, MOVE, AT(4));
    look();
    remap(AT(0), 8 * PAGE, 9 * PAGE, 0, 0);
    remap(AT(4), 4 * PAGE, 6 * PAGE, 0, 0);
    look();
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  look();
}

static void random_moves(unsigned seed, int fd) {
  title("random moves");
  unsigned long state = seed;
#define RANDOM(n) ((state = state * 1103515245 + 12345) >> 8) % (n)
  for (int i = 0; i < 300; i++) {
    unsigned page = RANDOM(40), count = 1 + RANDOM(8), what = RANDOM(9), to = RANDOM(50);
    unsigned size = 1 + RANDOM(6), more = RANDOM(1000);
    switch (what) {
      case 0:
      case 1: map(AT(page), count * PAGE, more % 3 ? RW : 1, P | A | F, -1, 0); break;
      case 2: map(AT(page), count * PAGE, RW, (more & 8 ? S : P) | F, fd, page % 30); break;
      case 3: protect(AT(page), count * PAGE, more % 3 ? RW : 1); break;
      case 4: remap(AT(page), count * PAGE, size * PAGE, 0, 0); break;
      case 5: remap(AT(page), count * PAGE, size * PAGE, MOVE, AT(to)); break;
      case 6: remap(AT(page), count * PAGE, count * PAGE, MOVE, AT(to)); break;
      case 7: remap(AT(page), count * PAGE, count * PAGE, KEEP | MREMAP_FIXED, AT(to)); break;
      default: {
        int there = open("/dev/zero", O_RDONLY);
        for (unsigned n = 0; n < count; n++)
          if (syscall(SYS_read, there, AT(page + n), 10) == 10)
            *(volatile char *)AT(page + n) = 'a' + (i + n) % 26;
        close(there);
      }
    }
    if (i % 10 == 9) look();
  }
  clear();
  counters();
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  int fd = memory_file(64);
  size0 = counter("VmSize:") / 4;
  data0 = counter("VmData:") / 4;
  locked0 = counter("VmLck:") / 4;
  wrong(fd);
  growing(fd);
  moving(fd);
  keeping(fd);
  limited();
  forked();
  random_moves(1, fd);
  random_moves(2, fd);
  random_moves(3, fd);
  locked();
  several(fd);
  return 0;
}
