package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PhysicalMemoryMap;

/**
 * The frames of a range, drawn: a character for each, or for so many that the picture fits a
 * terminal.
 *
 * <p>With a character for each frame, a free block begins with its order, in hexadecimal.
 */
final class FrameMap {
  private static final int COLUMNS = 64;
  private static final int ROWS = 16;

  /** Blocks are aligned to their size, so none crosses a multiple of the largest. */
  private static final int MAX_ORDER = 10;

  private static final char MIXED = ':';

  private final Output out;
  private final MemMap memMap;
  private final PhysicalMemoryMap ram;
  private final int start;
  private final int end;
  private final int framesPerCharacter;
  private final FrameKind[] kinds;
  private final boolean[] heads;
  private final Set<FrameKind> seen = EnumSet.noneOf(FrameKind.class);
  private boolean mixed;

  FrameMap(Output out, MemMap memMap, PhysicalMemoryMap ram, int start, int end) {
    this.out = out;
    this.memMap = memMap;
    this.ram = ram;
    this.start = start;
    this.end = end;
    int per = 1;
    while ((long) per * COLUMNS * ROWS < end - start) {
      per *= 2;
    }
    framesPerCharacter = per;
    kinds = new FrameKind[end - start];
    heads = new boolean[end - start];
  }

  void draw() {
    classify();
    out.format(
        "frames 0x%x to 0x%x, %s a character",
        start, end - 1, framesPerCharacter == 1 ? "one" : "%,d".formatted(framesPerCharacter));
    int perRow = framesPerCharacter * COLUMNS;
    // Rows begin at round numbers, wherever the range begins.
    for (int row = start - start % perRow; row < end; row += perRow) {
      Picture line = new Picture(out);
      for (int at = row; at < row + perRow; at += framesPerCharacter) {
        draw(line, at);
      }
      out.line("  %6x  %s".formatted(row, line));
    }
    legend();
  }

  /** Blocks that begin before the range reach into it: the walk begins at the block's border. */
  private void classify() {
    int largest = 1 << MAX_ORDER;
    for (int pfn = start - start % largest; pfn < end; ) {
      int pages = pagesOf(pfn);
      FrameKind kind = FrameKind.of(memMap, pfn);
      for (int i = Math.max(pfn, start); i < Math.min(pfn + pages, end); i++) {
        kinds[i - start] = kind == FrameKind.RESERVED && !isRam(i) ? FrameKind.HOLE : kind;
      }
      if (pfn >= start) {
        heads[pfn - start] = true;
      }
      pfn += pages;
    }
  }

  private int pagesOf(int pfn) {
    int block = PageFlags.BUDDY | PageFlags.PCP | PageFlags.ALLOCATED;
    return memMap.testFlags(pfn, block) ? 1 << memMap.order(pfn) : 1;
  }

  private boolean isRam(int pfn) {
    long physical = (long) pfn << Ram.PAGE_SHIFT;
    for (PhysicalMemoryMap.Range range : ram.ranges()) {
      if (physical >= range.start() && physical < range.end()) {
        return true;
      }
    }
    return false;
  }

  private void draw(Picture line, int from) {
    if (from + framesPerCharacter <= start || from >= end) {
      line.add(null, ' ');
    } else if (framesPerCharacter == 1) {
      one(line, from);
    } else {
      several(line, Math.max(from, start), Math.min(from + framesPerCharacter, end));
    }
  }

  private void several(Picture line, int from, int to) {
    int free = 0;
    int best = 0;
    FrameKind most = FrameKind.FREE;
    for (FrameKind kind : FrameKind.values()) {
      int count = 0;
      for (int pfn = from; pfn < to; pfn++) {
        count += kinds[pfn - start] == kind ? 1 : 0;
      }
      if (kind.isFree()) {
        free += count;
      } else if (count > best) {
        best = count;
        most = kind;
      }
    }
    if (2 * free > to - from && free < to - from) {
      mixed = true;
      line.add(null, MIXED);
    } else {
      seen.add(most);
      line.add(most.style(), most.letter());
    }
  }

  private void one(Picture line, int pfn) {
    FrameKind kind = kinds[pfn - start];
    seen.add(kind);
    boolean head = heads[pfn - start] && kind == FrameKind.FREE;
    line.add(kind.style(), head ? Character.forDigit(memMap.order(pfn), 16) : kind.letter());
  }

  private void legend() {
    List<String> entries = new ArrayList<>();
    for (FrameKind kind : seen) {
      if (kind != FrameKind.HOLE) {
        entries.add(out.paint(kind.style(), String.valueOf(kind.letter())) + " " + kind.meaning());
      }
    }
    if (mixed) {
      entries.add(MIXED + " more than half free");
    }
    if (framesPerCharacter == 1 && seen.contains(FrameKind.FREE)) {
      entries.add("0 to a: a free block of this order begins");
    }
    out.line("  " + String.join("   ", entries));
  }
}
