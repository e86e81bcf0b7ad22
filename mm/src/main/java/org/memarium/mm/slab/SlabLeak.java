package org.memarium.mm.slab;

import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.KernelLog;

/** Says which objects are in use when a cache is destroyed. */
final class SlabLeak {
  private SlabLeak() {}

  /** {@code list_slab_objects} for all slabs, and the warning of {@code kmem_cache_destroy}. */
  static void report(KmemCache cache, KernelLog log) {
    for (int slab = cache.node().partial().first();
        slab != StructSlab.NONE;
        slab = cache.allocator().slabMemory().slabs.next(slab)) {
      new SlabReport(cache).objectsRemaining(slab);
    }
    log.warn("------------[ cut here ]------------");
    log.warn(
        "kmem_cache_destroy %s: Slab cache still has objects when called from %s"
            .formatted(cache.name(), Caller.find()));
    cache.allocator().context().taint(SlabContext.TAINT_WARN);
  }
}
