/*
 * The host's processor as a witness: runs single instructions of 32-bit code and tells the whole
 * state afterwards. Test cases come in batches on standard input, results go to standard output.
 *
 * All of it happens in one signal handler. Returning from a signal loads every register, flag,
 * segment, the x87 unit and SSE from the frame; the case's instruction runs, surrounded by int3; and the
 * next signal stores every register into a new frame. So nothing but the kernel's own entry and
 * exit stands between the witness and the instruction.
 *
 * Freestanding: no libc, hence no thread-local storage behind GS, and only four system calls, which
 * a seccomp filter holds it to, whatever a random instruction tries.
 *
 *   0x10000000   two pages, executable and writable, full of int3; then nothing
 *   0x20000000   two pages, writable
 *   0x20002000   one page, read-only
 *   0x20003000   nothing
 *   0x20004000   one page, writable; then nothing
 *
 * Byte i of the data pages is at first (i * 37 + (i >> 8) * 11 + 5) & 255.
 *
 * All numbers are little-endian. A batch is its size in bytes (32 bits), then struct test_case with
 * its patches, one after the other; the answer has the same shape, with struct test_result and its
 * changes.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum {
  CODE = 0x10000000, CODE_BYTES = 0x2000,
  DATA = 0x20000000, DATA_BYTES = 0x5000,
  READ_ONLY = 0x20002000, HOLE = 0x20003000,
  PAGE = 0x1000,
  MAX_CODE = 128, FPU_BYTES = 108, XMM_BYTES = 128, MAX_BATCH = 1 << 18, MAX_CHANGES = 256
};

struct test_case {
  u32 code_address;
  u32 code_bytes;
  u8 code[MAX_CODE];
  u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
  u32 eip, eflags;
  u32 es, ds, fs, gs;
  u8 fpu[FPU_BYTES];              /* as FNSAVE writes it */
  u32 mxcsr;
  u8 xmm[XMM_BYTES];
  u32 patches;                    /* each: address, bytes, contents padded to a multiple of 4 */
};

struct test_result {
  u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
  u32 eip, eflags;
  u32 es, cs, ss, ds, fs, gs;
  u32 signal, trap, error, cr2, code;
  u8 fpu[FPU_BYTES];
  u32 mxcsr;
  u8 xmm[XMM_BYTES];
  u32 changes;                    /* each: address, new word */
};

/* What the kernel pushes: arch/x86/include/uapi/asm/sigcontext.h, struct sigcontext_32. */
struct frame {
  u32 uc_flags, uc_link, ss_sp, ss_flags, ss_size;
  u32 gs, fs, es, ds;
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
  u32 trap, error, eip, cs, eflags, esp_at_signal, ss;
  u8 *fpstate;
  u32 oldmask, cr2;
};

/*
 * Where things are behind fpstate: the FNSAVE image and two halfwords, then an FXSAVE image, whose
 * last 48 bytes say whether an XSAVE header follows it.
 */
enum {
  FXSAVE = 112, FXSAVE_OPCODE = FXSAVE + 6, FXSAVE_MXCSR = FXSAVE + 24, FXSAVE_XMM = FXSAVE + 160,
  SOFTWARE_BYTES = FXSAVE + 464, SOFTWARE_MAGIC = 0x46505853, XSTATE_BV = FXSAVE + 512,
  X87_AND_SSE = 3
};

/* ---- System calls ---- */

static u32 syscall6(u32 n, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f) {
  u32 result;
  u32 sixth = f;
  __asm__ volatile(
      "pushl %[f]\n\t"
      "pushl %%ebp\n\t"
      "movl 4(%%esp), %%ebp\n\t"
      "int $0x80\n\t"
      "popl %%ebp\n\t"
      "addl $4, %%esp"
      : "=a"(result)
      : "0"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), [f] "g"(sixth)
      : "memory", "cc");
  return result;
}

#define CALL(n, a, b, c) syscall6(n, (u32)(a), (u32)(b), (u32)(c), 0, 0, 0)

