package org.memarium.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.memarium.kernel.syscall.SystemCallNames;

/**
 * Arguments for random system calls: mostly of the kind that the call wants, so that it gets past
 * its first check, and sometimes anything at all. What pointers lead to (paths, vectors,
 * structures, times) lies in the program's data, and is filled anew now and then.
 *
 * <pre>
 *   DATA + 0x0000  paths, 64 bytes each          + 0x4000  buffers, to the end of the data;
 *        + 0x1000  vectors of pointer and length           behind it nothing is mapped
 *        + 0x2000  structures: random words
 *        + 0x3000  times, pointers to paths; at the end what the first calls want
 * </pre>
 */
final class FuzzArguments {
  private static final int SLOT_BYTES = 64;
  private static final int SLOTS = 64;
  private static final int ATTRIBUTES = 4;

  /** Structures that make sense, several of each, before those that are random words. */
  private static final String TEMPLATES = "SMALT";

  private static final int TEMPLATE_BYTES = 64;
  private static final int VECTORS = SystemCallDriver.DATA + 0x1000;
  private static final int STRUCTURES = SystemCallDriver.DATA + 0x2000;
  private static final int TIMES = SystemCallDriver.DATA + 0x3000;
  private static final int POINTERS = SystemCallDriver.DATA + 0x3800;
  private static final int BUFFERS = SystemCallDriver.DATA + 0x4000;

  /** What the first calls of a program want: an action, an interval, a place for descriptors. */
  private static final int FIRST = SystemCallDriver.DATA + 0x3f00;

  private static final int INTERVAL = FIRST + 0x40;
  private static final int ENDS = FIRST + 0x80;
  private static final int MICROS_BETWEEN_ALARMS = 300;

  private static final int END = SystemCallDriver.DATA + SystemCallDriver.DATA_BYTES;

  private static final int[] EDGES = {
    0,
    1,
    -1,
    2,
    3,
    4,
    7,
    8,
    16,
    0x7fffffff,
    0x80000000,
    0xfffff000,
    0xfffff001,
    4095,
    4096,
    4097,
    0xffff,
    0x10000,
    0x7ffff000,
    0xc0000000,
    0xbfffffff,
    0xbffff000,
    0x40000000,
    1 << 24,
    999_999_999
  };

  private static final int[] SIGNALS = {0, 1, 2, 9, 10, 11, 12, 14, 17, 18, 19, 20, 32, 34, 64, 65};

