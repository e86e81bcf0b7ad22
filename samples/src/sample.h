/*
 * What the samples have instead of a C library: a start, the system calls that they make, and
 * printing. They are for Linux on i386 and ask nothing of the machine but int 0x80.
 *
 * Everything is static and in this one file, so that a sample is one source and one command.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

/* Numbers of Linux's arch/x86/entry/syscalls/syscall_32.tbl. */
enum {
  SYS_exit = 1,
  SYS_read = 3,
  SYS_write = 4,
  SYS_open = 5,
  SYS_close = 6,
  SYS_brk = 45,
  SYS_munmap = 91,
  SYS_mprotect = 125,
  SYS_rt_sigaction = 174,
  SYS_sigaltstack = 186,
  SYS_ugetrlimit = 191,
  SYS_mmap2 = 192,
};

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2 };
enum { MAP_PRIVATE = 0x02, MAP_ANONYMOUS = 0x20 };
enum { PAGE_SIZE = 4096 };

typedef unsigned long size_t;

static int main(void);

/* The arguments travel in ebx, ecx, edx, esi, edi and ebp; the answer, or -errno, in eax. */
static long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  long answer;
  const long ebp_and_number[2] = {f, number};
  __asm__ volatile(
      "push %%ebp\n\t"
      "mov (%%eax), %%ebp\n\t"
      "mov 4(%%eax), %%eax\n\t"
      "int $0x80\n\t"
      "pop %%ebp"
      : "=a"(answer)
      : "a"(ebp_and_number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
      : "memory", "cc");
  return answer;
}

static long syscall3(long number, long a, long b, long c) {
  return syscall6(number, a, b, c, 0, 0, 0);
}

__attribute__((noreturn)) static inline void exit(int status) {
  syscall3(SYS_exit, status, 0, 0);
  __builtin_unreachable();
}

/* Where the kernel starts the program: the stack pointer is at argc, and may be aligned to nothing. */
__asm__(
    ".globl _start\n"
    "_start:\n\t"
    "xor %ebp, %ebp\n\t"
    "and $-16, %esp\n\t"
    "call begin");

__attribute__((used, noreturn)) static void begin(void) {
  exit(main());
}

/* Signals, with the address at which a fault happened. */
enum { SIGSEGV = 11 };
enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000 };

struct siginfo {
  int signal, error, code;
  char *address;
  int rest[28];
};

typedef void fault_handler(int signal, struct siginfo *info, void *context);

/* Where a handler returns to: the kernel puts back what the program was doing. */
__attribute__((naked)) static void return_from_signal(void) {
  __asm__("mov $173, %eax\n\t"
          "int $0x80");
}

static inline long catch_faults(fault_handler *handler, int flags) {
  const struct {
    fault_handler *handler;
    long flags;
    void (*restorer)(void);
    unsigned long mask[2];
  } action = {handler, SA_SIGINFO | SA_RESTORER | flags, return_from_signal, {0, 0}};
  return syscall6(SYS_rt_sigaction, SIGSEGV, (long)&action, 0, sizeof action.mask, 0, 0);
}

/* Standard output, a line at a time: `say` appends, `end_line` writes. */
static char line[256];
static size_t line_length;

static void say(const char *text) {
  while (*text && line_length < sizeof line - 1) line[line_length++] = *text++;
}

static void end_line(void) {
  line[line_length++] = '\n';
  syscall3(SYS_write, 1, (long)line, line_length);
  line_length = 0;
}

static inline void say_line(const char *text) {
  say(text);
  end_line();
}

/* Digits of a number in a base of 2 to 16, at least `width` of them. */
static inline void say_number(unsigned long number, unsigned base, int width) {
  char digits[33];
  char *first = digits + sizeof digits - 1;
  *first = 0;
  do {
    *--first = "0123456789abcdef"[number % base];
    number /= base;
  } while (--width > 0 || number);
  say(first);
}

static inline void say_decimal(unsigned long number) {
  say_number(number, 10, 1);
}

static inline void say_address(unsigned long address) {
  say("0x");
  say_number(address, 16, 8);
}

#endif
