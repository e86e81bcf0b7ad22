package org.memarium.kernel;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageAccessListener;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemMapAudit;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageAllocatorAudit;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.swap.ZswapParameters;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.vmalloc.Kmap;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * The memory of a machine, and all that manages it: what {@code setup_arch} and {@code mm_init} set
 * up on Linux, in that order. Above it stands {@link MachineKernel}.
 */
final class MachineMemory implements AutoCloseable {
  private final Ram ram;
  final KernelLog log = new KernelLog();
  final PageAllocator allocator;
  final SlabAllocator slab;
  final Mmu mmu;
  final Vmalloc vmalloc;
  final KvMalloc kvMalloc;
  final Kmap kmap;
  final KernelMemory kernelMemory;
  final PageCache pageCache;
  final MemoryManager manager;
  final Reclaim reclaim;
  final FaultHandler faults;
  final MachineSwap swap;
  final KernelPages pages;

  /** Where the GDT lies: a page that was reserved before there was an allocator. */
  final long gdtPhysicalAddress;

  private MachineMemory(
      MachineConfig config, Architecture architecture, Ram ram, PhysicalMemoryMap map) {
    this.ram = ram;
    Memblock memblock = new Memblock(architecture, map);
    final KernelPageTable kernelPageTable = new KernelPageTable(ram, memblock);
    gdtPhysicalAddress = (long) memblock.allocate("gdt", 1, 1) << Ram.PAGE_SHIFT;
    allocator =
        PageAllocator.boot(ram, memblock, config.preset().maxOrder(), new VmStat(), new Trace());
    if (config.checks()) {
      allocator.enableHistory();
    }
    MemoryLimits limits = config.memoryLimits();
    if (limits != null) {
      limits.apply(allocator.groups().add(MemoryLimits.GROUP));
    }
    slab =
        new SlabAllocator(
            allocator, config.preset().slabConfig().withDebug(config.slubDebug()), log);
    mmu = new Mmu(ram, architecture.pageTableFormat(), config.tlbEntries(), config.tlbWays());
    mmu.loadCr3(kernelPageTable.pgd());
    KernelMapper mapper = new KernelMapper(kernelPageTable, allocator, mmu);
    vmalloc = new Vmalloc(mapper, slab);
    kvMalloc = new KvMalloc(slab, vmalloc);
    kmap = new Kmap(mapper);
    kernelMemory = new KernelMemory(mmu, architecture);
    pageCache = new PageCache(allocator, slab);
    manager = new MemoryManager(allocator, kernelPageTable, mmu, pageCache, slab);
    if (config.pcid()) {
      manager.usePcid();
    }
    reclaim = new Reclaim(manager, config.reclaimPolicy());
    listenToAccesses(config.recordPages());
    faults = new FaultHandler(manager);

    manager.swap().areas().connect(vmalloc, kvMalloc, log);
    swap = new MachineSwap(manager);
    ZswapParameters zswap = config.zswap();
    if (zswap != null) {
      manager.swap().useZswap(zswap, slab);
    }
    pages = new KernelPages(allocator);
    Layout layout = config.layout();
    pageCache.setColdFiles(config.coldFiles());
    pageCache.setCutsToGrow(layout.cutsFilesToGrow());
    if (layout.ordersWindows()) {
      pageCache.setOrderedWindows();
    }
    pageCache.setUnmapsBehindHoles(layout.unmapsBehindHoles());
  }

  /**
   * Lays out RAM, and builds zones, caches and the kernel's page table.
   *
   * @throws UsageException if the host cannot give that much RAM, or the machine cannot have it
   */
  static MachineMemory boot(MachineConfig config) {
    Architecture architecture = architecture(config);
    if (config.ramBytes() > architecture.maxRamBytes()) {
      throw new UsageException(
          "RAM of %d bytes cannot be: %s machines have at most %d"
              .formatted(config.ramBytes(), architecture.name(), architecture.maxRamBytes()));
    }
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(architecture, config.ramBytes());
    Ram ram;
    try {
      ram = Ram.reserve(map.endPhysicalAddress());
    } catch (OutOfMemoryError e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    try {
      return new MachineMemory(config, architecture, ram, map);
    } catch (Throwable failure) {
      ram.close();
      throw failure;
    }
  }

  private static Architecture architecture(MachineConfig config) {
    return switch (config.pageTableFormat()) {
      case TWO_LEVEL -> Architecture.I386;
      case PAE -> Architecture.I386_PAE;
      case FOUR_LEVEL -> Architecture.COMPAT;
    };
  }

  /** Some policies, and recordings, want to know of every access. */
  private void listenToAccesses(@Nullable Path recordTo) {
    if (recordTo != null) {
      try {
        reclaim.record(recordTo);
      } catch (IOException failure) {
        throw new UsageException("the recording of pages cannot be made: " + failure.getMessage());
      }
    }
    PageAccessListener listener = reclaim.accessListener();
    if (listener != null) {
      mmu.setAccessListener(listener);
    }
  }

  /** What all of this is made of. */
  Ram ram() {
    return ram;
  }

  /** Recounts who uses pages and objects, before {@link #auditAllocators}. */
  void audit(Audit audit) {
    manager.audit(audit);
    reclaim.audit(audit);
    pages.audit(audit);
  }

  /** Recounts the allocators themselves, when every user has told what he has. */
  void auditAllocators(Audit audit) {
    slab.audit(audit);
    vmalloc.audit(audit);
    kmap.audit(audit);
    PageAllocatorAudit.audit(allocator, audit);
    MemMapAudit.audit(manager.memMap(), audit);
  }

  /** Gives the swap disks and the RAM back. */
  @Override
  public void close() {
    swap.close();
    ram.close();
  }
}
