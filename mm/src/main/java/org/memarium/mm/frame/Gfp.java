package org.memarium.mm.frame;

import java.util.StringJoiner;

/**
 * {@code gfp_t}: what an allocation may do and where it may come from (Linux 6.1 {@code
 * include/linux/gfp_types.h}).
 *
 * <pre>
 *    18   17   16   15   14   13   12  11  10   9   8   7   6   5   4   3   2   1   0
 *   +----+----+----+----+----+----+---+---+---+---+---+---+---+---+---+---+---+---+---+
 *   |COMP|MEMA|NORE|NOFA|RETR|NOWA|WRI|KSW|DIR|ATO|ZER|FS |IO |HIG|REC|MOV|D32|HIM|DMA|
 *   +----+----+----+----+----+----+---+---+---+---+---+---+---+---+---+---+---+---+---+
 *   zone modifiers   DMA, HIGHMEM, DMA32, MOVABLE
 *   mobility         MOVABLE, RECLAIMABLE
 *   reserves         HIGH, ATOMIC, MEMALLOC (17), NOMEMALLOC (19)
 *   reclaim          IO, FS, DIRECT_RECLAIM, KSWAPD_RECLAIM
 *   effort           NOWARN, RETRY_MAYFAIL, NOFAIL, NORETRY
 *   action           ZERO, COMP;   HARDWALL (20), THISNODE (21), ACCOUNT (22)
 * </pre>
 */
public final class Gfp {
  /** {@code __GFP_DMA}: from zone DMA. */
  public static final int DMA = 0x01;

  /** {@code __GFP_HIGHMEM}: from HighMem if there is some. */
  public static final int HIGHMEM = 0x02;

  /** {@code __GFP_DMA32}: from below 4 GiB. */
  public static final int DMA32 = 0x04;

  /** {@code __GFP_MOVABLE}: its contents can be moved to another frame. */
  public static final int MOVABLE = 0x08;

  /** {@code __GFP_RECLAIMABLE}: a shrinker can get it back. */
  public static final int RECLAIMABLE = 0x10;

  /** {@code __GFP_HIGH}: may use some of the reserve. */
  public static final int HIGH = 0x20;

  /** {@code __GFP_IO}: may start I/O. */
  public static final int IO = 0x40;

  /** {@code __GFP_FS}: may call into the file system. */
  public static final int FS = 0x80;

  /** {@code __GFP_ZERO}: zeroed. */
  public static final int ZERO = 0x100;

  /** {@code __GFP_ATOMIC}: cannot wait. */
  public static final int ATOMIC_CONTEXT = 0x200;

  /** {@code __GFP_DIRECT_RECLAIM}: the caller may reclaim. */
  public static final int DIRECT_RECLAIM = 0x400;

  /** {@code __GFP_KSWAPD_RECLAIM}: may wake kswapd. */
  public static final int KSWAPD_RECLAIM = 0x800;

  /** {@code __GFP_WRITE}: the caller will write to the page; no effect yet. */
  public static final int WRITE = 0x1000;

  /** {@code __GFP_NOWARN}: no warning if it fails. */
  public static final int NOWARN = 0x2000;

  /** {@code __GFP_RETRY_MAYFAIL}: tries again while there is progress, and may fail. */
  public static final int RETRY_MAYFAIL = 0x4000;

  /** {@code __GFP_NOFAIL}: must not fail. */
  public static final int NOFAIL = 0x8000;

  /** {@code __GFP_NORETRY}: gives up after one attempt to reclaim. */
  public static final int NORETRY = 0x1_0000;

  /** {@code __GFP_MEMALLOC}: may use all of the reserve, since it will free more. */
  public static final int MEMALLOC = 0x2_0000;

  /** {@code __GFP_NOMEMALLOC}: never uses the reserve; outdoes {@link #MEMALLOC}. */
  public static final int NOMEMALLOC = 0x8_0000;

  /** {@code __GFP_COMP}: one compound page. */
  public static final int COMP = 0x4_0000;

  /** {@code __GFP_HARDWALL}: within the task's cpuset. */
  public static final int HARDWALL = 0x10_0000;

  /** {@code __GFP_THISNODE}: from this node; there is only one. */
  public static final int THISNODE = 0x20_0000;

  /** {@code __GFP_ACCOUNT}: charged to the task's memory cgroup. */
  public static final int ACCOUNT = 0x40_0000;

  /** {@code GFP_ATOMIC}. */
  public static final int GFP_ATOMIC = HIGH | ATOMIC_CONTEXT | KSWAPD_RECLAIM;

