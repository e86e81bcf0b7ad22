package org.memarium.kernel;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.FailPageAlloc;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.slab.FailSlab;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.swap.DiskSwap;

/**
 * Linux's boot options for fault injection: memory that is refused, and disks that fail, on
 * purpose. Each is {@code interval,probability,space,times}, as {@link FaultAttr#set(String)} reads
 * it, or null: off.
 *
 * <p>On Linux, where the machine must come up first, the first two begin with atomic requests only,
 * the third with no disk, and files of debugfs and sysfs widen them. Here they begin with the first
 * program, and mean every request that may fail, and every disk.
 *
 * @param failSlab Linux's {@code failslab=}: objects of slabs
 * @param failPageAlloc {@code fail_page_alloc=}: pages
 * @param failMakeRequest {@code fail_make_request=}: pages that the disk of the files, or one for
 *     swap, cannot move
 */
public record FaultInjection(
    @Nullable String failSlab, @Nullable String failPageAlloc, @Nullable String failMakeRequest) {
  /** Nothing fails on purpose. */
  public static final FaultInjection NONE = new FaultInjection(null, null, null);

  private static final String FAIL_MAKE_REQUEST = "fail_make_request";

  /**
   * Looks at the options.
   *
   * @throws UsageException if one says nothing that can be
   */
  public FaultInjection {
    check("failslab", failSlab);
    check("fail_page_alloc", failPageAlloc);
    check(FAIL_MAKE_REQUEST, failMakeRequest);
  }

  private static void check(String name, @Nullable String option) {
    if (option != null) {
      try {
        new FaultAttr(name, () -> {}).set(option);
      } catch (IllegalArgumentException e) {
        throw new UsageException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** Begins with what the options say. */
  void begin(PageAllocator allocator, SlabAllocator slab, PageCache files, MachineSwap swap) {
    if (failSlab != null) {
      FailSlab objects = slab.failSlab();
      objects.setIgnoreGfpReclaim(false);
      objects.attr().set(failSlab);
    }
    if (failPageAlloc != null) {
      FailPageAlloc pages = allocator.failPageAlloc();
      pages.ignore(false, false, 0);
      pages.attr().set(failPageAlloc);
    }
    if (failMakeRequest != null) {
      FaultAttr requests = files.failMakeRequest();
      requests.set(failMakeRequest);
      for (DiskSwap device : swap.disks()) {
        device.disk().injectErrors((_, _, _) -> requests.shouldFail(Ram.PAGE_SIZE));
      }
    }
  }
}