  /**
   * What each call wants, a letter for an argument: f descriptor, F one or AT_FDCWD, p path, b
   * buffer, n bytes, v vector, c small count, s structure, t time, a page's address, l pages'
   * bytes, i any number, k an ioctl's, x flags, g signal, d process, m mode, o offset, h its upper
   * half, u user, e futex, w vector of pointers, P the caller's number, X an attribute's name, S an
   * address of a socket, M a message, A an action of a signal, L a lock, T an interval. A call may
   * stand here more than once with other values behind {@code =}: those are taken as they are.
   */
  private static final String KINDS =
      """
      fork; read fbn; write fbn; open pxm; close f; waitpid dsx; creat pm; link pp; unlink p;
      execve pww; chdir p; time s; mknod pmi; chmod pm; lchown puu; oldstat ps; lseek foc;
      setuid u; stime s; ptrace idai; alarm c; oldfstat fs; utime ps; access pc; nice c; kill dg;
      rename pp; mkdir pm; rmdir p; dup f; pipe s; times s; brk a; setgid u; signal ga; acct p;
      umount2 px; ioctl fks; fcntl fcs; setpgid dd; oldolduname s; umask m; chroot p; ustat is;
      dup2 ff; sigaction gss; ssetmask i; setreuid uu; setregid uu; sigpending s; sethostname bn;
      setrlimit cs; getrlimit cs; getrusage cs; gettimeofday ss; settimeofday ss; getgroups cs;
      setgroups cs; select s; symlink pp; oldlstat ps; readlink pbn; uselib p; swapon px;
      reboot iiis; readdir fsc; mmap s; munmap al; truncate po; ftruncate fo; fchmod fm;
      fchown fuu; getpriority cd; setpriority cdc; statfs ps; fstatfs fs; ioperm iic;
      socketcall cs; syslog cbn; setitimer css; getitimer cs; stat ps; lstat ps; fstat fs;
      olduname s; iopl c; wait4 dsxs; swapoff p; sysinfo s; ipc ciiisi; fsync f; clone xassa;
      setdomainname bn; uname s; modify_ldt csn; adjtimex s; mprotect alx; sigprocmask css;
      init_module bns; delete_module px; quotactl ipis; getpgid d; fchdir f; sysfs ici;
      personality i; setfsuid u; setfsgid u; _llseek fhosc; getdents fbn; _newselect cssst;
      flock fc; msync alx; readv fvc; writev fvc; getsid d; fdatasync f; mlock al; munlock al;
      mlockall x; sched_setparam ds; sched_getparam ds; sched_setscheduler dcs;
      sched_getscheduler d; sched_get_priority_max c; sched_get_priority_min c;
      sched_rr_get_interval ds; nanosleep ts; mremap allxa; setresuid uuu; getresuid sss; poll sct;
      setresgid uuu; getresgid sss; prctl ciiii; rt_sigaction gss=8; rt_sigprocmask css=8;
      rt_sigpending s=8; rt_sigtimedwait sst=8; rt_sigqueueinfo dgs; pread64 fbnoh; pwrite64 fbnoh;
      chown puu; getcwd bn; capget ss; capset ss; sigaltstack ss; sendfile ffsn; vfork;
      ugetrlimit cs; mmap2 alxxfc; truncate64 poh; ftruncate64 foh; stat64 ps; lstat64 ps;
      fstat64 fs; lchown32 puu; setreuid32 uu; setregid32 uu; getgroups32 cs; setgroups32 cs;
      fchown32 fuu; setresuid32 uuu; getresuid32 sss; setresgid32 uuu; getresgid32 sss;
      chown32 puu; setuid32 u; setgid32 u; setfsuid32 u; setfsgid32 u; pivot_root pp; mincore alb;
      madvise alc; getdents64 fbn; fcntl64 fcs; readahead fohn; setxattr pXbnc; lsetxattr pXbnc;
      fsetxattr fXbnc; getxattr pXbn; lgetxattr pXbn; fgetxattr fXbn; listxattr pbn;
      llistxattr pbn; flistxattr fbn; removexattr pX; lremovexattr pX; fremovexattr fX; tkill dg;
      sendfile64 ffsn; futex ecctec; sched_setaffinity dns; sched_getaffinity dns;
      set_thread_area s; get_thread_area s; io_setup cs; fadvise64 fohnc; epoll_create c;
      epoll_ctl fcfs; epoll_wait fsct; epoll_wait fsc=0; remap_file_pages alxcx; set_tid_address s;
      timer_create css; timer_settime ccss; timer_gettime cs; timer_getoverrun c; timer_delete c;
      clock_settime ct; clock_gettime cs; clock_getres cs; clock_nanosleep cxts; statfs64 p=84s;
      fstatfs64 f=84s; tgkill ddg; utimes pt; fadvise64_64 fohohc; mbind alcsnx; mq_open pxms;
      mq_unlink p; mq_timedsend fbnct; mq_timedreceive fbnst; mq_notify fs; mq_getsetattr fss;
      kexec_load acsx; waitid cdsxs; add_key ppbnc; request_key pppc; keyctl ciiii; ioprio_set cdi;
      ioprio_get cd; inotify_add_watch fpx; inotify_rm_watch fc; openat Fpxm; mkdirat Fpm;
      mknodat Fpmi; fchownat Fpuux; futimesat Fpt; fstatat64 Fpsx; unlinkat Fpx; renameat FpFp;
      linkat FpFpx; symlinkat pFp; readlinkat Fpbn; fchmodat Fpm; faccessat Fpc; pselect6 cssst;
      ppoll scts=8; unshare x; set_robust_list s=12; get_robust_list dss; splice fsfsnx;
      sync_file_range fohohx; tee ffnx; vmsplice fvcx; move_pages dcsssx; getcpu sss;
      epoll_pwait fscts=8; utimensat Fptx; signalfd fs=8; timerfd_create cx; eventfd c;
      fallocate fxohoh; timerfd_settime fxss; timerfd_gettime fs; signalfd4 fs=8x; eventfd2 cx;
      epoll_create1 x; dup3 ffx; pipe2 sx; inotify_init1 x; preadv fvcoh; pwritev fvcoh;
      rt_tgsigqueueinfo ddgs; perf_event_open sdcfx; recvmmsg fscxt; fanotify_init xx;
      prlimit64 dcss; name_to_handle_at Fpssx; open_by_handle_at Fsx; clock_adjtime cs; syncfs f;
      sendmmsg fscx; setns fx; process_vm_readv dvcvcx; process_vm_writev dvcvcx; kcmp ddcff;
      finit_module fpx; sched_setattr dsx; sched_getattr dsnx; renameat2 FpFpx; seccomp cxs;
      getrandom bnx; memfd_create px; bpf csn; execveat Fpwwx; socket ccc; socket =1cc;
      socketpair ccxs; socketpair =1ccs; bind fsn; connect fsn; listen fc; accept4 fssx;
      getsockopt fccss; setsockopt fccsn; getsockname fss; getpeername fss; sendto fbnxsn;
      sendmsg fsx; recvfrom fbnxss; recvmsg fsx; shutdown fc; userfaultfd x; membarrier ccc;
      mlock2 alx; copy_file_range fsfsnx; preadv2 fvcohx; pwritev2 fvcohx; statx Fpxxs;
      arch_prctl is; rseq s=32xi; semget icx; semctl ccis; shmget inx; shmctl cis; shmat cax;
      shmdt a; msgget ix; msgsnd csnx; msgrcv csncx; msgctl cis; clock_gettime64 cs;
      clock_settime64 ct; clock_getres_time64 cs; clock_nanosleep_time64 cxts; timer_gettime64 cs;
      timer_settime64 ccss; timerfd_gettime64 fs; timerfd_settime64 fxss; utimensat_time64 Fptx;
      pselect6_time64 cssst; ppoll_time64 scts=8; rt_sigtimedwait_time64 sst=8;
      futex_time64 ecctec; sched_rr_get_interval_time64 ds; pidfd_send_signal fgsx;
      io_uring_setup cs; open_tree Fpx; pidfd_open dx; clone3 sn; close_range ffx; openat2 Fps=24;
      pidfd_getfd ffx; faccessat2 Fpcx; process_madvise fvccx; epoll_pwait2 fscts;
      landlock_create_ruleset snx; memfd_secret x; process_mrelease fx; futex_waitv scxtc;
      fchmodat2 Fpmx; rt_sigsuspend s=8; clone =65536assa; clone =17;
      mmap2 al=3=34fo; mmap2 al=3=1fo; mmap2 al=3=2fo; mmap2 al=1=1fo; mmap2 =0l=3=33fo;
      mprotect al=1; mprotect al=3; madvise al=4; open p=66m; open p=578m; open p=0; open p=65536;
      openat Fp=66m; bind fS=20; connect fS=20; sendto fbn=64S=20; sendmsg fM=64; recvmsg fM=64;
      accept4 fss=0; epoll_ctl f=1fs; epoll_ctl f=3fs; epoll_wait fs=8=0; epoll_wait fs=8=1;
      poll s=8=0; poll s=8=1; _newselect =8ssst; socket =1=1=0; socket =1=2=0; socketpair =1=1=0s;
      socketpair =1=5=0s; pipe2 s=0; pipe2 s=2048; eventfd2 =1=0; eventfd2 =1=2048; listen f=4;
      timerfd_create =1=0; timerfd_settime f=0ss; epoll_create1 =0; signalfd4 fs=8=2048;
      rt_sigaction gA=0=8; rt_sigaction gAs=8; sigaction gA=0; tgkill PPg; kill Pg;
      tkill Pg; waitid cPs=5; wait4 ds=1=0; waitpid ds=1; futex e=129c; futex e=0=0t;
      futex e=128=0t; set_robust_list s=12; fcntl64 f=6L; fcntl64 f=13L; fcntl64 f=5L; fcntl64 f=0c;
      fcntl64 f=4x; fcntl64 f=1031n; splice f=0f=0nx; tee ffnx; setitimer cT=0; alarm =1;
      timer_create =1=0s; timer_settime c=0ss; sendfile ff=0n; getsockopt f=1css;
      setsockopt f=1cs=4; execve p=0=0;
      """;

