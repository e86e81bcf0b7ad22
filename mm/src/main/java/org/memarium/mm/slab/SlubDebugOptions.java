package org.memarium.mm.slab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The boot option {@code slub_debug} (Linux 6.1 {@code mm/slub.c}, {@code setup_slub_debug}, {@code
 * kmem_cache_flags}).
 *
 * <pre>
 *   slub_debug                      FZPU for all caches
 *   slub_debug=FZ                   these for all
 *   slub_debug=,dentry              FZPU for one
 *   slub_debug=P,kmalloc-*,dentry   P for all that match
 *   slub_debug=FZ;Z,kmalloc-*       FZ for all but those that match, which have Z; the last that
 *                                   matches counts
 *   slub_debug=O                    not where it would make slabs larger
 *   slub_debug=-                    nothing
 *
 *   F  consistency checks    Z  red zones    P  poison    U  user tracking
 *   T  trace                 A  failslab     O  see above
 * </pre>
 *
 * @param blocks in the order of the option
 * @param globalFlags for the caches that no block names
 * @param notHigherOrder {@code disable_higher_order_debug}
 */
public record SlubDebugOptions(List<Block> blocks, int globalFlags, boolean notHigherOrder) {
  /** {@code DEBUG_DEFAULT_FLAGS}: FZPU. */
  public static final int DEFAULT_FLAGS =
      SlabFlags.CONSISTENCY_CHECKS | SlabFlags.RED_ZONE | SlabFlags.POISON | SlabFlags.STORE_USER;

  /** No debugging. */
  public static final SlubDebugOptions OFF = new SlubDebugOptions(List.of(), 0, false);

  /**
   * Flags for the caches that match.
   *
   * @param patterns names, each with or without a {@code *} at its end
   */
  public record Block(int flags, List<String> patterns) {
    /** Copies the patterns. */
    public Block {
      patterns = List.copyOf(patterns);
    }

    boolean matches(String name) {
      for (String pattern : patterns) {
        boolean matched =
            pattern.endsWith("*")
                ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                : name.equals(pattern);
        if (matched) {
          return true;
        }
      }
      return false;
    }
  }

  /** Copies the blocks. */
  public SlubDebugOptions {
    blocks = List.copyOf(blocks);
  }

  /**
   * Reads the option.
   *
   * @param option what stands behind {@code slub_debug=}; empty if there is nothing
   * @throws IllegalArgumentException for a letter that means nothing, in one line
   */
  public static SlubDebugOptions parse(String option) {
    if (option.isEmpty()) {
      return new SlubDebugOptions(List.of(), DEFAULT_FLAGS, false);
    }
    List<Block> blocks = new ArrayList<>();
    int global = 0;
    boolean notHigherOrder = false;
    for (String block : option.split(";", -1)) {
      int comma = block.indexOf(',');
      String letters = comma < 0 ? block : block.substring(0, comma);
      int flags = flags(letters, option);
      notHigherOrder |= letters.toUpperCase(Locale.ROOT).contains("O");
      if (comma < 0) {
        global = flags;
      } else {
        blocks.add(new Block(flags, List.of(block.substring(comma + 1).split(",", -1))));
      }
    }
    return new SlubDebugOptions(blocks, global, notHigherOrder);
  }

  private static int flags(String letters, String option) {
    if (letters.isEmpty()) {
      return DEFAULT_FLAGS;
    }
    if (letters.equals("-")) {
      return 0;
    }
    int flags = 0;
    for (char letter : letters.toUpperCase(Locale.ROOT).toCharArray()) {
      flags |=
          switch (letter) {
            case 'F' -> SlabFlags.CONSISTENCY_CHECKS;
            case 'Z' -> SlabFlags.RED_ZONE;
            case 'P' -> SlabFlags.POISON;
            case 'U' -> SlabFlags.STORE_USER;
            case 'T' -> SlabFlags.TRACE;
            case 'A' -> SlabFlags.FAILSLAB;
            case 'O' -> 0;
            default ->
                throw new IllegalArgumentException(
                    "slub_debug option '%c' unknown in '%s': F, Z, P, U, T, A, O or -"
                        .formatted(letter, option));
          };
    }
    return flags;
  }

  /** {@code kmem_cache_flags}: the flags of a cache with those that this option adds. */
  int apply(String name, int size, int flags, SlabGeometry geometry) {
    if ((flags & SlabFlags.NO_USER_FLAGS) != 0) {
      return flags;
    }
    int added = globalFlags;
    for (Block block : blocks) {
      if (block.matches(name)) {
        added = block.flags();
      }
    }
    if (notHigherOrder && (added & SlabFlags.METADATA_FLAGS) != 0) {
      int all = flags | added;
      SlabLayout with =
          SlabLayout.of(
              geometry,
              SlabTrack.bytes(geometry.wordBytes()),
              size,
              geometry.calculateAlignment(flags, 0, size),
              all,
              false);
      if (with.minOrder() > SlabGeometry.getOrder(size)) {
        added &= ~SlabFlags.METADATA_FLAGS;
      }
    }
    return flags | added;
  }
}
