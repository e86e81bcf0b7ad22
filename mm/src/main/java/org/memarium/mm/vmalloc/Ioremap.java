package org.memarium.mm.vmalloc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;

/**
 * {@code ioremap} (Linux 6.1 {@code arch/x86/mm/ioremap.c}): kernel addresses for physical
 * addresses where devices are. Uncached, and never of RAM, which the kernel has mapped already with
 * another kind of caching.
 */
final class Ioremap {
  /** {@code PAGE_KERNEL_IO_NOCACHE}. */
  static final long PAGE_KERNEL_NOCACHE =
      KernelPageTable.PAGE_KERNEL | PageTableEntry.CACHE_DISABLED;

  private static final long OFFSET_MASK = Ram.PAGE_SIZE - 1;

  private final KernelMapper mapper;
  private final VmAreas vmAreas;
  private final List<PhysicalMemoryMap.Range> ranges;
  private final long physicalEnd;
  private final int maxAlignShift;

  Ioremap(KernelMapper mapper, VmAreas vmAreas) {
    this.mapper = mapper;
    this.vmAreas = vmAreas;
    this.ranges = mapper.allocator().memblock().map().ranges();
    PageTableFormat format = mapper.allocator().architecture().pageTableFormat();
    this.physicalEnd = 1L << format.physicalBits();
    // IOREMAP_MAX_ORDER: what one entry of a PMD covers, or of a PUD with 64 bits.
    this.maxAlignShift = format.shift(format.levels() == 4 ? 3 : 2);
  }

  /** {@code __ioremap_caller}. */
  long map(long physicalAddress, long bytes, @Nullable String caller) {
    if (physicalAddress < 0 || bytes <= 0 || physicalEnd - physicalAddress < bytes) {
      return 0;
    }
    long first = physicalAddress & ~OFFSET_MASK;
    long end = (physicalAddress + bytes + OFFSET_MASK) & ~OFFSET_MASK;
    if (isRam(first, end)) {
      return 0;
    }
    long pages = (end - first) >>> Ram.PAGE_SHIFT;
    VmStruct vm = vmAreas.get(pages, align(end - first), VmStruct.IOREMAP, Gfp.GFP_KERNEL, caller);
    if (vm == null) {
      return 0;
    }
    if (!mapper.populate(vm.address, vm.address + vm.usableBytes())) {
      vmAreas.cancel(vm);
      return 0;
    }
    vm.physicalAddress = first;
    mapper.mapPhysical(vm.address, first, pages, PAGE_KERNEL_NOCACHE);
    return vm.address + (physicalAddress & OFFSET_MASK);
  }

  /** The power of two that is not less than the size, at most what one large page could map. */
  private long align(long bytes) {
    int shift = Long.SIZE - Long.numberOfLeadingZeros(bytes - 1);
    return 1L << Math.clamp(shift, Ram.PAGE_SHIFT, maxAlignShift);
  }

  /** {@code __ioremap_check_ram}: whether a whole page of RAM is in a range. */
  private boolean isRam(long start, long end) {
    for (PhysicalMemoryMap.Range range : ranges) {
      if (range.kind() == PhysicalMemoryMap.Kind.RAM) {
        long firstPage = (range.start() + OFFSET_MASK) & ~OFFSET_MASK;
        long endPage = range.end() & ~OFFSET_MASK;
        if (Math.max(start, firstPage) < Math.min(end, endPage)) {
          return true;
        }
      }
    }
    return false;
  }

  /** {@code iounmap}: any address in the first page will do, as ioremap may have returned it. */
  void unmap(long address) {
    vmAreas.remove(vmAreas.at("iounmap", address & ~OFFSET_MASK, VmStruct.IOREMAP));
  }
}