  /** Calls that end or stop the caller come seldom, or nothing else would. */
  private static final List<String> SELDOM =
      List.of(
          "exit",
          "exit_group",
          "pause",
          "sigsuspend",
          "rt_sigsuspend",
          "sigreturn",
          "rt_sigreturn",
          "kill",
          "tkill",
          "tgkill",
          "rt_sigqueueinfo",
          "rt_tgsigqueueinfo",
          "execve",
          "execveat",
          "fork",
          "vfork",
          "clone",
          "clone3",
          "brk",
          "munmap",
          "mprotect",
          "mremap",
          "mmap",
          "alarm",
          "setitimer",
          "chroot",
          "setrlimit",
          "prlimit64");

  private static final int SELDOM_FACTOR = 20;

  /** A call and what it wants; {@code =} stands for a value of its own. */
  record Shape(int number, String kinds, List<Integer> fixed) {}

  private final SplittableRandom random;
  private final List<String> paths;
  private final List<Shape> shapes;
  private int pid;

  /**
   * All choices follow from the seed.
   *
   * @param paths that calls are given, next to what is made of them
   */
  FuzzArguments(SplittableRandom random, List<String> paths) {
    this.random = random;
    this.paths = paths;
    this.shapes = shapes();
  }

  /** What every call wants, as {@link #KINDS} has it. */
  static List<Shape> shapes() {
    return KINDS
        .lines()
        .flatMap(line -> Arrays.stream(line.split(";", -1)))
        .map(String::strip)
        .filter(entry -> !entry.isEmpty())
        .map(entry -> {
          int blank = entry.indexOf(' ');
          return blank < 0
              ? shape(entry, "")
              : shape(entry.substring(0, blank), entry.substring(blank + 1));
        })
        .toList();
  }

