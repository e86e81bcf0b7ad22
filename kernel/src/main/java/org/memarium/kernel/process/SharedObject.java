package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/** An object of a cache that several tasks may hold; with the last of them it is free. */
final class SharedObject {
  private final KmemCache cache;
  private final long slot;
  private int users = 1;

  /** The audit that has counted it. */
  private @Nullable Audit counted;

  private SharedObject(KmemCache cache, long slot) {
    this.cache = cache;
    this.slot = slot;
  }

  /** Takes one; null if there is no memory. */
  static @Nullable SharedObject allocate(KmemCache cache) {
    long slot = cache.alloc(Gfp.GFP_KERNEL);
    return slot == 0 ? null : new SharedObject(cache, slot);
  }

  /** One more task holds it. */
  SharedObject get() {
    users++;
    return this;
  }

  /** One less does. */
  void put() {
    if (users == 0) {
      throw new IllegalStateException("an object of " + cache.name() + " is freed twice");
    }
    if (--users == 0) {
      cache.free(slot);
    }
  }

  /** Tells an audit of it, once. */
  @SuppressWarnings("ReferenceEquality") // this very audit
  void audit(Audit audit) {
    if (counted != audit) {
      counted = audit;
      audit.expectObjects(cache, 1);
    }
  }
}