enum {
  SYS_exit = 1, SYS_read = 3, SYS_write = 4, SYS_munmap = 91, SYS_setitimer = 104, SYS_mprotect = 125,
  SYS_prctl = 172, SYS_rt_sigreturn = 173, SYS_rt_sigaction = 174, SYS_sigaltstack = 186,
  SYS_mmap2 = 192, SYS_set_thread_area = 243, SYS_exit_group = 252
};

static void die(const char *why) {
  u32 length = 0;
  while (why[length]) {
    length++;
  }
  CALL(SYS_write, 2, "witness: ", 9);
  CALL(SYS_write, 2, why, length);
  CALL(SYS_write, 2, "\n", 1);
  CALL(SYS_exit_group, 3, 0, 0);
}

static void check(u32 result, const char *why) {
  if (result > 0xfffff000u) {
    die(why);
  }
}

static int read_all(u8 *to, u32 bytes) {
  while (bytes) {
    u32 got = CALL(SYS_read, 0, to, bytes);
    if (got == 0 || got > 0xfffff000u) {
      return 0;
    }
    to += got;
    bytes -= got;
  }
  return 1;
}

static void write_all(const u8 *from, u32 bytes) {
  while (bytes) {
    u32 put = CALL(SYS_write, 1, from, bytes);
    if (put == 0 || put > 0xfffff000u) {
      die("cannot write");
    }
    from += put;
    bytes -= put;
  }
}

/* ---- Cases and results ---- */

static u8 input[MAX_BATCH];
static u8 output[MAX_BATCH * 4];
static u8 *in_at, *in_end, *out_at = output + 4;
static int running;
static volatile u32 cases, cases_at_last_tick;
static u8 base[DATA_BYTES];
static u8 expected_code[CODE_BYTES], expected_data[DATA_BYTES];

static void copy(void *to, const void *from, u32 bytes) {
  void *d = to;
  const void *s = from;
  u32 n = bytes;
  __asm__ volatile("cld; rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory", "cc");
}

static int is_writable(u32 offset) {
  return offset < READ_ONLY - DATA || offset >= HOLE + PAGE - DATA;
}

/* Finds the words that changed, and makes them what they were before any case. */
static u32 collect(u32 start, u32 bytes, u8 *expected, const u8 *before, u32 *changes, u32 count) {
  for (u32 i = 0; i < bytes; i += 4) {
    if (start == DATA && !is_writable(i)) {
      continue;
    }
    u32 *now = (u32 *)(start + i);
    if (*now != *(u32 *)(expected + i)) {
      if (count < MAX_CHANGES) {
        changes[2 * count] = start + i;
        changes[2 * count + 1] = *now;
        count++;
      }
    }
    u32 original = before ? *(u32 *)(before + i) : 0xcccccccc;
    if (*now != original) {
      *now = original;
    }
    *(u32 *)(expected + i) = original;
  }
  return count;
}

static void store_result(int signal, u32 si_code, struct frame *f) {
  struct test_result *r = (struct test_result *)out_at;
  if (out_at + sizeof *r + 8 * MAX_CHANGES > output + sizeof output) {
    die("the results of a batch are too many");
  }
  r->eax = f->eax; r->ecx = f->ecx; r->edx = f->edx; r->ebx = f->ebx;
  r->esp = f->esp; r->ebp = f->ebp; r->esi = f->esi; r->edi = f->edi;
  r->eip = f->eip; r->eflags = f->eflags;
  r->es = f->es & 0xffff; r->cs = f->cs & 0xffff; r->ss = f->ss & 0xffff;
  r->ds = f->ds & 0xffff; r->fs = f->fs & 0xffff; r->gs = f->gs & 0xffff;
  r->signal = signal; r->trap = f->trap; r->error = f->error; r->cr2 = f->cr2; r->code = si_code;
  copy(r->fpu, f->fpstate, FPU_BYTES);
  /* The opcode is not in the kernel's FSAVE image, but in the FXSAVE image behind it. */
  copy(r->fpu + 18, f->fpstate + FXSAVE_OPCODE, 2);
  copy(&r->mxcsr, f->fpstate + FXSAVE_MXCSR, 4);
  copy(r->xmm, f->fpstate + FXSAVE_XMM, XMM_BYTES);
  u32 *changes = (u32 *)(r + 1);
  u32 count = collect(CODE, CODE_BYTES, expected_code, 0, changes, 0);
  count = collect(DATA, DATA_BYTES, expected_data, base, changes, count);
  r->changes = count;
  out_at = (u8 *)(changes + 2 * count);
}

