package org.memarium.kernel;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.hardware.TlbStatistics;
import org.memarium.kernel.process.Scheduler;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Where the time of a run would go: what the machine's counters gained since the account was
 * opened, times what each costs. Nothing is charged while the program runs.
 */
final class TimeAccount {
  private final Cpu cpu;
  private final Mmu mmu;
  private final Ram ram;
  private final VirtualTime time;
  private final VmStat vmStat;
  private final Scheduler scheduler;

  private final TlbStatistics tlbBefore;
  private final Map<Cost, Long> countsBefore;
  private final Map<IoWait, Long> waitsBefore = new EnumMap<>(IoWait.class);
  private final Map<IoWait, Long> waitedBefore = new EnumMap<>(IoWait.class);

  /** An account of what happens from now on. */
  TimeAccount(MachineMemory memory, MachineKernel kernel) {
    this.cpu = kernel.cpu;
    this.mmu = memory.mmu;
    this.ram = memory.ram();
    this.time = memory.manager.trace().time();
    this.vmStat = memory.allocator.vmStat();
    this.scheduler = kernel.scheduler;
    tlbBefore = mmu.statistics();
    countsBefore = counts();
    for (IoWait wait : IoWait.values()) {
      waitsBefore.put(wait, time.waits(wait));
      waitedBefore.put(wait, time.waitedNanos(wait));
    }
  }

  /** What the machine counted since it booted; system calls and the TLB apart. */
  private Map<Cost, Long> counts() {
    Map<Cost, Long> counts = new EnumMap<>(Cost.class);
    long majorFaults = vmStat.get(VmStatItem.PGMAJFAULT);
    counts.put(Cost.INSTRUCTION, cpu.instructions());
    counts.put(Cost.CONTEXT_SWITCH, scheduler.switches());
    counts.put(Cost.MINOR_FAULT, vmStat.get(VmStatItem.PGFAULT) - majorFaults);
    counts.put(Cost.MAJOR_FAULT, majorFaults);
    counts.put(
        Cost.PAGE_ALLOC,
        sum(
            VmStatItem.PGALLOC_DMA,
            VmStatItem.PGALLOC_DMA32,
            VmStatItem.PGALLOC_NORMAL,
            VmStatItem.PGALLOC_HIGH,
            VmStatItem.PGALLOC_MOVABLE));
    counts.put(Cost.PAGE_ZERO, ram.zeroedFrames());
    counts.put(Cost.PAGE_COPY, ram.copiedFrames());
    counts.put(Cost.RECLAIM_SCAN, sum(VmStatItem.PGSCAN_ANON, VmStatItem.PGSCAN_FILE));
    counts.put(Cost.RECLAIM_STEAL, sum(VmStatItem.PGSTEAL_ANON, VmStatItem.PGSTEAL_FILE));
    counts.put(Cost.PAGEOUT, vmStat.get(VmStatItem.NR_VMSCAN_WRITE));
    counts.put(Cost.SLAB_SCAN, vmStat.get(VmStatItem.SLABS_SCANNED));
    counts.put(
        Cost.COMPACT_SCAN,
        sum(VmStatItem.COMPACT_MIGRATE_SCANNED, VmStatItem.COMPACT_FREE_SCANNED));
    counts.put(Cost.ZSWAP_STORE, vmStat.get(VmStatItem.ZSWPOUT));
    counts.put(Cost.ZSWAP_LOAD, vmStat.get(VmStatItem.ZSWPIN));
    return counts;
  }

  private long sum(VmStatItem... items) {
    long sum = 0;
    for (VmStatItem item : items) {
      sum += vmStat.get(item);
    }
    return sum;
  }

  /**
   * What everything took so far.
   *
   * @param systemCalls how many were made since the account was opened
   */
  List<RunReport.TimeShare> shares(long systemCalls) {
    Map<Cost, Long> counts = new EnumMap<>(Cost.class);
    counts()
        .forEach((cost, count) -> counts.put(cost, count - countsBefore.getOrDefault(cost, 0L)));
    TlbStatistics tlb = mmu.statistics().since(tlbBefore);
    counts.put(Cost.TLB_WALK, tlb.walks());
    counts.put(Cost.CR3_LOAD, tlb.flushesByCr3());
    counts.put(Cost.INVLPG, tlb.invalidations());
    counts.put(Cost.SYSTEM_CALL, systemCalls);
    CostModel costs = time.costs();
    List<RunReport.TimeShare> shares = new ArrayList<>();
    counts.forEach((cost, count) -> {
      if (count > 0) {
        shares.add(
            new RunReport.TimeShare(
                cost.word(), count, costs.picos(cost), costs.nanos(cost, count)));
      }
    });
    for (IoWait wait : IoWait.values()) {
      long waits = time.waits(wait) - waitsBefore.getOrDefault(wait, 0L);
      if (waits > 0) {
        long nanos = time.waitedNanos(wait) - waitedBefore.getOrDefault(wait, 0L);
        shares.add(new RunReport.TimeShare(wait.word(), waits, 0, nanos));
      }
    }
    return List.copyOf(shares);
  }
}
