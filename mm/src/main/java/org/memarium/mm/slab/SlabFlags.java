package org.memarium.mm.slab;

/**
 * {@code slab_flags_t} (Linux 6.1 {@code include/linux/slab.h}): what a cache is for, and how it is
 * debugged.
 *
 * <pre>
 *   bit   8  CONSISTENCY_CHECKS  F      bit 17  RECLAIM_ACCOUNT
 *        10  RED_ZONE            Z          18  PANIC
 *        11  POISON              P          19  TYPESAFE_BY_RCU
 *        12  KMALLOC                        20  MEM_SPREAD
 *        13  HWCACHE_ALIGN                  21  TRACE              T
 *        14  CACHE_DMA                      25  FAILSLAB           A
 *        15  CACHE_DMA32                    26  ACCOUNT
 *        16  STORE_USER          U          24  NO_MERGE
 *                                           27  NO_USER_FLAGS
 *   __OBJECT_POISON (31) is set by the allocator itself: the bytes of free objects are poisoned
 * </pre>
 */
public final class SlabFlags {
  /** Expensive checks on alloc and free. */
  public static final int CONSISTENCY_CHECKS = 0x100;

  /** Bytes around each object that must not change. */
  public static final int RED_ZONE = 0x400;

  /** Free objects are filled with a pattern that must not change. */
  public static final int POISON = 0x800;

  /** One of kmalloc's caches: the size that was asked for is remembered where users are tracked. */
  public static final int KMALLOC = 0x1000;

  /** Objects begin at a cache line, or at an even part of one. */
  public static final int HWCACHE_ALIGN = 0x2000;

  /** Slabs come from zone DMA. */
  public static final int CACHE_DMA = 0x4000;

  /** Slabs come from zone DMA32. */
  public static final int CACHE_DMA32 = 0x8000;

  /** Who allocated and who freed an object is kept behind it. */
  public static final int STORE_USER = 0x1_0000;

  /** A shrinker can empty the slabs. */
  public static final int RECLAIM_ACCOUNT = 0x2_0000;

  /** The machine cannot go on without the cache: failing to create it is fatal. */
  public static final int PANIC = 0x4_0000;

  /** A slab's pages are freed only a grace period after its last object. */
  public static final int TYPESAFE_BY_RCU = 0x8_0000;

  /** Spread over the nodes of a cpuset; there is one node. */
  public static final int MEM_SPREAD = 0x10_0000;

  /** Each allocation and each free is logged. */
  public static final int TRACE = 0x20_0000;

  /** Never merged with another cache (Linux 6.5). */
  public static final int NO_MERGE = 0x100_0000;

  /** Allocations may be made to fail. */
  public static final int FAILSLAB = 0x200_0000;

  /** Objects are charged to a memory cgroup. */
  public static final int ACCOUNT = 0x400_0000;

  /** The boot option slub_debug does not apply, and the cache is never merged: for tests. */
  public static final int NO_USER_FLAGS = 0x800_0000;

  /** {@code __OBJECT_POISON}. */
  static final int OBJECT_POISON = 0x8000_0000;

  /** {@code SLAB_DEBUG_FLAGS}: a cache with one of these takes the slow path every time. */
  public static final int DEBUG_FLAGS = RED_ZONE | POISON | STORE_USER | TRACE | CONSISTENCY_CHECKS;

  /** {@code DEBUG_METADATA_FLAGS}: those that make objects larger. */
  static final int METADATA_FLAGS = RED_ZONE | POISON | STORE_USER;

  /** {@code SLAB_NEVER_MERGE}. */
  static final int NEVER_MERGE =
      RED_ZONE
          | POISON
          | STORE_USER
          | TRACE
          | TYPESAFE_BY_RCU
          | FAILSLAB
          | NO_MERGE
          | NO_USER_FLAGS;

  /** {@code SLAB_MERGE_SAME}: must be the same in both caches. */
  static final int MERGE_SAME = RECLAIM_ACCOUNT | CACHE_DMA | CACHE_DMA32 | ACCOUNT;

  /** {@code SLAB_FLAGS_PERMITTED}. */
  static final int PERMITTED =
      DEBUG_FLAGS
          | KMALLOC
          | HWCACHE_ALIGN
          | CACHE_DMA
          | CACHE_DMA32
          | RECLAIM_ACCOUNT
          | PANIC
          | TYPESAFE_BY_RCU
          | MEM_SPREAD
          | NO_MERGE
          | FAILSLAB
          | ACCOUNT
          | NO_USER_FLAGS;

  private SlabFlags() {}
}
