package org.memarium.kernel.procfs;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.SuperblockShrinker;
import org.memarium.mm.Errno;
import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.file.DirtyLimits;
import org.memarium.mm.frame.Watermarks;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.reclaim.Swappiness;
import org.memarium.mm.space.CommittedMemory;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.swap.SwapReadahead;
import org.memarium.mm.trace.VmStatItem;

/** {@code /proc/sys/vm}: what can be set of the memory manager; Linux {@code kernel/sysctl.c}. */
final class VmSysctls {

  private static final int MAX = Integer.MAX_VALUE;
  private static final int MIN = Integer.MIN_VALUE;

  private static final int DROP_PAGECACHE = 1;
  private static final int DROP_SLAB = 2;

  private final Sysctl vm;
  private final SystemView system;
  private final MemoryManager memory;

  private VmSysctls(Sysctl vm, SystemView system) {
    this.vm = vm;
    this.system = system;
    this.memory = system.memory();
  }

  /** Puts all files into the directory. */
  static void addTo(Sysctl vm, SystemView system) {
    VmSysctls files = new VmSysctls(vm, system);
    files.addCommitted();
    files.addAddressSpaces();
    files.addWatermarks();
    files.addCompaction();
    files.addActions();
    files.addOom();
    files.addHugePages();
    files.addReclaim();
    files.addHeld();
    files.addWriteback();
  }

  private void addCommitted() {
    CommittedMemory committed = memory.committedMemory();
    MemoryManager.Overcommit[] modes = MemoryManager.Overcommit.values();
    vm.integer(
        "overcommit_memory",
        0,
        modes.length - 1,
        () -> committed.mode().number(),
        number -> committed.setMode(modes[number]));
    vm.integer("overcommit_ratio", MIN, MAX, committed::ratio, committed::setRatio);
    vm.unsignedLong(
        "overcommit_kbytes", 0, committed::limitKibibytes, committed::setLimitKibibytes);
    vm.unsignedLong(
        "user_reserve_kbytes",
        0,
        committed::userReserveKibibytes,
        committed::setUserReserveKibibytes);
    vm.unsignedLong(
        "admin_reserve_kbytes",
        0,
        committed::adminReserveKibibytes,
        committed::setAdminReserveKibibytes);
  }

  private void addAddressSpaces() {
    vm.integer("max_map_count", 0, MAX, memory::maxMapCount, memory::setMaxMapCount);
    vm.unsignedLong("mmap_min_addr", 0, memory::mmapMinAddress, memory::setMmapMinAddress);
  }

