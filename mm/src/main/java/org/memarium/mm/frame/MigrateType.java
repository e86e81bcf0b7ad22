package org.memarium.mm.frame;

import java.util.List;

/**
 * {@code enum migratetype}: what kind of pages a pageblock holds (Linux 6.1 {@code
 * include/linux/mmzone.h}, without CMA).
 *
 * <p>Pages that can be moved away stay among themselves, so that whole blocks of them can become
 * free. The type of a request follows from its {@link Gfp} flags; the type of a free page is that
 * of the list it is on; the type of a pageblock says to which list a page goes when it is freed.
 *
 * <pre>
 *   0 Unmovable     the kernel's own        3 HighAtomic   reserved for atomic requests of order &gt; 0
 *   1 Movable       programs, page cache    4 Isolate      on no offer
 *   2 Reclaimable   caches with shrinkers
 * </pre>
 */
public final class MigrateType {
  /** {@code MIGRATE_UNMOVABLE}. */
  public static final int UNMOVABLE = 0;

  /** {@code MIGRATE_MOVABLE}. */
  public static final int MOVABLE = 1;

  /** {@code MIGRATE_RECLAIMABLE}. */
  public static final int RECLAIMABLE = 2;

  /** {@code MIGRATE_PCPTYPES}: types below this have per-CPU lists. */
  public static final int PCPTYPES = 3;

  /** {@code MIGRATE_HIGHATOMIC}. */
  public static final int HIGHATOMIC = 3;

  /** {@code MIGRATE_ISOLATE}. */
  public static final int ISOLATE = 4;

  /** {@code MIGRATE_TYPES}: how many there are. */
  public static final int TYPES = 5;

  private static final List<String> NAMES =
      List.of("Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate");

  private MigrateType() {}

  /** {@code gfp_migratetype}: the type of pages that an allocation with these flags makes. */
  public static int ofGfp(int gfpFlags) {
    return (gfpFlags & (Gfp.MOVABLE | Gfp.RECLAIMABLE)) >>> Gfp.MOVABLE_SHIFT;
  }

  /** {@code migratetype_is_mergeable}: whether blocks of this type may merge with other types. */
  static boolean isMergeable(int type) {
    return type < PCPTYPES;
  }

  /** {@code migratetype_names}: as {@code /proc/pagetypeinfo} has it. */
  public static String name(int type) {
    return NAMES.get(type);
  }
}
