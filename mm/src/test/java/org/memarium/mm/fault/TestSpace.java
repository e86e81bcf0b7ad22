package org.memarium.mm.fault;

import java.util.Objects;
import org.memarium.hardware.Mmu;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.Vma;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.vmalloc.Vmalloc;

/** A booted machine without a processor: an MMU, one address space, and faults that are handled. */
public final class TestSpace implements AutoCloseable {
  public static final int RW = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
  public static final int PRIVATE = MmapFlags.MAP_PRIVATE;
  public static final int SHARED = MmapFlags.MAP_SHARED;
  public static final int ANON = MmapFlags.MAP_ANONYMOUS | MmapFlags.MAP_PRIVATE;
  public static final int FIXED = MmapFlags.MAP_FIXED;

  public final BootedMemory memory;
  public final Mmu mmu;
  public final SlabAllocator slab;
  public final Vmalloc vmalloc;
  public final PageCache pageCache;
  public final MemoryManager manager;
  public final Reclaim reclaim;
  public final FaultHandler faults;
  public final RLimits limits = RLimits.initial(1000);
  public final MmStruct mm;

  private TestSpace(Architecture architecture, int ramMib, SlabConfig slabConfig) {
    memory = BootedMemory.boot(architecture, ramMib);
    mmu = new Mmu(memory.ram, architecture.pageTableFormat(), 64, 4);
    slab = new SlabAllocator(memory.allocator, slabConfig, new KernelLog());
    mmu.loadCr3(memory.kernel.pgd());
    vmalloc = new Vmalloc(new KernelMapper(memory.kernel, memory.allocator, mmu), slab);
    pageCache = new PageCache(memory.allocator, slab);
    manager = new MemoryManager(memory.allocator, memory.kernel, mmu, pageCache, slab);
    reclaim = new Reclaim(manager);
    faults = new FaultHandler(manager);
    Layout layout = architecture.name().equals("compat") ? Layout.COMPAT : Layout.I386;
    mm = Objects.requireNonNull(MmStruct.allocate(manager, layout, limits));
    mmu.setFaultHandler((linearAddress, errorCode) -> {
      boolean handled = faults.handleMmFault(mm, linearAddress, errorCode).isHandled();
      reclaim.kswapd().run();
      return handled;
    });
    mm.activate();
  }

  /** The i386 machine with 64 MiB. */
  public static TestSpace i386() {
    return boot(Architecture.I386, 64);
  }

  public static TestSpace boot(Architecture architecture, int ramMib) {
    return new TestSpace(architecture, ramMib, SlabConfig.LINUX_6_1);
  }

  /** One whose slab allocations {@code slab.failSlab()} can make fail. */
  public static TestSpace withFailslab() {
    TestSpace made = i386();
    made.slab.failSlab().setIgnoreGfpReclaim(false);
    return made;
  }

  /** Maps private anonymous memory. */
  public long mapAnon(long address, long bytes, int prot, int moreFlags) {
    return mm.mmap(address, bytes, prot, ANON | moreFlags, null, 0);
  }

  public long mapFile(MappedFile file, long bytes, int prot, int mapFlags, long pageOffset) {
    return mm.mmap(0, bytes, prot, mapFlags, file, pageOffset);
  }

  /** The areas, one a line, as maps has them without devices and names. */
  public String maps() {
    StringBuilder text = new StringBuilder();
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      text.append("%08x-%08x %s\n".formatted(area.start(), area.end(), area.rights()));
    }
    return text.toString();
  }

  /** Recounts everything. */
  public void audit() {
    Audit audit = memory.beginAudit();
    manager.audit(audit);
    reclaim.audit(audit);
    vmalloc.audit(audit);
    slab.audit(audit);
    memory.finish(audit);
  }

  /** Ends the address space, recounts, and gives the RAM back. */
  @Override
  public void close() {
    audit();
    mm.exit();
    audit();
    memory.close();
  }
}
