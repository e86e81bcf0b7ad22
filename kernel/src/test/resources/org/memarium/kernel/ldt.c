/* Segments of a program's own: modify_ldt, set_thread_area, and what the processor does with them. */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sched.h>
#include <ucontext.h>
#include <unistd.h>

#define T(...) show(#__VA_ARGS__, (long)(__VA_ARGS__))

static void show(const char *what, long result) {
  int e = errno;
  printf("%s = %ld", what, result);
  if (result == -1) printf(" %s", strerrorname_np(e));
  printf("\n");
}

static int ldt(int function, void *at, unsigned long bytes) {
  return syscall(SYS_modify_ldt, function, at, bytes);
}

static unsigned glibc;
static sigjmp_buf jump;
static void on_fault(int signal, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  /* The C library's own segment may be what is broken. */
  asm volatile("mov %0, %%gs" : : "r"(glibc));
  printf("  signal %d code %d trap %d error %x\n", signal, info->si_code, regs[REG_TRAPNO], regs[REG_ERR]);
  siglongjmp(jump, 1);
}

#define GUARDED(...)                                 \
  do {                                               \
    printf("%s\n", #__VA_ARGS__);                    \
    if (!sigsetjmp(jump, 1)) {                       \
      __VA_ARGS__;                                   \
    }                                                \
    asm volatile("mov %0, %%gs" : : "r"(glibc));     \
    asm volatile("mov %0, %%fs" : : "r"(0));         \
  } while (0)

static unsigned char data[8192] __attribute__((aligned(4096)));

static unsigned fs_byte(unsigned offset) {
  unsigned char value;
  asm volatile("movb %%fs:(%1), %0" : "=q"(value) : "r"(offset));
  return value;
}

static void fs_store(unsigned offset, unsigned char value) {
  asm volatile("movb %0, %%fs:(%1)" : : "q"(value), "r"(offset) : "memory");
}

static unsigned fs_word(unsigned offset) {
  unsigned value;
  asm volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(offset));
  return value;
}

static unsigned get_fs(void) {
  unsigned value;
  asm volatile("mov %%fs, %0" : "=r"(value));
  return value & 0xffff;
}

static void set_fs(unsigned selector) {
  asm volatile("mov %0, %%fs" : : "r"(selector));
}

static unsigned through_gs(unsigned selector, unsigned offset) {
  unsigned value;
  asm volatile("mov %1, %%gs; movl %%gs:(%2), %0; mov %3, %%gs"
               : "=&r"(value) : "r"(selector), "r"(offset), "r"(glibc));
  return value;
}

static unsigned through_ds(unsigned selector, unsigned offset) {
  unsigned value;
  asm volatile("push %%ds; mov %1, %%ds; movl (%2), %0; pop %%ds" : "=&r"(value) : "r"(selector), "r"(offset));
  return value;
}

static unsigned through_es(unsigned selector, unsigned offset) {
  unsigned value;
  asm volatile("push %%es; mov %1, %%es; movl %%es:(%2), %0; pop %%es" : "=&r"(value) : "r"(selector), "r"(offset));
  return value;
}

static unsigned lsl(unsigned selector) {
  unsigned value = 0xdead;
  asm volatile("lsl %1, %0" : "+r"(value) : "r"(selector));
  return value;
}

static unsigned lar(unsigned selector) {
  unsigned value = 0xdead;
  asm volatile("lar %1, %0" : "+r"(value) : "r"(selector));
  return value;
}

static struct user_desc desc(int entry, void *base, unsigned limit) {
  struct user_desc d = {.entry_number = entry, .base_addr = (unsigned)base, .limit = limit, .seg_32bit = 1};
  return d;
}

static int put(struct user_desc d) {
  return ldt(0x11, &d, sizeof d);
}

#define SELECTOR(entry) ((entry) << 3 | 7)

