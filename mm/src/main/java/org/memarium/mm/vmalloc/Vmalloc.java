package org.memarium.mm.vmalloc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabFlags;

/**
 * {@code vmalloc} and its family (Linux 6.1 {@code mm/vmalloc.c}): areas of kernel memory that are
 * contiguous in linear addresses only. One a machine.
 *
 * <p>Pages are taken one by one, from high memory too, and mapped in {@code init_mm}. Behind each
 * area lies a guard page that is not mapped. What fails returns 0 and leaves no trace; misuse
 * throws {@link IllegalArgumentException} with one line.
 *
 * <p>A freed area's entries are gone at once. Its addresses are given out again, and the TLB is
 * told, when 32 MiB of them have come together, or when there is no other room.
 *
 * <p>Each function that makes an area comes with the name of its caller, for {@code
 * /proc/vmallocinfo}, and without: then the name is that of the calling Java method, which takes a
 * microsecond to find.
 */
public final class Vmalloc {
  private final KernelMapper mapper;
  private final KernelLayout layout;
  private final PageAllocator allocator;
  private final Kmalloc kmalloc;
  private final VmapSpace space;
  private final VmAreas vmAreas;
  private final VmapBlocks blocks;
  private final Ioremap ioremap;
  private final PercpuAreas percpu;
  private final PageArray pageArray;

  /** {@code nr_vmalloc_pages}. */
  private long usedPages;

  /**
   * {@code vmalloc_init}.
   *
   * @throws IllegalArgumentException if RAM is too small
   */
  public Vmalloc(KernelMapper mapper, SlabAllocator slabs) {
    this.mapper = mapper;
    this.layout = mapper.layout();
    this.allocator = mapper.allocator();
    this.kmalloc = slabs.kmalloc();
    PageTableFormat format = allocator.architecture().pageTableFormat();
    // Eight words: addresses, three of the tree, two of the list, the largest below.
    int areaBytes = format.linearBits() > 32 ? 64 : 32;
    KmemCache cache = slabs.kmemCacheCreate("vmap_area", areaBytes, 0, SlabFlags.PANIC, null);
    if (cache == null) {
      throw new IllegalArgumentException("RAM is too little for the cache vmap_area");
    }
    this.space = new VmapSpace(mapper, cache);
    this.vmAreas = new VmAreas(space, layout, format, kmalloc);
    this.blocks = new VmapBlocks(mapper, space, kmalloc);
    this.ioremap = new Ioremap(mapper, vmAreas);
    this.percpu = new PercpuAreas(space, vmAreas, layout);
    this.pageArray = new PageArray(mapper);
  }

  // ---- vmalloc ----

  /** {@code vmalloc}: at least so many bytes; their address, or 0. */
  public long vmalloc(long bytes) {
    return vmalloc(bytes, 1, Gfp.GFP_KERNEL, 0, Callers.outside());
  }

  /** {@code vzalloc}: zeroed. */
  public long vzalloc(long bytes) {
    return vmalloc(bytes, 1, Gfp.GFP_KERNEL | Gfp.ZERO, 0, Callers.outside());
  }

  /** {@code vmalloc_user}: zeroed, and may be mapped to programs. */
  public long vmallocUser(long bytes) {
    return vmalloc(bytes, 1, Gfp.GFP_KERNEL | Gfp.ZERO, VmStruct.USERMAP, Callers.outside());
  }

  /** {@code vmalloc_32}: from frames below 4 GiB that the kernel always reaches. */
  public long vmalloc32(long bytes) {
    return vmalloc(bytes, 1, Gfp.GFP_KERNEL | Gfp.DMA32, 0, Callers.outside());
  }

  /** {@code __vmalloc}: as the GFP flags say. */
  public long vmalloc(long bytes, int gfpFlags) {
    return vmalloc(bytes, 1, gfpFlags, 0, Callers.outside());
  }

  /** {@link #vmallocRange} in all of the area. */
  public long vmalloc(
      long bytes, long alignBytes, int gfpFlags, int flags, @Nullable String caller) {
    long start = layout.vmallocStart();
    return vmallocRange(bytes, alignBytes, start, layout.vmallocEnd(), gfpFlags, flags, caller);
  }