  /** {@code GFP_NOWAIT}: cannot wait, and uses no reserve. */
  public static final int GFP_NOWAIT = KSWAPD_RECLAIM;

  /** {@code GFP_NOIO}: may reclaim without I/O. */
  public static final int GFP_NOIO = DIRECT_RECLAIM | KSWAPD_RECLAIM;

  /** {@code GFP_NOFS}: may reclaim without the file system. */
  public static final int GFP_NOFS = GFP_NOIO | IO;

  /** {@code GFP_KERNEL}: for the kernel, may sleep. */
  public static final int GFP_KERNEL = DIRECT_RECLAIM | KSWAPD_RECLAIM | IO | FS;

  /** {@code GFP_KERNEL_ACCOUNT}. */
  public static final int GFP_KERNEL_ACCOUNT = GFP_KERNEL | ACCOUNT;

  /** {@code GFP_PGTABLE_USER}: for page tables of programs; never from HighMem. */
  public static final int GFP_PGTABLE_USER = GFP_KERNEL_ACCOUNT | ZERO;

  /** {@code GFP_USER}: for a program, but the kernel must reach it. */
  public static final int GFP_USER = GFP_KERNEL | HARDWALL;

  /** {@code GFP_HIGHUSER}: for a program, from HighMem if there is some. */
  public static final int GFP_HIGHUSER = GFP_USER | HIGHMEM;

  /** {@code GFP_HIGHUSER_MOVABLE}: the same, movable: anonymous pages and the page cache. */
  public static final int GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | MOVABLE;

  /**
   * {@code GFP_RECLAIM_MASK}: how hard to try, which an allocation passes on to those that it needs
   * itself.
   */
  public static final int RECLAIM_MASK =
      DIRECT_RECLAIM
          | KSWAPD_RECLAIM
          | HIGH
          | IO
          | FS
          | NOWARN
          | RETRY_MAYFAIL
          | NOFAIL
          | NORETRY
          | MEMALLOC
          | NOMEMALLOC
          | ATOMIC_CONTEXT;

  /** The lower of the two bits that choose a {@link MigrateType}. */
  static final int MOVABLE_SHIFT = 3;

  /** The bits that choose a zone. */
  static final int ZONE_MASK = DMA | HIGHMEM | DMA32 | MOVABLE;

  private static final String[] NAMES = {
    "__GFP_DMA",
    "__GFP_HIGHMEM",
    "__GFP_DMA32",
    "__GFP_MOVABLE",
    "__GFP_RECLAIMABLE",
    "__GFP_HIGH",
    "__GFP_IO",
    "__GFP_FS",
    "__GFP_ZERO",
    "__GFP_ATOMIC",
    "__GFP_DIRECT_RECLAIM",
    "__GFP_KSWAPD_RECLAIM",
    "__GFP_WRITE",
    "__GFP_NOWARN",
    "__GFP_RETRY_MAYFAIL",
    "__GFP_NOFAIL",
    "__GFP_NORETRY",
    "__GFP_MEMALLOC",
    "__GFP_COMP",
    "__GFP_NOMEMALLOC",
    "__GFP_HARDWALL",
    "__GFP_THISNODE",
    "__GFP_ACCOUNT"
  };

  /** Combinations that have a name, those first that contain others. */
  private static final int[] COMBINATIONS = {
    GFP_HIGHUSER_MOVABLE,
    GFP_HIGHUSER,
    GFP_USER,
    GFP_KERNEL_ACCOUNT,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_ATOMIC,
    GFP_NOIO,
    GFP_NOWAIT
  };

  private static final String[] COMBINATION_NAMES = {
    "GFP_HIGHUSER_MOVABLE",
    "GFP_HIGHUSER",
    "GFP_USER",
    "GFP_KERNEL_ACCOUNT",
    "GFP_KERNEL",
    "GFP_NOFS",
    "GFP_ATOMIC",
    "GFP_NOIO",
    "GFP_NOWAIT"
  };

  private Gfp() {}

  /** The flags in words, as {@code %pGg} prints them: {@code "GFP_KERNEL|__GFP_ZERO"}. */
  public static String describe(int gfpFlags) {
    StringJoiner words = new StringJoiner("|");
    int rest = gfpFlags;
    for (int i = 0; i < COMBINATIONS.length; i++) {
      if ((rest & COMBINATIONS[i]) == COMBINATIONS[i]) {
        words.add(COMBINATION_NAMES[i]);
        rest &= ~COMBINATIONS[i];
      }
    }
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((rest >>> bit & 1) != 0) {
        words.add(NAMES[bit]);
      }
    }
    return words.length() == 0 ? "none" : words.toString();
  }
}