  private static Shape shape(String name, String kinds) {
    StringBuilder letters = new StringBuilder();
    List<Integer> fixed = new ArrayList<>();
    for (int i = 0; i < kinds.length(); i++) {
      char kind = kinds.charAt(i);
      if (kind == '=') {
        int end = i + 1;
        while (end < kinds.length() && Character.isDigit(kinds.charAt(end))) {
          end++;
        }
        fixed.add(Integer.parseUnsignedInt(kinds.substring(i + 1, end)));
        i = end - 1;
      } else {
        fixed.add(0);
      }
      letters.append(kind);
    }
    return new Shape(SystemCallNames.number(name), letters.toString(), fixed);
  }

  /** Says who makes the next call. */
  void setPid(int value) {
    pid = value;
  }

  /** Fills {@code call}: the number, and six arguments. */
  void next(int[] call) {
    int choice = random.nextInt(100);
    if (choice < 80) {
      Shape shape = shapes.get(random.nextInt(shapes.size()));
      while (isSeldom(shape.number) && random.nextInt(SELDOM_FACTOR) != 0) {
        shape = shapes.get(random.nextInt(shapes.size()));
      }
      call[0] = shape.number;
      for (int i = 0; i < 6; i++) {
        boolean fits = i < shape.kinds.length() && random.nextInt(12) != 0;
        call[1 + i] = fits ? value(shape.kinds.charAt(i), shape.fixed.get(i)) : anything();
      }
      return;
    }
    do {
      call[0] = choice == 99 ? random.nextInt() : random.nextInt(SystemCallNames.COUNT);
    } while (isSeldom(call[0]) && random.nextInt(SELDOM_FACTOR) != 0);
    for (int i = 1; i <= 6; i++) {
      call[i] = anything();
    }
  }