static void patch(u32 address, const u8 *from, u32 bytes) {
  for (u32 i = 0; i < bytes; i++, address++) {
    if (address - CODE < CODE_BYTES) {
      expected_code[address - CODE] = from[i];
    } else if (address - DATA < DATA_BYTES && is_writable(address - DATA)) {
      expected_data[address - DATA] = from[i];
    } else {
      die("a patch outside the writable pages");
    }
    *(u8 *)address = from[i];
  }
}

static void load_case(struct frame *f) {
  if (in_at == in_end) {
    u32 bytes;
    if (out_at != output + 4) {
      *(u32 *)output = out_at - output - 4;
      write_all(output, out_at - output);
      out_at = output + 4;
    }
    if (!read_all((u8 *)&bytes, 4)) {
      CALL(SYS_exit_group, 0, 0, 0);
    }
    if (bytes == 0 || bytes > MAX_BATCH || !read_all(input, bytes)) {
      die("a broken batch");
    }
    in_at = input;
    in_end = input + bytes;
  }
  struct test_case *c = (struct test_case *)in_at;
  in_at = (u8 *)(c + 1);
  patch(c->code_address, c->code, c->code_bytes);
  for (u32 i = 0; i < c->patches; i++) {
    u32 *header = (u32 *)in_at;
    patch(header[0], in_at + 8, header[1]);
    in_at += 8 + ((header[1] + 3) & ~3u);
  }
  f->eax = c->eax; f->ecx = c->ecx; f->edx = c->edx; f->ebx = c->ebx;
  f->esp = f->esp_at_signal = c->esp; f->ebp = c->ebp; f->esi = c->esi; f->edi = c->edi;
  f->eip = c->eip; f->eflags = c->eflags;
  f->es = c->es; f->ds = c->ds; f->fs = c->fs; f->gs = c->gs;
  f->cs = 0x23; f->ss = 0x2b;
  copy(f->fpstate, c->fpu, FPU_BYTES);
  copy(f->fpstate + FXSAVE_MXCSR, &c->mxcsr, 4);
  copy(f->fpstate + FXSAVE_XMM, c->xmm, XMM_BYTES);
  if (*(u32 *)(f->fpstate + SOFTWARE_BYTES) == SOFTWARE_MAGIC) {
    /* What is not marked here is loaded as after reset. */
    f->fpstate[XSTATE_BV] |= X87_AND_SSE;
  }
  cases++;
}

/* Four system calls of 32-bit mode are allowed; any other is a SIGSYS, 64-bit ones end it. */
static void confine(void) {
  struct filter { u16 code; u8 yes, no; u32 k; };
  static const struct filter program[] = {
    {0x20, 0, 0, 4},                    /* load the architecture */
    {0x15, 1, 0, 0x40000003},           /* i386? */
    {0x06, 0, 0, 0x80000000},           /* kill the process */
    {0x20, 0, 0, 0},                    /* load the number */
    {0x15, 4, 0, SYS_rt_sigreturn},
    {0x15, 3, 0, SYS_read},
    {0x15, 2, 0, SYS_write},
    {0x15, 1, 0, SYS_exit_group},
    {0x06, 0, 0, 0x00030000},           /* SIGSYS */
    {0x06, 0, 0, 0x7fff0000},           /* allow */
  };
  struct { u16 length; const struct filter *filter; } all = {
    sizeof program / sizeof program[0], program
  };
  check(syscall6(SYS_prctl, 38, 1, 0, 0, 0, 0), "no_new_privs is refused");
  check(syscall6(SYS_prctl, 22, 2, (u32)&all, 0, 0, 0), "seccomp is refused");
}