  /**
   * {@code __vmalloc_node_range}.
   *
   * @param bytes at least so many; the address is that of a whole page
   * @param alignBytes a power of two
   * @param start the lowest address allowed
   * @param end the end of what is allowed
   * @param gfpFlags where pages come from, and how hard to try; HighMem is added
   * @param flags of {@link VmStruct}; ALLOC is added
   * @param caller for {@code /proc/vmallocinfo}
   * @return the address; 0 if there are not so many addresses or pages, or {@code bytes} is 0
   * @throws IllegalArgumentException if the alignment is no power of two, or the range is not in
   *     the area
   */
  public long vmallocRange(
      long bytes,
      long alignBytes,
      long start,
      long end,
      int gfpFlags,
      int flags,
      @Nullable String caller) {
    checkRange(alignBytes, start, end);
    if (bytes <= 0 || bytes >>> Ram.PAGE_SHIFT > allocator.node().totalRamPages()) {
      return 0;
    }
    int pages = (int) ((bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
    int kind = flags | VmStruct.ALLOC;
    VmStruct vm = vmAreas.get(pages, alignBytes, start, end, kind, gfpFlags, caller);
    if (vm == null) {
      return 0;
    }
    int gfp = (gfpFlags & (Gfp.DMA | Gfp.DMA32)) == 0 ? gfpFlags | Gfp.HIGHMEM : gfpFlags;
    if (!fill(vm, pages, gfp)) {
      vmAreas.cancel(vm);
      return 0;
    }
    return vm.address;
  }

  private void checkRange(long alignBytes, long start, long end) {
    if (alignBytes <= 0 || Long.bitCount(alignBytes) != 1) {
      throw new IllegalArgumentException(
          "the alignment must be a power of two, not %,d".formatted(alignBytes));
    }
    if (start < layout.vmallocStart() || end > layout.vmallocEnd() || start > end) {
      throw new IllegalArgumentException(
          "0x%08x-0x%08x is not in the area for vmalloc, 0x%08x-0x%08x"
              .formatted(start, end, layout.vmallocStart(), layout.vmallocEnd()));
    }
  }

  /** {@code __vmalloc_area_node}: gives an area its pages; false leaves it as it was. */
  private boolean fill(VmStruct vm, int pages, int gfpFlags) {
    long arrayBytes = pageArray.bytes(pages);
    int nested = (gfpFlags & Gfp.RECLAIM_MASK) | Gfp.ZERO;
    long array =
        arrayBytes > Ram.PAGE_SIZE
            ? vmalloc(arrayBytes, 1, nested, 0, vm.caller)
            : kmalloc.kmalloc(arrayBytes, nested);
    if (array == 0) {
      return false;
    }
    int got = pageArray.allocate(array, pages, gfpFlags);
    long end = vm.address + ((long) pages << Ram.PAGE_SHIFT);
    if (got < pages || !mapper.populate(vm.address, end)) {
      pageArray.free(array, got);
      kvfree(array);
      return false;
    }
    pageArray.map(array, pages, vm.address, KernelPageTable.PAGE_KERNEL);
    vm.pages = array;
    vm.pageCount = pages;
    usedPages += pages;
    return true;
  }

  /**
   * {@code vfree}: gives an area and its pages back; 0 is nothing.
   *
   * @throws IllegalArgumentException if vmalloc did not return that address
   */
  public void vfree(long address) {
    if (address == 0) {
      return;
    }
    VmStruct vm = vmAreas.at("vfree", address, VmStruct.ALLOC);
    vmAreas.remove(vm);
    pageArray.free(vm.pages, vm.pageCount);
    usedPages -= vm.pageCount;
    kvfree(vm.pages);
  }

  private void kvfree(long array) {
    if (isVmallocAddress(array)) {
      vfree(array);
    } else {
      kmalloc.kfree(array);
    }
  }

  // ---- vmap ----

  /** {@code vmap} with {@code VM_MAP}: see {@link #vmap(int[], String)}. */
  public long vmap(int[] pfns) {
    return vmap(pfns, Callers.outside());
  }

  /**
   * {@code vmap}: maps frames one after the other; they stay the caller's.
   *
   * @return the address, or 0
   * @throws IllegalArgumentException if there is no such frame
   */
  public long vmap(int[] pfns, @Nullable String caller) {
    checkFrames(pfns);
    if (pfns.length == 0 || pfns.length > allocator.node().totalRamPages()) {
      return 0;
    }
    VmStruct vm = vmAreas.get(pfns.length, 1, VmStruct.MAP, Gfp.GFP_KERNEL, caller);
    if (vm == null) {
      return 0;
    }
    if (!mapper.populate(vm.address, vm.address + vm.usableBytes())) {
      vmAreas.cancel(vm);
      return 0;
    }
    mapper.map(vm.address, pfns, 0, pfns.length, KernelPageTable.PAGE_KERNEL);
    return vm.address;
  }

  private void checkFrames(int[] pfns) {
    for (int pfn : pfns) {
      if (pfn < 0 || pfn >= allocator.memMap().frames()) {
        throw new IllegalArgumentException("there is no " + allocator.memMap().describe(pfn));
      }
    }
  }

  /**
   * {@code vunmap}: undoes {@link #vmap}; 0 is nothing.
   *
   * @throws IllegalArgumentException if vmap did not return that address
   */
  public void vunmap(long address) {
    if (address != 0) {
      vmAreas.remove(vmAreas.at("vunmap", address, VmStruct.MAP));
    }
  }

  /**
   * {@code vm_map_ram}: maps frames for a short time; few of them share an area and its flush.
   *
   * @return the address, or 0
   * @throws IllegalArgumentException if there is no such frame, or none at all
   */
  public long vmMapRam(int[] pfns) {
    checkFrames(pfns);
    return blocks.map(pfns);
  }

  /**
   * {@code vm_unmap_ram}: undoes {@link #vmMapRam}.
   *
   * @param pages how many frames there were
   * @throws IllegalArgumentException if that address was not returned for so many
   */
  public void vmUnmapRam(long address, int pages) {
    blocks.unmap(address, pages);
  }

  /** {@code vm_unmap_aliases}: gives freed areas back at once, with one flush of the TLB. */
  public void vmUnmapAliases() {
    blocks.unmapAliases();
  }

  // ---- ioremap ----

  /** {@code ioremap}: see {@link #ioremap(long, long, String)}. */
  public long ioremap(long physicalAddress, long bytes) {
    return ioremap(physicalAddress, bytes, Callers.outside());
  }

  /**
   * {@code ioremap}: maps physical addresses that are not RAM, uncached.
   *
   * @param physicalAddress of any alignment
   * @return the address of its first byte; 0 if there is no room, no such address, or RAM there
   */
  public long ioremap(long physicalAddress, long bytes, @Nullable String caller) {
    return ioremap.map(physicalAddress, bytes, caller);
  }

  /**
   * {@code iounmap}: undoes {@link #ioremap}.
   *
   * @throws IllegalArgumentException if ioremap did not return that address
   */
  public void iounmap(long address) {
    ioremap.unmap(address);
  }

  // ---- Per-CPU areas ----

  /**
   * {@code pcpu_get_vm_areas}: areas at fixed distances from each other, as high as they go. They
   * have no guard pages, and nothing is mapped.
   *
   * @param offsets distance of each from a common base, which is aligned
   * @param bytes of each
   * @return the address of each; null if there is no room or no memory
   */
  public long @Nullable [] pcpuGetVmAreas(long[] offsets, long[] bytes, long alignBytes) {
    checkRange(alignBytes, layout.vmallocStart(), layout.vmallocEnd());
    return percpu.get(offsets, bytes, alignBytes);
  }

  /** {@code pcpu_free_vm_areas}. */
  public void pcpuFreeVmAreas(long[] addresses) {
    for (long address : addresses) {
      vmAreas.remove(vmAreas.at("free_vm_area", address, VmStruct.ALLOC));
    }
  }

  // ---- What there is ----

  /** {@code is_vmalloc_addr}. */
  public boolean isVmallocAddress(long address) {
    return layout.isVmallocAddress(address);
  }

  /** {@code vmalloc_to_pfn}: the frame behind an address of the area; -1 if none is mapped. */
  public int vmallocToPfn(long address) {
    long physical = isVmallocAddress(address) ? mapper.physicalAddress(address) : -1;
    return (int) (physical >> Ram.PAGE_SHIFT);
  }

  /** {@code VMALLOC_TOTAL}: {@code VmallocTotal} of {@code /proc/meminfo}, in bytes. */
  public long totalBytes() {
    return layout.vmallocTotalBytes();
  }

  /** {@code vmalloc_nr_pages}: {@code VmallocUsed}, in pages. */
  public long usedPages() {
    return usedPages;
  }

  /** {@code vmap_lazy_nr}: pages of addresses that are freed and wait for the flush. */
  public long lazyPages() {
    return space.lazyPages();
  }

  /** How often the TLB was flushed for what had been freed. */
  public long purges() {
    return space.purges();
  }

  /** {@code /proc/vmallocinfo}: areas in the order of addresses, then what is not purged yet. */
  public List<VmallocInfo> info() {
    return VmallocInfo.of(space, layout);
  }

  /** Recounts areas, pages and page-table entries. */
  public void audit(Audit audit) {
    mapper.audit(audit);
    space.audit(audit);
    new VmallocAudit(audit, mapper, space, pageArray).run(usedPages);
    blocks.audit(audit);
  }
}