  private static boolean isSeldom(int number) {
    return SystemCallNames.isNamed(number) && SELDOM.contains(SystemCallNames.name(number));
  }

  private int value(char kind, int fixed) {
    return switch (kind) {
      case '=' -> fixed;
      case 'f' -> descriptor();
      case 'F' -> random.nextInt(3) == 0 ? descriptor() : -100;
      case 'p' -> SystemCallDriver.DATA + SLOT_BYTES * random.nextInt(SLOTS);
      case 'b' -> buffer();
      case 'n', 'l' -> size();
      case 'v' -> VECTORS + 8 * random.nextInt(64);
      case 'c' -> random.nextInt(10) == 0 ? edge() : random.nextInt(24);
      case 's' -> random.nextInt(4) == 0 ? 0 : STRUCTURES + 4 * (320 + random.nextInt(680));
      case 't' -> random.nextInt(4) == 0 ? 0 : TIMES + 16 * random.nextInt(100);
      case 'a' -> address();
      case 'x' -> flags();
      case 'g' -> SIGNALS[random.nextInt(SIGNALS.length)];
      case 'd' -> process();
      case 'm' -> random.nextInt(07777 + 1) | (random.nextInt(8) << 12);
      case 'o' -> random.nextInt(3) == 0 ? edge() : random.nextInt(0x5000);
      case 'h' -> random.nextInt(4) == 0 ? edge() : 0;
      case 'u' -> random.nextInt(3) == 0 ? edge() : random.nextInt(2000);
      case 'e' -> STRUCTURES + 0xf00 + 4 * random.nextInt(8);
      case 'P' -> pid;
      case 'X' -> SystemCallDriver.DATA + SLOT_BYTES * (SLOTS - 1 - random.nextInt(ATTRIBUTES));
      case 'S', 'M', 'A', 'L', 'T' ->
          STRUCTURES
              + TEMPLATE_BYTES * (TEMPLATES.indexOf(kind) + TEMPLATES.length() * random.nextInt(4));
      case 'w' -> random.nextInt(3) == 0 ? 0 : POINTERS + 4 * random.nextInt(200);
      case 'k' -> random.nextInt(8) == 0 ? random.nextInt() : 0x5401 + random.nextInt(0x60);
      default -> anything();
    };
  }

  private int descriptor() {
    return random.nextInt(20) == 0 ? edge() : random.nextInt(24);
  }

  private int process() {
    return switch (random.nextInt(5)) {
      case 0 -> 0;
      case 1 -> edge();
      case 2 -> random.nextInt(5000);
      default -> (random.nextInt(8) == 0 ? -1 : 1) * (pid + random.nextInt(7) - 3);
    };
  }

  private int edge() {
    return EDGES[random.nextInt(EDGES.length)]
        + (random.nextInt(4) == 0 ? random.nextInt(9) - 4 : 0);
  }

  private int size() {
    return switch (random.nextInt(6)) {
      case 0 -> edge();
      case 1 -> random.nextInt(0x20000);
      case 2 -> 4096 * random.nextInt(40);
      default -> random.nextInt(600);
    };
  }

  private int flags() {
    int choice = random.nextInt(5);
    if (choice == 0) {
      return random.nextInt(16);
    }
    int flags = 0;
    for (int bits = choice < 4 ? choice - 1 : random.nextInt(8); bits > 0; bits--) {
      flags |= 1 << random.nextInt(32);
    }
    return flags;
  }

