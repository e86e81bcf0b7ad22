package org.memarium.mm.vmalloc;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;

/**
 * {@code struct vm_struct}: what an area of the kernel is for (Linux 6.1 {@code
 * include/linux/vmalloc.h}).
 *
 * <pre>
 *    6   5   4   3   2   1   0
 *  +---+---+---+---+---+---+---+
 *  |NOG| 0 | 0 |USR|MAP|ALL|IOR|
 *  +---+---+---+---+---+---+---+
 *  IOR  ioremap() and friends        USR  suitable for remap_vmalloc_range
 *  ALL  vmalloc()                    NOG  no guard page behind it
 *  MAP  vmap() of pages
 * </pre>
 */
public final class VmStruct {
  /** {@code VM_IOREMAP}. */
  public static final int IOREMAP = 0x01;

  /** {@code VM_ALLOC}. */
  public static final int ALLOC = 0x02;

  /** {@code VM_MAP}. */
  public static final int MAP = 0x04;

  /** {@code VM_USERMAP}. */
  public static final int USERMAP = 0x08;

  /** {@code VM_NO_GUARD}. */
  public static final int NO_GUARD = 0x40;

  /** The linear address of what kmalloc gave for the descriptor. */
  final long slot;

  /** Its first linear address. */
  final long address;

  /** Its size, the guard page included. */
  final long bytes;

  final int flags;
  final @Nullable String caller;

  /** The linear address of the array of its frames, see {@link PageArray}; 0 if it has none. */
  long pages;

  /** {@code nr_pages}: how many frames were allocated for it. */
  int pageCount;

  /** What {@code ioremap} mapped. */
  long physicalAddress;

  VmStruct(long slot, long address, long bytes, int flags, @Nullable String caller) {
    this.slot = slot;
    this.address = address;
    this.bytes = bytes;
    this.flags = flags;
    this.caller = caller;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** {@code get_vm_area_size}: without the guard page. */
  long usableBytes() {
    return has(NO_GUARD) ? bytes : bytes - Ram.PAGE_SIZE;
  }

  /** The function that makes areas of this kind. */
  String maker() {
    if (has(IOREMAP)) {
      return "ioremap";
    }
    return has(ALLOC) ? "vmalloc" : "vmap";
  }

  /** Who owns its frames, in words of the audit. */
  String owner() {
    return "vmalloc " + (caller == null ? "unknown" : caller);
  }
}
