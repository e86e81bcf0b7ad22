package org.memarium.kernel;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.frame.FailPageAlloc;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.slab.FailSlab;
import org.memarium.mm.slab.SlabAllocator;

/**
 * The boot options {@code failslab} and {@code fail_page_alloc}: memory that is refused on purpose.
 *
 * <p>On Linux, where the machine must come up first, they begin with atomic requests only, and
 * files of debugfs widen them. Here they begin with the first program, and mean every request that
 * may fail.
 */
final class FaultInjection {
  private FaultInjection() {}

  /**
   * Looks at an option.
   *
   * @throws UsageException if it says nothing that can be
   */
  static void check(String name, @Nullable String option) {
    if (option != null) {
      try {
        new FaultAttr(name, () -> {}).set(option);
      } catch (IllegalArgumentException e) {
        throw new UsageException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** Begins with what the options say. */
  static void begin(MachineConfig config, PageAllocator allocator, SlabAllocator slab) {
    String objects = config.failSlab();
    if (objects != null) {
      FailSlab failSlab = slab.failSlab();
      failSlab.setIgnoreGfpReclaim(false);
      failSlab.attr().set(objects);
    }
    String pages = config.failPageAlloc();
    if (pages != null) {
      FailPageAlloc failPageAlloc = allocator.failPageAlloc();
      failPageAlloc.ignore(false, false, 0);
      failPageAlloc.attr().set(pages);
    }
  }
}
