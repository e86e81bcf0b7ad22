package org.memarium.mm.vmalloc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.KernelMapper;

/**
 * {@code vmalloc} and its family (Linux 6.1 {@code mm/vmalloc.c}, {@code arch/x86/mm/ioremap.c}):
 * areas of kernel memory that are contiguous in linear addresses only. One a machine.
 *
 * <p>Pages are taken one by one, from high memory too, and mapped in {@code init_mm}. Behind each
 * area lies a guard page that is not mapped. What fails returns 0 and leaves no trace; misuse
 * throws {@link IllegalArgumentException} with one line.
 *
 * <p>Each function comes twice: with the name of its caller, for {@code /proc/vmallocinfo}, and
 * without, which names the Java method that calls.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Vmalloc {
  private final KernelMapper mapper;

  /** Nothing allocated yet. */
  public Vmalloc(KernelMapper mapper) {
    this.mapper = mapper;
  }

  private static UnsupportedOperationException soon() {
    return new UnsupportedOperationException("vmalloc is not built yet");
  }

  /** {@code vmalloc}: at least so many bytes; their address, or 0. */
  public long vmalloc(long bytes) {
    return allocate(bytes, 1, Gfp.GFP_KERNEL, 0, caller());
  }

  /** {@code vzalloc}: zeroed. */
  public long vzalloc(long bytes) {
    return allocate(bytes, 1, Gfp.GFP_KERNEL | Gfp.ZERO, 0, caller());
  }

  /** {@code vmalloc_user}: zeroed, and may be mapped to programs. */
  public long vmallocUser(long bytes) {
    return allocate(bytes, 1, Gfp.GFP_KERNEL | Gfp.ZERO, VmStruct.USERMAP, caller());
  }

  /** {@code vmalloc_32}: from frames below 4 GiB. */
  public long vmalloc32(long bytes) {
    return allocate(bytes, 1, Gfp.GFP_KERNEL | Gfp.DMA32, 0, caller());
  }

  /** {@code __vmalloc}: as the flags say. */
  public long vmallocGfp(long bytes, int gfpFlags) {
    return allocate(bytes, 1, gfpFlags, 0, caller());
  }

  /**
   * {@code __vmalloc_node_range} in the whole area.
   *
   * @param alignBytes a power of two
   * @param flags of {@link VmStruct}
   * @param caller who asks
   * @return the address, or 0
   */
  public long allocate(
      long bytes, long alignBytes, int gfpFlags, int flags, @Nullable String caller) {
    throw soon();
  }

  /** {@code vfree}: 0 is nothing. */
  public void vfree(long address) {
    throw soon();
  }

  /** {@code vmap}: maps frames that belong to the caller; the address, or 0. */
  public long vmap(int[] pfns) {
    throw soon();
  }

  /** {@code vunmap}: 0 is nothing. */
  public void vunmap(long address) {
    throw soon();
  }

  /** {@code ioremap}: maps physical addresses that are not RAM; the address, or 0. */
  public long ioremap(long physicalAddress, long bytes) {
    throw soon();
  }

  /** {@code iounmap}. */
  public void iounmap(long address) {
    throw soon();
  }

  /** {@code vmalloc_to_pfn}: the frame behind an address; -1 if none is mapped. */
  public int vmallocToPfn(long address) {
    throw soon();
  }

  /** {@code is_vmalloc_addr}. */
  public boolean isVmallocAddress(long address) {
    return mapper.layout().isVmallocAddress(address);
  }

  /** {@code VmallocTotal}, in bytes. */
  public long totalBytes() {
    return mapper.layout().vmallocTotalBytes();
  }

  /** {@code vmalloc_nr_pages}: {@code VmallocUsed}, in pages. */
  public long usedPages() {
    throw soon();
  }

  /** {@code /proc/vmallocinfo}: all areas in the order of addresses, then those not purged yet. */
  public List<VmallocInfo> info() {
    throw soon();
  }

  /** {@code vm_unmap_aliases}: gives freed areas back at once, with one flush. */
  public void unmapAliases() {
    throw soon();
  }

  /** Recounts areas, pages and page-table entries. */
  public void audit(Audit audit) {
    throw soon();
  }

  private static String caller() {
    return StackWalker.getInstance()
        .walk(frames ->
            frames
                .filter(frame -> !frame.getClassName().equals(Vmalloc.class.getName()))
                .findFirst()
                .map(frame -> simple(frame.getClassName()) + "." + frame.getMethodName())
                .orElse("unknown"));
  }

  private static String simple(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}
