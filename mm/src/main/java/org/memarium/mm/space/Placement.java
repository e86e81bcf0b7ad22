package org.memarium.mm.space;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;

/**
 * Where the stack, the mappings and a movable program lie in an address space: what Linux derives
 * from {@code TASK_SIZE} ({@code arch/x86/mm/mmap.c}, {@code arch/x86/include/asm/elf.h}). A 64-bit
 * kernel gives a 32-bit program less of it while its personality has {@code ADDR_LIMIT_3GB}.
 *
 * @param layout the kind of kernel
 * @param taskSize {@code TASK_SIZE}: the first address that no area may reach
 */
public record Placement(Layout layout, long taskSize) {
  private static final long MIN_HOLE = 128L << 20;

  /** {@code STACK_RND_MASK}: pages by which the stack's top is shifted at most. */
  private static final int STACK_RANDOM_PAGES = 0x7ff;

  /** {@code mmap32_rnd_bits}: bits by which the mmap base is shifted, in pages. */
  private static final int MMAP_RANDOM_BITS = 8;

  /** {@code TASK_UNMAPPED_BASE}: where a search upwards begins: a third of it all. */
  public long unmappedBase() {
    return pageAlign(taskSize / 3);
  }

  /**
   * {@code ELF_ET_DYN_BASE}: where a position-independent program with an interpreter is loaded.
   */
  public long elfEtDynBase() {
    return layout == Layout.I386 ? 0x0040_0000L : unmappedBase() + 0x0100_0000L;
  }

  /**
   * {@code STACK_TOP} after {@code randomize_stack_top}: the first address above the stack.
   *
   * @param random null: no randomisation
   */
  public long stackTop(@Nullable RandomGenerator random) {
    if (random == null) {
      return taskSize;
    }
    long pages = random.nextInt() & STACK_RANDOM_PAGES;
    return taskSize - (pages << Ram.PAGE_SHIFT);
  }

  /**
   * {@code mmap_base}: below which a search downwards begins.
   *
   * @param stackLimit the soft RLIMIT_STACK at execve, in bytes, unsigned
   * @param random null: no randomisation
   */
  public long mmapBase(long stackLimit, @Nullable RandomGenerator random) {
    long pad = (long) Vma.STACK_GUARD_PAGES << Ram.PAGE_SHIFT;
    long shift = 0;
    if (random != null) {
      pad += (long) STACK_RANDOM_PAGES << Ram.PAGE_SHIFT;
      shift = mmapRandom(random);
    }
    long maxHole = taskSize / 6 * 5;
    // A limit near infinity is clamped all the same, and must not overflow before.
    long hole =
        Long.compareUnsigned(stackLimit, maxHole) > 0
            ? maxHole
            : Math.clamp(stackLimit + pad, MIN_HOLE, maxHole);
    return pageAlign(taskSize - hole - shift);
  }

  /** {@code mmap_legacy_base}: where a search upwards begins. */
  public long mmapLegacyBase(@Nullable RandomGenerator random) {
    return unmappedBase() + (random == null ? 0 : mmapRandom(random));
  }

  private static long mmapRandom(RandomGenerator random) {
    return (long) random.nextInt(1 << MMAP_RANDOM_BITS) << Ram.PAGE_SHIFT;
  }

  private static long pageAlign(long address) {
    return (address + Ram.PAGE_SIZE - 1) & -(long) Ram.PAGE_SIZE;
  }
}
