package org.memarium.cpu;

import java.util.Map;
import java.util.StringJoiner;

/**
 * CPUID: what this processor is. It tells the truth: FPU, PSE, TSC, CX8, PGE and CMOV, and nothing
 * that came after the i686.
 */
public final class Identification {
  private static final int FPU = 1;
  private static final int PSE = 1 << 3;
  private static final int TSC = 1 << 4;
  private static final int CX8 = 1 << 8;
  private static final int PGE = 1 << 13;
  private static final int CMOV = 1 << 15;

  /** EDX of leaf 1. */
  static final int FEATURES = FPU | PSE | TSC | CX8 | PGE | CMOV;

  /** Family 6, model 1, stepping 9: the first i686. */
  private static final int SIGNATURE = 0x619;

  private static final String VENDOR = "Memarium CPU";
  private static final String BRAND = "Memarium i686 simulated processor";

  private static final int MAX_LEAF = 1;
  private static final int EXTENDED = 0x8000_0000;
  private static final int LAST_BRAND = 0x8000_0004;

  /** What a leaf of CPUID can tell, as {@code /proc/cpuinfo} spells it, by the bit of EDX. */
  private static final Map<Integer, String> NAMES =
      Map.of(FPU, "fpu", PSE, "pse", TSC, "tsc", CX8, "cx8", PGE, "pge", CMOV, "cmov");

  private Identification() {}

  /** Twelve letters: who made it. */
  public static String vendor() {
    return VENDOR;
  }

  /** Its name. */
  public static String brand() {
    return BRAND;
  }

  /** Family, such as 6. */
  public static int family() {
    return SIGNATURE >> 8 & 0xf;
  }

  /** Model in the family. */
  public static int model() {
    return SIGNATURE >> 4 & 0xf;
  }

  /** Stepping of the model. */
  public static int stepping() {
    return SIGNATURE & 0xf;
  }

  /** The highest basic leaf. */
  public static int maxLeaf() {
    return MAX_LEAF;
  }

  /** What it can do, with a blank between the words, in the order of the bits. */
  public static String featureNames() {
    StringJoiner names = new StringJoiner(" ");
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      if ((FEATURES >>> bit & 1) != 0) {
        names.add(NAMES.get(1 << bit));
      }
    }
    return names.toString();
  }

  static void execute(Core c) {
    int leaf = c.r[Cpu.EAX];
    boolean known = leaf == 0 || leaf == 1 || leaf <= LAST_BRAND;
    // As on Intel's, a leaf past the last one answers like the last basic one.
    switch (known ? leaf : 1) {
      case 0 -> set(c, MAX_LEAF, letters(VENDOR, 0), letters(VENDOR, 8), letters(VENDOR, 4));
      case 1 -> set(c, SIGNATURE, 0, 0, FEATURES);
      case EXTENDED -> set(c, LAST_BRAND, 0, 0, 0);
      case EXTENDED + 1 -> set(c, 0, 0, 0, 0);
      default -> {
        int at = (leaf - EXTENDED - 2) * 16;
        set(
            c,
            letters(BRAND, at),
            letters(BRAND, at + 4),
            letters(BRAND, at + 8),
            letters(BRAND, at + 12));
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
