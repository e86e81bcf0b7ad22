/* What a program without a C library needs: an entry, two system calls, numbers as text.
 *
 * A program defines work(n), which does n rounds of its job and returns a checksum. It prints the
 * checksum and exits with its lowest seven bits. */
#ifndef START_H
#define START_H

typedef unsigned int u32;
typedef unsigned char u8;
typedef unsigned long long u64;

static u32 work(u32 rounds);

static inline int syscall3(int number, int a, int b, int c) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
}

/* gcc calls these by name, even here. */
void *memset(void *to, int value, u32 count) {
  u8 *p = to;
  while (count--) *p++ = (u8)value;
  return to;
}

void *memcpy(void *to, const void *from, u32 count) {
  u8 *p = to;
  const u8 *q = from;
  while (count--) *p++ = *q++;
  return to;
}

/* A pseudo-random sequence that is the same everywhere. */
static u32 random_state = 0x9e3779b9u;

static inline u32 next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

__attribute__((used)) static void start(u32 *stack) {
  u32 rounds = 1;
  if (stack[0] > 1) {
    const char *text = (const char *)stack[2];
    for (rounds = 0; *text; text++) rounds = rounds * 10 + (u32)(*text - '0');
  }
  u32 checksum = work(rounds);
  char line[12];
  int at = sizeof line;
  line[--at] = '\n';
  u32 left = checksum;
  do {
    line[--at] = (char)('0' + left % 10);
    left /= 10;
  } while (left);
  syscall3(4, 1, (int)(line + at), (int)sizeof line - at);
  syscall3(1, (int)(checksum & 0x7f), 0, 0);
  __builtin_unreachable();
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %esp, %eax\n"
    "  and $-16, %esp\n"
    "  sub $12, %esp\n"
    "  push %eax\n"
    "  call start\n");

#endif
