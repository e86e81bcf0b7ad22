package org.memarium.kernel.procfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.kernel.vfs.SuperblockShrinker;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.vmalloc.Vmalloc;

/** What {@code /proc} tells of the machine; live values. */
public interface SystemView {

  /** Every process, in ascending order of process id. */
  List<? extends ProcessView> processes();

  /** The process that runs now, {@code /proc/self}; null if none does. */
  @Nullable ProcessView current();

  /** The process of a number, or of one of its threads; null if there is none. */
  default @Nullable ProcessView process(int pid) {
    for (ProcessView process : processes()) {
      if (process.pid() == pid) {
        return process;
      }
    }
    return null;
  }

  /** {@code total_forks}: how many tasks were made since boot. */
  default long forks() {
    return processes().size();
  }

  /** {@code get_iowait_time}. */
  default long ioWaitNanos() {
    return 0;
  }

  /** {@code nr_context_switches}. */
  default long contextSwitches() {
    return 0;
  }

  /** The number that the task made last has got. */
  default int lastPid() {
    int last = 0;
    for (ProcessView process : processes()) {
      last = process.pid();
    }
    return last;
  }

  /** {@code uname -s}: Linux. */
  String osType();

  /** {@code uname -r}, such as 6.1.0. */
  String osRelease();

  /** {@code uname -v}. */
  String version();

  /** {@code uname -n}. */
  String hostName();

  /** Bytes of a kernel's word: 4 on i386, 8 on x86-64; columns are as wide as it asks for. */
  int wordBytes();

  /** The kernel that programs find themselves on. */
  Layout layout();

  /** The processor. */
  CpuModel cpu();

  /** Zones, free lists, counters, page tables, settings. */
  MemoryManager memory();

  /** Reads and writes what other processes have in memory. */
  RemoteAccess remoteAccess();

  /** The slab allocator. */
  SlabAllocator slab();

  /** {@code drop_slab}: frees dentries and inodes that nobody uses. */
  void dropSlab();

  /** What is set of the OOM killer. */
  OomSettings oomSettings();

  /** Reclaim and compaction, and their settings. */
  Reclaim reclaim();

  /** Who frees dentries and inodes when memory is short. */
  SuperblockShrinker superblockShrinker();

  /** vmalloc and its areas. */
  Vmalloc vmalloc();

  /** Nanoseconds of the virtual clock since boot. */
  long uptimeNanos();

  /** Nanoseconds since 1970 at which the machine booted. */
  long bootTimeNanos();
}
