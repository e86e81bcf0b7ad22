package org.memarium.kernel.ipc;

/** The sizes of huge pages that Linux has on x86, though no pool here ever holds one. */
public final class HugePages {
  private static final int LOG_2_MIB = 21;
  private static final int LOG_4_MIB = 22;
  private static final int LOG_1_GIB = 30;

  private HugePages() {}

  /**
   * {@code hstate_sizelog}: whether the kernel knows the size.
   *
   * @param log its logarithm; 0: the default size
   * @param wordBytes of the kernel: 4 or 8
   */
  public static boolean isSize(int log, int wordBytes) {
    if (log == 0) {
      return true;
    }
    return wordBytes == 4
        ? log == LOG_2_MIB || log == LOG_4_MIB
        : log == LOG_2_MIB || log == LOG_1_GIB;
  }
}
