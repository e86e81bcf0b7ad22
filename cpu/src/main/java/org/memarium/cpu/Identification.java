package org.memarium.cpu;

/** CPUID: brings what {@link CpuModel} says into registers. */
final class Identification {
  private static final int EXTENDED = 0x8000_0000;
  private static final int LAST_BRAND = 0x8000_0004;

  private Identification() {}

  static void execute(Core c) {
    int leaf = c.r[Cpu.EAX];
    boolean known = leaf >= 0 ? leaf <= c.model.maxLeaf() : leaf <= LAST_BRAND;
    // As on Intel's, a leaf past the last one answers like the last basic one.
    switch (known ? leaf : c.model.maxLeaf()) {
      case 0 -> {
        String vendor = c.model.vendor();
        set(c, c.model.maxLeaf(), letters(vendor, 0), letters(vendor, 8), letters(vendor, 4));
      }
      case 1 -> {
        // EBX: what CLFLUSH works on, in units of eight bytes.
        int line = c.model.flushedLineBytes() / 8;
        set(c, c.model.signature(), line << 8, 0, c.model.features());
      }
      case 2 -> set(c, c.model.cachesInEax(), 0, 0, c.model.cachesInEdx());
      case EXTENDED -> set(c, LAST_BRAND, 0, 0, 0);
      case EXTENDED + 1 -> set(c, 0, 0, 0, 0);
      default -> {
        String brand = c.model.brand();
        int at = (leaf - EXTENDED - 2) * 16;
        set(
            c,
            letters(brand, at),
            letters(brand, at + 4),
            letters(brand, at + 8),
            letters(brand, at + 12));
      }
    }
  }

  private static void set(Core c, int eax, int ebx, int ecx, int edx) {
    c.r[Cpu.EAX] = eax;
    c.r[Cpu.EBX] = ebx;
    c.r[Cpu.ECX] = ecx;
    c.r[Cpu.EDX] = edx;
  }

  /** Four letters of a text, the first in the low byte; 0 behind its end. */
  private static int letters(String text, int from) {
    int value = 0;
    for (int k = 3; k >= 0; k--) {
      value = value << 8 | (from + k < text.length() ? text.charAt(from + k) : 0);
    }
    return value;
  }
}
