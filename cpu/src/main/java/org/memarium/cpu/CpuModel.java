package org.memarium.cpu;

import java.util.Map;
import java.util.StringJoiner;

/**
 * The processors that this one can be, each with all that the one before it has; and what CPUID
 * says of them. They tell the truth, and announce nothing that is not there.
 */
public enum CpuModel {
  /** The first i686: x87, TSC, CMPXCHG8B and CMOV. Family 6, model 1, stepping 9. */
  I686("Memarium i686 simulated processor", 0x619, CpuModel.I686_FEATURES),

  /** MMX, SSE and SSE2, with FXSAVE and CLFLUSH. Family 15, model 2, stepping 9. */
  PENTIUM4("Memarium Pentium 4 simulated processor", 0xF29, CpuModel.PENTIUM4_FEATURES);

  /** What a machine has that does not ask for another. */
  public static final CpuModel DEFAULT = I686;

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

  private static final String VENDOR = "Memarium CPU";
  private static final int MAX_LEAF = 1;

  private final String brand;
  private final int signature;
  private final int features;

  CpuModel(String brand, int signature, int features) {
    this.brand = brand;
    this.signature = signature;
    this.features = features;
  }

  /** Twelve letters: who made it. */
  public static String vendor() {
    return VENDOR;
  }

  /** The highest basic leaf of CPUID. */
  public static int maxLeaf() {
    return MAX_LEAF;
  }

  /** Its name. */
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

  /** The same in words with a blank between them, in the order of the bits. */
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
