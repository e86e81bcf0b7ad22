/*
 * Guard pages: memory that nobody may touch, where a program that runs too far hits it. One behind
 * a buffer catches the first byte too many; the one below the stack catches a recursion that does
 * not end, and its handler runs on a stack of its own.
 */
#include "sample.h"

enum { PAGES = 4, STACK_PAGES = 4 };

static char *buffer;
static char handlers_stack[16384];
static volatile unsigned long written;
static unsigned long depth;
static unsigned long deepest;

static void beyond(int signal, struct siginfo *info, void *context) {
  (void)signal, (void)context;
  say("byte ");
  say_decimal(written);
  say(" hit the guard page, at byte ");
  say_decimal(info->address - buffer);
  say(info->code == SEGV_ACCERR ? ": access refused" : ": nothing there");
  end_line();
  /* The page becomes memory, and the write goes on. */
  syscall3(SYS_mprotect, (long)(buffer + PAGES * PAGE_SIZE), PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void too_deep(int signal, struct siginfo *info, void *context) {
  (void)signal, (void)context;
  unsigned long address = (unsigned long)info->address;
  char here;
  say("the recursion hit the end of its stack, ");
  int near = address < deepest && deepest - address < PAGE_SIZE * 2;
  say(near ? "right below" : "far from");
  say(" its last frame; the handler runs on ");
  int own = &here >= handlers_stack && &here < handlers_stack + sizeof handlers_stack;
  say_line(own ? "its own stack" : "the same stack");
  exit(depth > 10 ? 0 : 1);
}

__attribute__((noinline)) static unsigned long descend(unsigned long level) {
  volatile char frame[1024];
  frame[0] = level;
  deepest = (unsigned long)frame;
  depth = level;
  if (level > 1000000) return 0;
  return descend(level + 1) + frame[0];
}

static int main(void) {
  buffer = (char *)syscall6(
      SYS_mmap2, 0, (PAGES + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  syscall3(SYS_mprotect, (long)(buffer + PAGES * PAGE_SIZE), PAGE_SIZE, PROT_NONE);
  catch_faults(beyond, 0);
  for (written = 0; written < PAGES * PAGE_SIZE + 2; written++) ((volatile char *)buffer)[written] = 1;
  say_decimal(written);
  say_line(" bytes are written all the same");

  /* A stack of four pages, of which the lowest is the guard. */
  char *stack = (char *)syscall6(
      SYS_mmap2, 0, (STACK_PAGES + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  syscall3(SYS_mprotect, (long)stack, PAGE_SIZE, PROT_NONE);
  const struct {
    char *start;
    long flags;
    size_t bytes;
  } alternate = {handlers_stack, 0, sizeof handlers_stack};
  syscall3(SYS_sigaltstack, (long)&alternate, 0, 0);
  catch_faults(too_deep, SA_ONSTACK);
  __asm__ volatile(
      "mov %0, %%esp\n\t"
      "push $1\n\t"
      "call *%1"
      :
      : "r"(stack + (STACK_PAGES + 1) * PAGE_SIZE - 16), "r"(descend)
      : "memory");
  __builtin_unreachable();
}
