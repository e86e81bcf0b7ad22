package org.memarium.kernel.syscall;

import static org.memarium.mm.Errno.EACCES;
import static org.memarium.mm.Errno.EINVAL;
import static org.memarium.mm.Errno.ENOSYS;
import static org.memarium.mm.Errno.EOPNOTSUPP;
import static org.memarium.mm.Errno.EPERM;

/**
 * The calls that are refused by design, with the error that Linux 6.1 has for a process without
 * privileges (also where the user is root: as in a container that was given no capabilities), or
 * that a kernel has which was built without the feature.
 */
final class RefusedCalls {
  private static final int MAX_PRIVILEGE_LEVEL = 3;
  private static final int IO_PORTS = 65_536;

  private RefusedCalls() {}

  static void enter(SystemCallTable table) {
    unprivileged(table);
    notConfigured(table);
    notInLinux(table);
    table.set("iopl", RefusedCalls::iopl).remark("level 0 only: EPERM");
    table.set("ioperm", RefusedCalls::ioperm).remark("no port is ever allowed: EPERM");
  }

  /** What needs a capability. */
  private static void unprivileged(SystemCallTable table) {
    String mounts = "needs CAP_SYS_ADMIN: nothing is mounted but by the machine";
    table.refuse("mount umount umount2 pivot_root", EPERM, mounts);
    table.refuse("open_tree move_mount fsopen fsconfig fsmount fspick", EPERM, mounts);
    table.refuse("mount_setattr", EPERM, mounts);
    table.refuse("init_module delete_module finit_module", EPERM, "needs CAP_SYS_MODULE");
    table.refuse("reboot kexec_load", EPERM, "needs CAP_SYS_BOOT");
    table.refuse("sethostname setdomainname", EPERM, "needs CAP_SYS_ADMIN");
    table.refuse("acct", EPERM, "needs CAP_SYS_PACCT");
    table.refuse("vhangup", EPERM, "needs CAP_SYS_TTY_CONFIG");
    table.refuse("stime", EPERM, "needs CAP_SYS_TIME: the virtual clock is the machine's");
    table.refuse("ptrace", EPERM, "nobody traces anybody (kernel.yama.ptrace_scope 3)");
    table.refuse("setns", EPERM, "needs CAP_SYS_ADMIN: there is one namespace of each kind");
    table.refuse("unshare", EPERM, "needs CAP_SYS_ADMIN; nothing else is parted either");
    String time = "needs CAP_SYS_TIME to set it; it cannot be read either";
    table.refuse("adjtimex clock_adjtime clock_adjtime64", EPERM, time);
    table.refuse("lookup_dcookie", EPERM, "needs CAP_SYS_ADMIN");
    table.refuse("open_by_handle_at", EPERM, "needs CAP_DAC_READ_SEARCH");
    table.refuse("bpf", EPERM, "needs CAP_BPF (kernel.unprivileged_bpf_disabled)");
    table.refuse("perf_event_open", EACCES, "needs CAP_PERFMON (kernel.perf_event_paranoid 3)");
    table.refuse("userfaultfd", EPERM, "needs CAP_SYS_PTRACE (vm.unprivileged_userfaultfd 0)");
  }

  /** What a kernel can be built without, or what its file systems need not offer. */
  private static void notConfigured(SystemCallTable table) {
    String numa = "as without CONFIG_NUMA, which Debian's 686 kernel has not";
    table.refuse("mbind get_mempolicy set_mempolicy", ENOSYS, numa);
    table.refuse("migrate_pages move_pages set_mempolicy_home_node", ENOSYS, numa);
    String aio = "as without CONFIG_AIO";
    table.refuse("io_setup io_destroy io_getevents io_submit io_cancel", ENOSYS, aio);
    table.refuse("io_pgetevents io_pgetevents_time64", ENOSYS, aio);
    String ring = "as without CONFIG_IO_URING";
    table.refuse("io_uring_setup io_uring_enter io_uring_register", ENOSYS, ring);
    table.refuse("add_key request_key keyctl", ENOSYS, "as without CONFIG_KEYS");
    String inotify = "as without CONFIG_INOTIFY_USER";
    table.refuse("inotify_init inotify_init1", ENOSYS, inotify);
    table.refuse("inotify_add_watch inotify_rm_watch", ENOSYS, inotify);
    table.refuse("fanotify_init fanotify_mark", ENOSYS, "as without CONFIG_FANOTIFY");
    table.refuse("quotactl quotactl_fd", ENOSYS, "as without CONFIG_QUOTACTL");
    String queues = "as without CONFIG_POSIX_MQUEUE";
    table.refuse("mq_open mq_unlink mq_timedsend mq_timedreceive", ENOSYS, queues);
    table.refuse("mq_timedsend_time64 mq_timedreceive_time64", ENOSYS, queues);
    table.refuse("mq_notify mq_getsetattr", ENOSYS, queues);
    table.refuse("sysfs", ENOSYS, "as without CONFIG_SYSFS_SYSCALL");
    table.refuse("uselib", ENOSYS, "as without CONFIG_USELIB");
    table.refuse("vm86old vm86", ENOSYS, "as without CONFIG_X86_LEGACY_VM86");
    table.refuse("ioprio_set ioprio_get", ENOSYS, "as without CONFIG_BLOCK");
    table.refuse("kcmp", ENOSYS, "as without CONFIG_KCMP");
    table.refuse("seccomp", ENOSYS, "as without CONFIG_SECCOMP");
    String landlock = "as without CONFIG_SECURITY_LANDLOCK";
    table.refuse("landlock_create_ruleset landlock_add_rule", ENOSYS, landlock);
    table.refuse("landlock_restrict_self", ENOSYS, landlock);
    table.refuse("memfd_secret", ENOSYS, "off unless the kernel boots with secretmem.enable");
    table.refuse("name_to_handle_at", EOPNOTSUPP, "no file system here gives handles");
    table.refuse("ustat", EINVAL, "no block device is mounted");
  }

  /** Numbers that have a name and no call in Linux 6.1 on i386, or that came later. */
  private static void notInLinux(SystemCallTable table) {
    String gone = "no longer in Linux 6.1, or never there";
    table.refuse("break stty gtty ftime prof lock mpx ulimit profil idle", ENOSYS, gone);
    table.refuse("create_module get_kernel_syms query_module", ENOSYS, gone);
    table.refuse("bdflush afs_syscall _sysctl nfsservctl", ENOSYS, gone);
    table.refuse("getpmsg putpmsg vserver", ENOSYS, gone);
    for (int number = SystemCallNames.COUNT_OF_6_1; number < SystemCallNames.COUNT; number++) {
      if (table.get(number) == null) {
        table.refuse(SystemCallNames.name(number), ENOSYS, "came after Linux 6.1");
      }
    }
  }

  /** {@code ksys_ioperm}'s neighbour: who has level 0 may ask for level 0. */
  private static long iopl(int level) {
    if (Integer.compareUnsigned(level, MAX_PRIVILEGE_LEVEL) > 0) {
      return -EINVAL;
    }
    return level == 0 ? 0 : -EPERM;
  }

  /** {@code ksys_ioperm}: giving up what one does not have is no error. */
  private static long ioperm(int from, int count, int turnOn) {
    long first = Integer.toUnsignedLong(from);
    long end = first + Integer.toUnsignedLong(count);
    if (end > 0xffff_ffffL || end <= first || end > IO_PORTS) {
      return -EINVAL;
    }
    return turnOn == 0 ? 0 : -EPERM;
  }
}