static void entries(void) {
  unsigned long long table[40];
  memset(table, 0xee, sizeof table);
  T(ldt(0, table, sizeof table));
  T(ldt(2, table, 1000));
  for (int i = 0; i < 18; i++) {
    printf("%llx ", table[i]);
  }
  printf("\n");
  T(ldt(2, table, 7));
  T(ldt(2, (void *)8, 7));
  T(ldt(3, table, 7));
  T(ldt(-1, table, 7));
  struct user_desc d = desc(0, data, 0xff);
  T(ldt(1, &d, 15));
  T(ldt(1, &d, 17));
  T(ldt(0x11, (void *)8, 16));
  d.entry_number = 8192;
  T(ldt(0x11, &d, 16));
  d.entry_number = -1;
  T(ldt(0x11, &d, 16));
  GUARDED(set_fs(SELECTOR(0)));
  for (int flags = 0; flags < 256; flags++) {
    for (int old = 0; old < 2; old++) {
      struct user_desc f = desc(flags & 15, (void *)0x12345678, 0xabcde);
      ((unsigned *)&f)[3] = flags;
      int result = ldt(old ? 1 : 0x11, &f, sizeof f);
      memset(table, 0xee, sizeof table);
      int got = ldt(0, table, sizeof table);
      printf("%02x %d: %d %d %016llx\n", flags, old, result, got, table[flags & 15]);
    }
  }
  memset(table, 0xee, sizeof table);
  T(ldt(0, table, 24));
  printf("%llx %llx %llx\n", table[1], table[2], table[3]);
  T(ldt(0, (void *)8, 24));
  for (int i = 0; i < 16; i++) {
    struct user_desc f = desc(i, 0, 0);
    f.seg_32bit = 0;
    T(ldt(1, &f, 16));
  }
  struct user_desc zero = desc(3, 0, 0);
  zero.seg_32bit = 0;
  T(put(zero));
  T(ldt(0, table, sizeof table));
  printf("all zero is no empty entry here: %llx %llx\n", table[2], table[3]);
  zero.read_exec_only = 1;
  zero.seg_not_present = 1;
  T(put(zero));
  T(ldt(0, table, sizeof table));
  printf("this is one: %llx\n", table[3]);
  T(put(desc(8191, data, 0xfff)));
  static unsigned long long whole[9000];
  T(ldt(0, whole, sizeof whole));
  printf("%d\n", whole[8191] != 0);
}

static void use(void) {
  for (int i = 0; i < 8192; i++) {
    data[i] = i * 7;
  }
  T(put(desc(1, data, 0xff)));
  set_fs(SELECTOR(1));
  printf("%x\n", get_fs());
  printf("%u %u\n", fs_byte(0), fs_byte(255));
  fs_store(5, 99);
  printf("%u\n", data[5]);
  set_fs(0);
  GUARDED(set_fs(SELECTOR(1)); printf("%u\n", fs_byte(256)));
  GUARDED(set_fs(SELECTOR(1)); printf("%x\n", fs_word(252)));
  GUARDED(set_fs(SELECTOR(1)); printf("%x\n", fs_word(253)));
  GUARDED(printf("%x\n", through_gs(SELECTOR(1), 4)));
  GUARDED(printf("%x\n", through_ds(SELECTOR(1), 8)));
  GUARDED(printf("%x\n", through_es(SELECTOR(1), 8)));
  GUARDED(printf("%x\n", through_es(SELECTOR(1), 254)));
  GUARDED(printf("%x %x\n", lsl(SELECTOR(1)), lar(SELECTOR(1))));
  GUARDED(printf("%x %x\n", lsl(SELECTOR(8000)), lar(SELECTOR(8000))));
  GUARDED(set_fs(SELECTOR(8000)));
  GUARDED(set_fs(SELECTOR(2)));
  struct user_desc d = desc(2, data, 1);
  d.limit_in_pages = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(2)); printf("%u %u\n", fs_byte(4096), fs_byte(8191)));
  GUARDED(set_fs(SELECTOR(2)); printf("%u\n", fs_byte(8192)));
  d = desc(3, data, 0xff);
  d.read_exec_only = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(3)); printf("%u\n", fs_byte(3)));
  GUARDED(set_fs(SELECTOR(3)); fs_store(3, 1));
  d = desc(4, data, 0xff);
  d.seg_not_present = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(4)));
  GUARDED(through_ds(SELECTOR(4), 0));
  GUARDED(asm volatile("mov %0, %%ss" : : "r"(SELECTOR(4))));
  GUARDED(asm volatile("mov %0, %%ss" : : "r"(SELECTOR(3))));
  d = desc(5, data, 0xff);
  d.contents = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(5)); printf("%u\n", fs_byte(256)));
  GUARDED(set_fs(SELECTOR(5)); printf("%u\n", fs_byte(255)));
  d = desc(6, 0, 0xfffff);
  d.contents = 2;
  d.limit_in_pages = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(6)); printf("%x\n", fs_byte((unsigned)data)));
  GUARDED(set_fs(SELECTOR(6)); fs_store((unsigned)data, 1));
  d.read_exec_only = 1;
  T(put(d));
  GUARDED(set_fs(SELECTOR(6)));
  unsigned cs;
  asm volatile("mov %%cs, %0" : "=r"(cs));
  GUARDED(asm volatile("push %0; push $1f; lret; 1: push %1; push $2f; lret; 2:" : : "r"(SELECTOR(6)), "r"(cs)); printf("there and back\n"));
  d = desc(7, data, 0xfff);
  d.contents = 2;
  T(put(d));
  data[0] = 0xb8; data[1] = 42; data[2] = data[3] = data[4] = 0; /* mov $42, %eax */
  data[5] = 0xcb; /* lret */
  mprotect(data, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  struct { unsigned offset; unsigned short selector; } far = {0, SELECTOR(7)};
  int answer;
  GUARDED(asm volatile("lcall *%1" : "=a"(answer) : "m"(far) : "memory"); printf("%d\n", answer));
  far.offset = 0x1000;
  GUARDED(asm volatile("lcall *%1" : "=a"(answer) : "m"(far) : "memory"));
  far.selector = SELECTOR(1);
  GUARDED(asm volatile("lcall *%1" : "=a"(answer) : "m"(far) : "memory"));
  far.offset = 0;
  far.selector = SELECTOR(7);
  data[0] = 0x0f; data[1] = 0x0b; /* ud2 */
  far.offset = 0;
  far.selector = SELECTOR(7);
  GUARDED(asm volatile("lcall *%0" : : "m"(far) : "memory"));
  d = desc(8, 0, 0xfffff);
  d.limit_in_pages = 1;
  T(put(d));
  unsigned ss;
  asm volatile("mov %%ss, %0" : "=r"(ss));
  GUARDED(asm volatile("mov %0, %%ss; ud2" : : "r"(SELECTOR(8))));
  unsigned now;
  asm volatile("mov %%ss, %0" : "=r"(now));
  printf("the handler's stack segment is the kernel's: %d\n", now == ss);
  /* A segment that is loaded follows its entry where the kernel reloads it: DS and ES do. */
  data[0] = 1;
  data[4096] = 2;
  T(put(desc(9, data, 0xff)));
  unsigned before, after;
  struct user_desc moved = desc(9, data + 4096, 0xff);
  asm volatile("push %%es; mov %3, %%es; movzbl %%es:0, %0; int $0x80; movzbl %%es:0, %1; pop %%es"
               : "=&S"(before), "=&D"(after)
               : "a"(SYS_modify_ldt), "r"(SELECTOR(9)), "b"(0x11), "c"(&moved), "d"(sizeof moved) : "memory");
  printf("%u %u\n", before, after);
}

