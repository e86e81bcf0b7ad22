package org.memarium.mm.trace;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What costs time, and how much of it one takes where nobody says otherwise.
 *
 * <p>{@code docs/virtual-time.md} says on which machine the figures were measured, how, and which
 * are an estimate; each is an option. Those of {@link Part#DEVICE} decide when an I/O is done, and
 * so how long a program waits for it; those of reclaim, how far the device is when reclaim looks
 * again. The others are multiplied with counters when a report is made, and change nothing of what
 * a program does.
 */
public enum Cost {
  /** An instruction of a program. */
  INSTRUCTION("instruction", 100, Part.PROCESSOR),
  /** A page walk: a translation that the TLB had not. */
  TLB_WALK("tlb-walk", 28_000, Part.PROCESSOR),
  /** A load of CR3; the walks that follow come on top. */
  CR3_LOAD("cr3-load", 130_000, Part.PROCESSOR),
  /** {@code invlpg}. */
  INVLPG("invlpg", 110_000, Part.PROCESSOR),
  /** A system call, in and out; what it does comes on top. */
  SYSTEM_CALL("system-call", 170_000, Part.KERNEL),
  /** One task after another. */
  CONTEXT_SWITCH("context-switch", 620_000, Part.KERNEL),
  /** A page fault without I/O; zeroing and copying come on top. */
  MINOR_FAULT("minor-fault", 780_000, Part.KERNEL),
  /** A page fault with I/O: the work of the processor for it. */
  MAJOR_FAULT("major-fault", 2_500_000, Part.KERNEL),
  /** Taking a page from the allocator, and giving it back some time. */
  PAGE_ALLOC("page-alloc", 345_000, Part.KERNEL),
  /** Filling a page with zeroes. */
  PAGE_ZERO("page-zero", 190_000, Part.KERNEL),
  /** Copying a page: copy-on-write, compaction. */
  PAGE_COPY("page-copy", 350_000, Part.KERNEL),
  /** A page that reclaim looks at. */
  RECLAIM_SCAN("reclaim-scan", 55_000, Part.KERNEL),
  /** A page that reclaim takes. */
  RECLAIM_STEAL("reclaim-steal", 265_000, Part.KERNEL),
  /** The work of the processor for a page that reclaim writes; the device's comes on top. */
  PAGEOUT("pageout", 1_500_000, Part.KERNEL),
  /** An object that a shrinker of slabs looks at. */
  SLAB_SCAN("slab-scan", 60_000, Part.KERNEL),
  /** A page that a scanner of compaction looks at. */
  COMPACT_SCAN("compact-scan", 15_000, Part.KERNEL),
  /** A page that is compressed into zswap. */
  ZSWAP_STORE("zswap-store", 6_000_000, Part.KERNEL),
  /** A page that is brought back from zswap. */
  ZSWAP_LOAD("zswap-load", 2_000_000, Part.KERNEL),
  /** The time before a swap device begins to move the first page of a request. */
  SWAP_LATENCY("swap-latency", 44_000_000, Part.DEVICE),
  /** Reading a page from a swap device. */
  SWAP_READ("swap-read", 2_200_000, Part.DEVICE),
  /** Writing a page to a swap device. */
  SWAP_WRITE("swap-write", 2_200_000, Part.DEVICE),
  /** The time before a file's device begins to move the first page of a request. */
  FILE_LATENCY("file-latency", 44_000_000, Part.DEVICE),
  /** Reading a page of a file. */
  FILE_READ("file-read", 2_200_000, Part.DEVICE),
  /** Writing a page of a file. */
  FILE_WRITE("file-write", 2_200_000, Part.DEVICE);

  /** Whose time it is. */
  public enum Part {
    /** What the processor does by itself. */
    PROCESSOR,
    /** What the kernel's code does. */
    KERNEL,
    /** What a device does; the program meets it as waiting. */
    DEVICE
  }

  private final String word;
  private final long defaultPicos;
  private final Part part;

  Cost(String word, long defaultPicos, Part part) {
    this.word = word;
    this.defaultPicos = defaultPicos;
    this.part = part;
  }

  /** Its name among the options. */
  public String word() {
    return word;
  }

  /** Picoseconds, where nobody says otherwise. */
  public long defaultPicos() {
    return defaultPicos;
  }

  /** Whose time it is. */
  public Part part() {
    return part;
  }

  /** The one of this name; null: there is none. */
  public static @Nullable Cost named(String word) {
    for (Cost cost : values()) {
      if (cost.word.equals(word)) {
        return cost;
      }
    }
    return null;
  }

  /** All names, in order. */
  public static List<String> words() {
    List<String> words = new ArrayList<>();
    for (Cost cost : values()) {
      words.add(cost.word);
    }
    return words;
  }
}
