package org.memarium.mm.reclaim;

import org.memarium.hardware.PageAccessListener;

/**
 * Exact LRU: the page goes that nobody has used for longest. The processor tells of every access,
 * which makes it slow; no hardware does that, and all real policies are guesses at this one.
 */
final class LeastRecentlyUsed extends OneLine implements PageAccessListener {
  /** The page that instructions come from: it is used before each of its accesses to data. */
  private int code = -1;

  private int latest = -1;

  LeastRecentlyUsed(PolicyParts parts) {
    super(parts);
  }

  @Override
  public String name() {
    return "lru";
  }

  @Override
  public PageAccessListener accessListener() {
    return this;
  }

  @Override
  public void accessed(int pfn, boolean fetch) {
    if (fetch) {
      code = pfn;
    } else if (pfn == latest) {
      return;
    } else if (code >= 0) {
      order.moveFirst(code);
    }
    latest = pfn;
    order.moveFirst(pfn);
  }

  /** By read or write, or as a page of the kernel's. */
  @Override
  public void accessed(int pfn) {
    latest = pfn;
    order.moveFirst(pfn);
  }
}
