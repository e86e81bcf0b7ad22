package org.memarium.mm.slab;

import java.util.BitSet;
import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.KernelLog;

/** The words of reports, as Linux 6.1 {@code mm/slub.c} has them. */
final class SlabReport {
  private static final String DOUBLE_LINE = "=".repeat(77);
  private static final String LINE = "-".repeat(77);

  private final KmemCache cache;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final KernelLog log;

  SlabReport(KmemCache cache) {
    this.cache = cache;
    this.memory = cache.allocator().slabMemory();
    this.slabs = memory.slabs;
    this.log = cache.allocator().log();
  }

  /** {@code slab_bug}. */
  void bug(String what) {
    log.err(DOUBLE_LINE);
    log.err("BUG %s (Not tainted): %s".formatted(cache.name(), what));
    log.err(LINE);
    log.err("");
  }

  /** {@code list_slab_objects}. */
  void objectsRemaining(int slab) {
    bug("Objects remaining in %s on __kmem_cache_shutdown()".formatted(cache.name()));
    SlabLayout layout = cache.layout();
    long base = memory.address(slab);
    BitSet free = new FreeObjects(cache).of(slab);
    for (int i = 0; i < slabs.objects(slab); i++) {
      if (!free.get(i)) {
        long offset = (long) i * layout.size() + layout.redLeftPad();
        log.err("Object 0x%x @offset=%d".formatted(base + offset, offset));
      }
    }
  }
}
