package org.memarium.kernel.procfs;

import java.util.List;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabInfo;

/**
 * {@code /proc/slabinfo}: a line for each cache, the newest first; Linux {@code mm/slab_common.c}.
 * SLUB has no tunables and no shared lists, so those columns are 0.
 */
final class SlabInfoFile {

  private static final String HEADER =
      "slabinfo - version: 2.1\n"
          + "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
          + " : tunables <limit> <batchcount> <sharedfactor>"
          + " : slabdata <active_slabs> <num_slabs> <sharedavail>\n";

  private SlabInfoFile() {}

  static String of(SlabAllocator allocator) {
    StringBuilder out = new StringBuilder(HEADER);
    List<KmemCache> caches = allocator.caches();
    for (KmemCache cache : caches) {
      line(out, cache.slabinfo());
    }
    return out.toString();
  }

  /** {@code cache_show}. */
  private static void line(StringBuilder out, SlabInfo info) {
    out.append("%-17s".formatted(info.name()));
    column(out, info.activeObjects(), 6);
    column(out, info.objects(), 6);
    column(out, info.objectSize(), 6);
    column(out, info.objectsPerSlab(), 4);
    column(out, info.pagesPerSlab(), 4);
    out.append(" : tunables");
    column(out, 0, 4);
    column(out, 0, 4);
    column(out, 0, 4);
    out.append(" : slabdata");
    column(out, info.activeSlabs(), 6);
    column(out, info.slabs(), 6);
    column(out, 0, 6);
    out.append('\n');
  }

  private static void column(StringBuilder out, long value, int width) {
    out.append(' ');
    Text.right(out, value, width);
  }
}
