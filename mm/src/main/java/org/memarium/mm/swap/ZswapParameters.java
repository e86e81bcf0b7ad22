package org.memarium.mm.swap;

/**
 * {@code /sys/module/zswap/parameters} (Linux 6.1 {@code mm/zswap.c}). The compressor is always
 * {@code deflate}, the pool {@code zbud}.
 *
 * @param maxPoolPercent how much of RAM the pool may have, 0 to 100
 * @param acceptThresholdPercent a pool that was full takes pages again below so much of that
 * @param sameFilledPagesEnabled whether a page of one word, over and over, is kept as that word
 * @param nonSameFilledPagesEnabled whether other pages are taken
 */
public record ZswapParameters(
    int maxPoolPercent,
    int acceptThresholdPercent,
    boolean sameFilledPagesEnabled,
    boolean nonSameFilledPagesEnabled) {
  /** Linux's. */
  public static final ZswapParameters DEFAULT = new ZswapParameters(20, 90, true, true);

  /** {@code zswap.compressor}. */
  public static final String COMPRESSOR = "deflate";

  /** {@code zswap.zpool}. */
  public static final String ZPOOL = "zbud";

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if a figure is no percentage
   */
  public ZswapParameters {
    check("max_pool_percent", maxPoolPercent);
    check("accept_threshold_percent", acceptThresholdPercent);
  }

  private static void check(String name, int percent) {
    if (percent < 0 || percent > 100) {
      throw new IllegalArgumentException("%s is 0 to 100, not %d".formatted(name, percent));
    }
  }

  private static int number(String name, String value) {
    if (!value.matches("\\d{1,3}")) {
      throw new IllegalArgumentException("%s is 0 to 100, not '%s'".formatted(name, value));
    }
    return Integer.parseInt(value);
  }

  /** {@code kstrtobool}, as far as it is used. */
  private static boolean flag(String name, String value) {
    return switch (value) {
      case "Y", "y", "1", "on" -> true;
      case "N", "n", "0", "off" -> false;
      default ->
          throw new IllegalArgumentException("%s is Y or N, not '%s'".formatted(name, value));
    };
  }

  /**
   * These, with one of them changed.
   *
   * @throws IllegalArgumentException if there is no such parameter, or no such value
   */
  public ZswapParameters with(String name, String value) {
    int most = maxPoolPercent;
    int threshold = acceptThresholdPercent;
    boolean same = sameFilledPagesEnabled;
    boolean others = nonSameFilledPagesEnabled;
    switch (name) {
      case "max_pool_percent" -> most = number(name, value);
      case "accept_threshold_percent" -> threshold = number(name, value);
      case "same_filled_pages_enabled" -> same = flag(name, value);
      case "non_same_filled_pages_enabled" -> others = flag(name, value);
      case "compressor" -> expect(name, value, COMPRESSOR);
      case "zpool" -> expect(name, value, ZPOOL);
      default ->
          throw new IllegalArgumentException(
              "zswap has no parameter '%s'; there are max_pool_percent, accept_threshold_percent,"
                      .formatted(name)
                  + " same_filled_pages_enabled, non_same_filled_pages_enabled");
    }
    return new ZswapParameters(most, threshold, same, others);
  }

  private static void expect(String name, String value, String only) {
    if (!value.equals(only)) {
      throw new IllegalArgumentException(
          "%s can only be %s, not '%s'".formatted(name, only, value));
    }
  }
}