static void handler(int signal, u32 *info, struct frame *f) {
  /* NT and ID, which a case may set, are no part of the frame that rt_sigreturn loads. */
  __asm__ volatile("pushl $0x202; popfl" : : : "cc", "memory");
  if (signal == 26) { /* SIGVTALRM: a case that lasts two ticks will not end */
    if (!running || cases != cases_at_last_tick) {
      cases_at_last_tick = cases;
      return;
    }
  }
  static int confined;
  if (!confined) {
    /* First of all: nothing but the pages of the test may be where random pointers lead. */
    check(CALL(SYS_munmap, 0xe0000000, 0x1fffe000, 0), "munmap is refused");
    confine();
    confined = 1;
  }
  if (running) {
    store_result(signal, info[2], f);
  }
  running = 0;
  load_case(f);
  cases_at_last_tick = 0;
  running = 1;
}

__asm__(
    ".globl restorer\n"
    "restorer:\n\t"
    "movl $173, %eax\n\t"
    "int $0x80\n"
    ".globl _start\n"
    "_start:\n\t"
    "xorl %ebp, %ebp\n\t"
    "andl $-16, %esp\n\t"
    "call start");

void restorer(void);

static u8 signal_stack[65536] __attribute__((aligned(4096)));

static void map(u32 address, u32 bytes, u32 protection) {
  u32 got = syscall6(SYS_mmap2, address, bytes, protection, 0x32, ~0u, 0);
  if (got != address) {
    die("cannot map its pages");
  }
}

static void segment(u32 entry, u32 from, u32 limit, u32 contents) {
  /* struct user_desc: seg_32bit, contents << 1, limit_in_pages 0, useable. */
  u32 description[4] = {entry, from, limit, 1 | contents << 1 | 1 << 6};
  check(CALL(SYS_set_thread_area, description, 0, 0), "set_thread_area is refused");
}

void start(void) {
  map(CODE, CODE_BYTES, 7);
  map(DATA, DATA_BYTES, 3);
  for (u32 i = 0; i < CODE_BYTES; i++) {
    *(u8 *)(CODE + i) = expected_code[i] = 0xcc;
  }
  for (u32 i = 0; i < DATA_BYTES; i++) {
    *(u8 *)(DATA + i) = base[i] = expected_data[i] = i * 37 + (i >> 8) * 11 + 5;
  }
  check(CALL(SYS_mprotect, READ_ONLY, PAGE, 1), "mprotect is refused");
  check(CALL(SYS_munmap, HOLE, PAGE, 0), "munmap is refused");
  segment(12, DATA, 0x4fff, 0);
  segment(13, DATA + 0x800, 0x7ff, 1);
  segment(14, 0, 0xfffff, 0);

  u32 stack[3] = {(u32)signal_stack, 0, sizeof signal_stack};
  check(CALL(SYS_sigaltstack, stack, 0, 0), "sigaltstack is refused");
  static const u8 signals[] = {4, 5, 7, 8, 11, 26, 31};
  for (u32 i = 0; i < sizeof signals; i++) {
    /* SA_SIGINFO | SA_ONSTACK | SA_RESTORER | SA_NODEFER */
    u32 action[5] = {(u32)handler, 4 | 0x08000000 | 0x04000000 | 0x40000000, (u32)restorer, 0, 0};
    check(syscall6(SYS_rt_sigaction, signals[i], (u32)action, 0, 8, 0, 0), "sigaction is refused");
  }
  u32 timer[4] = {0, 50000, 0, 50000};
  check(CALL(SYS_setitimer, 1, timer, 0), "setitimer is refused");
  __asm__ volatile("int3");
  die("came back");
}