  /** Whole pages: of the program, of what it mapped, of nobody, of the kernel. */
  private int address() {
    int page =
        switch (random.nextInt(6)) {
          case 0 -> 0;
          case 1 -> END + 4096 * (random.nextInt(64) - 20);
          case 2 -> 0xb7f00000 + 4096 * random.nextInt(256);
          case 3 -> 0x20000000 + 4096 * random.nextInt(4096);
          case 4 -> 0xc0000000 + 4096 * (random.nextInt(64) - 32);
          default -> random.nextInt();
        };
    return random.nextInt(10) == 0 ? page + random.nextInt(4096) : page & -4096;
  }

  /** A place to read and write, also such that it runs over its end. */
  private int buffer() {
    return switch (random.nextInt(5)) {
      case 0 -> END - random.nextInt(64);
      case 1 -> BUFFERS + 4096 * (1 + random.nextInt(10)) - random.nextInt(16);
      default -> BUFFERS + random.nextInt(END - BUFFERS);
    };
  }

  private int anything() {
    return switch (random.nextInt(12)) {
      case 0 -> random.nextInt();
      case 1 -> edge();
      case 2 -> 0xc0000000 + random.nextInt(0x4000_0000);
      case 3 -> random.nextInt(64) - 8;
      case 4 -> address();
      case 5 -> SystemCallDriver.HANDLER - 0x80 + random.nextInt(4096);
      default -> value("fpbnvstxdc".charAt(random.nextInt(10)), 0);
    };
  }

  // ---- What pointers lead to ----

