package org.memarium.cpu;

import java.util.Arrays;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The processors that this one can be, each with all that the one before it has; and what CPUID
 * says of them. Of features they announce nothing that is not there.
 */
public enum CpuModel {
  /** The first i686: x87, TSC, CMPXCHG8B and CMOV. Family 6, model 1, stepping 9. */
  I686("i686", "Memarium CPU", "Memarium i686 simulated processor", 0x619, CpuModel.I686_FEATURES),

  /**
   * MMX, SSE and SSE2, with FXSAVE and CLFLUSH. Family 15, model 2, stepping 9. The vendor is
   * Intel, because glibc does not look at the features of a processor whose vendor it does not
   * know.
   */
  PENTIUM4(
      "pentium4",
      "GenuineIntel",
      "Memarium Pentium 4 simulated processor",
      0xF29,
      CpuModel.PENTIUM4_FEATURES);

  /** What a machine has that does not ask for another. */
  public static final CpuModel DEFAULT = PENTIUM4;

  private static final int FPU = 1;
  private static final int PSE = 1 << 3;
  private static final int TSC = 1 << 4;
  private static final int CX8 = 1 << 8;
  private static final int PGE = 1 << 13;
  private static final int CMOV = 1 << 15;
  private static final int CLFSH = 1 << 19;
  private static final int MMX = 1 << 23;
  private static final int FXSR = 1 << 24;
  private static final int SSE = 1 << 25;
  private static final int SSE2 = 1 << 26;

  private static final int I686_FEATURES = FPU | PSE | TSC | CX8 | PGE | CMOV;
  private static final int PENTIUM4_FEATURES = I686_FEATURES | CLFSH | MMX | FXSR | SSE | SSE2;

  /** What a leaf of CPUID can tell, as {@code /proc/cpuinfo} spells it, by the bit of EDX. */
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(FPU, "fpu"),
          Map.entry(PSE, "pse"),
          Map.entry(TSC, "tsc"),
          Map.entry(CX8, "cx8"),
          Map.entry(PGE, "pge"),
          Map.entry(CMOV, "cmov"),
          Map.entry(CLFSH, "clflush"),
          Map.entry(MMX, "mmx"),
          Map.entry(FXSR, "fxsr"),
          Map.entry(SSE, "sse"),
          Map.entry(SSE2, "sse2"));

  private static final int FLUSHED_LINE_BYTES = 64;

  /**
   * Leaf 2, EAX and EDX: one byte for each table or cache, and how often to ask.
   *
   * <pre>
   *   EAX  66 data cache, 8 KiB   5b data TLB, 64   50 instruction TLB, 64   01 ask once
   *   EDX  00                     7b second cache, 512 KiB   70 trace cache  40 no third cache
   * </pre>
   */
  private static final int[] PENTIUM4_CACHES = {0x665b_5001, 0x007b_7040};

  private static final int PENTIUM4_CACHE_KIB = 512;

  private final String shortName;
  private final String vendor;
  private final String brand;
  private final int signature;
  private final int features;

  CpuModel(String shortName, String vendor, String brand, int signature, int features) {
    this.shortName = shortName;
    this.vendor = vendor;
    this.brand = brand;
    this.signature = signature;
    this.features = features;
  }

  /** Twelve letters: who made it. */
  public String vendor() {
    return vendor;
  }

  /** The highest basic leaf of CPUID. */
  public int maxLeaf() {
    return this == I686 ? 1 : 2;
  }

  /** EAX of leaf 2. */
  int cachesInEax() {
    return PENTIUM4_CACHES[0];
  }

  /** EDX of leaf 2. */
  int cachesInEdx() {
    return PENTIUM4_CACHES[1];
  }

  /** KiB of the largest cache that CPUID tells of; 0 if it tells of none. Nothing is cached. */
  public int cacheKib() {
    return this == I686 ? 0 : PENTIUM4_CACHE_KIB;
  }

  /** The model that {@link #shortName} names; null if none does. */
  public static @Nullable CpuModel named(String shortName) {
    for (CpuModel model : values()) {
      if (model.shortName.equals(shortName)) {
        return model;
      }
    }
    return null;
  }

  /** All short names, with a comma between them. */
  public static String names() {
    return Arrays.stream(values()).map(CpuModel::shortName).collect(Collectors.joining(", "));
  }

  /** What users call it: {@code pentium4}. */
  public String shortName() {
    return shortName;
  }

  /** Its name in CPUID and {@code /proc/cpuinfo}. */
  public String brand() {
    return brand;
  }

  /** EAX of leaf 1: family, model and stepping, four bits each. */
  int signature() {
    return signature;
  }

  /** Family, such as 6. */
  public int family() {
    return signature >> 8 & 0xf;
  }

  /** Model in the family. */
  public int model() {
    return signature >> 4 & 0xf;
  }

  /** Stepping of the model. */
  public int stepping() {
    return signature & 0xf;
  }

  /** What CPUID says in EDX of leaf 1: the features that operating systems announce. */
  public int features() {
    return features;
  }

  /** Whether it has FXSAVE, and with it the registers of SSE. */
  public boolean hasFxsave() {
    return (features & FXSR) != 0;
  }

  /** Bytes that CLFLUSH works on; 0 if there is no such instruction. */
  public int flushedLineBytes() {
    return (features & CLFSH) != 0 ? FLUSHED_LINE_BYTES : 0;
  }

  /** The features in words with a blank between them, in the order of the bits. */
  public String featureNames() {
    StringJoiner names = new StringJoiner(" ");
    for (int bit = 0; bit < Integer.SIZE; bit++) {
      if ((features >>> bit & 1) != 0) {
        names.add(NAMES.get(1 << bit));
      }
    }
    return names.toString();
  }
}
