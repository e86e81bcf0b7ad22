/*
 * What a process may have: getrlimit(RLIMIT_AS), as the guide's example asks for it, and the other
 * limits on memory. Try it with `memarium run --limit as=64M`.
 */
#include "sample.h"

struct rlimit {
  unsigned long rlim_cur; /* soft limit */
  unsigned long rlim_max; /* hard limit, the ceiling for rlim_cur */
};

/* Numbers of Linux's include/uapi/asm-generic/resource.h. */
enum { RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_MEMLOCK = 8, RLIMIT_AS = 9 };

static void say_limit(unsigned long limit) {
  if (limit == -1UL) {
    say("unlimited");
  } else {
    say_decimal(limit);
  }
}

static void print_limit(const char *name, int resource) {
  struct rlimit limit;
  long error = syscall3(SYS_ugetrlimit, resource, (long)&limit, 0);
  if (error) {
    say_line("rlimit: getrlimit failed");
    exit(1);
  }
  say(name);
  say("  soft limit: ");
  say_limit(limit.rlim_cur);
  say(", hard limit: ");
  say_limit(limit.rlim_max);
  end_line();
}

static int main(void) {
  print_limit("RLIMIT_AS     ", RLIMIT_AS);
  print_limit("RLIMIT_DATA   ", RLIMIT_DATA);
  print_limit("RLIMIT_STACK  ", RLIMIT_STACK);
  print_limit("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK);
  return 0;
}
