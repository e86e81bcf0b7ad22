package org.memarium.mm.space;

/** The arguments of {@code mmap}, {@code mprotect} and {@code mremap}, with Linux's x86 values. */
public final class MmapFlags {
  public static final int PROT_NONE = 0x0;
  public static final int PROT_READ = 0x1;
  public static final int PROT_WRITE = 0x2;
  public static final int PROT_EXEC = 0x4;
  public static final int PROT_SEM = 0x8;
  public static final int PROT_GROWSDOWN = 0x0100_0000;
  public static final int PROT_GROWSUP = 0x0200_0000;

  public static final int MAP_SHARED = 0x01;
  public static final int MAP_PRIVATE = 0x02;
  public static final int MAP_SHARED_VALIDATE = 0x03;

  /** Linux 6.11 and later, on 64-bit kernels. */
  public static final int MAP_DROPPABLE = 0x08;

  public static final int MAP_TYPE = 0x0f;
  public static final int MAP_FIXED = 0x10;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_32BIT = 0x40;
  public static final int MAP_ABOVE4G = 0x80;
  public static final int MAP_GROWSDOWN = 0x0100;
  public static final int MAP_DENYWRITE = 0x0800;
  public static final int MAP_EXECUTABLE = 0x1000;
  public static final int MAP_LOCKED = 0x2000;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MAP_POPULATE = 0x8000;
  public static final int MAP_NONBLOCK = 0x1_0000;
  public static final int MAP_STACK = 0x2_0000;
  public static final int MAP_HUGETLB = 0x4_0000;
  public static final int MAP_SYNC = 0x8_0000;
  public static final int MAP_FIXED_NOREPLACE = 0x10_0000;
  public static final int MAP_UNINITIALIZED = 0x400_0000;

  /** From here up, six bits: the binary logarithm of the size of huge pages; 0 is the default. */
  public static final int MAP_HUGE_SHIFT = 26;

  public static final int MAP_HUGE_MASK = 0x3f;
  public static final int MAP_HUGE_2MB = 21 << MAP_HUGE_SHIFT;
  public static final int MAP_HUGE_1GB = 30 << MAP_HUGE_SHIFT;

  public static final int MREMAP_MAYMOVE = 1;
  public static final int MREMAP_FIXED = 2;
  public static final int MREMAP_DONTUNMAP = 4;

  /**
   * {@code LEGACY_MAP_MASK}: what {@code MAP_SHARED} silently ignores lies outside of it. Later
   * kernels have {@link #MAP_ABOVE4G} in it.
   */
  static final int LEGACY_MAP_MASK =
      MAP_SHARED
          | MAP_PRIVATE
          | MAP_FIXED
          | MAP_ANONYMOUS
          | MAP_DENYWRITE
          | MAP_EXECUTABLE
          | MAP_UNINITIALIZED
          | MAP_GROWSDOWN
          | MAP_LOCKED
          | MAP_NORESERVE
          | MAP_POPULATE
          | MAP_NONBLOCK
          | MAP_STACK
          | MAP_HUGETLB
          | MAP_32BIT
          | MAP_HUGE_2MB
          | MAP_HUGE_1GB;

  private MmapFlags() {}
}