  /** A fresh image of the data up to the buffers. */
  byte[] data() {
    ByteBuffer data =
        ByteBuffer.allocate(BUFFERS - SystemCallDriver.DATA).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < SLOTS; i++) {
      data.put(i * SLOT_BYTES, path());
    }
    for (int at = 0x1000; at < 0x2000; at += 8) {
      data.putInt(at, random.nextInt(6) == 0 ? anything() : buffer());
      data.putInt(at + 4, size());
    }
    for (int at = 0x2000; at < 0x3000; at += 4) {
      data.putInt(at, structureWord());
    }
    for (int i = 0; i < 4 * TEMPLATES.length(); i++) {
      int at = 0x2000 + i * TEMPLATE_BYTES;
      for (int word = 0; word < TEMPLATE_BYTES; word += 4) {
        data.putInt(at + word, 0);
      }
      template(TEMPLATES.charAt(i % TEMPLATES.length()), data.position(at));
    }
    for (int i = 0; i < 8; i++) {
      data.putInt(0x2f00 + 4 * i, 0);
    }
    for (int i = 0; i < ATTRIBUTES; i++) {
      byte[] name = ("user.a" + random.nextInt(3) + "\0").getBytes(StandardCharsets.ISO_8859_1);
      data.put((SLOTS - 1 - i) * SLOT_BYTES, name);
    }
    for (int at = 0x3000; at < 0x3800; at += 4) {
      // Seconds and fractions: mostly so short that a sleep of them ends at once.
      data.putInt(at, random.nextInt(8) == 0 ? edge() : random.nextInt(3));
    }
    for (int at = 0x3800; at < 0x4000; at += 4) {
      data.putInt(at, random.nextInt(4) == 0 ? 0 : value('p', 0));
    }
    data.position(FIRST - SystemCallDriver.DATA);
    data.putInt(SystemCallDriver.HANDLER).putInt(0).putInt(0).putInt(0).putInt(0);
    data.position(INTERVAL - SystemCallDriver.DATA);
    data.putInt(0).putInt(MICROS_BETWEEN_ALARMS).putInt(0).putInt(MICROS_BETWEEN_ALARMS);
    return data.array();
  }

  /**
   * What a program does first: it gets itself files of many kinds, and a signal now and then, so
   * that no call waits for ever.
   */
  static List<int[]> beginning() {
    return List.of(
        first("rt_sigaction", 14, FIRST, 0, 8),
        first("setitimer", 0, INTERVAL, 0),
        first("socketpair", 1, 1, 0, ENDS),
        first("socketpair", 1, 2, 0, ENDS),
        first("socketpair", 1, 5 | 0x800, 0, ENDS),
        first("pipe2", ENDS, 0),
        first("pipe2", ENDS, 0x800),
        first("epoll_create1", 0),
        first("eventfd2", 1, 0),
        first("timerfd_create", 1, 0),
        first("memfd_create", POINTERS, 0),
        first("signalfd4", -1, ENDS, 8, 0),
        first("socket", 1, 1, 0),
        first("open", SystemCallDriver.DATA, 0102, 0666),
        first("mmap2", 0, 0x8000, 3, 0x21, -1, 0));
  }

  private static int[] first(String name, int... arguments) {
    int[] call = new int[7];
    call[0] = SystemCallNames.number(name);
    System.arraycopy(arguments, 0, call, 1, arguments.length);
    return call;
  }

  private void template(char kind, ByteBuffer out) {
    int at = out.position();
    switch (kind) {
      case 'S' -> {
        // sockaddr_un: a name in a folder, or one that only sockets see
        String name = random.nextBoolean() ? "/writable/s" + random.nextInt(3) : "\0s";
        out.putShort((short) 1).put((name + "\0").getBytes(StandardCharsets.ISO_8859_1));
      }
      case 'M' -> {
        // msghdr: no name, two pieces, and as control SCM_RIGHTS with one descriptor
        int control = STRUCTURES + at - 0x2000 + 32;
        out.putInt(0).putInt(0).putInt(VECTORS).putInt(random.nextInt(3));
        out.putInt(random.nextInt(4) == 0 ? anything() : control).putInt(16).putInt(0).putInt(0);
        out.putInt(random.nextInt(4) == 0 ? size() : 16).putInt(1).putInt(1).putInt(descriptor());
      }
      case 'A' -> {
        out.putInt(random.nextInt(3) == 0 ? random.nextInt(2) : SystemCallDriver.HANDLER);
        out.putInt(random.nextBoolean() ? 0x1000_0000 : flags()).putInt(0);
        out.putInt(random.nextInt(4) == 0 ? -1 : 0).putInt(0);
      }
      case 'L' -> {
        // flock: type, whence, start, length; of 64 bits start and length
        out.putShort((short) random.nextInt(3)).putShort((short) 0);
        out.putInt(random.nextInt(4) == 0 ? edge() : random.nextInt(100)).putInt(random.nextInt(9));
        out.putInt(0).putInt(0).putInt(0);
      }
      default -> out.putInt(0).putInt(random.nextInt(500)).putInt(0).putInt(random.nextInt(500));
    }
  }

  private int structureWord() {
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> anything();
      case 2 -> value('p', 0);
      case 3 -> VECTORS + 8 * random.nextInt(64);
      case 4 -> SystemCallDriver.HANDLER;
      case 5 -> random.nextInt(24);
      case 6 -> 1 | random.nextInt(64) << 16;
      default -> flags();
    };
  }

  private byte[] path() {
    StringBuilder path = new StringBuilder();
    int parts = random.nextInt(6) == 0 ? 2 + random.nextInt(3) : 1;
    for (int i = 0; i < parts; i++) {
      path.append(i == 0 ? "" : "/").append(paths.get(random.nextInt(paths.size())));
    }
    byte[] bytes = path.toString().getBytes(StandardCharsets.ISO_8859_1);
    byte[] slot = new byte[SLOT_BYTES];
    System.arraycopy(bytes, 0, slot, 0, Math.min(bytes.length, SLOT_BYTES - 1));
    if (random.nextInt(40) == 0) {
      slot[random.nextInt(SLOT_BYTES)] = (byte) random.nextInt();
    }
    return slot;
  }
}
