package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.memarium.malloc.heap.Heap;

/** What a heap comes to, in a few lines whose sums add up; at most 100 columns wide. */
public final class HeapSummary {
  private HeapSummary() {}

  /** The lines, without an end each. */
  public static List<String> of(Heap heap) {
    return switch (heap.library()) {
      case MUSL -> List.of("musl's mallocng, which is not read; " + brk(heap));
      case NONE -> {
        List<String> lines = new ArrayList<>(heap.problems());
        lines.add("no heap of a C library that is known here; " + brk(heap));
        yield lines;
      }
      case GLIBC -> sums(heap);
    };
  }

  private static String brk(Heap heap) {
    return String.format(Locale.ROOT, "the brk area has %,d bytes", heap.brkBytes());
  }

  private static List<String> sums(Heap heap) {
    List<String> lines = new ArrayList<>();
    lines.add(
        row(
            "by brk",
            heap.brkBytes(),
            "main arena %,d, below it %,d",
            heap.mainBrkBytes(),
            heap.brkBytes() - heap.mainBrkBytes()));
    long mapped = heap.mappedChunks().bytes() + heap.arenaMappedBytes();
    lines.add(
        row(
            "by mmap",
            heap.anonymousBytes(),
            "mmapped chunks %,d (%,d), arenas %,d, others %,d",
            heap.mappedChunks().bytes(),
            heap.mappedChunks().count(),
            heap.arenaMappedBytes(),
            heap.anonymousBytes() - mapped));
    lines.add(
        row(
            "malloc's",
            heap.obtainedBytes(),
            "in use %,d, free %,d, overhead %,d%s",
            heap.inUseBytes(),
            heap.freeBytes(),
            heap.overheadBytes(),
            heap.unwalkedBytes() == 0
                ? ""
                : String.format(Locale.ROOT, ", not read %,d", heap.unwalkedBytes())));
    lines.addAll(heap.problems());
    return lines;
  }

  @SuppressWarnings("AnnotateFormatMethod") // Its annotation would be a dependency of its own.
  private static String row(String what, long bytes, String format, Object... values) {
    return String.format(Locale.ROOT, "%-9s%,14d = ", what, bytes)
        + String.format(Locale.ROOT, format, values);
  }
}
