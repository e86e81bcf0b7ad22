package org.memarium.bench;

import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/** RAM, allocator and kernel page table of a machine, as it boots. */
record Memory(Ram ram, KernelPageTable kernel, PageAllocator allocator) {
  static Memory boot(Architecture architecture, long mib) {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(architecture, mib << 20);
    Ram ram = Ram.reserve(map.endPhysicalAddress());
    Memblock memblock = new Memblock(architecture, map);
    KernelPageTable kernel = new KernelPageTable(ram, memblock);
    PageAllocator allocator =
        PageAllocator.boot(
            ram, memblock, PageAllocator.DEFAULT_MAX_ORDER, new VmStat(), new Trace());
    return new Memory(ram, kernel, allocator);
  }
}