  private void addWatermarks() {
    Watermarks marks = memory.allocator().watermarks();
    vm.integer("min_free_kbytes", 0, MAX, marks::minFreeKbytes, marks::setMinFreeKbytes);
    vm.integer(
        "watermark_scale_factor",
        1,
        3000,
        marks::watermarkScaleFactor,
        marks::setWatermarkScaleFactor);
    vm.integer(
        "watermark_boost_factor",
        0,
        MAX,
        marks::watermarkBoostFactor,
        marks::setWatermarkBoostFactor);
    vm.file(
        "lowmem_reserve_ratio",
        Sysctl.WRITABLE,
        () -> SysctlNumbers.print(longs(marks.lowmemReserveRatio())),
        bytes -> setLowmemReserveRatio(marks, bytes));
    vm.file(
        "percpu_pagelist_high_fraction",
        Sysctl.WRITABLE,
        () -> SysctlNumbers.print(marks.percpuPagelistHighFraction()),
        bytes -> setHighFraction(marks, bytes));
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  /** {@code lowmem_reserve_ratio_sysctl_handler}, which never fails. */
  private static long setLowmemReserveRatio(Watermarks marks, byte[] bytes) {
    int[] ratios = marks.lowmemReserveRatio();
    long result = SysctlNumbers.parseInts(bytes, ratios, MIN, MAX);
    marks.setLowmemReserveRatio(ratios);
    return result < 0 ? bytes.length : result;
  }

  /** {@code percpu_pagelist_high_fraction_sysctl_handler}: none, or at least 8. */
  private static long setHighFraction(Watermarks marks, byte[] bytes) {
    int[] fraction = new int[1];
    long result = SysctlNumbers.parseInts(bytes, fraction, 0, MAX);
    if (result < 0 || (fraction[0] != 0 && fraction[0] < Watermarks.MIN_HIGH_FRACTION)) {
      return -Errno.EINVAL;
    }
    marks.setPercpuPagelistHighFraction(fraction[0]);
    return result;
  }

  private void addCompaction() {
    Compaction compaction = system.reclaim().compaction();
    vm.integer(
        "extfrag_threshold",
        0,
        1000,
        compaction::extfragThreshold,
        compaction::setExtfragThreshold);
    vm.integer(
        "compact_unevictable_allowed",
        0,
        1,
        () -> compaction.isUnevictableAllowed() ? 1 : 0,
        allowed -> compaction.setUnevictableAllowed(allowed != 0));
  }

  private void addOom() {
    OomSettings oom = system.oomSettings();
    vm.integer("panic_on_oom", 0, 2, oom::panicOnOom, oom::setPanicOnOom);
    vm.integer(
        "oom_kill_allocating_task", MIN, MAX, oom::killAllocatingTask, oom::setKillAllocatingTask);
    vm.integer("oom_dump_tasks", MIN, MAX, oom::dumpTasks, oom::setDumpTasks);
  }

  /** Files that do something when they are written. */
  private void addActions() {
    action("drop_caches", this::dropCaches);
    // Linux 6.1 does not look at what is written.
    action("compact_memory", this::compactMemory);
    vm.file("stat_refresh", Sysctl.PRIVATE, () -> "", bytes -> bytes.length);
  }

  private void action(String name, GeneratedFile.Writer writer) {
    vm.file(name, Sysctl.WRITE_ONLY, () -> "", writer);
  }

  /** {@code sysctl_compaction_handler}. */
  private long compactMemory(byte[] bytes) {
    system.reclaim().compaction().compactNodes();
    return bytes.length;
  }

  /** {@code drop_caches_sysctl_handler}: 1 the page cache, 2 slabs, 3 both, 4 says no more. */
  private long dropCaches(byte[] bytes) {
    int[] what = new int[1];
    long result = SysctlNumbers.parseInts(bytes, what, 1, 4);
    if (result >= 0 && (what[0] & DROP_PAGECACHE) != 0) {
      memory.pageCache().dropClean();
      memory.vmStat().increment(VmStatItem.DROP_PAGECACHE);
    }
    if (result >= 0 && (what[0] & DROP_SLAB) != 0) {
      system.dropSlab();
      memory.vmStat().increment(VmStatItem.DROP_SLAB);
    }
    return result;
  }

  /** There are no huge pages: none can be asked for ({@code hugetlb_sysctl_handler}). */
  private void addHugePages() {
    vm.held("hugetlb_shm_group", MIN, MAX, 0);
    for (String name : new String[] {"nr_hugepages", "nr_overcommit_hugepages"}) {
      vm.file(name, Sysctl.WRITABLE, () -> "0\n", bytes -> -Errno.EOPNOTSUPP);
    }
  }

  private void addReclaim() {
    Swappiness swappiness = system.reclaim().swappiness();
    vm.integer("swappiness", 0, Swappiness.MOST, swappiness::value, swappiness::set);
    SuperblockShrinker shrinker = system.superblockShrinker();
    vm.integer("vfs_cache_pressure", 0, MAX, shrinker::cachePressure, shrinker::setCachePressure);
  }

  private void addHeld() {
    vm.held("compaction_proactiveness", 0, 100, 20);
    vm.held("laptop_mode", 0, MAX, 0);
    vm.held("legacy_va_layout", 0, MAX, 0);
    vm.held("memory_failure_early_kill", 0, 1, 0);
    vm.held("memory_failure_recovery", 0, 1, 1);
    SwapReadahead readahead = system.memory().swap().readahead();
    vm.integer("page-cluster", 0, 31, readahead::pageCluster, readahead::setPageCluster);
    vm.held("page_lock_unfairness", 0, MAX, 5);
    vm.held("stat_interval", 0, MAX, 1);
    vm.held("unprivileged_userfaultfd", 0, 1, 0);
    if (system.wordBytes() == 4) {
      vm.held("mmap_rnd_bits", Sysctl.PRIVATE, 8, 16, 8);
      vm.held("vdso_enabled", 0, 1, 1);
    } else {
      vm.held("mmap_rnd_bits", Sysctl.PRIVATE, 28, 32, 28);
      vm.held("mmap_rnd_compat_bits", Sysctl.PRIVATE, 8, 16, 8);
    }
  }

  private void addWriteback() {
    DirtyLimits dirty = memory.pageCache().dirtyLimits();
    vm.integer("dirty_ratio", 0, 100, dirty::ratio, dirty::setRatio);
    vm.unsignedLong("dirty_bytes", 2 * Ram.PAGE_SIZE, dirty::bytes, dirty::setBytes);
    vm.integer("dirty_background_ratio", 0, 100, dirty::backgroundRatio, dirty::setBackgroundRatio);
    vm.unsignedLong("dirty_background_bytes", 1, dirty::backgroundBytes, dirty::setBackgroundBytes);
    if (system.wordBytes() == 4) {
      vm.integer(
          "highmem_is_dirtyable",
          0,
          1,
          () -> dirty.isHighmemDirtyable() ? 1 : 0,
          value -> dirty.setHighmemDirtyable(value != 0));
    }
    vm.integer("dirty_expire_centisecs", 0, MAX, dirty::expireCentisecs, dirty::setExpireCentisecs);
    vm.integer(
        "dirty_writeback_centisecs",
        MIN,
        MAX,
        dirty::writebackCentisecs,
        dirty::setWritebackCentisecs);
    vm.held("dirtytime_expire_seconds", 0, MAX, 43200);
  }
}