static void processes(void) {
  T(put(desc(1, data, 0xff)));
  data[1] = 11;
  set_fs(SELECTOR(1));
  fflush(stdout);
  if (fork() == 0) {
    printf("in the child %x %u\n", get_fs(), fs_byte(1));
    T(put(desc(1, data + 4096, 0xff)));
    T(put(desc(30, data + 4096, 0xff)));
    data[4097] = 12;
    set_fs(SELECTOR(1));
    printf("in the child %u\n", fs_byte(1));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf("in the parent %x %u\n", get_fs(), fs_byte(1));
  set_fs(SELECTOR(1));
  printf("in the parent %u\n", fs_byte(1));
  set_fs(0);
  fflush(stdout);
  if (fork() == 0) {
    execl("/proc/self/exe", "ldt", "again", NULL);
    _exit(1);
  }
  wait(0);
}

static int tls(void *d) {
  return syscall(SYS_set_thread_area, d);
}

static void thread_areas(void) {
  struct user_desc d = {0};
  int first = -1;
  for (int i = 0; i < 40; i++) {
    memset(&d, 0xee, sizeof d);
    d.entry_number = i;
    int result = syscall(SYS_get_thread_area, &d);
    if (result == 0 && first < 0) {
      first = i;
    }
    if (result == 0) {
      printf("slot %d: base %d limit %x flags %x\n", i - first, d.base_addr != 0, d.limit, ((unsigned *)&d)[3]);
    }
  }
  d.entry_number = -1;
  T(syscall(SYS_get_thread_area, &d));
  T(syscall(SYS_get_thread_area, 8));
  T(tls((void *)8));
  for (int flags = 0; flags < 256; flags++) {
    struct user_desc f = desc(first + 2, data, 0xff);
    ((unsigned *)&f)[3] = flags;
    int result = tls(&f);
    memset(&d, 0, sizeof d);
    d.entry_number = first + 2;
    syscall(SYS_get_thread_area, &d);
    printf("%02x: %d %d %x %x\n", flags, result, d.base_addr == (unsigned)data, d.limit, ((unsigned *)&d)[3]);
  }
  d = desc(first + 3, data, 0xff);
  T(tls(&d));
  d = desc(first - 1, data, 0xff);
  T(tls(&d));
  d = desc(first + 2, 0, 0);
  d.seg_32bit = 0;
  T(tls(&d));
  d = desc(-1, data, 0xff);
  T(tls(&d));
  printf("slot %d\n", d.entry_number - first);
  int slot = d.entry_number;
  d = desc(-1, data, 0xff);
  T(tls(&d));
  printf("slot %d\n", d.entry_number - first);
  d = desc(-1, data, 0xff);
  T(tls(&d));
  printf("entry %d\n", d.entry_number);
  d = desc(-1, data, 0xff);
  d.contents = 2;
  T(tls(&d));
  data[0] = 1;
  data[4096] = 2;
  set_fs(slot << 3 | 3);
  printf("%u\n", fs_byte(0));
  d = desc(slot, data + 4096, 0xff);
  T(tls(&d));
  printf("%x %u\n", get_fs() >> 3 == slot, fs_byte(0));
  d = desc(slot, 0, 0);
  d.read_exec_only = 1;
  d.seg_not_present = 1;
  d.seg_32bit = 0;
  T(tls(&d));
  printf("%x\n", get_fs());
  GUARDED(fs_byte(0));
  GUARDED(set_fs(slot << 3 | 3));
  fflush(stdout);
}

static void codes(void) {
  unsigned long long value = 0;
  static const int options[] = {0x1001, 0x1002, 0x1003, 0x1004, 0x1011, 0x1012, 0x2003, 0x4001, 0x5001, 0};
  for (int i = 0; i < 10; i++) {
    printf("%x: ", options[i]);
    T(syscall(384, options[i], &value));
  }
}

/* The kernel's own table, as a program sees it; the number of a processor (0x7b) is not compared. */
static void global_table(void) {
  for (unsigned selector = 0; selector < 0x100; selector++) {
    unsigned rights = 0, limit = 0;
    unsigned char has_rights, has_limit, readable, writable;
    asm volatile("lar %2, %0; setz %1" : "+r"(rights), "=qm"(has_rights) : "r"(selector));
    asm volatile("lsl %2, %0; setz %1" : "+r"(limit), "=qm"(has_limit) : "r"(selector));
    asm volatile("verr %w1; setz %0" : "=qm"(readable) : "r"(selector));
    asm volatile("verw %w1; setz %0" : "=qm"(writable) : "r"(selector));
    if (selector >> 3 == 15) limit = 0;
    if (has_rights || has_limit || readable || writable)
      printf("%x: %x %x %d%d%d%d\n", selector, rights, limit, has_rights, has_limit, readable, writable);
  }
}

#define THROUGH_ES(selector, ...)                                           \
  do {                                                                      \
    printf("es %x\n", selector);                                            \
    GUARDED(asm volatile("mov %0, %%es; " __VA_ARGS__ : : "r"(selector) : "eax", "memory")); \
    asm volatile("push %ds; pop %es");                                      \
  } while (0)

int word;

static void other_segments(void) {
  static const int selectors[] = {0x7b, 0x78, 0x30, 0x33, 0x60, 0x63, 0x10, 0x18, 0x23, 0x20, 0x2b, 0x28};
  for (int i = 0; i < 12; i++) {
    THROUGH_ES(selectors[i], "nop");
    THROUGH_ES(selectors[i], "movb %%es:0, %%al");
    THROUGH_ES(selectors[i], "movb $0, %%es:0");
    THROUGH_ES(selectors[i], "incl %%es:word");
  }
  GUARDED(asm volatile("movl $1, %cs:word"));
  GUARDED(asm volatile("pushl $0x7b; push $word; lret"));
  GUARDED(asm volatile("pushf; pushl $0x78; push $word; iret"));
  printf("word %d\n", word);
}

/* A virtual processor may leave the instruction pointer at int1, a real one does not. */
static void on_trap(int signal, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("signal %d code %d trap %d error %x\n", signal, info->si_code, regs[REG_TRAPNO], regs[REG_ERR]);
  if (*(unsigned char *)regs[REG_EIP] == 0xf1) regs[REG_EIP]++;
  regs[REG_EFL] &= ~0x100;
}

static void traps(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
  asm volatile(".byte 0xf1");
  asm volatile("int3");
  asm volatile("pushf; orl $0x100, (%esp); popf; nop; nop");
}

int main(int count, char **arguments) {
  asm volatile("mov %%gs, %0" : "=r"(glibc));
  static char stack[1 << 16];
  stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternative, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  sigaction(SIGILL, &action, 0);
  setvbuf(stdout, 0, _IOFBF, 1 << 17);
  if (count > 1) {
    unsigned long long table[4];
    T(ldt(0, table, sizeof table));
    GUARDED(set_fs(SELECTOR(1)));
    return 0;
  }
  entries();
  use();
  processes();
  thread_areas();
  codes();
  global_table();
  other_segments();
  traps();
  return 0;
}
