package org.memarium.app.shell;

import org.memarium.app.shell.Output.Style;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.StructSlab;

/** What a frame is used for, and how it is drawn. */
enum FrameKind {
  FREE('.', "free", Style.FREE),
  HOLE(' ', "no RAM", Style.DIM),
  RESERVED('R', "reserved at boot", Style.DIM),
  TABLE('T', "page table", Style.TABLE),
  SLAB('S', "slab", Style.SLAB),
  LARGE('L', "large kmalloc", Style.SLAB),
  FILE('F', "page of a file", Style.USER),
  ANON('A', "anonymous page", Style.USER),
  KERNEL('K', "other kernel memory", Style.KERNEL),
  PER_CPU('c', "free, on a per-CPU list", Style.FREE);

  private final char letter;
  private final String meaning;
  private final Style style;

  FrameKind(char letter, String meaning, Style style) {
    this.letter = letter;
    this.meaning = meaning;
    this.style = style;
  }

  char letter() {
    return letter;
  }

  String meaning() {
    return meaning;
  }

  Style style() {
    return style;
  }

  boolean isFree() {
    return this == FREE || this == PER_CPU;
  }

  /** What the block that begins with a frame is used for. */
  static FrameKind of(MemMap memMap, int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.BUDDY) != 0) {
      return FREE;
    }
    if ((flags & PageFlags.PCP) != 0) {
      return PER_CPU;
    }
    if ((flags & PageFlags.RESERVED) != 0) {
      return RESERVED;
    }
    if ((flags & PageFlags.TABLE) != 0) {
      return TABLE;
    }
    if ((flags & PageFlags.SLAB) != 0) {
      return SLAB;
    }
    if ((flags & PageFlags.ANON) != 0) {
      return ANON;
    }
    if (memMap.mapping(pfn) == StructSlab.LARGE_KMALLOC) {
      return LARGE;
    }
    if (memMap.mapping(pfn) != 0) {
      return FILE;
    }
    return KERNEL;
  }
}
