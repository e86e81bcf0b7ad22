package org.memarium.mm;

import org.memarium.hardware.Ram;
import org.memarium.mm.frame.KernelImage;
import org.memarium.mm.frame.MemMapAudit;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageAllocatorAudit;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/** A machine's memory after boot, for tests: RAM, allocator and the kernel's page table. */
public final class BootedMemory implements AutoCloseable {
  public final Ram ram;
  public final VmStat vmStat = new VmStat();
  public final Trace trace = new Trace();
  public final KernelPageTable kernel;
  public final PageAllocator allocator;

  private BootedMemory(Architecture architecture, long mib, int maxOrder, KernelImage image) {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(architecture, mib << 20);
    ram = Ram.reserve(map.endPhysicalAddress());
    Memblock memblock = new Memblock(architecture, map, image);
    kernel = new KernelPageTable(ram, memblock);
    allocator = PageAllocator.boot(ram, memblock, maxOrder, vmStat, trace);
  }

  public static BootedMemory boot(Architecture architecture, long mib) {
    return boot(architecture, mib, PageAllocator.DEFAULT_MAX_ORDER);
  }

  public static BootedMemory boot(Architecture architecture, long mib, int maxOrder) {
    return new BootedMemory(architecture, mib, maxOrder, KernelImage.forRam(mib << 20));
  }

  /** With a kernel that lies elsewhere. */
  public static BootedMemory boot(Architecture architecture, long mib, KernelImage image) {
    return new BootedMemory(architecture, mib, PageAllocator.DEFAULT_MAX_ORDER, image);
  }

  /** An audit to which others add before {@link #finish}. */
  public Audit beginAudit() {
    return new Audit(allocator.memMap().frames());
  }

  /** Ends an audit with the frames' own part. */
  public void finish(Audit audit) {
    PageAllocatorAudit.audit(allocator, audit);
    MemMapAudit.audit(allocator.memMap(), audit);
    audit.finish();
  }

  @Override
  public void close() {
    ram.close();
  }
}
