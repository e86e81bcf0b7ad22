package org.memarium.kernel.procfs;

import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;

/** {@code /proc/<pid>/status}; Linux {@code fs/proc/array.c}, {@code fs/proc/task_mmu.c}. */
final class Status {

  /** All capabilities that Linux 6.1 knows. */
  private static final long ALL_CAPABILITIES = 0x1ff_ffff_ffffL;

  private Status() {}

  static String of(ProcessView process, SystemView system) {
    ProcRelease release = ProcRelease.of(system.layout());
    StringBuilder out = new StringBuilder();
    identity(out, process);
    if (release.namesKernelThreads()) {
      out.append("Kthread:\t0\n");
    }
    MmStruct mm = process.mm();
    if (mm != null) {
      memory(out, mm);
      // The kernels have huge pages, whoever gets some; here nobody does.
      int enabled = process.settings().hugePagesDisabled() == 1 ? 0 : 1;
      out.append("CoreDumping:\t0\nTHP_enabled:\t").append(enabled).append('\n');
      if (release.hasUntagMask()) {
        out.append("untag_mask:\t0xffffffffffffffff\n");
      }
    }
    signals(out, process);
    capabilities(out, process);
    out.append("NoNewPrivs:\t").append(process.hasNoNewPrivileges() ? 1 : 0);
    out.append("\nSeccomp:\t0\nSeccomp_filters:\t0\n");
    out.append("Speculation_Store_Bypass:\tnot vulnerable\n");
    out.append("SpeculationIndirectBranch:\tnot affected\n");
    out.append("Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
    out.append("Mems_allowed:\t").append(firstOf(release.memoryNodes()));
    out.append("\nMems_allowed_list:\t0\n");
    out.append("voluntary_ctxt_switches:\t").append(process.voluntarySwitches());
    out.append("\nnonvoluntary_ctxt_switches:\t")
        .append(process.involuntarySwitches())
        .append('\n');
    return out.toString();
  }

  /** A mask of so many bits in which the first is set ({@code %*pb}). */
  private static String firstOf(int bits) {
    return bits <= 4 ? "1" : "00000000,".repeat(bits / 32 - 1) + "00000001";
  }

  private static void identity(StringBuilder out, ProcessView process) {
    Credentials user = process.credentials();
    int pid = process.pid();
    out.append("Name:\t").append(escape(process.comm()));
    if (!process.isZombie()) {
      out.append("\nUmask:\t%04o".formatted(process.fs().umask()));
    }
    out.append("\nState:\t").append(state(process.state()));
    out.append("\nTgid:\t").append(process.tgid());
    out.append("\nNgid:\t0\nPid:\t").append(pid);
    out.append("\nPPid:\t").append(process.parentPid());
    out.append("\nTracerPid:\t0");
    ids(out.append("\nUid:"), process.users());
    ids(out.append("\nGid:"), process.groups());
    out.append("\nFDSize:\t").append(process.isZombie() ? 0 : process.files().slots());
    out.append("\nGroups:\t");
    for (int group : user.groups()) {
      out.append(Integer.toUnsignedString(group)).append(' ');
    }
    if (user.groups().length == 0) {
      out.append(' ');
    }
    out.append("\nNStgid:\t").append(process.tgid());
    out.append("\nNSpid:\t").append(pid);
    out.append("\nNSpgid:\t").append(process.processGroup());
    out.append("\nNSsid:\t").append(process.session()).append('\n');
  }

  /** Real, effective, saved and file-system identifier. */
  private static void ids(StringBuilder out, ProcessView.Ids ids) {
    out.append('\t').append(Integer.toUnsignedString(ids.real()));
    out.append('\t').append(Integer.toUnsignedString(ids.effective()));
    out.append('\t').append(Integer.toUnsignedString(ids.saved()));
    out.append('\t').append(Integer.toUnsignedString(ids.forFiles()));
  }

  private static String escape(String comm) {
    return comm.replace("\\", "\\\\").replace("\n", "\\n");
  }

  private static String state(char letter) {
    return switch (letter) {
      case 'R' -> "R (running)";
      case 'S' -> "S (sleeping)";
      case 'D' -> "D (disk sleep)";
      case 'T' -> "T (stopped)";
      case 'Z' -> "Z (zombie)";
      case 'X' -> "X (dead)";
      default -> throw new IllegalStateException("no such state of a process: " + letter);
    };
  }

  /** {@code task_mem}. */
  private static void memory(StringBuilder out, MmStruct mm) {
    long text = Statm.textBytes(mm);
    pages(out, "VmPeak:\t", mm.accounting().hiwaterVm());
    pages(out, "VmSize:\t", mm.accounting().totalVm());
    pages(out, "VmLck:\t", mm.accounting().lockedVm());
    pages(out, "VmPin:\t", 0);
    pages(out, "VmHWM:\t", mm.rss().peak());
    pages(out, "VmRSS:\t", mm.rss().total());
    pages(out, "RssAnon:\t", mm.rss().anon());
    pages(out, "RssFile:\t", mm.rss().file());
    pages(out, "RssShmem:\t", mm.rss().shmem());
    pages(out, "VmData:\t", mm.accounting().dataVm());
    pages(out, "VmStk:\t", mm.accounting().stackVm());
    Text.kibibytes(out, "VmExe:\t", text >> 10, 8);
    Text.kibibytes(out, "VmLib:\t", ((mm.accounting().execVm() << Ram.PAGE_SHIFT) - text) >> 10, 8);
    Text.kibibytes(out, "VmPTE:\t", mm.pageTableBytes() >> 10, 8);
    pages(out, "VmSwap:\t", mm.rss().swapEntries());
    pages(out, "HugetlbPages:\t", 0);
  }

  private static void pages(StringBuilder out, String name, long pages) {
    Text.kibibytes(out, name, pages << Ram.PAGE_SHIFT >> 10, 8);
  }

  private static void signals(StringBuilder out, ProcessView process) {
    List<Long> masks = process.signalMasks();
    out.append("Threads:\t").append(process.threads());
    out.append("\nSigQ:\t").append(process.queuedSignals());
    out.append('/').append(process.softLimit(RLimits.SIGPENDING)).append('\n');
    mask(out, "SigPnd", masks.get(0));
    mask(out, "ShdPnd", masks.get(1));
    mask(out, "SigBlk", masks.get(2));
    mask(out, "SigIgn", masks.get(3));
    mask(out, "SigCgt", masks.get(4));
  }

  private static void capabilities(StringBuilder out, ProcessView process) {
    long held = process.credentials().isRoot() ? ALL_CAPABILITIES : 0;
    mask(out, "CapInh", 0);
    mask(out, "CapPrm", held);
    mask(out, "CapEff", held);
    mask(out, "CapBnd", ALL_CAPABILITIES);
    mask(out, "CapAmb", 0);
  }

  private static void mask(StringBuilder out, String name, long bits) {
    out.append(name).append(":\t");
    Text.hex(out, bits, 16);
    out.append('\n');
  }
}
