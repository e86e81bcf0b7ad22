package org.memarium.mm.vmalloc;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.Kmalloc;

/**
 * {@code get_vm_area} and {@code remove_vm_area} (Linux 6.1 {@code mm/vmalloc.c}): addresses
 * together with what they are for. Each {@link VmStruct} holds memory from kmalloc, as large as
 * Linux's.
 */
final class VmAreas {
  private final VmapSpace space;
  private final VmapAreas areas;
  private final Kmalloc kmalloc;
  private final KernelLayout layout;
  private final int vmStructBytes;

  VmAreas(VmapSpace space, KernelLayout layout, PageTableFormat format, Kmalloc kmalloc) {
    this.space = space;
    this.areas = space.areas;
    this.kmalloc = kmalloc;
    this.layout = layout;
    // 32 bits: seven words and a phys_addr_t; 64 bits: eight words, two of them halved.
    boolean wide = format.linearBits() > 32;
    this.vmStructBytes = wide ? 64 : 28 + (format.physicalBits() > 32 ? 8 : 4);
  }

  /** {@code get_vm_area_caller}: anywhere in the area for vmalloc. */
  @Nullable VmStruct get(
      long pages, long alignBytes, int flags, int gfpFlags, @Nullable String caller) {
    return get(
        pages, alignBytes, layout.vmallocStart(), layout.vmallocEnd(), flags, gfpFlags, caller);
  }

  /**
   * {@code __get_vm_area_node}: addresses for so many pages and a guard page; nothing is mapped.
   *
   * @return null if there is no room or no memory
   */
  @Nullable VmStruct get(
      long pages,
      long alignBytes,
      long start,
      long end,
      int flags,
      int gfpFlags,
      @Nullable String caller) {
    long slot = kmalloc.kzalloc(vmStructBytes, gfpFlags & Gfp.RECLAIM_MASK);
    if (slot == 0) {
      return null;
    }
    long guarded = (flags & VmStruct.NO_GUARD) == 0 ? pages + 1 : pages;
    long bytes = guarded << Ram.PAGE_SHIFT;
    int area = space.allocate(bytes, alignBytes, start, end, gfpFlags);
    return describe(area, slot, flags, caller);
  }

  /** Addresses that the caller has found to be free, without a guard page. */
  @Nullable VmStruct getAt(long start, long bytes, int gfpFlags, String caller) {
    long slot = kmalloc.kzalloc(vmStructBytes, gfpFlags & Gfp.RECLAIM_MASK);
    if (slot == 0) {
      return null;
    }
    int area = space.allocateAt(start, bytes, gfpFlags);
    return describe(area, slot, VmStruct.ALLOC | VmStruct.NO_GUARD, caller);
  }

  /** {@code setup_vmalloc_vm}; null if there is no area. */
  private @Nullable VmStruct describe(int area, long slot, int flags, @Nullable String caller) {
    if (area == VmapAreas.NONE) {
      kmalloc.kfree(slot);
      return null;
    }
    VmStruct vm = new VmStruct(slot, areas.start[area], areas.size(area), flags, caller);
    areas.vm[area] = vm;
    return vm;
  }

  /** What an address of the area belongs to; null for nothing. */
  @Nullable VmStruct find(long address) {
    int area = space.find(address);
    return area == VmapAreas.NONE ? null : areas.vm[area];
  }

  /**
   * {@code find_vm_area}: the area that begins at an address.
   *
   * @param what the function that asks, for the message
   * @param kind a flag that it must have
   * @throws IllegalArgumentException in one line, if there is none
   */
  VmStruct at(String what, long address, int kind) {
    if ((address & (Ram.PAGE_SIZE - 1)) != 0) {
      throw new IllegalArgumentException(
          "trying to %s bad address 0x%08x: it does not begin a page".formatted(what, address));
    }
    VmStruct vm = find(address);
    if (vm == null) {
      throw new IllegalArgumentException(
          "trying to %s nonexistent vm area 0x%08x".formatted(what, address));
    }
    if (vm.address != address || !vm.has(kind)) {
      throw new IllegalArgumentException(
          "trying to %s 0x%08x, of the area 0x%08x-0x%08x made by %s"
              .formatted(what, address, vm.address, vm.address + vm.bytes, vm.maker()));
    }
    return vm;
  }

  /** {@code remove_vm_area}: unmaps an area; its addresses are free after the next purge. */
  void remove(VmStruct vm) {
    space.freeUnmap(space.find(vm.address));
    kmalloc.kfree(vm.slot);
  }

  /** Undoes {@link #get}, while nothing has been mapped: the addresses are free at once. */
  void cancel(VmStruct vm) {
    space.freeNow(space.find(vm.address));
    kmalloc.kfree(vm.slot);
  }
}
