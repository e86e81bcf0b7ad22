package org.memarium.bench;

import java.util.Objects;
import org.memarium.hardware.Mmu;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.KernelLog;

/** One address space of an i386 machine, without a processor. */
final class Space {
  final Memory memory;
  final Mmu mmu;
  final MmStruct mm;

  Space(long mib) {
    memory = Memory.boot(Architecture.I386, mib);
    mmu = new Mmu(memory.ram(), Architecture.I386.pageTableFormat(), 64, 4);
    SlabAllocator slab =
        new SlabAllocator(memory.allocator(), SlabConfig.LINUX_6_1, new KernelLog());
    MemoryManager manager =
        new MemoryManager(
            memory.allocator(),
            memory.kernel(),
            mmu,
            new PageCache(memory.allocator(), slab),
            slab);
    FaultHandler faults = new FaultHandler(manager);
    MmStruct made =
        Objects.requireNonNull(MmStruct.allocate(manager, Layout.I386, RLimits.initial(1000)));
    mm = made;
    mmu.setFaultHandler((linearAddress, errorCode) ->
        faults.handleMmFault(made, linearAddress, errorCode).isHandled());
    mm.unmappedArea().pickLayout(false, null);
    mm.activate();
  }

  /** Maps private anonymous memory where the kernel likes. */
  long map(long bytes, int prot) {
    long address =
        mm.mmap(0, bytes, prot, MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS, null, 0);
    if (address < 0) {
      throw new IllegalStateException("mmap: " + address);
    }
    return address;
  }

  void unmap(long address, long bytes) {
    long result = mm.munmap(address, bytes);
    if (result != 0) {
      throw new IllegalStateException("munmap: " + result);
    }
  }
}
